"""Data sets of clips, made on the fly in the layouts of the real ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from clips import write

from seesay.cli import run
from seesay.data import Dataset, check_pictures, class_counts, count_faults, dataset_statistics, read_dataset
from seesay.errors import DataError, UsageError


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def refused(spec: str, error: type[Exception] = DataError) -> str:
    with pytest.raises(error) as raised:
        read_dataset(spec)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def ids(data: Dataset, split: str) -> list[str]:
    return [sample.id for sample in data.split(split)]


@pytest.fixture
def ucf(tmp_path: Path) -> Path:
    """Two classes with folders of three listed; groups 1 and 2 are test, 8 to 14 train."""
    lists = tmp_path / "ucfTrainTestlist"
    lists.mkdir()
    parts: dict[str, list[str]] = {"train": [], "test": []}
    for number, label in enumerate(("Archery", "Surfing", "Typing"), 1):
        for group in (1, 2, *range(8, 15)):
            for clip in (1, 2):
                name = f"{label}/v_{label}_g{group:02}_c{clip:02}.avi"
                parts["test" if group < 3 else "train"].append(name if group < 3 else f"{name} {number}")
                if label != "Typing":
                    touch(tmp_path / name)
    for part, lines in parts.items():
        (lists / f"{part}list01.txt").write_text("\r\n".join(lines) + "\r\n")
    return tmp_path


def test_ucf101(ucf: Path) -> None:
    data = read_dataset(f"ucf101:{ucf}")
    assert data.faults == ()
    assert data.classes == ("Archery", "Surfing")
    assert data.modality == "clip"
    assert class_counts(data)["Archery"] == {"train": 12, "dev": 2, "test": 4}
    assert {name.split("_")[2] for name in ids(data, "dev")} == {"g14"}, "whole groups, the last ones"
    assert ids(data, "test")[0] == "Archery/v_Archery_g01_c01.avi"
    assert {sample.label for sample in data.samples} == {"Archery", "Surfing"}
    assert data.samples == read_dataset(f"ucf101:{ucf}").samples
    more = read_dataset(f"ucf101:{ucf},dev=0.4")
    assert {name.split("_")[2] for name in ids(more, "dev")} == {"g12", "g13", "g14"}
    assert read_dataset(f"ucf101:{ucf},dev=0").splits == ("train", "test")


def test_ucf101_in_other_places(ucf: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    before = [sample.id for sample in read_dataset(f"ucf101:{ucf}").samples]
    elsewhere = tmp_path_factory.mktemp("clips, all=of them")
    for label in ("Archery", "Surfing"):
        (ucf / label).rename(elsewhere / label)
    first = elsewhere / "Archery" / "v_Archery_g01_c01.avi"
    first.rename(first.with_suffix(".mp4"))
    second = elsewhere / "Archery" / "v_Archery_g01_c02.avi"
    second.unlink()
    touch(second.with_suffix("") / "frame1.jpg")
    third = elsewhere / "Surfing" / "v_Surfing_g01_c01.avi"
    third.rename(third.with_suffix(".gif"))
    touch(first.with_suffix(".png"))  # a thumbnail of a clip that is there
    data = read_dataset(f"ucf101:{ucf / 'ucfTrainTestlist'},split=1,clips={elsewhere}")
    assert [sample.id for sample in data.samples] == before
    found = [s.media for s in data.split("test")]
    assert found[:2] == [first.with_suffix(".mp4"), second.with_suffix("")]
    assert third.with_suffix(".gif") in found


def test_ucf101_faults(ucf: Path) -> None:
    lists = ucf / "ucfTrainTestlist"
    (ucf / "Archery" / "v_Archery_g09_c02.avi").unlink()
    data = read_dataset(f"ucf101:{ucf}")
    assert [(f.kind, f.file.name, f.line, f.fatal) for f in data.faults] == [
        ("missing clip", "trainlist01.txt", 4, False)
    ]
    with (lists / "testlist01.txt").open("a") as handle:
        handle.write("Archery/v_Archery_g08_c03.avi\nArchery/stray.avi\n")
    touch(ucf / "Archery" / "v_Archery_g08_c03.avi")
    faults = {f.kind: f for f in read_dataset(f"ucf101:{ucf}", strict=False).faults}
    assert faults["group in two splits"].fatal
    assert "of 'Archery g08'" in str(faults["group in two splits"])
    assert str(faults["malformed line"]).startswith(
        f"{lists}/testlist01.txt:14: malformed line: expected CLASS/v_CLASS"
    )
    assert "2 fault(s) that must be fixed first" in refused(f"ucf101:{ucf}")
    assert "split=4 must be 1, 2 or 3" in refused(f"ucf101:{ucf},split=4", UsageError)
    assert "holds no trainlist02.txt" in refused(f"ucf101:{ucf},split=2")
    assert "no such folder of clips (clips=)" in refused(f"ucf101:{ucf},clips={ucf}/none")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (",splt=2", "ucf101 knows no option 'splt'. Did you mean 'split'? There are: clips, split, dev"),
        (",split=two", "ucf101: split='two' is not a number"),
        (",split=", "ucf101: split= is empty"),
        (",dev=1", "dev=1.0 must be a share: 0 or more, and below 1"),
        (",dev=nan", "dev=nan must be a share"),
    ],
)
def test_wrong_options(ucf: Path, options: str, expected: str) -> None:
    assert expected in refused(f"ucf101:{ucf}{options}", UsageError)


def test_a_reader_without_options_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from seesay.data import READERS

    monkeypatch.setattr(READERS, "_items", {**READERS._items, "bare": lambda root: Dataset("bare", root, ())})
    assert read_dataset(f"bare:{tmp_path}").samples == ()
    assert "bare knows no option 'images'. It has none" in refused(f"bare:{tmp_path},images=x", UsageError)


def test_hmdb51(tmp_path: Path) -> None:
    lists = tmp_path / "testTrainMulti_7030_splits"
    lists.mkdir()
    names = [f"Film{film}_wave_u_cm_np1_fr_med_{clip}.avi" for film in range(8) for clip in range(2)]
    marks = {0: 2, 1: 0}  # film 0 is test, film 1 unused, the others train
    lines = [f"{name} {marks.get(i // 2, 1)} " for i, name in enumerate(names)]
    (lists / "wave_test_split1.txt").write_text("\n".join(lines) + "\n")
    (lists / "run_test_split1.txt").write_text("x_run_1.avi 1\n")  # a class without a folder
    for name in names:
        touch(tmp_path / "wave" / name)
    data = read_dataset(f"hmdb51:{tmp_path}")
    assert data.faults == ()
    assert class_counts(data) == {"wave": {"train": 10, "dev": 2, "test": 2}}
    assert ids(data, "dev") == [f"wave/{name}" for name in names[14:]]
    with (lists / "wave_test_split1.txt").open("a") as handle:
        handle.write("Film7_wave_u_cm_np1_fr_med_9.avi 2\nFilm9_wave.avi\n")
    touch(tmp_path / "wave" / "Film7_wave_u_cm_np1_fr_med_9.avi")
    data = read_dataset(f"hmdb51:{tmp_path}", strict=False)
    assert {f.kind: f.fatal for f in data.faults} == {"malformed line": True, "group in two splits": False}
    assert "Film6" in ids(data, "dev")[0], "what the test part has too is never dev"


def people(root: Path) -> Path:
    table = ["path,label,person,frames"]
    for person in ("ann", "bob", "cy"):
        for label in ("run", "wave"):
            touch(root / "videos" / label / f"{person}_{label}.avi")
            table.append(f"videos/{label}/{person}_{label}.avi,{label},{person},12")
    (root / "clips.csv").write_text("\n".join(table) + "\n")
    return root


def test_weizmann_leaves_one_person_out(tmp_path: Path) -> None:
    root = people(tmp_path)
    for person, dev in (("ann", "bob"), ("bob", "cy"), ("cy", "ann")):
        data = read_dataset(f"weizmann:{root},person={person}")
        assert data.faults == ()
        assert all(Path(name).name.startswith(person) for name in ids(data, "test"))
        assert all(Path(name).name.startswith(dev) for name in ids(data, "dev"))
        assert len(data.split("train")) == len(data.split("dev")) == len(data.split("test")) == 2
    everybody = read_dataset(f"weizmann:{root}")
    assert everybody.splits == ()
    assert count_faults(everybody.faults) == {"no person left out": 1}
    assert "no person 'bop'. Did you mean 'bob'? There are: ann, bob, cy" in refused(
        f"weizmann:{root},person=bop", UsageError
    )
    table = read_dataset(f"weizmann:{root},person=cy").samples
    (root / "clips.csv").unlink()
    plain = read_dataset(f"weizmann:{root},person=cy").samples
    assert {(s.media, s.label, s.split) for s in plain} == {(s.media, s.label, s.split) for s in table}
    (root / "clips.csv").write_text("path,label\na,b\n")
    assert "clips.csv:1: has no column 'person'" in refused(f"weizmann:{root}")


def test_folders_with_splits_and_without(tmp_path: Path) -> None:
    for i in range(20):
        write(tmp_path / "plain" / "run" / f"{i}.mp4", 1) if i == 0 else touch(tmp_path / "plain" / "run" / f"{i}.mp4")
        touch(tmp_path / "plain" / "wave" / "deep" / f"{i}.avi")
    touch(tmp_path / "plain" / "rare" / "a.mkv")
    touch(tmp_path / "plain" / "none" / "notes.txt")
    data = read_dataset(f"folders:{tmp_path / 'plain'}")
    assert class_counts(data) == {
        "rare": {"train": 1, "dev": 0, "test": 0},
        "run": {"train": 14, "dev": 3, "test": 3},
        "wave": {"train": 14, "dev": 3, "test": 3},
    }
    assert count_faults(data.faults) == {"class without clips": 1}
    assert data.samples == read_dataset(f"folders:{tmp_path / 'plain'}").samples
    assert [
        len(read_dataset(f"folders:{tmp_path / 'plain'},dev=0.5,test=0.25").split(s)) for s in ("train", "test")
    ] == [11, 10]
    assert "must be a share" in refused(f"folders:{tmp_path / 'plain'},dev=0.5,test=0.5", UsageError)

    touch(tmp_path / "photos" / "wave" / "a" / "1.png")
    assert "frames called frame1.png" in refused(f"folders:{tmp_path / 'photos'}", DataError)

    split = tmp_path / "split"
    for i in range(10):
        touch(split / "train" / "run" / f"{i}.mp4")
    touch(split / "test" / "run" / "x.mp4")
    data = read_dataset(f"folders:{split}")
    assert class_counts(data) == {"run": {"train": 8, "dev": 2, "test": 1}}
    touch(split / "val" / "run" / "y.mp4")
    assert class_counts(read_dataset(f"folders:{split}")) == {"run": {"train": 10, "dev": 1, "test": 1}}
    (tmp_path / "empty").mkdir()
    assert "holds no folders" in refused(f"folders:{tmp_path / 'empty'}")


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    for label in ("train", "bus"):
        for i in range(4):
            touch(tmp_path / label / f"{i}.mp4")
    assert read_dataset(f"folders:{tmp_path}").classes == ("bus", "train")


def test_tables_of_clips(tmp_path: Path) -> None:
    touch(tmp_path / "c" / "a.mp4")
    touch(tmp_path / "c" / "b.mp4")
    touch(tmp_path / "c" / "p.jpg")
    table = tmp_path / "t.csv"
    table.write_text("video,label,start,end,split\na.mp4,run,,,train\na.mp4,wave,1.5,3,train\nb.mp4,run,2,,val\n")
    data = read_dataset(f"csv:{table},clips={tmp_path / 'c'}")
    assert [(s.id, s.label, s.start, s.end, s.split, s.modality) for s in data.samples] == [
        ("a.mp4", "run", None, None, "train", "clip"),
        ("a.mp4#1.5-3", "wave", 1.5, 3.0, "train", "clip"),
        ("b.mp4#2-", "run", 2.0, None, "dev", "clip"),
    ]
    assert data.samples[0].references == ()
    lines = tmp_path / "t.jsonl"
    records = [
        {"clip": "c/a.mp4", "captions": ["a dog runs", "it runs"], "end": 2.5},
        {"image": "c/p.jpg", "caption": "a cat"},
        {"clip": "c/b.mp4", "label": "run", "caption": "a man runs"},
    ]
    lines.write_text("\n".join(json.dumps(record) for record in records))
    data = read_dataset(f"jsonl:{lines}")
    assert [(s.id, s.references, s.label, s.modality) for s in data.samples] == [
        ("c/a.mp4#0-2.5", ("a dog runs", "it runs"), None, "clip"),
        ("c/p.jpg", ("a cat",), None, "picture"),
        ("c/b.mp4", ("a man runs",), "run", "clip"),
    ]


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("video,label", "a.mp4,run\n,run", "t.csv:3: no video: the row names no video"),
        ("video,label", "a.mp4,", "no samples: no clip with a caption or a label was found"),
        ("video,label", "a.mp4,run\na.mp4,wave", "t.csv:3: two labels: 'a.mp4' is 'run' and 'wave'"),
        ("video,label,start", "a.mp4,run,soon", "t.csv:2: bad time: start 'soon' must be seconds, 0 or more"),
        ("video,label,start,end", "a.mp4,run,3,2", "t.csv:2: bad time: end 2 must be after start 3"),
        ("video,label,split", "a.mp4,run,train\na.mp4,run,test", "t.csv:3: clip in two splits"),
        ("video,label,start,split", "a.mp4,run,1,train\na.mp4,run,2,test", "t.csv:3: clip in two splits"),
        (
            "video,image,label",
            "a.mp4,a.jpg,run",
            "t.csv:2: no image: the row names a picture and a clip; one is needed",
        ),
        (
            "video,words",
            "a.mp4,run",
            "t.csv:1: has no column 'caption'; its first line must name image, video or clip",
        ),
        ("film,label", "a.mp4,run", "t.csv:1: has no column 'image'"),
        ("video,label", "gone.mp4,run", "1 clip(s) are missing, for example"),
    ],
)
def test_tables_of_clips_that_are_wrong(tmp_path: Path, header: str, row: str, expected: str) -> None:
    touch(tmp_path / "a.mp4")
    (tmp_path / "t.csv").write_text(f"{header}\n{row}\n")
    assert expected in refused(f"csv:{tmp_path / 't.csv'}")


def test_a_label_may_be_said_once(tmp_path: Path) -> None:
    touch(tmp_path / "a.mp4")
    (tmp_path / "t.csv").write_text("clip,label,caption\na.mp4,,a man runs\na.mp4,run,\na.mp4,,he runs\n")
    (sample,) = read_dataset(f"csv:{tmp_path / 't.csv'}").samples
    assert (sample.label, sample.references) == ("run", ("a man runs", "he runs"))


def test_msvd_as_a_table_and_as_text_files(tmp_path: Path) -> None:
    clips = {"-abc_d_1_5": "train", "xyz_3_9": "train", "xyz_20_29": "val", "q-_7_8": "test"}
    for name in clips:
        touch(tmp_path / "msvd" / f"{name}.avi")
    told = [(name, split, f"a man does thing {i} , twice") for name, split in clips.items() for i in range(3)]
    table = tmp_path / "captions.csv"
    table.write_text("clip,split,caption\n" + "".join(f'{n},{s},"{t}"\n' for n, s, t in told))
    data = read_dataset(f"msvd:{tmp_path}")
    assert {s.id: s.split for s in data.samples} == {n: {"val": "dev"}.get(s, s) for n, s in clips.items()}
    assert all(len(s.references) == 3 and s.modality == "clip" for s in data.samples)
    assert [(f.kind, f.fatal) for f in data.faults] == [("group in two splits", False)], "as published"
    assert read_dataset(f"msvd:{table}").samples == data.samples

    table.unlink()
    numbers = {name: f"vid{i}" for i, name in enumerate(clips, 1)}
    (tmp_path / "youtube_video_to_id_mapping.txt").write_text("".join(f"{n} {v}\n" for n, v in numbers.items()))
    for part in ("train", "val", "test"):
        lines = [f"{numbers[n]}\t{t}\n" for n, s, t in told if s == part]
        (tmp_path / f"sents_{part}_lc_nopunc.txt").write_text("".join(lines))
    again = read_dataset(f"msvd:{tmp_path}")
    assert set(again.samples) == set(data.samples)
    with (tmp_path / "sents_val_lc_nopunc.txt").open("a") as handle:
        handle.write("vid9\ta man\nno tab\n")
    faults = read_dataset(f"msvd:{tmp_path}", strict=False).faults
    assert [(f.kind, f.line) for f in faults if f.file.name.startswith("sents")][:2] == [
        ("unknown clip", 4),
        ("malformed line", 5),
    ]
    for file in tmp_path.glob("*.txt"):
        file.unlink()
    assert "holds neither captions.csv nor sents_train" in refused(f"msvd:{tmp_path}")


def test_msrvtt(tmp_path: Path) -> None:
    def video(number: int, split: str, address: str = "") -> dict[str, object]:
        address = address or f"https://www.youtube.com/watch?v=AbC-{number}"
        times = {"start time": 10.5, "end time": 20.25}
        return {"id": number, "video_id": f"video{number}", "split": split, "category": 3, "url": address, **times}

    sentences = [{"sen_id": i, "video_id": f"video{i % 4}", "caption": f"a man number {i} runs"} for i in range(8)]
    videos = [
        video(0, "train"),
        video(1, "validate"),
        video(2, "test", "https://www.youtube.com/watch?v=whole"),
        video(3, "test"),
    ]
    file = tmp_path / "train_val_videodatainfo.json"
    file.write_text(json.dumps({"info": {}, "videos": videos, "sentences": sentences}))
    touch(tmp_path / "TrainValVideo" / "video0.mp4")
    touch(tmp_path / "TrainValVideo" / "video1.mp4")
    touch(tmp_path / "TestVideo" / "whole.mp4")
    touch(tmp_path / "TestVideo" / "video3.mp4")
    data = read_dataset(f"msrvtt:{tmp_path}")
    assert data.faults == ()
    assert [(s.id, s.split, s.start, s.end, len(s.references)) for s in data.samples] == [
        ("video0", "train", None, None, 2),
        ("video1", "dev", None, None, 2),
        ("video2", "test", 10.5, 20.25, 2),
        ("video3", "test", None, None, 2),
    ]
    assert read_dataset(f"msrvtt:{file}").samples == data.samples
    shared = [videos[0], {**videos[1], "url": videos[0]["url"]}, *videos[2:]]
    file.write_text(json.dumps({"videos": shared, "sentences": sentences}))
    again = read_dataset(f"msrvtt:{tmp_path}")
    assert [(f.kind, f.fatal) for f in again.faults] == [("group in two splits", False)], "as published"
    assert again.samples == data.samples
    for broken, expected in (
        ({"videos": videos, "sentences": [*sentences, {"video_id": "video0"}]}, "sentences[8]: has no 'caption'"),
        ({"videos": [{**videos[0], "split": "holdout"}], "sentences": []}, "videos[0]: split 'holdout' is none of"),
        ({"videos": [video(0, "train"), video(0, "test")], "sentences": []}, "videos[1]: 'video0' is listed twice"),
        ({"videos": videos}, "has no list 'sentences'"),
    ):
        file.write_text(json.dumps(broken))
        assert expected in refused(f"msrvtt:{file}")
    file.write_text(json.dumps({"videos": videos, "sentences": [*sentences, {"video_id": "video9", "caption": "x"}]}))
    assert count_faults(read_dataset(f"msrvtt:{tmp_path}").faults) == {"unknown clip": 1}


def test_clips_are_opened_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for label in ("run", "wave"):
        for i in range(4):
            write(tmp_path / label / f"{i}.mp4", 3)
    broken = touch(tmp_path / "run" / "4.mp4")
    data = read_dataset(f"folders:{tmp_path}")
    faults = check_pictures(data)
    assert [(f.kind, f.file) for f in faults] == [("clip that does not open", broken)]
    found = dataset_statistics(data)
    assert list(found["train"]) == ["clips", "classes", "fewest", "most"]
    assert sum(values["clips"] for values in found.values()) == 9
    assert run(["data", "check", f"folders:{tmp_path}"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("passed over: ")
    assert told[1].split() == ["class", "train", "dev", "test"]
    assert told[2].split() == ["run", "3", "1", "1"]
    assert told[-1] == "clips: 9 (5 train, 2 dev, 2 test); faults: clip that does not open 1"
    assert run(["data", "stats", f"folders:{tmp_path}", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == found


def test_a_part_that_the_clip_does_not_have(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", 20)
    table = tmp_path / "t.csv"
    table.write_text("video,label,start,end\na.mp4,run,0.5,1.5\na.mp4,run,5,6\n")
    (fault,) = check_pictures(read_dataset(f"csv:{table}"))
    assert "starts at 5 s, but the clip has 2 s" in str(fault)


def test_the_real_ones(clip_data: Path) -> None:
    counts = {}
    for split in (1, 2, 3):
        data = read_dataset(f"ucf101:{clip_data / 'ucf101-6'},split={split}")
        assert count_faults(data.faults) == {"missing clip": 1}
        assert len(data.samples) == 730
        assert len(data.classes) == 6
        counts[split] = len(data.split("train")) + len(data.split("dev")), len(data.split("test"))
    assert counts[1] == (528, 202)
    data = read_dataset(f"msvd:{clip_data / 'msvd-486'}")
    assert [len(data.split(s)) for s in ("train", "dev", "test")] == [291, 22, 173]
    assert data.faults == ()
    people_there = {s.media.name.split("_")[0] for s in read_dataset(f"weizmann:{clip_data / 'weizmann'}").samples}
    assert len(people_there) == 9
    for person in people_there:
        data = read_dataset(f"weizmann:{clip_data / 'weizmann'},person={person}")
        assert [len(data.split(s)) for s in ("train", "dev", "test")] == [70, 10, 10]
