import json
import shutil

import pytest

from seesay.data import check_pictures, count_faults, dataset_statistics, read_dataset
from seesay.errors import DataError, UsageError


def kinds(dataset):
    return count_faults(dataset.faults)


def test_the_official_files_read_as_they_should(flickr8k_root):
    data = read_dataset(f"flickr8k:{flickr8k_root}")
    assert [len(data.split(s)) for s in ("train", "dev", "test")] == [6000, 1000, 1000]
    assert all(len(s.references) == 5 for s in data.split("test"))
    # The token file names one picture that does not exist.
    assert kinds(data) == {"missing picture": 1}
    assert "2258277193_586949ec62.jpg.1" in str(data.faults[0])
    assert data.faults[0].line


def as_captions_txt(root):
    """The other layout in the wild."""
    lines = (root / "Flickr8k.token.txt").read_text().splitlines()
    rows = [(line.split("#")[0], line.split("\t")[1]) for line in lines]
    quoted = [f'{name},"{text}"' if "," in text else f"{name},{text}" for name, text in rows]
    (root / "captions.txt").write_text("\ufeffimage,caption\r\n" + "\r\n".join(quoted) + "\r\n", "utf-8")
    (root / "Flickr8k.token.txt").unlink()
    (root / "Flicker8k_Dataset").rename(root / "Images")


def as_coco(root, data):
    (root / "annotations").mkdir()
    for split, name in (("train", "train2014"), ("dev", "val2014")):
        (root / name).mkdir()
        images, notes = [], []
        for number, sample in enumerate(data.split(split)):
            shutil.copy(sample.media, root / name)
            images.append({"id": number + (1000 if split == "dev" else 0), "file_name": sample.media.name})
            notes += [{"image_id": images[-1]["id"], "id": len(notes), "caption": t} for t in sample.references]
        (root / "annotations" / f"captions_{name}.json").write_text(
            json.dumps({"images": images, "annotations": notes})
        )


def as_karpathy(root, data):
    images = [
        {
            "filename": s.media.name,
            "split": {"dev": "val", "train": "restval"}.get(s.split, s.split),
            "sentences": [{"raw": text} for text in s.references],
        }
        for s in data.samples
    ]
    (root / "dataset.json").write_text(json.dumps({"images": images}))
    shutil.copytree(data.root / "Flicker8k_Dataset", root / "images")


def references(data):
    return {s.media.name: (s.references, s.split) for s in data.samples}


def test_every_layout_gives_the_same_samples(tiny_flickr8k, tmp_path):
    data = read_dataset(f"flickr8k:{tiny_flickr8k}")
    assert [len(data.split(s)) for s in ("train", "dev", "test")] == [8, 2, 2]
    assert data.faults == ()
    (tmp_path / "karpathy").mkdir()
    as_karpathy(tmp_path / "karpathy", data)
    assert references(read_dataset(f"karpathy:{tmp_path / 'karpathy'}")) == references(data)
    assert references(read_dataset(f"karpathy:{tmp_path / 'karpathy' / 'dataset.json'}")) == references(data)

    (tmp_path / "coco").mkdir()
    as_coco(tmp_path / "coco", data)
    coco = read_dataset(f"coco:{tmp_path / 'coco'}")
    assert references(coco) == {k: v for k, v in references(data).items() if v[1] != "test"}

    table = tiny_flickr8k / "all.csv"
    rows = [(f"Flicker8k_Dataset/{s.id}", text, s.split) for s in data.samples for text in s.references]
    table.write_text("image,caption,split\n" + "\n".join(f'{i},"{t}",{s}' for i, t, s in rows), "utf-8")
    assert references(read_dataset(f"csv:{table}")) == references(data)

    lines = tiny_flickr8k / "all.jsonl"
    lines.write_text("\n".join(json.dumps({"image": i, "caption": t, "split": s}) for i, t, s in rows), "utf-8")
    assert references(read_dataset(f"jsonl:{lines}")) == references(data)
    lines.write_text(
        "\n".join(
            json.dumps({"image": f"Flicker8k_Dataset/{s.id}", "captions": s.references, "split": s.split})
            for s in data.samples
        )
    )
    assert references(read_dataset(f"jsonl:{lines}")) == references(data)

    as_captions_txt(tiny_flickr8k)
    assert references(read_dataset(f"flickr8k:{tiny_flickr8k}")) == references(data)


def test_harmless_faults_are_passed_over_and_counted(tiny_flickr8k):
    tokens = tiny_flickr8k / "Flickr8k.token.txt"
    with tokens.open("a") as handle:
        handle.write("gone.jpg#0\ta dog\nred_circle.jpg#5\t . \n")
    data = read_dataset(f"flickr8k:{tiny_flickr8k}")
    assert kinds(data) == {"empty caption": 1, "missing picture": 1}
    assert len(data.samples) == 12
    places = {f.kind: (f.file, f.line) for f in data.faults}
    assert places == {"missing picture": (tokens, 61), "empty caption": (tokens, 62)}


def test_a_picture_in_two_splits_stops_everything(tiny_flickr8k):
    with (tiny_flickr8k / "Flickr_8k.testImages.txt").open("a") as handle:
        handle.write("red_circle.jpg\n")
    with pytest.raises(DataError, match=r"testImages\.txt:3: picture in two splits: 'red_circle\.jpg' is in train"):
        read_dataset(f"flickr8k:{tiny_flickr8k}")
    assert read_dataset(f"flickr8k:{tiny_flickr8k}", strict=False).faults


def test_a_split_without_captions_stops_everything(tiny_flickr8k):
    for name in (tiny_flickr8k / "Flickr_8k.testImages.txt").read_text().split():
        (tiny_flickr8k / "Flicker8k_Dataset" / name).unlink()
    with pytest.raises(DataError, match="nothing usable is left of 'test'"):
        read_dataset(f"flickr8k:{tiny_flickr8k}")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("not json", r"all\.jsonl:2: not JSON"),
        ("[1]", r"all\.jsonl:2: not an object"),
        ('{"caption": "a dog"}', r"all\.jsonl:2: no image"),
        ('{"image": "a.jpg", "caption": "a dog", "split": "tets"}', r"all\.jsonl:2: unknown split"),
    ],
)
def test_bad_lines_are_named(tiny_flickr8k, line, expected):
    file = tiny_flickr8k / "all.jsonl"
    file.write_text('{"image": "Flicker8k_Dataset/red_bar.jpg", "caption": "a red bar"}\n' + line + "\n")
    with pytest.raises(DataError, match=expected):
        read_dataset(f"jsonl:{file}")


def test_what_is_no_data_set_is_refused_in_one_line(tmp_path):
    broken = tmp_path / "broken.json"
    broken.write_text('{"images": [')
    (tmp_path / "latin.csv").write_bytes(b"image,caption\na.jpg,caf\x81\n")
    (tmp_path / "columns.csv").write_text("dog,words\na.jpg,hello\n")
    for spec, error, expected in (
        ("flickr8k", UsageError, "FORMAT:PATH"),
        ("flicker8k:x", UsageError, "Did you mean 'flickr8k'"),
        (f"flickr8k:{tmp_path}/none", DataError, "no such file or folder"),
        (f"flickr8k:{tmp_path}", DataError, "captions.txt"),
        (f"coco:{tmp_path}", DataError, "annotations"),
        (f"coco:{broken}", DataError, "broken.json"),
        (f"karpathy:{broken}", DataError, "broken.json"),
        (f"csv:{tmp_path}/latin.csv", DataError, "latin.csv:2"),
        (f"csv:{tmp_path}/columns.csv", DataError, "no column 'image'"),
    ):
        with pytest.raises(error) as raised:
            read_dataset(spec)
        assert expected in str(raised.value)
        assert "\n" not in str(raised.value)


def test_an_unknown_split_lists_those_there_are(tiny_flickr8k):
    data = read_dataset(f"flickr8k:{tiny_flickr8k}")
    assert data.split("val") == data.split("dev")
    with pytest.raises(DataError, match="There are: train, dev, test"):
        data.split("tests")


def test_pictures_that_do_not_open_are_found(tiny_flickr8k):
    photos = tiny_flickr8k / "Flicker8k_Dataset"
    whole = (photos / "red_bar.jpg").read_bytes()
    (photos / "red_bar.jpg").write_bytes(whole[: len(whole) // 2])
    (photos / "blue_bar.jpg").write_bytes(b"")
    seen = []
    faults = check_pictures(read_dataset(f"flickr8k:{tiny_flickr8k}"), on_progress=lambda *p: seen.append(p))
    assert {f.file.name for f in faults} == {"red_bar.jpg", "blue_bar.jpg"}
    assert seen[-1] == (12, 12)


def test_statistics(tiny_flickr8k):
    found = dataset_statistics(read_dataset(f"flickr8k:{tiny_flickr8k}"))
    assert found["train"]["pictures"] == 8
    assert found["train"]["captions"] == 40
    assert found["dev"]["mean words"] == pytest.approx((3 + 9 + 5 + 4 + 8) / 5)
