"""A model knows the files it learned from, under any name."""

from seesay.data import Sample
from seesay.data.identity import overlap_note, remember, seen


def test_the_same_file_is_known_under_another_name(tmp_path):
    files = []
    for number in range(4):
        file = tmp_path / f"{number}.jpg"
        file.write_bytes(bytes([number]) * 100_000)
        files.append(file)
    training = {"data": {"files": remember([Sample("a", files[0]), Sample("b", files[1]), Sample("b2", files[1])])}}
    renamed = tmp_path / "holiday.jpg"
    renamed.write_bytes(files[1].read_bytes())
    longer = tmp_path / "longer.jpg"
    longer.write_bytes(files[1].read_bytes() + b"x")  # the same beginning, another file
    samples = [Sample("x", renamed), Sample("y", files[2]), Sample("z", longer), Sample("gone", tmp_path / "none.jpg")]
    assert seen(samples, training) == 1
    (line,) = overlap_note("mine", samples, training, "photo")
    assert line.startswith("mine learned from 1 of these 4 photos (the same files)")
    assert overlap_note("mine", samples[1:], training, "photo") == []


def test_what_is_not_known_is_not_said(tmp_path):
    sample = Sample("a", tmp_path / "a.jpg")
    for training in ({}, {"data": 3}, {"data": {"files": 5}}, {"data": {"files": "no base64!"}}):
        assert seen([sample], training) is None
        assert overlap_note("mine", [sample], training, "photo") == []
