"""The captioner over networks made up here, whose captions can be worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from seesay.artifact import Artifact, Manifest
from seesay.errors import MediaError, UsageError
from seesay.media import Preprocessing
from seesay.runtime import Caption, Captioner
from seesay.text import Vocabulary

VOCABULARY = Vocabulary.build([["dark"] * 9, ["bright"] * 8, ["red"] * 7, ["picture"] * 6], min_count=1)
PREPROCESSING = Preprocessing(
    size=(8, 8), fit="squash", interpolation="bilinear", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)
)


class Shades:
    """Says "dark picture" or "bright picture" by mean brightness, and notes what it is asked."""

    constant = frozenset({"bright"})

    def __init__(self) -> None:
        self.batches: list[int] = []

    def start(self, pixels: np.ndarray) -> dict[str, np.ndarray]:
        assert pixels.dtype == np.uint8
        assert pixels.shape[1:] == (8, 8, 3)
        self.batches.append(len(pixels))
        rows = len(pixels)
        return {
            "bright": (pixels.mean((1, 2, 3)) > 127)[:, None].astype(np.float32),
            "step": np.zeros((rows, 1), np.float32),
            "attention": np.zeros((rows, 6), np.float32),
        }

    def step(self, tokens: np.ndarray, state: Any) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        word, step = VOCABULARY.encode, state["step"][:, 0].astype(int)
        logits = np.zeros((len(tokens), len(VOCABULARY)), np.float32)
        bright_rows = np.repeat(state["bright"][:, 0], len(tokens) // len(state["bright"]))
        for row, (at, bright) in enumerate(zip(step, bright_rows, strict=True)):
            words = ["bright" if bright else "dark", "picture"]
            best = word([words[at]])[0] if at < 2 else VOCABULARY.end
            logits[row, best] = 5
        logits[:, VOCABULARY.unk] = 9  # never to be emitted
        attention = np.eye(6, dtype=np.float32)[step % 6]
        return logits, {**state, "step": state["step"] + 1, "attention": attention}


@pytest.fixture
def networks() -> Shades:
    return Shades()


@pytest.fixture
def captioner(networks: Shades) -> Captioner:
    manifest = Manifest(
        name="shades",
        model={},
        preprocessing=PREPROCESSING.to_json(),
        vocabulary=VOCABULARY.to_json(),
        grid_size=(2, 3),
        carried=("step", "attention"),
        search={"beam": 2, "max_length": 5},
    )
    return Captioner(Artifact(Path(), Path(), manifest, {}), networks)


def shade(value: int) -> np.ndarray:
    return np.full((12, 10, 3), value, np.uint8)


def test_one_picture(captioner: Captioner) -> None:
    caption = captioner(shade(250))
    assert caption.text == str(caption) == "bright picture"
    assert [token for token, _ in caption.tokens] == ["bright", "picture"]
    # A logit of 5 against 7 zeros and one of 9; the softmax is over all words, also those never emitted.
    expected = 5 - np.log(np.exp(5) + np.exp(9) + len(VOCABULARY) - 2)
    assert [logprob for _, logprob in caption.tokens] == pytest.approx([expected] * 2, abs=1e-5)
    assert caption.score < 0
    assert captioner(shade(3)).text == "dark picture"


def test_attention_is_one_map_a_word(captioner: Captioner) -> None:
    attention = captioner(shade(0)).attention
    assert attention is not None
    assert attention.shape == (2, 2, 3)
    assert attention.dtype == np.float32
    assert attention[0].ravel().tolist() == [1, 0, 0, 0, 0, 0]
    assert attention[1].ravel().tolist() == [0, 1, 0, 0, 0, 0]


def test_captions_compare_and_print_without_their_maps(captioner: Captioner) -> None:
    first, second = captioner(shade(0)), captioner(shade(0))
    assert first == second
    assert "attention" not in repr(first)
    assert first.to_json() == {
        "text": "dark picture",
        "score": first.score,
        "tokens": [{"token": t, "logprob": p} for t, p in first.tokens],
    }


def test_batches_and_order(captioner: Captioner, networks: Shades) -> None:
    values = [0, 255, 0, 255, 255, 0, 0]
    found = captioner.caption([shade(v) for v in values], batch_size=3)
    assert [best[0].text.split()[0] for best in found] == ["bright" if v else "dark" for v in values]
    assert networks.batches == [3, 3, 1]


def test_num_gives_distinct_captions_best_first(captioner: Captioner) -> None:
    best = captioner.caption([shade(0)], beam=3, num=3)[0]
    assert len({caption.text for caption in best}) == 3
    assert [caption.score for caption in best] == sorted((caption.score for caption in best), reverse=True)
    assert best[0].text == "dark picture"


def test_every_kind_of_source(captioner: Captioner, tmp_path: Path) -> None:
    file = tmp_path / "dark.png"
    Image.fromarray(shade(1)).save(file)
    with file.open("rb") as handle:
        sources = [file, str(file), file.read_bytes(), Image.open(file), shade(1), handle]
        assert [best[0].text for best in captioner.caption(sources)] == ["dark picture"] * 6


def test_stream_goes_on_past_what_cannot_be_read(captioner: Captioner, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    sources = [shade(255), broken, tmp_path / "missing.jpg", shade(0), broken]
    results = list(captioner.stream(iter(sources), batch_size=2))
    assert [index for index, _ in results] == [0, 1, 2, 3, 4]
    assert [isinstance(result, MediaError) for _, result in results] == [False, True, True, False, True]
    assert "broken.jpg" in str(results[1][1])
    assert isinstance(results[3][1], list)
    assert results[3][1][0].text == "dark picture"


def test_stream_gives_the_first_before_it_asks_for_the_last(captioner: Captioner) -> None:
    asked = 0

    def sources() -> Any:
        nonlocal asked
        for _ in range(1000):
            asked += 1
            yield shade(0)

    stream = captioner.stream(sources(), batch_size=4)
    next(stream)
    assert asked < 200
    stream.close()  # type: ignore[attr-defined]


def test_caption_raises_for_what_cannot_be_read(captioner: Captioner, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"missing\.jpg"):
        captioner.caption([shade(0), tmp_path / "missing.jpg"])


@pytest.mark.parametrize(
    "wrong", [{"beam": 0}, {"num": 0}, {"max_length": 0}, {"batch_size": 0}, {"num": 3, "beam": 2}]
)
def test_numbers_out_of_range(captioner: Captioner, wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        captioner.caption([shade(0)], **wrong)


def test_a_single_path_is_not_a_list(captioner: Captioner) -> None:
    with pytest.raises(UsageError, match=r"captioner\(picture\)"):
        captioner.caption("dog.jpg")  # type: ignore[arg-type]


def test_nothing_to_caption(captioner: Captioner) -> None:
    assert captioner.caption([]) == []


def test_max_length_cuts(captioner: Captioner) -> None:
    assert captioner.caption([shade(0)], max_length=1)[0][0].text == "dark"


def test_a_model_without_attention_gives_none(captioner: Captioner, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Shades()
    start = plain.start

    def without(pixels: np.ndarray) -> dict[str, np.ndarray]:
        return {name: value for name, value in start(pixels).items() if name != "attention"}

    step = plain.step
    monkeypatch.setattr(plain, "start", without)
    monkeypatch.setattr(
        plain, "step", lambda t, s: (step(t, s)[0], {k: v for k, v in step(t, s)[1].items() if k != "attention"})
    )
    caption = Captioner(captioner.artifact, plain)(shade(0))
    assert isinstance(caption, Caption)
    assert caption.attention is None
