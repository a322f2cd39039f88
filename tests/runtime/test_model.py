"""Loaded models: closed, pickled, shown; captions as plain data and in notebooks."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

import seesay
from seesay import Caption, MediaError, UsageError

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*.jpg"))
CAT = next(path for path in SAMPLES if path.stem == "cat")


@pytest.fixture(scope="module")
def captioner():
    return seesay.load()


def test_they_say_what_they_are(captioner):
    assert repr(captioner).startswith("<Captioner default: describes photos; 6,345 words; ")
    assert "CIDEr-D 59.8 on test" in repr(captioner)
    assert "activities: recognizes clips; 6 classes" in repr(seesay.load("activities"))
    html = captioner._repr_html_()
    assert "6,345 words" in html
    assert "<details><summary>Card" in html
    assert "<script" not in html


def test_pickled_it_is_loaded_again(captioner):
    again = pickle.loads(pickle.dumps(captioner))
    assert again(CAT, beam=1) == captioner(CAT, beam=1)
    assert len(pickle.dumps(captioner)) < 2000  # no networks in it
    both = pickle.loads(pickle.dumps(seesay.load(["default", "default"])))
    assert both.name == "default + default"
    assert pickle.loads(pickle.dumps(seesay.load("activities"))).labels == seesay.load("activities").labels


def test_a_limit_that_was_set_comes_along(captioner):
    from seesay.runtime.limits import set_max_pixels

    small = seesay.load()
    set_max_pixels(small, 10)
    with pytest.raises(MediaError, match="the limit is 1e-05"):
        pickle.loads(pickle.dumps(small))(CAT)


def test_closed_at_the_end_of_a_with_block():
    with seesay.load() as captioner:
        assert captioner(CAT, beam=1).text
    with pytest.raises(UsageError, match="default is closed; load it again"):
        captioner(CAT)
    with seesay.load("activities") as recognizer:
        pass
    with pytest.raises(UsageError, match="activities is closed"):
        recognizer.recognize([np.zeros((2, 30, 30, 3), np.uint8)])
    both = seesay.load(["default", "default"])
    both.close()
    with pytest.raises(UsageError, match="closed"):
        both(CAT)


def test_a_fault_is_raised_or_returned(captioner, tmp_path):
    gone = tmp_path / "gone.jpg"
    with pytest.raises(MediaError, match="gone"):
        captioner.caption([gone, CAT], beam=1)
    fault, captions = captioner.caption([gone, CAT], beam=1, on_error="return")
    assert isinstance(fault, MediaError)
    assert captions[0].source == str(CAT)
    with pytest.raises(UsageError, match="on_error is 'skip'"):
        captioner.caption([CAT], on_error="skip")


def test_a_caption_is_plain_data_and_back(captioner):
    caption = captioner(CAT)
    values = json.loads(json.dumps(caption.to_dict()))
    again = Caption.from_dict(values)
    assert again == caption
    assert again.words == caption.words
    np.testing.assert_array_equal(again.attention, caption.attention)
    assert Caption.from_dict(caption.to_json()).text == caption.text  # as the command prints it
    for wrong in ({}, {"text": "a", "score": "b", "tokens": []}, {"text": "a", "score": 1, "tokens": [3]}):
        with pytest.raises(UsageError, match="not a caption"):
            Caption.from_dict(wrong)


def test_a_notebook_shows_photo_sentence_and_where_it_looked(captioner):
    caption = captioner(CAT, beam=1)
    html = caption._repr_html_()
    assert html.count("<svg") == 1 + len(caption.tokens)
    assert "data:image/jpeg;base64," in html
    assert f"<strong>{caption.text}</strong>" in html
    plain = Caption("a <b> dog", -1.0, (("a", -0.1), ("<b>", -0.2)))
    assert "&lt;b&gt;" in plain._repr_html_()
    assert "<b>" not in plain._repr_html_()
    assert "<svg" not in plain._repr_html_()


def test_a_run_is_used_without_export(tmp_path, monkeypatch, capsys):
    pytest.importorskip("torch")
    from seesay.cli import run

    table = tmp_path / "mine.csv"
    rows = [f"{path},a picture of {path.stem},{'dev' if n > 2 else 'train'}" for n, path in enumerate(SAMPLES)]
    table.write_text("\n".join(["image,caption,split", *rows]) + "\n")
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    settings = ["encoder.name=small_cnn", "encoder.weights=random", "training.epochs=1", "text.min_count=1"]
    out = seesay.train("merge", settings, data=f"csv:{table}", out=tmp_path / "run")
    captioner = seesay.load(out)
    said = captioner(CAT, beam=2).text
    assert run(["caption", str(CAT), "--model", str(out), "--beam", "2"]) == 0
    assert capsys.readouterr().out == f"{CAT}: {said}\n"
    assert pickle.loads(pickle.dumps(captioner))(CAT, beam=2).text == said
    assert seesay.evaluate(out, data=f"csv:{table}", split="dev", beam=1).count == 2
