"""Data sets as they are published and handed on: small made-up files of each layout."""

import csv
import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from seesay.data import count_faults, read_dataset
from seesay.errors import DataError

NAMES = ("101.jpg", "202.jpg", "303.jpg", "404.jpg", "505.jpg", "606.jpg")


@pytest.fixture
def photos(tmp_path):
    """Makes small photos in a folder."""

    def make(folder="", names=NAMES):
        for name in names:
            file = tmp_path / folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (8, 8)).save(file)
        return tmp_path

    return make


def told(data):
    return {s.id: s.references for s in data.samples}


def splits(data):
    return {s.id: s.split for s in data.samples}


def test_flickr30k_split_lists_give_stems(photos):
    root = photos("flickr30k-images")
    lines = [f"{name}#{n}\ta dog number {n} runs ." for name in NAMES for n in range(2)]
    (root / "results_20130124.token").write_text("\n".join(lines) + "\n")
    for split, names in (("train", "101\n202\n303\n"), ("val", "404\n505.jpg\n"), ("test", "606\r\n")):
        (root / f"{split}.txt").write_text(names)
    data = read_dataset(f"flickr8k:{root}")
    assert data.faults == ()
    assert [len(data.split(s)) for s in ("train", "dev", "test")] == [3, 2, 1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'image,caption\n101.jpg,"a dog\nruns , quickly"\n202.jpg,a cat sits\n',
            ("a dog\nruns , quickly", "a cat sits"),
        ),
        ('"image","caption"\n"101.jpg","a dog runs , quickly"\n"202.jpg","a cat"\n', ("a dog runs , quickly", "a cat")),
        ("101.jpg,a dog , and a cat\n202.jpg,a cat\n", ("a dog , and a cat", "a cat")),
        ("image;caption\n101.jpg;a dog, a cat\n202.jpg;a\u2028cat\n", ("a dog, a cat", "a\u2028cat")),
    ],
)
def test_kaggles_captions_txt_is_a_table(photos, text, expected):
    root = photos("Images", NAMES[:2])
    (root / "captions.txt").write_bytes(text.encode())
    (root / "train.txt").write_text("101.jpg\n")
    (root / "dev.txt").write_text("202.jpg\n")
    data = read_dataset(f"flickr8k:{root}")
    assert told(data) == {"101.jpg": (expected[0],), "202.jpg": (expected[1],)}
    assert data.splits == ("train", "dev")


F30 = (
    "image_name| comment_number| comment\n"
    '101.jpg| 0| Two men , one in a hat .\n101.jpg| 1| "Stop" says a man .\n'
    "202.jpg| 4   A dog runs across the grass .\n"
)


def test_kaggles_flickr30k_table(photos):
    root = photos("flickr30k_images/flickr30k_images", NAMES[:2])
    file = root / "flickr30k_images" / "results.csv"
    file.write_text(F30)
    expected = {
        "101.jpg": ("Two men , one in a hat .", '"Stop" says a man .'),
        "202.jpg": ("A dog runs across the grass .",),
    }
    for spec in (f"flickr8k:{root / 'flickr30k_images'}", f"flickr8k:{file}", f"csv:{file}"):
        data = read_dataset(spec)
        assert told(data) == expected
        assert [(f.file, f.line) for f in data.faults if f.kind == "odd text"] == [(file, 4)]


def coco(images, annotations, **more):
    return json.dumps({"images": images, "annotations": annotations, **more})


def test_captions_that_are_not_to_be_used(photos):
    root = photos("val")
    images = [{"id": n, "file_name": name} for n, name in enumerate(NAMES, 1)]
    notes = [
        {"image_id": n, "caption": text, "is_rejected": rejected, "is_precanned": precanned}
        for n in range(1, 7)
        for text, rejected, precanned in (
            ("Quality issues are too severe", False, True),
            ("asdf spam", True, False),
            (f"a can of soup {n}", False, False),
        )
    ]
    (root / "annotations").mkdir()
    file = root / "annotations" / "val.json"
    file.write_text(json.dumps({"images": images, "annotations": notes}, indent=1))
    data = read_dataset(f"vizwiz:{root}", strict=False)
    assert told(data) == {str(n): (f"a can of soup {n}",) for n in range(1, 7)}
    assert count_faults(data.faults) == {"caption not to be used": 12}
    lines = file.read_text().split("\n")
    first = next(number for number, line in enumerate(lines, 1) if '"image_id": 1' in line) - 1
    assert str(data.faults[0]).startswith(
        f"{file}:{first}: caption not to be used: annotations[0]: a caption of image 1"
    )
    (root / "t.csv").write_text("image,caption,rejected\nval/101.jpg,a dog,0\nval/101.jpg,spam,1\n")
    table = read_dataset(f"csv:{root / 't.csv'}")
    assert told(table) == {"val/101.jpg": ("a dog",)}
    assert [(f.kind, f.line) for f in table.faults] == [("caption not to be used", 3)]


def test_coco_ids_are_compared_as_text(photos):
    root = photos()
    images = [{"id": 1, "file_name": "101.jpg"}, {"id": "2", "file_name": "sub\\202.jpg"}]
    photos("sub", ("202.jpg",))
    file = root / "captions_all.json"
    file.write_text(coco(images, [{"image_id": "1", "caption": "a dog"}, {"image_id": 2, "caption": "a cat"}]))
    data = read_dataset(f"coco:{file}")
    assert told(data) == {"1": ("a dog",), "2": ("a cat",)}
    assert data.faults == ()
    file.write_text(coco(images, [{"image_id": "1.0", "caption": "a dog"}, {"image_id": 2, "caption": "a cat"}]))
    assert count_faults(read_dataset(f"coco:{file}").faults) == {"unknown picture": 1, "picture without captions": 1}
    file.write_text("{\n" + coco(images, [{"image_id": 1.0, "caption": "a dog"}])[1:])
    with pytest.raises(DataError, match=r"all\.json:2: annotations\[0\]: 1.0 is neither text nor a whole number"):
        read_dataset(f"coco:{file}")


def test_nocaps(photos):
    root = photos("val", NAMES[:1])
    image = {"id": 0, "file_name": "101.jpg", "open_images_id": "101", "domain": "near-domain"}
    notes = [{"image_id": 0, "caption": "A dog."}, {"image_id": 0, "caption": "A brown dog."}]
    (root / "nocaps_val_4500_captions.json").write_text(coco([image], notes, licenses=[]))
    (root / "nocaps_test_image_info.json").write_text(json.dumps({"images": [image], "info": {}}))
    data = read_dataset(f"nocaps:{root}")
    assert (told(data), splits(data)) == ({"0": ("A dog.", "A brown dog.")}, {"0": "dev"})
    faults = read_dataset(f"coco:{root / 'nocaps_test_image_info.json'}", strict=False).faults
    assert "no annotations" in count_faults(faults)


def test_textcaps(photos):
    root = photos("train_images", ("aa11.jpg",))

    def entry(number, caption):
        refs = ["a sign", "a red sign"]
        common = {"image_id": "aa11", "image_path": "train/aa11.jpg", "set_name": "train", "reference_strs": refs}
        return {**common, "caption_id": number, **({"caption_str": caption} if caption else {})}

    file = root / "TextCaps_0.1_train.json"
    for entries in ([entry(0, "a sign"), entry(1, "a red sign")], [entry(0, None), entry(1, None)]):
        file.write_text(json.dumps({"dataset_name": "textcaps", "data": entries}))
        data = read_dataset(f"textcaps:{root}")
        assert (told(data), splits(data)) == ({"aa11": ("a sign", "a red sign")}, {"aa11": "train"})


def test_lists_of_blip_and_llava(photos):
    root = photos("val2014", NAMES[:2])
    blip = [
        {"caption": "a dog", "image": "val2014/101.jpg", "image_id": "coco_101"},
        {"caption": ["a cat", "two cats"], "image": "val2014\\202.jpg"},
    ]
    answers = [{"from": "human", "value": "<image>\nDescribe."}, {"from": "gpt", "value": "a dog"}]
    llava = [
        {"id": "000101", "image": "val2014/101.jpg", "conversations": answers},
        {"id": "000202", "image": "val2014/202.jpg", "conversations": answers * 2},
    ]
    file = root / "coco_karpathy_val.json"
    file.write_text(json.dumps(blip))
    expected = {"val2014/101.jpg": ("a dog",), "val2014/202.jpg": ("a cat", "two cats")}
    for reader in ("coco", "json", "jsonl"):
        assert told(read_dataset(f"{reader}:{file}")) == expected
    file.write_text(json.dumps(llava, indent=1))
    data = read_dataset(f"json:{file}")
    assert told(data) == {"val2014/101.jpg": ("a dog",)}
    assert [(f.kind, f.line) for f in data.faults] == [("no caption", 16)]
    file.write_text(
        json.dumps({"val2014/101.jpg": "a dog", "val2014/202": [{"caption": "a cat"}, {"caption": "two cats"}]})
    )
    data = read_dataset(f"json:{file}")
    assert list(told(data).values()) == list(expected.values())
    assert data.samples[1].media == root / "val2014" / "202.jpg", "a name without its ending"
    (root / "metadata.jsonl").write_text('{"file_name": "val2014/101.jpg", "text": "a dog"}\n')
    assert told(read_dataset(f"jsonl:{root / 'metadata.jsonl'}")) == {"val2014/101.jpg": ("a dog",)}


def test_addresses_are_not_fetched(photos):
    root = photos("got", ("1.jpg", "2.jpg"))
    file = root / "train.tsv"  # Conceptual Captions: no heading, no quoting
    file.write_text('"stop" says a sign\thttp://a.org/x/1.jpg?w=3\na dog\thttps://b.org/2.jpg\n')
    assert told(read_dataset(f"csv:{file},images={root / 'got'}")) == {
        "1.jpg": ('"stop" says a sign',),
        "2.jpg": ("a dog",),
    }
    faults = read_dataset(f"csv:{file}", strict=False).faults
    assert count_faults(faults) == {"address": 2, "no heading": 1, "no samples": 1}
    assert [f.line for f in faults if f.kind == "address"] == [1, 2]


@pytest.mark.parametrize("name", ["val\\p1.jpg", ".\\val\\p1.jpg", "val/p1", "C:\\photos\\val\\p1.jpg", "./val/p1.jpg"])
def test_names_of_windows_and_names_without_ending(photos, name):
    root = photos("val", ("p1.jpg",))
    (root / "t.csv").write_text(f"image,caption\n{name},a dog\n")
    assert read_dataset(f"csv:{root / 't.csv'}").samples[0].media == root / "val" / "p1.jpg"


def test_captions_in_several_columns(photos):
    root = photos()
    (root / "t.csv").write_text("filename,caption_1,caption 2,caption_3\n101.jpg,a dog,,the dog\n202.jpg,a cat,a,b\n")
    assert told(read_dataset(f"csv:{root / 't.csv'}")) == {
        "101.jpg": ("a dog", "the dog"),
        "202.jpg": ("a cat", "a", "b"),
    }
    (root / "t.csv").write_text("image,image,caption\n101.jpg,202.jpg,a dog\n")
    with pytest.raises(DataError, match=r"t\.csv:1: two columns are called 'image'"):
        read_dataset(f"csv:{root / 't.csv'}")


def test_microsofts_corpus_of_msvd(tmp_path):
    (tmp_path / "YouTubeClips").mkdir()
    for name in ("a_b-C_1_9", "zz_0_5"):
        (tmp_path / "YouTubeClips" / f"{name}.avi").write_bytes(b"")
    head = "VideoID,Start,End,WorkerID,Source,AnnotationTime,Language,Description\n"
    rows = (
        'a_b-C,1,9,3,clean,21,English,"A man, who sings."\na_b-C,1,9,4,clean,21,German,Ein Mann singt.\n'
        "zz,0,5,4,unverified,2,English,a dog runs\nzz,0,5,4,clean,2,Slovene,Pes teče.\n"
    )
    file = tmp_path / "MSR Video Description Corpus.csv"
    file.write_text(head + rows, "utf-8")
    data = read_dataset(f"msvd:{tmp_path}")
    assert told(data) == {"a_b-C_1_9": ("A man, who sings.",), "zz_0_5": ("a dog runs",)}
    assert [(f.kind, f.line) for f in data.faults] == [("no splits", None), ("another language", 3)]
    (tmp_path / "youtube_video_to_id_mapping.txt").write_text("a_b-C_1_9 vid1200\nzz_0_5 vid1301\n")
    assert splits(read_dataset(f"msvd:{file}")) == {"a_b-C_1_9": "train", "zz_0_5": "test"}


def test_excel_and_old_windows(photos):
    root = photos()
    text = 'image;caption\r\n101.jpg;un café, noir\r\n202.jpg;"deux\r\nchats"\r\n'
    expected = {"101.jpg": ("un café, noir",), "202.jpg": ("deux\r\nchats",)}
    file = root / "t.csv"
    for content in (
        text.encode("utf-16"),
        b"\xfe\xff" + text.encode("utf-16-be"),
        ("sep=;\r\n" + text).encode("utf-8-sig"),
    ):
        file.write_bytes(content)
        data = read_dataset(f"csv:{file}")
        assert (told(data), data.faults) == (expected, ())
    file.write_bytes(text.encode("latin-1"))
    data = read_dataset(f"csv:{file}")
    assert told(data) == expected
    assert [(f.kind, f.file, f.line, f.fatal) for f in data.faults] == [("odd text", file, 2, False)]
    file.write_bytes(b"image,caption\n101.jpg,a\0dog\n")
    with pytest.raises(DataError, match=r"t\.csv:2: holds NUL bytes"):
        read_dataset(f"csv:{file}")


CAPTIONS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\ufeff"), max_size=20).map(
    lambda text: "dogs " + text
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(CAPTIONS, min_size=1, max_size=3),
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    st.booleans(),
)
def test_any_caption_comes_back_through_each_reader(photos, captions, delimiter, encoding, sep):
    root = photos("Images", NAMES[:1])
    text = io.StringIO(newline="")
    table = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    table.writerows([("image", "caption"), *(("101.jpg", caption) for caption in captions)])
    content = (f"sep={delimiter}\r\n" if sep else "") + text.getvalue()
    (root / "captions.txt").write_bytes(content.encode(encoding))
    for spec in (f"flickr8k:{root}", f"csv:{root / 'captions.txt'}"):
        assert read_dataset(spec).samples[0].references == tuple(captions)
    (root / "t.json").write_bytes(json.dumps([{"image": "101.jpg", "caption": c} for c in captions]).encode(encoding))
    assert read_dataset(f"json:{root / 't.json'}").samples[0].references == tuple(captions)
