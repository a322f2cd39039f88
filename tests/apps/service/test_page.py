"""The page in a real browser: Debian's chromium, through Playwright; with a worker that needs no model."""

import csv
import io
import json
import os
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra seesay[test]")
WEB = Path(__file__).parents[3] / "src" / "seesay" / "apps" / "service" / "web"
SHOTS = os.environ.get("SEESAY_SCREENSHOTS")


@pytest.fixture(scope="module")
def chromium():
    program = os.environ.get("SEESAY_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("needs chromium: apt install chromium, or set SEESAY_CHROMIUM")
    with playwright.sync_playwright() as started:
        sandbox = [] if os.name == "posix" and os.geteuid() else ["--no-sandbox"]  # root has no sandbox
        camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
        browser = started.chromium.launch(executable_path=program, args=[*sandbox, *camera])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, fake):
    """Open the page; a fault of its script fails the test."""
    opened, faults = [], []

    def open_page(width=1280, **options):
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.goto(fake.url)
        if options.get("java_script_enabled", True):
            page.wait_for_selector("html[data-ready]")
        return page

    yield open_page
    for context in opened:
        context.close()
    assert not [one for one in faults if "422" not in one]  # the browser notes answers of 4xx by itself


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    """Three photos and a clip."""
    folder = tmp_path_factory.mktemp("media")
    for number, color in enumerate(["red", "green", "blue"]):
        Image.new("RGB", (160, 120), color).save(folder / f"{color} {number}.png")
    (folder / "film.mp4").write_bytes(b"a clip")
    return sorted(folder.iterdir())


def shot(page, name):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def captioned(page, files):
    page.set_input_files("#file", [str(one) for one in files])
    playwright.expect(page.locator("article .sentence")).to_have_count(len(files), timeout=20_000)


def drop(page, files):
    data = page.evaluate_handle(
        """(files) => {
          const data = new DataTransfer();
          for (const [name, type, bytes] of files) data.items.add(new File([new Uint8Array(bytes)], name, {type}));
          return data;
        }""",
        [(one.name, "video/mp4" if one.suffix == ".mp4" else "image/png", list(one.read_bytes())) for one in files],
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": data})


def test_drop_edit_download_reload(visit, media):
    page = visit()
    drop(page, media)
    playwright.expect(page.locator("article .sentence")).to_have_count(4, timeout=20_000)
    names = page.locator("article h3").all_inner_texts()
    assert sorted(names) == sorted(one.name for one in media)
    first = page.locator("article", has_text=media[0].name)
    assert first.locator(".sentence").inner_text() == f"a red square of {media[0].stat().st_size} bytes"
    first.get_by_role("button", name="Edit").click()
    box = first.get_by_role("textbox")
    box.fill('=what I, myself, "saw"')
    box.press("Enter")
    assert first.locator(".sentence").inner_text() == '=what I, myself, "saw"'
    assert "edited" in first.inner_text()
    shot(page, "captioned")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8"))))
    assert [row["path"] for row in rows] == names
    mine = next(row for row in rows if row["path"] == media[0].name)
    assert mine["caption"] == '\'=what I, myself, "saw"'  # no formula to a spreadsheet
    assert mine["edited"] == "true"
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON").click()
    assert len(json.loads(Path(download.value.path()).read_text("utf-8"))) == 4
    with page.expect_download() as download:
        page.get_by_role("button", name="HTML snippet").click()
    assert "&quot;saw&quot;" in Path(download.value.path()).read_text("utf-8")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.locator("article").count() == 0
    assert page.locator("#history li").count() == 4  # kept in this browser
    page.get_by_role("button", name="Clear the history").click()
    assert page.locator("#history").inner_text() == "Nothing yet."
    assert page.evaluate("localStorage.getItem('seesay.history')") == "[]"


def test_words_light_up_where_the_model_looked(visit, media):
    page = visit()
    captioned(page, [media[0]])
    word = page.locator(".word", has_text="square")
    word.hover()
    assert page.locator("canvas").is_visible()
    assert "lit" in word.get_attribute("class")
    bright = """() => {
      const canvas = document.querySelector('article canvas');
      const at = (x, y) => canvas.getContext('2d').getImageData(x * canvas.width, y * canvas.height, 1, 1).data[0];
      return [at(.1, .1), at(.1, .9)];
    }"""
    top, bottom = page.evaluate(bright)  # the third word of the four cells looks at the third: below, left
    assert bottom > top
    page.mouse.move(0, 0)
    assert not page.locator("canvas").is_visible()


def test_explain_grows_the_caption_word_by_word(visit, media):
    page = visit(reduced_motion="reduce")
    captioned(page, [media[0]])
    page.get_by_role("button", name="Explain").click()
    assert page.locator(".word.later").count() == 5
    page.get_by_role("button", name="Next word").click()
    assert page.locator(".word.later").count() == 4
    assert page.locator("#status").inner_text() == "2/6: red"
    shot(page, "explained")
    page.get_by_role("button", name="Close explanation").click()
    assert page.locator(".word.later").count() == 0


def test_two_models_side_by_side(visit, media):
    page = visit()
    page.locator("#options summary").click()
    page.select_option("#compare", "clips")
    page.select_option("#model", "default")
    page.set_input_files("#file", [str(media[0])])
    playwright.expect(page.locator("article .sentence")).to_have_count(2, timeout=20_000)
    text = page.locator("article").inner_text()
    assert "by default" in text
    assert "by clips" in text


def test_other_sentences_can_be_taken_and_what_fails_is_said(visit, media, tmp_path):
    page = visit()
    captioned(page, [media[0]])
    page.get_by_text("Other sentences").click()
    page.get_by_role("button", name="Use this: a red square of").first.click()
    assert page.locator(".sentence").inner_text().endswith("again")
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"bad")
    page.set_input_files("#file", [str(broken)])
    page.wait_for_selector(".wrong")
    assert page.locator(".wrong").inner_text() == "Not captioned: broken.png: not a picture"
    note = tmp_path / "note.txt"
    note.write_text("no photo")
    page.set_input_files("#file", [str(note)])
    playwright.expect(page.locator("#skipped")).to_have_text("Passed over, neither photo nor clip: note.txt")


def test_by_keyboard_alone(visit, media):
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "file"
    captioned(page, [media[0]])  # the dialog that would open is the system's, which headless browsers don't have

    def tab_to(wanted):
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate(f"document.activeElement.matches({json.dumps(wanted)})"):
                return
        raise AssertionError(wanted)

    tab_to(".word")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent") == "red"
    assert page.locator("canvas").is_visible()
    tab_to("[data-edit]")
    page.keyboard.press("Enter")
    playwright.expect(page.locator("textarea")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("mine")
    page.keyboard.press("Enter")
    assert page.locator(".sentence").inner_text() == "mine"
    assert page.evaluate("document.activeElement.hasAttribute('data-edit')")  # focus is where it was


def test_what_the_model_is_not_sure_of_is_said_in_words(visit, media, tmp_path):
    files = [tmp_path / "certain.png", tmp_path / "doubt.png"]
    for file in files:
        file.write_bytes(media[0].with_name("blue 2.png").read_bytes() + file.stem.encode())
    page = visit()
    captioned(page, files)
    doubted = page.locator("article", has_text="doubt.png")
    assert doubted.locator(".sentence").inner_text().startswith("Not sure: perhaps a red square of")
    assert "Confidence 21 %" in doubted.inner_text()
    stated = page.locator("article", has_text="certain.png")
    assert stated.locator(".sentence").inner_text().startswith("a red square of")
    assert "Confidence 87 %" in stated.inner_text()
    plain = visit(java_script_enabled=False)
    plain.set_input_files("#file", [str(one) for one in files])
    plain.get_by_role("button", name="Caption them").click()
    texts = plain.locator(".sentence").all_inner_texts()
    assert [text.startswith("Not sure: perhaps ") for text in texts] == [False, True]


def test_a_folder_and_a_pasted_photo(visit, media, tmp_path):
    page = visit()
    for name in ("one.png", "below/two.png"):
        (tmp_path / "holiday" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(media[0].with_name("blue 2.png"), tmp_path / "holiday" / name)
    page.set_input_files("#folder", str(tmp_path / "holiday"))
    playwright.expect(page.locator("article .sentence")).to_have_count(2, timeout=20_000)
    page.evaluate(
        """(bytes) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], "pasted.png", {type: "image/png"}));
          dispatchEvent(new ClipboardEvent("paste", {clipboardData: data}));
        }""",
        list(media[0].with_name("blue 2.png").read_bytes()),
    )
    playwright.expect(page.locator("article .sentence")).to_have_count(3, timeout=20_000)
    assert sorted(page.locator("article h3").all_inner_texts()) == ["one.png", "pasted.png", "two.png"]


def test_a_photo_of_the_camera(visit):
    page = visit(permissions=["camera"])
    page.get_by_role("button", name="Use the camera").click()
    for _ in range(100):  # its own wait would need unsafe-eval
        if page.evaluate("document.querySelector('#live').videoWidth"):
            break
        page.wait_for_timeout(100)
    page.locator("#snap").click()
    playwright.expect(page.locator("article .sentence")).to_have_count(1, timeout=20_000)
    assert re.fullmatch(r"camera-[\dT-]+\.jpg", page.locator("article h3").inner_text())
    assert page.evaluate("document.querySelector('#live').srcObject") is None  # the camera is let go


def test_a_caption_is_spoken(visit, media):
    page = visit()
    page.evaluate("() => { speechSynthesis.speak = (spoken) => { window.spoken = [spoken.text, spoken.lang]; }; }")
    captioned(page, [media[0].with_name("blue 2.png")])
    page.get_by_role("button", name="Speak").click()
    text, language = page.evaluate("window.spoken")
    assert text == page.locator(".sentence").inner_text()
    assert language == "en"


def test_without_javascript(visit, media):
    page = visit(java_script_enabled=False)
    assert not page.get_by_role("button", name="Use the camera").is_visible()
    page.set_input_files("#file", [str(one) for one in media])
    page.locator("#options summary").click()
    page.fill("#num", "2")
    page.get_by_role("button", name="Caption them").click()
    assert page.locator("article").count() == 4
    assert page.locator(".sentence").first.inner_text().startswith("a red square of")
    assert page.locator("article li").first.inner_text().endswith("again")
    assert page.locator("article img").count() == 3
    shot(page, "without-javascript")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(visit, media, scheme, width, tmp_path):
    package = pytest.importorskip("axe_playwright_python", reason="needs the extra seesay[test]")
    page = visit(width, color_scheme=scheme, reduced_motion="reduce")
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"bad")
    page.locator("#options summary").click()
    captioned(page, media)
    page.set_input_files("#file", [str(broken)])
    page.wait_for_selector(".wrong")
    page.get_by_role("button", name="Explain").first.click()
    page.get_by_role("button", name="Edit").nth(1).click()
    page.get_by_text("Other sentences").last.click()
    page.evaluate((Path(package.__file__).parent / "axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    shot(page, f"axe-{scheme}-{width}")
    page.goto(page.url + "docs")
    page.evaluate((Path(package.__file__).parent / "axe.min.js").read_text("utf-8"))
    assert [one["id"] for one in page.evaluate("axe.run()")["violations"]] == []


@pytest.mark.parametrize("width", [320, 768, 3840])
def test_nothing_is_cut_off(visit, media, width):
    page = visit(width)
    page.locator("#options summary").click()
    captioned(page, media)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shot(page, f"width-{width}")


def test_the_page_is_small_and_says_nothing_that_is_not_in_its_texts():
    assert sum(one.stat().st_size for one in WEB.iterdir()) <= 60_000
    texts = json.loads((WEB / "texts.en.json").read_text("utf-8"))
    script, page = (WEB / "app.js").read_text("utf-8"), (WEB / "index.html").read_text("utf-8")
    used = set(re.findall(r'(?:say|button)\("(\w+)"', script)) | set(re.findall(r"\{\{(\w+)\}\}", page))
    assert used - {"models", "cards", "token"} <= set(texts)
