"""What evaluate says and draws of a captioner's confidence."""

import csv
import json
import xml.etree.ElementTree as ET

import pytest

from seesay.cli import run

SAID = {
    "astronaut": "a woman in an orange suit stands before a flag",
    "camera": "a man in a coat looks through a camera",
    "cat": "a cat looks at the camera",
    "coffee": "a cup of coffee on a wooden table",
    "rocket": "a rocket stands at its tower",
}


@pytest.fixture(scope="module")
def evaluated(samples, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    rows = [["image", "caption", "split"]]
    for sample in samples:
        rows.append([str(sample), SAID[sample.stem], "test"])
    with (folder / "mine.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return f"csv:{folder / 'mine.csv'}", folder / "out"


def test_evaluate_says_and_draws_how_sure_the_model_is(evaluated, capsys):
    data, out = evaluated
    assert run(["evaluate", "default", "--data", data, "--split", "test", "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert "Calibration error 0." in told
    assert "of its captions without doubt" in told
    certainty = json.loads((out / "scores.json").read_text("utf-8"))["certainty"]
    assert sum(count for _, _, count in certainty["bins"]) == 5
    assert 0 <= certainty["calibration_error"] <= 1
    with (out / "per_photo.csv").open(newline="", encoding="utf-8") as file:
        assert all(0 <= float(row["confidence"]) <= 1 for row in csv.DictReader(file))
    page = (out / "report.html").read_text("utf-8")
    drawn = [ET.fromstring(part.partition("</svg>")[0] + "</svg>") for part in _svgs(page)]
    assert [one.get("role") for one in drawn] == ["img", "img"]
    assert drawn[0].get("aria-label").startswith("Reliability diagram: share of captions that are right")
    assert drawn[1].get("aria-label").startswith("Risk and coverage")
    assert len(drawn[0].findall("circle")) == len(certainty["bins"])


def test_a_model_that_does_not_say_how_sure_it_is_has_no_such_part(evaluated, capsys):
    data, out = evaluated
    both = [
        "evaluate",
        "default",
        "--with",
        "default",
        "--data",
        data,
        "--split",
        "test",
        "--out",
        str(out.parent / "e"),
    ]
    assert run(both) == 0
    assert "Calibration" not in capsys.readouterr().out
    assert "certainty" not in json.loads((out.parent / "e" / "scores.json").read_text("utf-8"))


def _svgs(page):
    return ["<svg" + part for part in page.split("<svg")[1:]]
