"""Data sets of texts and of sounds: folders and tables, and what is wrong in them."""

import json

import pytest
from sequences import tone, write_wav

from seesay.data import check_pictures, count_faults, read_dataset
from seesay.data.sample import source_of
from seesay.errors import DataError, UsageError
from seesay.media import read_words


@pytest.fixture
def root(tmp_path):
    for label in ("up", "down"):
        for number in range(8):
            write_wav(tmp_path / label / f"{number}.wav", tone(200 + number))
        (tmp_path / label / "notes.txt").write_text("about these sounds")
    return tmp_path


def test_folders_of_sounds(root):
    data = read_dataset(f"folders:{root}")
    assert data.modality == "sound"
    assert data.classes == ("down", "up")
    assert {s.media.suffix for s in data.samples} == {".wav"}
    assert [len(data.split(part)) for part in ("train", "dev", "test")] == [12, 2, 2]
    assert data.samples == read_dataset(f"folders:{root}").samples
    assert check_pictures(data) == ()


def test_folders_of_texts_alone_or_when_asked_for(root):
    assert {s.media.name for s in read_dataset(f"folders:{root},kind=text,dev=0,test=0").samples} == {"notes.txt"}
    for file in root.rglob("*.wav"):
        file.rename(file.with_suffix(".txt"))
        file.with_suffix(".txt").write_text("some words")
    (root / "train").mkdir()
    for label in ("up", "down"):
        (root / label).rename(root / "train" / label)
    data = read_dataset(f"folders:{root}")
    assert data.modality == "text"
    assert data.splits == ("train", "dev")
    with pytest.raises(UsageError, match=r"kind=smell: folders hold one of clip, sound, text"):
        read_dataset(f"folders:{root},kind=smell")
    with pytest.raises(DataError, match="none of its 1 folders holds a sound; sounds are WAV"):
        read_dataset(f"folders:{root},kind=sound")


def test_a_class_without_any_is_told(root):
    (root / "silence").mkdir()
    data = read_dataset(f"folders:{root}")
    assert count_faults(data.faults) == {"class without sounds": 1}


def test_tables_hold_texts_and_name_sounds(root):
    (root / "a.csv").write_text('text,label,split\n"good, not bad",liked,train\nbad,disliked,val\n')
    data = read_dataset(f"csv:{root}/a.csv")
    assert data.modality == "text"
    assert [s.id for s in data.samples] == ["a.csv:2", "a.csv:3"]
    assert [(s.label, s.split) for s in data.samples] == [("liked", "train"), ("disliked", "dev")]
    assert read_words(source_of(data.samples[0])) == ["good", "not", "bad"]
    rows = [{"sound": f"{way}/{n}.wav", "label": way, "split": "train"} for way in ("up", "down") for n in range(2)]
    (root / "b.jsonl").write_text("\n".join(map(json.dumps, rows)))
    data = read_dataset(f"jsonl:{root}/b.jsonl")
    assert data.modality == "sound"
    assert data.samples[0].media == root / "up" / "0.wav"
    assert check_pictures(data) == ()


def test_what_is_wrong_in_a_table_is_told_with_its_line(root):
    rows = ["text,label,split", "good,liked,train", ",liked,train", "bad,,train", "good,liked,test", "..,disliked,dev"]
    (root / "a.csv").write_text("\n".join(rows))
    data = read_dataset(f"csv:{root}/a.csv", strict=False)
    assert count_faults(data.faults) == {
        "no text": 1,
        "empty label": 1,
        "text without captions": 1,
        "text in two splits": 1,
    }
    assert {fault.kind: fault.line for fault in data.faults}["no text"] == 3
    (fault,) = check_pictures(read_dataset(f"csv:{root}/a.csv", strict=False))[:1]
    assert "holds no word" in str(fault)
    (root / "plain.csv").write_text("text,split\nhello,train\n")
    with pytest.raises(DataError, match="no column 'image'"):
        read_dataset(f"csv:{root}/plain.csv")
    (root / "photos.csv").write_text("image,caption,text\na.jpg,a dog,a note\n")
    assert "missing picture" in count_faults(read_dataset(f"csv:{root}/photos.csv", strict=False).faults)


def test_sounds_that_do_not_open_are_counted(root):
    good = (root / "up" / "0.wav").read_bytes()
    (root / "up" / "1.wav").write_bytes(good[: len(good) // 2])
    write_wav(root / "up" / "2.wav", [0.0] * 500)
    faults = check_pictures(read_dataset(f"folders:{root}"))
    assert count_faults(faults) == {"sound that does not open": 2}
    assert all("\n" not in str(fault) for fault in faults)
