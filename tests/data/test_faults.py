"""What is wrong in people's files, and the line that says so."""

import csv
import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from seesay import registry
from seesay.data import READERS, Dataset, Sample, check_pictures, count_faults, read_dataset
from seesay.errors import DataError
from seesay.text import tokenize


@pytest.fixture
def folder(tmp_path):
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    return tmp_path


def refused(spec):
    with pytest.raises(DataError) as raised:
        read_dataset(spec)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_the_lemmatised_captions_are_not_taken_for_the_captions(tiny_flickr8k):
    (tiny_flickr8k / "Flickr8k.lemma.token.txt").write_text("red_circle.jpg#0\ta circle be red\n")
    assert len(read_dataset(f"flickr8k:{tiny_flickr8k}").split("train")) == 8


def test_a_caption_number_twice(tiny_flickr8k):
    tokens = tiny_flickr8k / "Flickr8k.token.txt"
    with tokens.open("a") as handle:
        handle.write("red_circle.jpg#0\tA red circle .\n")
    data = read_dataset(f"flickr8k:{tiny_flickr8k}")
    assert count_faults(data.faults) == {"repeated line": 1}
    assert len(data.samples[0].references) == 5
    with tokens.open("a") as handle:
        handle.write("red_circle.jpg#0\tA blue circle .\n")
    assert "token.txt:62: duplicate id: red_circle.jpg#0" in refused(f"flickr8k:{tiny_flickr8k}")


def test_windows_lines_and_a_byte_order_mark_change_nothing(tiny_flickr8k):
    before = read_dataset(f"flickr8k:{tiny_flickr8k}")
    for file in tiny_flickr8k.glob("*.txt"):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert read_dataset(f"flickr8k:{tiny_flickr8k}") == before


def test_without_split_lists_one_is_told_what_to_do(tiny_flickr8k):
    for file in tiny_flickr8k.glob("*Images.txt"):
        file.unlink()
    (tiny_flickr8k / "train_notes.txt").write_text("not a list of pictures\n")
    data = read_dataset(f"flickr8k:{tiny_flickr8k}")
    assert len(data.samples) == 12
    assert count_faults(data.faults) == {"no split lists": 1}
    assert "trainImages.txt" in str(data.faults[0])
    with pytest.raises(DataError, match="names no splits; give it split lists"):
        data.split("train")


def test_a_listed_picture_without_captions_is_found_where_it_is_listed(tiny_flickr8k):
    Image.new("RGB", (8, 8)).save(tiny_flickr8k / "Flicker8k_Dataset" / "new.jpg")
    with (tiny_flickr8k / "Flickr_8k.devImages.txt").open("a") as handle:
        handle.write("new.jpg\nnew.jpg\n")
    faults = {f.kind: (f.file.name, f.line) for f in read_dataset(f"flickr8k:{tiny_flickr8k}").faults}
    assert faults == {
        "picture without captions": ("Flickr_8k.devImages.txt", 3),
        "repeated line": ("Flickr_8k.devImages.txt", 4),
    }


def test_pictures_elsewhere(tiny_flickr8k, tmp_path):
    before = read_dataset(f"flickr8k:{tiny_flickr8k}")
    (tiny_flickr8k / "Flicker8k_Dataset").rename(tmp_path / "photos")
    assert "12 picture(s) are missing, for example" in refused(f"flickr8k:{tiny_flickr8k}")
    data = read_dataset(f"flickr8k:{tiny_flickr8k},images={tmp_path / 'photos'}")
    assert [s.references for s in data.samples] == [s.references for s in before.samples]
    assert "no such folder of pictures" in refused(f"flickr8k:{tiny_flickr8k},images={tmp_path}/none")


def test_one_picture_under_two_names_in_two_splits(folder):
    (folder / "sub").mkdir()
    table = folder / "t.csv"
    table.write_text("image,caption,split\na.jpg,a dog,train\n./a.jpg,a cat,train\n" + f"{folder}/a.jpg,a dog,test\n")
    assert "t.csv:4: picture in two splits" in refused(f"csv:{table}")
    table.write_text("image,caption,split,group\na.jpg,a dog,train,x\nb.jpg,a cat,test,x\n")
    assert "t.csv:3: group in two splits: of 'x' 'a.jpg' is in train and 'b.jpg' in test" in refused(f"csv:{table}")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            "a.jpg,a dog, running",
            "t.csv:2: too many columns: 3 columns, not 2; put a caption that holds commas in quotes",
        ),
        ('a.jpg,"a dog\nb.jpg,a cat', "is not CSV"),
        ("a.jpg,a dog\n,a cat", "t.csv:3: no image"),
        ("gone.jpg,a dog", "no samples: no picture with a caption was found: 1 picture(s) are missing, for example"),
    ],
)
def test_tables_that_would_lose_captions_are_refused(folder, rows, expected):
    (folder / "t.csv").write_text(f"image,caption\n{rows}\n")
    assert expected in refused(f"csv:{folder / 't.csv'}")


def test_a_line_number_is_where_a_record_starts(folder):
    (folder / "t.csv").write_text('image,caption\na.jpg,"a dog\nand a cat"\n\ngone.jpg,a bird\nb.jpg,\n')
    data = read_dataset(f"csv:{folder / 't.csv'}")
    assert data.samples[0].references == ("a dog\nand a cat",)
    assert [(f.kind, f.line) for f in data.faults] == [
        ("empty caption", 6),
        ("missing picture", 5),
        ("picture without captions", 6),
    ]


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from('",\t\u2028\x85'), max_size=30).map(
    lambda text: "dog " + text
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(WORDS, min_size=1, max_size=4))
def test_any_caption_comes_back_as_written(folder, captions):
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("image", "caption"), *(("a.jpg", caption) for caption in captions)])
    (folder / "t.csv").write_bytes(text.getvalue().encode())
    assert read_dataset(f"csv:{folder / 't.csv'}").samples[0].references == tuple(captions)
    lines = [json.dumps({"image": "a.jpg", "caption": caption}, ensure_ascii=False) for caption in captions]
    (folder / "t.jsonl").write_bytes("\r\n".join(lines).encode())
    assert read_dataset(f"jsonl:{folder / 't.jsonl'}").samples[0].references == tuple(captions)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="abcdefg .,-()'", min_size=1, max_size=20))
def test_a_caption_is_empty_when_scoring_sees_no_word(folder, caption):
    (folder / "t.jsonl").write_text(json.dumps({"image": "a.jpg", "captions": ["a dog", caption]}))
    kept = read_dataset(f"jsonl:{folder / 't.jsonl'}").samples[0].references
    assert kept == (("a dog", caption) if tokenize(caption) else ("a dog",))


def coco(images, annotations):
    return json.dumps({"images": images, "annotations": annotations})


A, B = {"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "b.jpg"}
DOG = {"image_id": 1, "caption": "a dog"}


def test_coco_faults(folder):
    file = folder / "captions.json"
    file.write_text(coco([A, A, B], [DOG, {"image_id": 9, "caption": "a cat"}]))
    data = read_dataset(f"coco:{file}")
    assert [s.id for s in data.samples] == ["1"]
    assert count_faults(data.faults) == {"repeated image": 1, "unknown picture": 1, "picture without captions": 1}
    assert "annotations[1]" in str(data.faults[1])
    assert data.samples == read_dataset(f"coco:{file},images={folder}").samples

    for content, expected in (
        (coco([A, {**B, "id": 1}], [DOG]), "images[1]: image id 1 stands for two images"),
        (coco([A, {"id": 2}], [DOG]), "images[1]: has no 'file_name'"),
        (coco([A], [{"image_id": 1, "caption": 7}]), "annotations[0]: 7 is not text"),
        (coco([{**A, "split": "tset"}], [DOG]), "images[0]: split 'tset' is none of train, dev (val), test"),
        ("[]", "has no list 'images' at its top"),
        ('{\n"images": [\n}', "captions.json:3: is not JSON"),
        ("[" * 100_000, "nested too deep"),
    ):
        file.write_text(content)
        assert expected in refused(f"coco:{file}")


def test_karpathy_faults_and_where_its_pictures_are(folder):
    file = folder / "dataset_mine.json"
    (folder / "val2014").mkdir()
    (folder / "c.jpg").rename(folder / "val2014" / "c.jpg")
    a = {"filename": "a.jpg", "split": "train", "sentences": [{"tokens": ["a", "dog"]}]}
    c = {"filename": "c.jpg", "filepath": "val2014", "cocoid": 42, "split": "val", "sentences": [{"raw": "A cat."}]}
    file.write_text(json.dumps({"images": [a, c, c]}))
    data = read_dataset(f"karpathy:{folder}")
    assert data.samples == (
        Sample("a.jpg", folder / "a.jpg", ("a dog",), "train"),
        Sample("42", folder / "val2014" / "c.jpg", ("A cat.",), "dev"),
    )
    assert count_faults(data.faults) == {"repeated image": 1}
    file.rename(folder / "val2014" / "d.json")
    file = folder / "val2014" / "d.json"
    assert read_dataset(f"karpathy:{file},images={folder}").samples == data.samples

    for images, expected in (
        ([a, {**a, "split": "test"}], "images[1]: 'a.jpg' is in train and in test"),
        ([a, {**a, "sentences": []}], "images[1]: 'a.jpg' is listed twice, and not the same"),
        ([a, {**a, "split": 3}], "images[1]: split 3 is not text"),
        ([a, {"filename": "b.jpg"}], "images[1]: has no 'sentences'"),
        ([a, "b.jpg"], "images[1] is not an object"),
    ):
        file.write_text(json.dumps({"images": images}))
        assert expected in refused(f"karpathy:{file},images={folder}")


def test_text_of_another_encoding_is_named(folder):
    (folder / "t.csv").write_bytes(b"image,caption\na.jpg,\x81\n")
    assert "t.csv:2: is not UTF-8 text, nor Windows-1252 (byte 0x81)" in refused(f"csv:{folder / 't.csv'}")
    (folder / "t.csv").write_bytes("image,caption\na.jpg,a café\n".encode("utf-16-le"))
    assert "t.csv:1: holds NUL bytes: looks like UTF-16 text" in refused(f"csv:{folder / 't.csv'}")


def test_a_split_of_which_no_picture_opens_must_be_mended(tiny_flickr8k):
    data = read_dataset(f"flickr8k:{tiny_flickr8k}")
    for sample in data.split("dev"):
        sample.media.write_bytes(b"no picture")
    faults = check_pictures(data)
    assert [f.kind for f in faults if f.fatal] == ["split without samples"]
    assert count_faults(faults)["picture that does not open"] == 2


def test_another_package_adds_a_format(tmp_path, monkeypatch):
    class Entry:
        def load(self):
            READERS.register("other")(lambda root, images: Dataset("other", root, (Sample("1", root / "1.jpg"),)))

    monkeypatch.setattr(registry, "entry_points", lambda group: [Entry()] if group == "seesay.readers" else [])
    monkeypatch.setattr(READERS, "_items", dict(READERS._items))
    monkeypatch.setattr(READERS, "_plugins_loaded", False)
    assert read_dataset(f"other:{tmp_path}").samples[0].id == "1"
