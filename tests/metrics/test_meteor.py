"""METEOR against the jar: golden numbers everywhere, the jar itself where Java is installed.

`meteor_golden.json`: captions written for this test, with the numbers of METEOR 1.5's jar.
"""

import importlib.util
import json
import os
import random
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seesay.errors import DataError, MissingPartError
from seesay.metrics import Meteor, java, score
from seesay.metrics.meteor import convert, load
from seesay.metrics.meteor.normalize import normalize
from seesay.metrics.meteor.stemmer import stem

GOLDEN = json.loads(Path(__file__).with_name("meteor_golden.json").read_text("utf-8"))
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("pycocoevalcap") is None, reason="needs pycocoevalcap, which carries METEOR's word lists"
)
needs_java = pytest.mark.skipif(shutil.which("java") is None, reason="needs Java, for METEOR's own jar")


@pytest.fixture(scope="session")
def meteor():
    return Meteor()


def test_hard_captions_score_as_the_jar_scores_them(meteor):
    found = score(GOLDEN["captions"], GOLDEN["references"], ["meteor"])
    assert found.corpus["METEOR"] == pytest.approx(GOLDEN["corpus"], abs=1e-9)
    assert found.items["METEOR"] == pytest.approx(GOLDEN["items"], abs=1e-9)
    assert 0 < sum(value < 0.2 for value in GOLDEN["items"].values()) < len(GOLDEN["items"])  # they do differ


def words_that_match():
    """Words and phrases with stems, synonyms and paraphrases among them, and a few that come again and again."""
    text = (
        "a a a the the of in on and man men guy person people dog dogs puppy hound run runs running ran jog bike "
        "bicycle cycle ride rides riding street road path big large huge small little tiny kid kids child children "
        "boy girl woman lady women jump jumps jumping leap leaping grass field lawn water sea ocean beach shore red "
        "blue white photo picture image stand stands standing sit sits seated look looks watch watching"
    )
    phrases = "in front of|at the same time|a lot of|a number of|next to|as well as|in order to|take part in|such as"
    return text.split() + phrases.split("|")


@needs_java
def test_thousands_of_random_captions_score_as_the_jar_scores_them(meteor):
    chance, words = random.Random(3), words_that_match()

    def caption(longest):
        return " ".join(chance.choice(words) for _ in range(chance.randint(1, longest)))

    captions = {str(i): caption(chance.choice([4, 12, 40])) for i in range(3000)}
    references = {i: [caption(chance.choice([4, 12, 40])) for _ in range(chance.randint(1, 4))] for i in captions}
    corpus, items = java.meteor(captions, references)
    found = score(captions, references, ["meteor"])
    np.testing.assert_allclose(list(found.items["METEOR"].values()), items, atol=1e-9)
    assert found.corpus["METEOR"] == pytest.approx(corpus, abs=1e-9)


@needs_java
def test_a_whole_data_set_scores_as_the_jar_scores_it(meteor, flickr8k_root):
    references: dict[str, list[str]] = {}
    for line in (flickr8k_root / "Flickr8k.token.txt").read_text("utf-8").splitlines():
        item, _, caption = line.partition("\t")
        references.setdefault(item.split("#")[0], []).append(caption)
    captions = {item: texts.pop() for item, texts in references.items()}
    corpus, items = java.meteor(captions, references)
    found = score(captions, references, ["meteor"])
    np.testing.assert_allclose(list(found.items["METEOR"].values()), items, atol=1e-9)
    assert found.corpus["METEOR"] == pytest.approx(corpus, abs=1e-9)
    assert len(items) > 8000


def test_modules_add_what_they_should(meteor):
    def one(told, truth):
        return meteor([told.split()], [[truth.split()]])["METEOR"].items[0]

    # One word each, wholly matched: the module's weight.
    assert one("run", "run") == 1.0
    assert one("zorbing", "zorbed") == pytest.approx(0.6)
    assert one("sofa", "couch") == pytest.approx(0.8)
    # Two modules offer the same match, neither adds a whole word, and METEOR takes neither.
    assert one("frogs", "frog") == 0
    # A paraphrase of four words for one.
    assert one("dogs in the vicinity of cats", "dogs near cats") > 3 * one(
        "dogs zxqv zxqv zxqv zxqv cats", "dogs near cats"
    )
    assert one("dogs run the", "the dogs run") < 1  # the same words in more chunks
    assert one("zxqv", "the dogs run") == 0


def test_a_part_at_a_time_is_the_same(meteor):
    captions = [text.split() for text in GOLDEN["captions"].values()]
    references = [[text.split() for text in texts] for texts in GOLDEN["references"].values()]
    whole = meteor.counts(captions, references)
    parts = [meteor.counts(captions[i : i + 7], references[i : i + 7]) for i in range(0, len(captions), 7)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


text = st.lists(st.sampled_from(words_that_match()), min_size=1, max_size=10).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(text, st.lists(text, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_a_reference_is_never_beaten_by_a_changed_one(reference, others, chance):
    words = reference.split()
    changed = words[:]
    changed[chance.randrange(len(words))] = chance.choice(["zxqv", "dog", "a"])
    truth = {"x": [reference, *others]}
    metrics = ["bleu", "rouge", "meteor"]
    same, other = (score({"x": " ".join(told)}, truth, metrics).corpus for told in (words, changed))
    assert (same["METEOR"], same["ROUGE_L"]) == (1.0, 1.0)
    for name, value in same.items():
        assert other[name] <= value + 1e-9, name


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40), st.lists(st.text(max_size=40), min_size=1, max_size=3))
def test_any_text_is_scored_within_bounds(told, truth):
    found = score({"a": told}, {"a": truth}, ["bleu", "rouge", "meteor"])
    assert all(0 <= value <= 1 + 1e-9 for value in found.corpus.values())


def test_the_stemmer_is_the_jars():
    expected = {
        **{"skies": "sky", "dying": "die", "gently": "gentl", "news": "news", "inning": "inning", "ebbed": "eb"},
        **{"generously": "generous", "communism": "communism", "arsenal": "arsenal", "cytologist": "cytologist"},
        **{"hopping": "hop", "hoping": "hope", "agreed": "agre", "conditional": "condit", "rationalization": "ration"},
        **{"say": "say", "cry": "cri", "by": "by", "boy's": "boy", "'tis": "tis", "yellow": "yellow", "played": "play"},
        **{"gaps": "gap", "gas": "gas", "kiwis": "kiwi", "ties": "tie", "cries": "cri", "controll": "control"},
    }
    assert {word: stem(word) for word in expected} == expected


@needs_java
def test_every_word_of_the_lexicon_and_its_forms_is_stemmed_as_the_jar_stems_it(meteor):
    known = [word.decode() for word in meteor.lexicon._words if re.fullmatch(rb"[a-z']+", word)]
    words = sorted({*known, *(word + end for word in known[::4] for end in ("ing", "ed", "ly", "'s", "ization"))})
    jar, _ = load._sources()
    call = ["java", "-cp", str(jar), "Stemmer", "en"]
    found = subprocess.run(call, input="\n".join(words), capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(words) > 200_000
    assert [(w, stem(w), f) for w, f in zip(words, found, strict=True) if stem(w) != f] == []


def test_lines_are_written_as_meteor_writes_them():
    prefixes = {"no": True, "dr": False}
    for line, words in {
        "a t-shirt and one-on-one": "a t shirt and one on one",
        "the boy 's dog isn't": "the boy ' s dog isn 't",
        "100% of 10,000 , or 3,x": "100 % of 10,000 , or 3 , x",
        "u.s. dr. no no. 5 end.": "us dr. no no. 5 end .",
        "wait ... what": "wait ... what",
        "“so” ‘it’ goes – on": "\" so \" ' it ' goes - on",
    }.items():
        assert " ".join(normalize(line, prefixes)) == words


def test_without_the_data_the_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr(load, "_sources", lambda: None)
    with pytest.raises(MissingPartError, match=r"pip install 'seesay\[metrics\]'"):
        Meteor()


def test_damaged_data_and_a_full_disk_leave_nothing_behind(tmp_path, monkeypatch):
    (tmp_path / "jar").write_bytes(b"not a jar")
    (tmp_path / "table").write_bytes(b"")
    with pytest.raises(DataError, match=r"damaged.*reinstall pycocoevalcap"):
        convert.convert(tmp_path / "jar", tmp_path / "table", tmp_path / "out" / "x")
    assert list((tmp_path / "out").iterdir()) == []

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(convert, "_convert", full)
    with pytest.raises(DataError, match="No space left"):
        convert.convert(tmp_path / "jar", tmp_path / "table", tmp_path / "out" / "x")
    assert list((tmp_path / "out").iterdir()) == []


def _cut(folder):
    (folder / "b.npy").write_bytes(b"wor")


def _other(folder):
    (folder / "a.npy").write_bytes(b"letterz")  # of the same size


def _missing(folder):
    (folder / "a.npy").unlink()


def _more(folder):
    (folder / "c.npy").write_bytes(b"")


def _no_sums(folder):
    (folder / "sums.json").write_text('["a.npy"')


@pytest.mark.parametrize("damage", [_cut, _other, _missing, _more, _no_sums, shutil.rmtree])
def test_what_is_damaged_in_the_cache_is_converted_again(tmp_path, monkeypatch, damage):
    made = []

    def small(_jar, _table, out):
        made.append(out)
        (out / "a.npy").write_bytes(b"letters")
        (out / "b.npy").write_bytes(b"words")

    (tmp_path / "data").write_bytes(b"x")
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(load, "_sources", lambda: (tmp_path / "data", tmp_path / "data"))
    monkeypatch.setattr(load, "Lexicon", lambda folder: folder)
    monkeypatch.setattr(convert, "_convert", small)
    folder = load.load_lexicon()
    assert load.load_lexicon() == folder
    assert len(made) == 1
    damage(folder)
    old, new = (folder.with_name(f"{folder.name}.{name}") for name in ("17-1", "18-1"))
    for left in (old, new):
        left.mkdir()
    os.utime(old, (1, 1))
    assert load.load_lexicon() == folder
    assert len(made) == 2
    assert (folder / "a.npy").read_bytes() + (folder / "b.npy").read_bytes() == b"letterswords"
    assert sorted(folder.parent.iterdir()) == [folder, new], "what was killed long ago is swept, others may be at work"


def test_java_is_asked_for_before_anything_is_computed(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingPartError, match="--java: missing java"):
        java.preflight()
