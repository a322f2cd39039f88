"""A tiny model of three numbers, and a hundred that an enemy would make of it; written byte by byte."""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

WORDS = ["<pad>", "<start>", "<end>", "<unk>", "dog", "cat"]
SIDE = 8
FLOAT, UINT8, INT64 = 1, 2, 7


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def chunk(field: int, value: bytes | str) -> bytes:
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def attribute(name: str, kind: int, content: bytes) -> bytes:
    return chunk(5, chunk(1, name) + content + number(20, kind))


def node(kind: str, inputs: Iterable[str], outputs: Iterable[str], *more: bytes, domain: str = "") -> bytes:
    named = b"".join(chunk(1, name) for name in inputs) + b"".join(chunk(2, name) for name in outputs)
    return chunk(1, named + chunk(4, kind) + b"".join(more) + (chunk(7, domain) if domain else b""))


def value(field: int, name: str, kind: int, *dims: int | str) -> bytes:
    shape = b"".join(chunk(1, number(1, d) if isinstance(d, int) else chunk(2, d)) for d in dims)
    return chunk(field, chunk(1, name) + chunk(2, chunk(1, number(1, kind) + chunk(2, shape))))


def tensor(name: str, kind: int, dims: Iterable[int], content: bytes, field: int = 5) -> bytes:
    return chunk(field, b"".join(number(1, d) for d in dims) + number(2, kind) + chunk(8, name) + content)


def integers(name: str, *values: int, field: int = 5) -> bytes:
    return tensor(name, INT64, [len(values)], chunk(9, struct.pack(f"<{len(values)}q", *values)), field)


def outside(location: str, offset: object = 8, length: object = 72, *more: tuple[str, str]) -> bytes:
    entries = (("location", location), ("offset", str(offset)), ("length", str(length)), *more)
    return b"".join(chunk(13, chunk(1, key) + chunk(2, text)) for key, text in entries) + number(14, 1)


def model(*graph: bytes, opset: int = 17, domain: str = "", more: bytes = b"") -> bytes:
    return (
        number(1, 8) + chunk(8, chunk(1, domain) + number(2, opset)) + chunk(7, b"".join(graph) + chunk(2, "g")) + more
    )


HEADER = json.dumps({"w": {"dtype": "F32", "shape": [3, 6], "data_offsets": [0, 72]}}).encode()
WEIGHT_BYTES = np.linspace(-1, 1, 18, dtype="<f4").tobytes()
SAFETENSORS = struct.pack("<Q", len(HEADER)) + HEADER + WEIGHT_BYTES
BEGIN = 8 + len(HEADER)
ENCODER_IN = value(11, "pixels", UINT8, "B", SIDE, SIDE, 3)
ENCODER_OUT = value(12, "grid", FLOAT, "B", 1, 3) + value(12, "pooled", FLOAT, "B", 3)
ENCODER_BODY = (
    node("Cast", ["pixels"], ["x"], attribute("to", 2, number(3, FLOAT)))
    + node("ReduceMean", ["x"], ["pooled"], attribute("axes", 7, number(8, 1) + number(8, 2)),
           attribute("keepdims", 2, number(3, 0)))
    + node("Unsqueeze", ["pooled", "one"], ["grid"]) + integers("one", 1)
)  # fmt: skip
START = model(
    value(11, "pooled", FLOAT, "B", 3), value(12, "state.hidden", FLOAT, "B", 3),
    node("Identity", ["pooled"], ["state.hidden"]),
)  # fmt: skip
STEP_IN = value(11, "tokens", INT64, "B", "K") + value(11, "state.hidden", FLOAT, "B", "K", 3)
STEP_OUT = value(12, "logits", FLOAT, "B", "K", 6) + value(12, "next.hidden", FLOAT, "B", "K", 3)
STEP_BODY = node("MatMul", ["state.hidden", "w"], ["logits"]) + node("Identity", ["state.hidden"], ["next.hidden"])


def encoder(*more: bytes, **options: Any) -> bytes:
    return model(ENCODER_IN, ENCODER_OUT, ENCODER_BODY, *more, **options)


def step(weights: bytes | None = None, *more: bytes) -> bytes:
    weights = outside("weights.safetensors", BEGIN) if weights is None else weights
    return model(STEP_IN, STEP_OUT, STEP_BODY, tensor("w", FLOAT, [3, 6], weights), *more)


FILES = {
    "weights.safetensors": SAFETENSORS,
    "encoder.onnx": encoder(),
    "decoder_start.onnx": START,
    "decoder_step.onnx": step(),
}
MANIFEST: dict[str, Any] = {
    "format": 1,
    "name": "tiny",
    "task": "caption",
    "model": {"encoder": {"name": "none"}, "decoder": {"name": "none"}},
    "preprocessing": {"size": [SIDE, SIDE]},
    "vocabulary": {"tokens": WORDS},
    "grid_size": [1, 1],
    "carried": ["hidden"],
    "search": {"beam": 2, "max_length": 4},
}


def record(content: bytes) -> dict[str, Any]:
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def make(folder: Path, files: dict[str, bytes] | None = None, manifest: dict[str, Any] | None = None) -> Path:
    """A model whose sums are right; `files` and `manifest` take the place of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {**FILES, **(files or {})}
    for name, content in whole.items():
        (folder / name).write_bytes(content)
    listed = {name: record(content) for name, content in whole.items()}
    (folder / "seesay.json").write_text(json.dumps({**MANIFEST, "files": listed, **(manifest or {})}))
    return folder


Maker = Callable[[Path], Path]


def graph(content: bytes, name: str = "encoder.onnx") -> Maker:
    return lambda folder: make(folder, {name: content})


def weights_from(place: bytes) -> Maker:
    return graph(step(place), "decoder_step.onnx")


def says(**entries: Any) -> Maker:
    return lambda folder: make(folder, manifest=entries)


def lists(**changes: Any) -> Maker:
    """The manifest tells something else of weights.safetensors."""
    files = {name: record(content) for name, content in FILES.items()}
    return says(files={**files, "weights.safetensors": {**files["weights.safetensors"], **changes}})


def written(text: bytes) -> Maker:
    def made(folder: Path) -> Path:
        (make(folder) / "seesay.json").write_bytes(text)
        return folder

    return made


def replaced(name: str, how: Callable[[Path], object]) -> Maker:
    """A file of the model is taken away, and something put in its place."""

    def made(folder: Path) -> Path:
        file = make(folder) / name
        aside = folder.parent / f"{folder.name} aside"
        file.rename(aside)
        how(file)
        return folder

    return made


def aside(file: Path) -> Path:
    return file.parent.parent / f"{file.parent.name} aside"


def flipped(name: str) -> Maker:
    def made(folder: Path) -> Path:
        file = make(folder) / name
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(content)
        return folder

    return made


def zipped(
    change: Callable[[zipfile.ZipFile, dict[str, bytes]], None], after: Callable[[bytes], bytes] = bytes
) -> Maker:
    def made(folder: Path) -> Path:
        files = {path.name: path.read_bytes() for path in make(folder).iterdir()}
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            change(archive, files)
        file = folder.with_suffix(".zip")
        file.write_bytes(after(packed.getvalue()))
        return file

    return made


def put(archive: zipfile.ZipFile, files: dict[str, bytes], kind: int | None = None) -> None:
    for name, content in files.items():
        archive.writestr(name, content, kind)


def relisted(files: dict[str, bytes], **changes: Any) -> dict[str, bytes]:
    values = json.loads(files["seesay.json"])
    values["files"]["weights.safetensors"].update(changes)
    return {**files, "seesay.json": json.dumps(values).encode()}


def arrays(**changes: Any) -> Maker:
    """Neighbors beside the model, and the model asks for them."""
    sound: dict[str, Any] = {
        "centre": np.zeros(3, "<f4"),
        "projection": np.eye(3, dtype="<f4"),
        "vectors": np.ones((2, 3), "<f2"),
        "grams": np.arange(2, dtype="<u8"),
        "idf": np.ones(2, "<f4"),
        "starts": np.array([0, 1, 2], "<i8"),
        "gram": np.array([0, 1], "<u4"),
        "weight": np.ones(2, "<f2"),
    }
    content = {**sound, **changes}

    def made(folder: Path) -> Path:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, array in content.items():
                if array is None:
                    continue
                raw = io.BytesIO()
                if isinstance(array, bytes):
                    raw.write(array)
                else:
                    np.lib.format.write_array(raw, array, allow_pickle=True)
                archive.writestr(f"{name}.npy", raw.getvalue())
        return make(folder, {"neighbours.npz": packed.getvalue()}, {"search": {"beam": 2, "consensus": 1.0}})

    return made


def npy(shape: str, kind: str = "<f4", more: bytes = b"") -> bytes:
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (64 - (len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + more


def encrypted(packed: bytes) -> bytes:
    changed = bytearray(packed)
    at = 0
    while (at := changed.find(b"PK\x01\x02", at)) >= 0:
        changed[at + 8] |= 1
        at += 4
    return bytes(changed)


NOTHING = b"".join(
    [node("Constant", [], ["c"], attribute("value", 4, integers("", 2**20, 2**20, field=5))),
     node("ConstantOfShape", ["c"], ["unused"])]
)  # fmt: skip
SUBGRAPH = chunk(5, chunk(1, "body") + chunk(6, chunk(2, "inner")) + number(20, 5))
MEMORY = outside("*/_ORT_MEM_ADDR_/*", 4096, 72)

GRAPHS: dict[str, Maker] = {
    "weights from a file above": weights_from(outside("../outside.bin", 0)),
    "weights from an absolute path": weights_from(outside("/etc/passwd", 0)),
    "weights from a folder beside": weights_from(outside("folder/w.bin", 0)),
    "weights from a Windows path": weights_from(outside("..\\w.bin", 0)),
    "weights from the manifest": weights_from(outside("seesay.json", 0)),
    "weights from a graph": weights_from(outside("encoder.onnx", 0)),
    "weights from nowhere": weights_from(outside("", 0)),
    "weights from ./": weights_from(outside("./weights.safetensors", BEGIN)),
    "weights from a name with a zero byte": weights_from(outside("weights.safetensors\0.bin", BEGIN)),
    "weights from an address in memory": weights_from(MEMORY),
    "weights from two files": weights_from(outside("weights.safetensors", BEGIN, 72, ("location", "/etc/passwd"))),
    "weights at a negative offset": weights_from(outside("weights.safetensors", -8)),
    "weights past the file's end": weights_from(outside("weights.safetensors", BEGIN + 8)),
    "weights longer than the file": weights_from(outside("weights.safetensors", BEGIN, 2**40)),
    "weights shorter than their shape": weights_from(outside("weights.safetensors", BEGIN, 8)),
    "weights at an offset of 30 digits": weights_from(outside("weights.safetensors", "9" * 30)),
    "weights at no number": weights_from(outside("weights.safetensors", "0x8")),
    "weights with a checksum": weights_from(outside("weights.safetensors", BEGIN, 72, ("checksum", "0"))),
    "weights outside and inside": weights_from(outside("weights.safetensors", BEGIN) + chunk(9, WEIGHT_BYTES)),
    "weights said to be inside that are outside": weights_from(outside("weights.safetensors", BEGIN) [:-2]),
    "weights of no data": weights_from(b""),
    "weights of two kinds of data": weights_from(chunk(9, WEIGHT_BYTES) + chunk(4, WEIGHT_BYTES)),
    "weights of too few bytes": weights_from(chunk(9, WEIGHT_BYTES[:8])),
    "weights of too many numbers": weights_from(chunk(4, WEIGHT_BYTES * 2)),
    "weights in segments": weights_from(chunk(9, WEIGHT_BYTES) + chunk(3, number(1, 0) + number(2, 1))),
    "a constant outside": graph(encoder(node("Constant", [], ["c"], attribute(
        "value", 4, tensor("c", FLOAT, [18], outside("weights.safetensors", BEGIN)))))),
    "a sparse weight": graph(encoder(chunk(15, chunk(1, b"")))),
    "a sparse attribute": graph(encoder(node("Constant", [], ["c"], attribute("sparse_value", 11, chunk(22, b""))))),
    "a weight of text": graph(encoder(tensor("t", 8, [1], chunk(6, "text")))),
    "a weight of an unknown type": graph(encoder(tensor("t", 99, [1], chunk(9, b"\0")))),
    "a weight of 2**62 elements": graph(encoder(tensor("t", FLOAT, [2**31 - 1, 2**31 - 1], chunk(9, b"\0" * 4)))),
    "a weight whose size overflows to nothing": graph(encoder(tensor("t", FLOAT, [2**30] * 4, chunk(9, b"")))),
    "a weight of negative size": graph(encoder(tensor("t", FLOAT, [-1], chunk(9, b"")))),
    "an array of 2**40 made by a constant": graph(encoder(NOTHING)),
    "an array of 2**40 by Expand": graph(encoder(
        integers("c", 2**20, 2**20), node("Expand", ["x", "c"], ["unused"]))),
    "an array of 2**40 by Tile": graph(encoder(integers("c", 1, 1, 2**20, 2**20), node("Tile", ["x", "c"], ["u"]))),
    "padding of 2**30": graph(encoder(integers("c", *[2**30] * 8), node("Pad", ["x", "c"], ["u"]))),
    "a window of 2**40": graph(encoder(node("MaxPool", ["x"], ["u"], attribute("kernel_shape", 7, number(8, 2**40))))),
    "a branch": graph(encoder(node("If", ["x"], ["u"], SUBGRAPH))),
    "a loop": graph(encoder(node("Loop", ["", "x"], ["u"], SUBGRAPH))),
    "a scan": graph(encoder(node("Scan", ["x"], ["u"], SUBGRAPH))),
    "a graph hidden in a known operator": graph(encoder(node("Identity", ["x"], ["u"], SUBGRAPH))),
    "chance": graph(encoder(node("RandomNormalLike", ["x"], ["u"]))),
    "a sequence": graph(encoder(node("SequenceConstruct", ["x"], ["u"]))),
    "an operator of text": graph(encoder(node("StringNormalizer", ["x"], ["u"]))),
    "an operator that nobody knows": graph(encoder(node("Exfiltrate", ["x"], ["u"]))),
    "an operator of Microsoft's domain": graph(encoder(node("Gelu", ["x"], ["u"], domain="com.microsoft"))),
    "an operator set of another domain": graph(encoder(domain="evil.example")),
    "an operator set of the future": graph(encoder(opset=10**6)),
    "a function": graph(encoder(more=chunk(25, chunk(1, "f")))),
    "a graph for training": graph(encoder(more=chunk(20, b""))),
    "an unknown field": graph(encoder(more=chunk(999, b"x"))),
    "two graphs": graph(encoder(more=chunk(7, chunk(2, "again")))),
    "a sequence as input": graph(encoder(chunk(11, chunk(1, "s") + chunk(2, chunk(4, b""))))),
    "an attribute of a function": graph(encoder(
        node("Identity", ["x"], ["u"], chunk(5, chunk(1, "a") + chunk(21, "b"))))),
    "a number of eleven bytes": graph(encoder(more=b"\x08" + b"\xff" * 10 + b"\x01")),
    "a group": graph(encoder(more=b"\x0b\x0c")),
    "a graph cut short": graph(encoder()[:-20]),
    "an empty graph": graph(b""),
    "text in place of a graph": graph(b"#!/bin/sh\nrm -rf /\n"),
    "an encoder that reads something else": graph(encoder(value(11, "mood", FLOAT, 1))),
    "an encoder that gives nothing": graph(model(ENCODER_IN, value(12, "x", FLOAT, "B"), ENCODER_BODY)),
    "an encoder of larger pictures": says(preprocessing={"size": [SIDE * 2, SIDE]}),
    "a decoder of more words than there are": says(vocabulary={"tokens": WORDS[:-1]}),
    "a decoder without a state": says(carried=["cell"]),
}  # fmt: skip

PLACES: dict[str, Maker] = {
    "weights that are a link out": replaced("weights.safetensors", lambda f: f.symlink_to(aside(f))),
    "weights that have another name": replaced("weights.safetensors", lambda f: os.link(aside(f), f)),
    "a graph that is a link out": replaced("encoder.onnx", lambda f: f.symlink_to(aside(f))),
    "a graph that has another name": replaced("encoder.onnx", lambda f: os.link(aside(f), f)),
    "weights that are a pipe": replaced("weights.safetensors", lambda f: os.mkfifo(f)),
    "weights that are a device": replaced("weights.safetensors", lambda f: f.symlink_to("/dev/zero")),
    "weights that are a folder": replaced("weights.safetensors", lambda f: f.mkdir()),
    "weights that link to themselves": replaced("weights.safetensors", lambda f: f.symlink_to(f.name)),
    "weights that are missing": replaced("weights.safetensors", lambda f: None),
    "a manifest that is a pipe": replaced("seesay.json", lambda f: os.mkfifo(f)),
    "a manifest that is a device": replaced("seesay.json", lambda f: f.symlink_to("/dev/zero")),
    "a manifest that links to itself": replaced("seesay.json", lambda f: f.symlink_to(f.name)),
    "weights with a bit flipped": flipped("weights.safetensors"),
    "a graph with a bit flipped": flipped("decoder_start.onnx"),
    "weights cut short": replaced("weights.safetensors", lambda f: f.write_bytes(SAFETENSORS[:-4])),
}

MANIFESTS: dict[str, Maker] = {
    "a size below 0": lists(size=-5),
    "a size of 1e15": lists(size=10**15),
    "a size that is true": lists(size=True),
    "a size that is text": lists(size="168"),
    "a sum that is none": lists(sha256="x" * 64),
    "a sum that is missing": lists(sha256=None),
    "files that are a list": says(files=["weights.safetensors"]),
    "a file above": says(files={"../w": record(b"")}),
    "weights that nobody lists": says(files={n: record(c) for n, c in FILES.items() if n != "weights.safetensors"}),
    "a format of 0": says(format=0),
    "a format that is text": says(format="1"),
    "a format of 1e300": written(b'{"format": 1' + b"0" * 300 + b"}"),
    "a number of 5,000 digits": written(b'{"format": ' + b"9" * 5000 + b"}"),
    "ten thousand lists in each other": written(b"[" * 10_000),
    "a hundred objects in each other": written(b'{"a":' * 100 + b"1" + b"}" * 100),
    "17 MiB": written(b'{"format": 1, "card": "' + b"x" * (17 << 20) + b'"}'),
    "a length power of 10**30": says(search={"length_power": 10**30}),
    "a beam of 10**9": says(search={"beam": 10**9}),
    "a longest caption of 10**9": says(search={"max_length": 10**9}),
    "a search setting that is none": says(search={"mood": 1}),
    "a seed of text": says(search={"seed": "1"}),
    "a picture of 10**9 by 10**9": says(preprocessing={"size": [10**9, 10**9]}),
    "a picture of half pixels": says(preprocessing={"size": [8.5, 8]}),
    "a mean that is no number": says(preprocessing={"size": [8, 8], "mean": [float("nan"), 0, 0]}),
    "preprocessing that is none": says(preprocessing={"size": [8, 8], "run": "rm"}),
    "a std of 0": says(preprocessing={"size": [8, 8], "std": [0, 1, 1]}),
    "a grid of 10**9": says(grid_size=[10**9, 1]),
    "a grid of text": says(grid_size=["1", "1"]),
    "words that are numbers": says(vocabulary={"tokens": [*WORDS[:4], 1, 2]}),
    "a word twice": says(vocabulary={"tokens": [*WORDS[:5], "dog"]}),
    "a word of 10,000 letters": says(vocabulary={"tokens": [*WORDS[:5], "x" * 10_000]}),
    "no special words": says(vocabulary={"tokens": ["a", "b", "c", "d", "e", "f"]}),
    "no words": says(vocabulary={}),
    "a task that nobody knows": says(task="execute"),
    "a storage that nobody knows": says(storage="int2"),
    "a model that is a list": says(model=[]),
    "a recognizer without a classifier": says(task="recognize"),
    "a layer of 10**12": says(model={"decoder": {"hidden": 10**12}}),
    "a clip of 10**9 frames": says(clip={"frames": 10**9}),
    "a clip of half frames": says(clip={"frames": 1.5}),
    "a card that is a number": says(card=1),
    "a name of 10,000 letters": says(name="x" * 10_000),
    "a name that is null": says(name=None),
    "scores that are a list": says(scores={"test": [1]}),
    "states that are a number": says(carried=3),
    "a hundred states": says(carried=[str(i) for i in range(100)]),
}

ZIPS: dict[str, Maker] = {
    "a zip whose weights are a bomb": zipped(
        lambda a, f: put(a, relisted({**f, "weights.safetensors": bytes(3 << 20)}, **record(bytes(3 << 20))))),
    "a zip whose weights are larger than listed": zipped(
        lambda a, f: put(a, {**f, "weights.safetensors": bytes(9999)})),
    "a zip that lists a size below 0": zipped(lambda a, f: put(a, relisted(f, size=-5))),
    "a zip that lists 1e15 bytes": zipped(lambda a, f: put(a, relisted(f, size=10**15))),
    "a zip whose manifest is a bomb": zipped(lambda a, f: put(a, {**f, "seesay.json": b" " * (17 << 20)})),
    "a zip with a password": zipped(put, encrypted),
    "a zip of bzip2": zipped(lambda a, f: put(a, f, zipfile.ZIP_BZIP2)),
    "a zip of 1,100 members": zipped(lambda a, f: [put(a, f), *(a.writestr(f"m{i}", b"") for i in range(1100))][0]),
    "a zip with a member missing": zipped(lambda a, f: put(a, {n: c for n, c in f.items() if n != "encoder.onnx"})),
    "a zip cut short": zipped(put, lambda packed: packed[: len(packed) // 2]),
    "a zip with damaged data": zipped(put, lambda packed: packed[:60] + bytes(40) + packed[100:]),
    "a zip of nothing": zipped(lambda a, f: None),
    "a zip that is none": zipped(put, lambda packed: b"PK\x03\x04" + b"x" * 500),
    "a zip with a list of members of 2**31 bytes": zipped(
        put, lambda packed: packed[:-10] + struct.pack("<I", 2**31 - 1) + packed[-6:]),
}  # fmt: skip

NEIGHBORS: dict[str, Maker] = {
    "neighbors of 8 GB": arrays(vectors=npy("(2000000000, 2)", "<f2", b"\0" * 8)),
    "neighbors of objects": arrays(idf=np.array([{}, {}], object)),
    "neighbors of another type": arrays(idf=np.ones(2, "<f8")),
    "neighbors of negative size": arrays(idf=npy("(-2,)", more=b"\0" * 8)),
    "neighbors with code as header": arrays(idf=npy("__import__('os').getcwd()", more=b"\0" * 8)),
    "neighbors that lack an array": arrays(idf=None),
    "neighbors that are no numbers": arrays(idf=np.full(2, np.nan, "<f4")),
    "neighbors whose n-grams are none": arrays(gram=np.array([0, 9], "<u4")),
    "neighbors that begin before the first": arrays(starts=np.array([-5, 1, 2], "<i8")),
    "neighbors that unpack to 8 MB of nothing": arrays(grams=np.zeros(1 << 20, "<u8")),
    "neighbors of another net": arrays(centre=np.zeros(7, "<f4"), projection=np.zeros((7, 3), "<f4")),
}
HOSTILE = {**GRAPHS, **PLACES, **MANIFESTS, **ZIPS, **NEIGHBORS}
# What verify says nothing of: it runs no network, and looks at the arrays' types and sizes alone.
ONLY_WHEN_RUN = {
    "an encoder that reads something else",
    "an encoder that gives nothing",
    "an encoder of larger pictures",
    "a decoder of more words than there are",
    "a decoder without a state",
    "no special words",
    "no words",
    "preprocessing that is none",
    "neighbors that are no numbers",
    "neighbors whose n-grams are none",
    "neighbors that begin before the first",
    "neighbors of another net",
}
