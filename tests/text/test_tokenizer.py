"""The tokenizer against Stanford's, by golden values everywhere and by Java where it is.

`ptb_golden.jsonl`: strings written for this test, with what pycocoevalcap 1.2's PTBTokenizer (stanford-corenlp 3.4.1)
makes of them. `GOLDEN`: SHA-256 of its output for whole data sets, one caption a line, sorted.
"""

import csv
import hashlib
import importlib.util
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seesay.text import detokenize, tokenize

HARD = [json.loads(line) for line in Path(__file__).with_name("ptb_golden.jsonl").read_text("utf-8").splitlines()]
GOLDEN = {
    "flickr8k": (40206, "8922e8736ea30e09e1ffd27eb5fd51c94beee78b90931d07f252322bdc8a9e3a"),
    "msvd": (16565, "906a0854e2ed80e1e26680f678ec16564b6406c404db4ab884616d4df740f046"),
}


@pytest.mark.parametrize("case", HARD, ids=lambda case: case["caption"][:30])
def test_hard_strings_are_cut_as_the_reference_cuts_them(case):
    assert tokenize(case["caption"]) == case["tokens"]


def flickr8k_captions(data):
    lines = (data / "flickr8k" / "Flickr8k.token.txt").read_text("utf-8").splitlines()
    return sorted({line.split("\t")[1].strip() for line in lines})


def msvd_captions(data):
    with (data / "msvd-486" / "captions.csv").open(encoding="utf-8", newline="") as handle:
        return sorted({row["caption"].replace("\n", " ") for row in csv.DictReader(handle)})


CORPORA = {"flickr8k": flickr8k_captions, "msvd": msvd_captions}


def digest(lines):
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@pytest.mark.parametrize("corpus", CORPORA)
def test_every_caption_of_a_data_set_is_cut_as_the_reference_cut_it(corpus, data_root):
    captions = CORPORA[corpus](data_root)
    count, expected = GOLDEN[corpus]
    assert len(captions) == count
    assert digest(" ".join(tokenize(caption)) for caption in captions) == expected


@pytest.mark.skipif(shutil.which("java") is None, reason="needs Java, to run the reference itself")
@pytest.mark.skipif(importlib.util.find_spec("pycocoevalcap") is None, reason="needs pycocoevalcap, the reference")
@pytest.mark.parametrize("corpus", ["hard", *CORPORA])
def test_the_reference_itself_agrees(corpus, request):
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    if corpus == "hard":
        captions = [case["caption"] for case in HARD]
    else:
        captions = CORPORA[corpus](request.getfixturevalue("data_root"))
    reference = PTBTokenizer().tokenize({i: [{"caption": text}] for i, text in enumerate(captions)})
    differ = [text for i, text in enumerate(captions) if " ".join(tokenize(text)) != reference[i][0]]
    assert differ == []


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_taken(text):
    tokens = tokenize(text)
    assert all(token and not any(c.isspace() for c in token) for token in tokens)
    assert all(token == token.lower() for token in tokens)


def test_words_are_joined_by_single_spaces():
    assert detokenize(["a", "dog", "'s", "life"]) == "a dog 's life"
    assert detokenize([]) == ""


@pytest.mark.parametrize("piece", ["a,", "a-", "a@", "n't", "1.1.", "<a", "(", ". ", "http://"])
def test_a_very_long_line_takes_time_in_proportion(piece):
    """A regular expression that looks back or ahead without bound would take hours here, and time out."""
    assert len(tokenize(piece * 50_000)) <= 150_000
