"""Pages in a real browser: axe-core finds nothing, light and dark, on a telephone and on a desk; by keyboard too."""

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import seesay
from seesay.evaluation.recognition import RecognitionEvaluation
from seesay.evaluation.tasks import CAPTIONS
from seesay.experiments.ablation import Ablated, Variant
from seesay.experiments.outcome import Outcome, Trial
from seesay.experiments.summary import PointSummary
from seesay.explain.attention import AttentionPages
from seesay.metrics import Difference, Scores
from seesay.metrics.recognition import recognition
from seesay.report import write
from seesay.report.ablation import write_ablation
from seesay.report.sweep import write_sweep
from seesay.runtime import Caption

playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra seesay[test]")
axe = pytest.importorskip("axe_playwright_python", reason="needs the extra seesay[test]")
SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*.jpg"))
NAMES = ("explain", "explain-clip", "evaluate", "recognize", "compare", "sweep", "trials", "ablate")


def explained(folder):
    pages = AttentionPages(folder, "default")
    for path, (caption,) in zip(SAMPLES[:3], seesay.load().caption(SAMPLES[:3], beam=1), strict=True):
        pages.add(path, [caption, caption])
    pages.fail("broken.jpg: the file is empty")
    return pages.finish()


def explained_clip(folder):
    pages = AttentionPages(folder, "clips")
    words = ("a", "dog", "runs")
    caption = Caption("a dog runs", -1.0, tuple((w, -0.5) for w in words), np.full((3, 1, 4), 0.25, np.float32))
    pages.add("film.mp4", [caption], np.random.default_rng(0).integers(0, 255, (4, 60, 80, 3), dtype=np.uint8))
    return pages.finish()


def evaluated(folder):
    table = folder.parent / "mine.csv"
    lines = [f"{path},a picture of {path.stem},test" for path in SAMPLES for _ in range(10)]
    (folder.parent / "other.jpg").write_bytes(SAMPLES[0].read_bytes())
    lines.append(f"{folder.parent / 'other.jpg'},a cat sits,train")
    table.write_text("\n".join(["image,caption,split", *lines]) + "\n")
    return write(seesay.evaluate("default", data=f"csv:{table}", split="test", beam=1), folder)


def recognized(folder):
    found = recognition(["a", "a", "b"], np.eye(3, 2, dtype=np.float32) * 0.8 + 0.1, ("a", "b"))
    made = RecognitionEvaluation(
        "activities", "test", 3, found, ("one clip does not open",), "accuracy | scale=0-1", "clip", (), (), None
    )
    return write(made, folder)


def compared(folder):
    answers = {"one": "a cat looks", "two": "a dog runs"}
    table = folder.parent / "compared.csv"
    table.write_text("image,caption,split\n" + "".join(f"{path},a cat looks,dev\n" for path in SAMPLES))
    ids = [s.id for s in seesay.read_dataset(f"csv:{table}").split("dev")]
    for name, text in answers.items():
        (folder.parent / name).mkdir()
        saved = [{"image_id": i, "caption": text if number else "a cat"} for number, i in enumerate(ids)]
        (folder.parent / name / "predictions.json").write_text(json.dumps(saved))
    return write(seesay.compare([folder.parent / n for n in answers], data=f"csv:{table}", split="dev"), folder)


def swept(folder, trials=()):
    folder.mkdir()
    rows = [
        PointSummary(
            {"decoder.cell": cell}, 2, {"CIDEr-D": 0.4 + n / 50, "Bleu_4": 0.2}, {"CIDEr-D": 0.01, "Bleu_4": 0.0}
        )
        for n, cell in enumerate(("lstm", "gru"))
    ]
    failed = Outcome({"decoder.cell": "rnn"}, 1, folder / "rnn" / "seed1", None, "loss is not finite")
    plan = SimpleNamespace(spec=CAPTIONS)
    found = SimpleNamespace(plan=plan, outcomes=[failed], trials=trials, title="merge: decoder.cell", rows=rows)
    return write_sweep(found, folder)


def ablated(folder):
    folder.mkdir()

    def one(settings, gap):
        variant = Variant("cell" if settings else "", settings)
        scores = [Scores({"CIDEr-D": 0.5 + gap}, {}, "scale=0-1,CIDEr 0-10")]
        difference = {"CIDEr-D": Difference(0.5 + gap, 0.5, gap - 0.01, gap + 0.01, 0.01)} if settings else {}
        return Ablated(variant, [], scores, difference)

    return write_ablation(
        "merge", [one((), 0), one(("decoder.cell=gru",), -0.05), one(("decoder.norm=true",), 0.02)], folder
    )


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    trials = (Trial(1, {"training.lr": 1e-3}, "complete", 0.4), Trial(2, {"training.lr": 2e-3}, "failed", None, "nan"))
    make = {
        "explain": explained,
        "explain-clip": explained_clip,
        "evaluate": evaluated,
        "recognize": recognized,
        "compare": compared,
        "sweep": swept,
        "trials": lambda folder: swept(folder, trials),
        "ablate": ablated,
    }
    return {name: make[name](tmp_path_factory.mktemp(name) / "out") for name in NAMES}


@pytest.fixture(scope="module")
def chromium():
    program = os.environ.get("SEESAY_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("needs chromium: apt install chromium, or set SEESAY_CHROMIUM")
    with playwright.sync_playwright() as started:
        sandbox = [] if os.name == "posix" and os.geteuid() else ["--no-sandbox"]  # root has no sandbox
        browser = started.chromium.launch(executable_path=program, args=sandbox)
        yield browser
        browser.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing(pages, chromium, name, width, scheme):
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(20_000)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(pages[name].as_uri())
    if folder := os.environ.get("SEESAY_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}-{scheme}-{width}.png", full_page=True)
    page.evaluate((Path(axe.__file__).parent / "axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width  # nothing is cut off
    assert page.locator("main > .verdict").count() == 1
    assert all(url.startswith(("file:", "data:", "blob:")) for url in asked)
    context.close()


def test_every_image_has_its_caption_and_is_lazy(pages, chromium):
    page = chromium.new_page()
    for name in ("explain", "evaluate", "compare"):
        page.goto(pages[name].as_uri())
        images = page.eval_on_selector_all("img", "all => all.map(one => [one.alt, one.loading])")
        assert len(images) >= 5
        assert all(alt and loading == "lazy" for alt, loading in images)
    page.close()


def test_wide_tables_are_reached_by_keyboard(pages, chromium):
    page = chromium.new_page(viewport={"width": 390, "height": 900})
    page.goto(pages["compare"].as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "scroll"
    page.close()


def test_words_are_text_and_what_is_doubted_is_said(pages):
    text = pages["explain"].read_text("utf-8")
    assert '<span class="doubt">not sure</span>' in text
    assert "likely to be accepted by a person" in text
    assert "it is not sure; 1 could not be captioned." in text
    for name in ("sweep", "compare"):
        drawn = pages[name].read_text("utf-8")
        assert "<svg" in drawn
        assert "<text" in drawn  # not baked into a picture


def test_verdicts(pages):
    said = {name: pages[name].read_text("utf-8").split('class="verdict">')[1].split("</p>")[0] for name in NAMES}
    assert said["recognize"].startswith("activities names the right class of 33.3 % of 3 clips; weakest is")
    assert (
        said["sweep"]
        == "Best on dev, 2 seeds: decoder.cell=gru, CIDEr-D 42.0 ± 1.0; then decoder.cell=lstm, CIDEr-D 40.0 ± 1.0."
    )
    assert said["trials"] == "Best of 2 trials: training.lr=0.001, CIDEr-D 40.0 on dev."
    assert said["ablate"].startswith("decoder.cell=gru costs most: -5.0 points of CIDEr-D")
    assert said["evaluate"].startswith("default reaches CIDEr-D ")
    assert "one is better than two by" in said["compare"] or "are not told apart" in said["compare"]
