"""Words in the photos themselves: pixels stay, what others wrote stays, other programs read them, damage is refused."""

import io
import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from alttext_pictures import chart, encoded, photo
from PIL import Image

from seesay.apps.alttext.metadata import exif, iptc
from seesay.apps.alttext.metadata.files import parts_of, read_blocks
from seesay.apps.alttext.metadata.words import sidecar_of, words_of
from seesay.apps.alttext.metadata.write import Words, embedded, write_words
from seesay.apps.alttext.metadata.xmp import Mark, read_packet, with_words
from seesay.cli import run
from seesay.errors import DataError

ALT = 'A dog & a "cat" – é <x> 漢.'
TAGS = ("-AltTextAccessibility", "-Description", "-AltTextModel", "-Caption-Abstract")
MUTATIONS = int(os.environ.get("SEESAY_MUTATIONS", "150"))
"""Damaged files of each kind; more of them by hand."""
MARK = Mark("default", "abc", 0.8123, "2026-11-28")
KINDS = {
    "a.jpg": ("JPEG", {}),
    "b.png": ("PNG", {}),
    "c.webp": ("WebP", {}),
    "d.webp": ("WebP", {"lossless": True}),
    "e.tif": ("TIFF", {}),
    "f.tif": ("TIFF", {"compression": "tiff_lzw"}),
    "g.avif": ("AVIF", {}),
}
OTHERS = (
    '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="uuid:1" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4">{}</rdf:Description></rdf:RDF></x:xmpmeta>'
    "   \n  \n" + '<?xpacket end="w"?>'
)


def with_exif(kind="JPEG"):
    tags = Image.Exif()
    tags[271], tags[274] = "Camera", 6
    tags.get_ifd(0x8769)[36867] = "2020:01:02 03:04:05"
    return encoded(photo(3), kind, exif=tags)


@pytest.mark.parametrize("name", KINDS)
def test_pixels_stay_and_words_are_read(tmp_path, name):
    kind, options = KINDS[name]
    path = tmp_path / name
    path.write_bytes(encoded(photo(1), kind, **options))
    before = path.read_bytes()
    written = write_words(path, Words(ALT, mark=MARK), backup=True)
    assert np.array_equal(Image.open(path), Image.open(io.BytesIO(before)))
    found = words_of(path)
    assert (found.alt, found.description, found.machine) == (ALT, ALT, "default (2026-11-28)")
    if kind == "AVIF":
        assert written == tmp_path / "g.xmp"
        assert path.read_bytes() == before
    else:
        assert written == path
        assert path.with_name(f"{name}.bak").read_bytes() == before
    with pytest.raises(DataError, match="has alt text already"):
        write_words(path, Words("Other words."))


@pytest.mark.parametrize("name", KINDS)
def test_other_programs_read_them(tmp_path, name):
    if shutil.which("exiftool") is None or shutil.which("exiv2") is None:
        pytest.skip("needs exiftool and exiv2: apt install libimage-exiftool-perl exiv2")
    kind, options = KINDS[name]
    path = tmp_path / name
    path.write_bytes(encoded(photo(1), kind, **options))
    written = write_words(path, Words(ALT, mark=MARK))
    call = ["exiftool", "-json", "-validate", *TAGS, str(written)]
    found = json.loads(subprocess.run(call, capture_output=True, text=True, check=True).stdout)[0]
    assert found["AltTextAccessibility"] == found["Description"] == ALT
    assert found["AltTextModel"] == "default"
    if kind == "JPEG":
        assert found["Caption-Abstract"] == ALT
    if kind in ("JPEG", "PNG", "WebP"):
        assert found["Validate"] == "OK"
    call = ["exiv2", "-pa", str(written)]
    listed = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    assert f'Xmp.iptc.AltTextAccessibility                LangAlt     1  lang="x-default" {ALT}' in listed


@pytest.mark.parametrize("kind", ["JPEG", "WebP", "PNG"])
def test_exif_stays(kind):
    data = with_exif(kind)
    made = embedded(data, Words(ALT))
    old, new = (Image.open(io.BytesIO(one)).getexif() for one in (data, made))
    assert dict(old.get_ifd(0x8769)) == dict(new.get_ifd(0x8769))
    assert (new[271], new[274]) == ("Camera", 6)
    if kind == "JPEG":
        assert exif.text_of(exif.read_directory(read_blocks(made).exif).value(read_blocks(made).exif, 270)) == ALT
        assert iptc.caption_of(read_blocks(made).iptc) == ALT


def test_what_others_wrote_stays_byte_for_byte():
    packet = OTHERS.format("").encode()
    made = with_words(packet, alt=ALT, mark=MARK)
    at = made.index(b"<rdf:Description xmlns:rdf")
    end = made.index(b"</rdf:Description>", at) + len(b"</rdf:Description>")
    assert made[:at] + made[end:] == packet
    assert b'rdf:about="uuid:1"' in made[at:end]
    assert read_packet(made).alt == ALT


def test_a_persons_description_is_not_joined_by_ours():
    dc = (
        '<dc:description xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Alt><rdf:li xml:lang="x-default">'
        "Mine</rdf:li></rdf:Alt></dc:description>"
    )
    from seesay.apps.alttext.metadata.files import Blocks, with_blocks

    data = with_blocks(encoded(photo(1), "JPEG"), Blocks("JPEG", OTHERS.format(dc).encode()))
    made = embedded(data, Words(ALT))
    packet = read_packet(read_blocks(made).xmp)
    assert (packet.alt, packet.description) == (ALT, "Mine")
    assert read_blocks(made).iptc is None


def test_a_models_words_can_be_replaced(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(with_exif())
    write_words(path, Words(ALT, mark=MARK))
    write_words(path, Words("Better words.", mark=MARK), again=True)
    blocks = read_blocks(path.read_bytes())
    assert words_of(path).alt == "Better words."
    assert iptc.caption_of(blocks.iptc) == "Better words."
    assert blocks.xmp.count(b"AltTextAccessibility>") == 2
    text = path.read_bytes().replace(b"Better words.", b"My own words.")  # a person edits the words, not the mark
    path.write_bytes(text.replace(b"<seesay:AltTextWords>My own", b"<seesay:AltTextWords>Better"))
    with pytest.raises(DataError, match="already"):
        write_words(path, Words("Again.", mark=MARK), again=True)


def test_sidecars(tmp_path):
    for name in ("a.heic", "a.jpg", "b.nef", "c[1].heic"):
        (tmp_path / name).write_bytes(b"x")
    assert sidecar_of(tmp_path / "a.heic").name == "a.heic.xmp"
    assert sidecar_of(tmp_path / "b.nef").name == "b.xmp"
    assert sidecar_of(tmp_path / "c[1].heic").name == "c[1].xmp"
    (tmp_path / "b.xmp").write_bytes(OTHERS.format("").encode())
    write_words(tmp_path / "b.nef", Words(ALT))
    assert words_of(tmp_path / "b.nef").alt == ALT
    assert b'xmp:Rating="4"' in (tmp_path / "b.xmp").read_bytes()


@pytest.mark.parametrize(
    ("packet", "message"),
    [
        (b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>', "declares a document type"),
        (b"<x:xmpmeta", "damaged"),
        (b"<a>" * 5000 + b"</a>" * 5000, "nested too deep"),
        (b"<a/>", "no rdf:RDF"),
    ],
)
def test_hostile_packets(packet, message):
    with pytest.raises(DataError, match=message):
        with_words(packet, alt=ALT)


def test_a_directory_of_several_pictures_is_kept_right():
    """MPF's offsets count from its own place: nothing may be put between it and the second picture."""
    data = encoded(photo(1), "JPEG")
    mpf = b"\xff\xe2" + (2 + 8).to_bytes(2, "big") + b"MPF\0" + b"\0" * 4
    parts = parts_of(data)
    joined = b"".join([parts[0].data, parts[1].data, mpf, *(part.data for part in parts[2:])]) + b"second picture"
    made = embedded(joined, Words(ALT))
    assert made.index(b"MPF\0") > made.index(b"xap/1.0")
    assert len(made) - made.index(b"MPF\0") == len(joined) - joined.index(b"MPF\0")


def decoded(data):
    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
            return picture.tobytes()
    except Exception as error:
        return type(error).__name__


def mutated(rng, data):
    """Bytes changed, cut, doubled or put in; mostly near the beginning, where the structure is."""
    made = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        place = min(int(rng.expovariate(1 / 120)), len(made) - 1) if rng.random() < 0.7 else rng.randrange(len(made))
        action = rng.randrange(5)
        if action == 0:
            made[place] = rng.randrange(256)
        elif action == 1:
            made[place] ^= 1 << rng.randrange(8)
        elif action == 2:
            del made[place : place + rng.randint(1, 12)]
        elif action == 3:
            made[place:place] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 8)))
        else:
            del made[rng.randrange(len(made) // 2, len(made)) :]
        if len(made) < 24:
            break
    return bytes(made)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP"])
def test_damaged_files_are_refused_or_right(kind):
    rng = random.Random(kind)
    small = photo(5, (24, 18))
    sources = [encoded(small, kind), embedded(encoded(small, kind), Words("x"))]
    sources.append(encoded(small, kind, exif=Image.Exif().tobytes()) if kind == "PNG" else with_exif(kind))
    packet = OTHERS.format("").encode()
    sources.append(encoded(small, kind, xmp=packet) if kind != "PNG" else sources[0])
    written, refused = 0, []
    for number in range(MUTATIONS):
        data = mutated(rng, sources[number % len(sources)])
        try:
            made = embedded(data, Words(ALT))
        except DataError as error:
            refused.append(str(error))
            continue
        written += 1
        assert read_packet(read_blocks(made).xmp).alt == ALT
        assert decoded(made) == decoded(data)
    assert all(refused)
    assert not [one for one in refused if "\n" in one]
    assert kind == "PNG" or written > MUTATIONS / 14, "some damage is of pixels alone"


def test_the_command(model, capsys):
    photos = Path("photos")
    photos.mkdir()
    (photos / "a.jpg").write_bytes(encoded(photo(1), "JPEG"))
    (photos / "b.png").write_bytes(encoded(chart(), "PNG"))
    (photos / "c.jpg").write_bytes(embedded(encoded(photo(2), "JPEG"), Words("Mine.")))
    assert run(["alt", "photos", "--metadata"]) == 1
    out = capsys.readouterr().out
    assert "photos/a.jpg: informative, sure 0.90: “A thing called" in out
    assert "photos/b.png: complex, for a person to say" in out
    assert "3 photos: 1 with words, 2 without (1 sure, 0 not sure, 1 for a person to say)" in out
    before = (photos / "c.jpg").read_bytes()
    assert run(["alt", "photos", "--metadata", "--write"]) == 1
    assert (photos / "c.jpg").read_bytes() == before
    assert words_of(photos / "a.jpg").machine.startswith("fake (")
    after = (photos / "a.jpg").read_bytes()
    capsys.readouterr()
    assert run(["alt", "photos", "--metadata", "--write"]) == 1
    assert (photos / "a.jpg").read_bytes() == after
    assert "1 with a model's words" in capsys.readouterr().out
    (photos / "d.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    assert run(["alt", "photos/d.jpg", "--metadata", "--write", "--unsure"]) == 1
    assert (photos / "d.jpg").read_bytes() == b"\xff\xd8\xff\xe0 broken"
