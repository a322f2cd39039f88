"""What is fuzzed: each target takes bytes, and may raise only what is promised. `seeds` gives inputs to begin with."""

from __future__ import annotations

import io
import json
import pickle
import struct
import tempfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import yaml
from PIL import Image

from seesay.artifact.gate import inspect_graph
from seesay.artifact.read import parse_manifest
from seesay.errors import SeeSayError
from seesay.media import FrameSampling, Preprocessing, load_clip, open_picture
from seesay.metrics.files import read_references
from seesay.plain_pickle import load_plain
from seesay.text import tokenize
from seesay.text.json_text import loads
from seesay.text.yaml_text import load_yaml

_SMALL = Preprocessing((16, 16))
_SAMPLES = Path(__file__).parents[1] / "samples"
_EMBEDDED = Path(__file__).parents[1] / "src" / "seesay" / "embedded"


def _one_line(error: Exception) -> None:
    assert len(str(error).splitlines()) == 1, str(error)


def photo(data: bytes) -> None:
    """A picture is sRGB or an error of one line."""
    try:
        assert open_picture(data, max_pixels=1_000_000).mode == "RGB"
    except SeeSayError as error:
        _one_line(error)


def clip(data: bytes) -> None:
    """A clip gives frames or an error of one line."""
    try:
        assert len(load_clip(data, _SMALL, FrameSampling(frames=2), threads=1).pixels) <= 2
    except SeeSayError as error:
        _one_line(error)


def pickled(data: bytes) -> None:
    """Plain values, or refused."""
    with suppress(pickle.UnpicklingError, ValueError, EOFError):
        load_plain(data)


def graph(data: bytes) -> None:
    """The gate never raises."""
    inspect_graph(data, {"weights.safetensors": 100})


def manifest(data: bytes) -> None:
    """A manifest is read or refused."""
    with suppress(SeeSayError):
        parse_manifest(data, "m")


def captions(data: bytes) -> None:
    """A caption file of any form is read, or refused in one line."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            read_references([file.name])
        except SeeSayError as error:
            _one_line(error)


def json_text(data: bytes) -> None:
    """As Python's JSON, with a line for each entry."""
    text = data.decode("utf-8", "replace")
    try:
        expected = json.loads(text)
    except (ValueError, RecursionError):
        return
    found = loads(text)
    assert found == expected or expected != expected or "NaN" in text
    if isinstance(expected, (list, dict)):
        assert len(found.lines) >= len(expected)


def tokens(data: bytes) -> None:
    """Any text is tokenized, to words without blanks."""
    assert not any(" " in word or not word for word in tokenize(data.decode("utf-8", "replace")))


def recipe(data: bytes) -> None:
    """YAML is read or refused."""
    with suppress(yaml.YAMLError):
        load_yaml(data.decode("utf-8", "replace"))


def _saved(format: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((24, 20)).convert("RGB").save(file, format, **options)
    return file.getvalue()


def _graph() -> bytes:
    found = sorted(_EMBEDDED.glob("*/decoder_start.onnx"), key=lambda file: file.stat().st_size)
    return found[0].read_bytes() if found else b""


def _apng() -> bytes:
    chunk = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
    return _saved("PNG")[:-12] + chunk


TARGETS: dict[str, Callable[[bytes], None]] = {
    "photo": photo,
    "clip": clip,
    "pickled": pickled,
    "graph": graph,
    "manifest": manifest,
    "captions": captions,
    "json_text": json_text,
    "tokens": tokens,
    "recipe": recipe,
}


def seeds(name: str) -> list[bytes]:
    """Sound inputs of a target."""
    pictures = [_saved(kind) for kind in ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000")]
    tables = [
        b'image_id,caption\n1,a dog\n2,"a\ncat"\n',
        b'{"1": ["a dog", "x"]}',
        b"a.jpg#0\ta dog\n",
        b"a dog\na cat\n",
    ]
    return {
        "photo": [*pictures, _saved("JPEG", progressive=True), _saved("TIFF", compression="tiff_lzw"), _apng()],
        "clip": pictures[:3],
        "pickled": [
            pickle.dumps({"document_frequency": {("a", "dog"): 2.0}, "ref_len": 3.0}, protocol=p) for p in range(6)
        ],
        "graph": [_graph()],
        "manifest": [(file / "seesay.json").read_bytes() for file in sorted(_EMBEDDED.iterdir()) if file.is_dir()][:2],
        "captions": [*tables, b'[{"image_id": 1, "caption": "a dog"}]', "sep=;\nid;caption\n1;é\n".encode("utf-16")],
        "json_text": [b'{"a": [1, {"b": null}], "c": "x"}', b"[1,\n[2], 3.5e3]"],
        "tokens": ["A man's dog won't run; it's 3.5 m — \"so\" (U.S.A.).".encode()],
        "recipe": [b"encoder: {name: x}\ntraining:\n  epochs: 3\n  lr: 1e-3\n"],
    }[name]
