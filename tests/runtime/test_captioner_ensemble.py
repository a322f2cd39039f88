"""Several artifacts as one captioner, over networks made up here and over the embedded model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import seesay
from seesay.artifact import Artifact, Manifest
from seesay.errors import MediaError, UsageError
from seesay.media import Preprocessing
from seesay.runtime import Captioner, Ensemble
from seesay.text import Vocabulary

WORDS = Vocabulary.build([["left"] * 9, ["right"] * 8, ["both"] * 7], min_count=1)


class Opinion:
    """Says one word, by chances of its own, and notes the pixels it was given."""

    constant = frozenset({"size"})

    def __init__(self, attention: int | None = None, **chances: float) -> None:
        self.chances, self.attention = chances, attention
        self.seen: list[np.ndarray] = []

    def start(self, pixels):
        self.seen.append(pixels)
        rows = len(pixels)
        state = {"size": pixels.mean((1, 2, 3), np.float32)[:, None], "place": np.zeros((rows, 1), np.float32)}
        if self.attention:
            state["attention"] = np.zeros((rows, self.attention), np.float32)
        return state

    def step(self, tokens, state):
        assert len(tokens) % len(state["size"]) == 0
        chances = np.full((len(tokens), len(WORDS)), 1e-9, np.float32)
        for row, place in enumerate(state["place"][:, 0]):
            if place:
                chances[row, WORDS.end] = 1
            else:
                for word, chance in self.chances.items():
                    chances[row, WORDS.encode([word])[0]] = chance
        after = {**state, "place": state["place"] + 1}
        if self.attention:
            after["attention"] = np.full((len(tokens), self.attention), self.chances["left"], np.float32)
        return np.log(chances), after


def captioner(name, side=8, grid=(2, 2), vocabulary=WORDS, fit="squash", **settings):
    networks = Opinion(**settings)
    manifest = Manifest(
        name=name,
        model={},
        preprocessing=Preprocessing(size=(side, side + 2), fit=fit).to_json(),
        vocabulary=vocabulary.to_json(),
        grid_size=grid,
        carried=("place", *(("attention",) if networks.attention else ())),
        search={"beam": 3},
    )
    return Captioner(Artifact(Path(), Path(), manifest, {}), networks)


PHOTO = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


def test_probabilities_are_averaged():
    one = captioner("one", left=0.6, right=0.4)
    other = captioner("other", left=0.1, right=0.2, both=0.7)
    ensemble = Ensemble([one, other])
    assert ensemble.name == "one + other"
    found = ensemble.caption([PHOTO], num=3)[0]
    assert [caption.text for caption in found] == ["both", "left", "right"]
    # (0.6 + 0.1) / 2 and so on; "left" and "both" tie but for rounding, so only chances are compared.
    chances = {caption.text: np.exp(caption.tokens[0][1]) for caption in found}
    assert chances == pytest.approx({"left": 0.35, "right": 0.3, "both": 0.35}, abs=1e-5)


def test_each_member_gets_pixels_of_its_own_making():
    members = [captioner("a", 8, left=1.0), captioner("b", 12, fit="crop", left=1.0), captioner("c", 8, left=1.0)]
    Ensemble(members).caption([PHOTO, PHOTO[:, ::-1]])
    for member in members:
        (pixels,) = member.networks.seen
        expected = np.stack([member.preprocessing.load(photo) for photo in (PHOTO, PHOTO[:, ::-1])])
        np.testing.assert_array_equal(pixels, expected)


def test_an_open_file_is_read_once_for_all(tmp_path):
    from PIL import Image

    Image.fromarray(PHOTO).save(tmp_path / "photo.png")
    ensemble = Ensemble([captioner("a", 8, left=1.0), captioner("b", 12, left=1.0)])
    with (tmp_path / "photo.png").open("rb") as handle:
        assert ensemble(handle).text == "left"
    with pytest.raises(MediaError, match=r"missing\.png"):
        ensemble(tmp_path / "missing.png")


def test_attention_is_the_mean_where_grids_are_the_same():
    one, two = (captioner(n, attention=4, left=p, right=1 - p) for n, p in (("one", 0.8), ("two", 0.6)))
    blind = captioner("blind", left=1.0)
    ensemble = Ensemble([blind, one, two])
    assert ensemble.attends
    assert ensemble.members == (blind, one, two)
    np.testing.assert_allclose(ensemble(PHOTO).attention, np.full((1, 2, 2), 0.7), rtol=1e-6)
    other = captioner("other", attention=9, grid=(3, 3), left=1.0)
    apart = Ensemble([one, other])
    assert not apart.attends
    assert apart(PHOTO).attention is None
    assert not Ensemble([blind, blind]).attends


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        ([["left"] * 9, ["right"] * 8, ["none"] * 7], "only one has 'both'; only two has 'none'"),
        ([["left"] * 8, ["right"] * 9, ["both"] * 7], "the same words in another order"),
        ([["left"] * 9, *([f"w{i}"] * 2 for i in range(9))], "only two has 'w0', 'w1', 'w2' and 6 more"),
    ],
)
def test_other_vocabularies_are_refused(tokens, words):
    other = captioner("two", vocabulary=Vocabulary.build(tokens, min_count=1), left=1.0)
    with pytest.raises(UsageError, match=words) as caught:
        Ensemble([captioner("one", left=1.0), other])
    assert "\n" not in str(caught.value)


def test_the_embedded_model_with_itself_finds_exactly_what_its_search_finds_alone(samples, monkeypatch):
    """An ensemble neither guides the search by detected words nor chooses by them, so neither does the model here."""
    monkeypatch.setattr(Captioner, "detects", False)
    monkeypatch.setattr(Captioner, "confident", False)
    alone, twice = seesay.load(threads=1), seesay.load(["default", "default"], threads=1)
    assert isinstance(twice, Ensemble)
    chosen = samples[:2]
    for search in (
        {"num": 3, "consensus": 0},
        {"beam": 4, "groups": 2, "num": 2, "consensus": 0},
        {"must": ["dog", "red shirt"], "must_not": ["man"], "consensus": 0},
        {"sample": True, "num": 3, "top_p": 0.9, "seed": 4},
    ):
        ours, theirs = twice.caption(chosen, **search), alone.caption(chosen, **search)
        assert ours == theirs, search
        for one, other in zip(ours[0], theirs[0], strict=True):
            np.testing.assert_allclose(one.attention, other.attention, rtol=1e-5)


def test_sampled_captions_do_not_depend_on_the_pictures_beside(samples):
    captioner = seesay.load(threads=1)
    search = {"sample": True, "num": 3, "temperature": 0.9, "top_k": 50, "seed": 2}

    def texts(sources, **other):
        return [[caption.text for caption in drawn] for drawn in captioner.caption(sources, **{**search, **other})]

    together = texts(samples[:3])
    assert texts(samples[1:2]) == together[1:2]
    assert texts(samples[1:2], seed=3) != together[1:2]


def test_a_list_of_one_is_that_model_and_an_empty_one_is_refused():
    assert type(seesay.load(["default"])) is Captioner
    with pytest.raises(UsageError, match="empty list"):
        seesay.load([])
    with pytest.raises(UsageError, match="Did you mean 'default'"):
        seesay.load(["default", "defualt"])


def test_a_caption_that_lacks_a_word_says_so():
    one = captioner("one", left=0.6, right=0.4)
    # One word, then the end at any price: two required words do not fit into one.
    found = one.caption([PHOTO], must=["left", "right"], max_length=1)[0][0]
    assert not found.satisfied
    assert found.to_json()["satisfied"] is False
    assert replace(found, satisfied=True).to_json().keys() == {"text", "score", "tokens"}
    assert one.caption([PHOTO], must=["right"])[0][0].text == "right"
