"""What an ONNX graph may hold before ONNX Runtime sees it.

ONNX Runtime reads weights from whatever file a graph names (any file at all up to 1.23), runs graphs within graphs, and
takes operators of any domain. A graph of ours is one flat list of numeric operators whose weights are inside it or in
`weights.safetensors`; anything else is refused by name, whatever the version of ONNX Runtime.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from seesay.artifact import onnx_schema as schema
from seesay.artifact.wire import Message, WireError, decode, number, numbers, parts, read_message, text

WEIGHTS = "weights.safetensors"
DOMAINS = ("", "ai.onnx")
OPSETS = range(7, 27)
MOST_NODES = 200_000
MOST_ELEMENTS = 1 << 28
"""Elements of an array that constants of the graph alone make."""
_LARGEST_DIMENSION = 1 << 31
_LARGEST_WINDOW = 1 << 16
_EXTERNAL = 1
_PLACES = ("axis", "axes", "start", "starts", "end", "ends")
_SHAPED = {"ConstantOfShape": 0, "Expand": 1, "Tile": 1, "Pad": 1, "Resize": 3, "OneHot": 1, "Range": 1}
"""Operators whose result is as large as one of their inputs says, and which input."""


@dataclass(frozen=True)
class External:
    """Weights that lie in another file: the tensor's name, the file, and the bytes there."""

    name: str
    location: str
    offset: int
    length: int


@dataclass
class Graph:
    """What a graph holds, and why it is refused, if it is."""

    opset: int = 0
    operators: Counter[str] = field(default_factory=Counter)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    external: list[External] = field(default_factory=list)
    inline: int = 0
    """Bytes of weights that are inside it."""
    faults: list[str] = field(default_factory=list)


def inspect_graph(data: bytes | memoryview, sizes: Mapping[str, int]) -> Graph:
    """Take a graph apart without running it.

    Args:
        data: bytes of an .onnx file.
        sizes: bytes of the files that it may refer to, by name.
    """
    graph = Graph()
    try:
        _Walk(graph, sizes).model(memoryview(data))
    except WireError as error:
        graph.faults.append(str(error))
    return graph


class _Walk:
    def __init__(self, graph: Graph, sizes: Mapping[str, int]) -> None:
        self.graph, self.sizes = graph, sizes
        self.constants: dict[str, list[int]] = {}
        self.shapes: list[tuple[str, str]] = []

    def model(self, data: memoryview) -> None:
        model = read_message(data, schema.MODEL, "the graph's file")
        for entry in parts(model, "opset_import"):
            opset = read_message(entry, schema.OPSET, "an operator set")
            self._domain(text(opset, "domain"), "the graph")
            self.graph.opset = number(opset, "version")
            if self.graph.opset not in OPSETS:
                raise WireError(f"is of operator set {self.graph.opset}; {OPSETS[0]} to {OPSETS[-1]} are known")
        if not self.graph.opset:
            raise WireError("names no operator set")
        if "graph" not in model:
            raise WireError("holds no graph")
        graph = read_message(parts(model, "graph")[0], schema.GRAPH, "the graph")
        for name, found in (("input", self.graph.inputs), ("output", self.graph.outputs)):
            found.extend(self._value(value, name) for value in parts(graph, name))
        if len(graph.get("node", ())) > MOST_NODES:
            raise WireError(f"holds {len(graph['node'])} operators; at most {MOST_NODES} are read")
        for tensor in parts(graph, "initializer"):
            self._tensor(tensor, "", may_refer=True)
        for node in parts(graph, "node"):
            self._node(node)
        for kind, name in self.shapes:
            self._shape(self.constants.get(name, []), kind)

    def _domain(self, domain: str, what: str) -> None:
        if domain not in DOMAINS:
            raise WireError(f"{what} needs operators of {domain!r:.80}; SeeSay's graphs need ONNX's own alone")

    def _value(self, data: memoryview, what: str) -> str:
        value = read_message(data, schema.VALUE, f"an {what}")
        name = text(value, "name")
        what = f"{what} {name!r:.80}"
        for kind in parts(value, "type"):
            for tensor in parts(read_message(kind, schema.TYPE, what), "tensor_type"):
                shape = read_message(tensor, schema.TENSOR_TYPE, what)
                if number(shape, "elem_type") not in schema.SIZES:
                    raise WireError(f"{what} is no plain tensor")
                for sizes in parts(shape, "shape"):
                    for one in parts(read_message(sizes, schema.SHAPE, what), "dim"):
                        size = number(read_message(one, schema.DIMENSION, what), "dim_value")
                        if not 0 <= size < _LARGEST_DIMENSION:
                            raise WireError(f"{what} has a dimension of {size}")
        return name

    def _node(self, data: memoryview) -> None:
        node = read_message(data, schema.NODE, "an operator")
        kind, domain = text(node, "op_type", 200), text(node, "domain", 200)
        self._domain(domain, f"operator {kind!r:.80}")
        if kind not in schema.OPERATORS:
            raise WireError(f"holds operator {kind!r:.80}, which SeeSay's graphs have not")
        if text(node, "overload"):
            raise WireError(f"operator {kind} is a function's overload")
        self.graph.operators[kind] += 1
        outputs = [decode(name, "a name") for name in parts(node, "output")]
        for attribute in parts(node, "attribute"):
            self._attribute(attribute, kind, outputs[0] if outputs else "")
        if kind in _SHAPED:
            inputs = [decode(name, "a name") for name in parts(node, "input")]
            place = _SHAPED[kind]
            self.shapes += [(kind, name) for name in inputs[place : place + 1]]

    def _shape(self, sizes: list[int], kind: str) -> None:
        elements = max(map(abs, sizes), default=0) ** 2 if kind == "Pad" else math.prod(max(1, abs(s)) for s in sizes)
        if elements > MOST_ELEMENTS:
            raise WireError(f"operator {kind} makes an array of {_times(sizes)}; at most {MOST_ELEMENTS} elements")

    def _attribute(self, data: memoryview, kind: str, output: str) -> None:
        attribute = read_message(data, schema.ATTRIBUTE, f"operator {kind}")
        name = text(attribute, "name", 200)
        what = f"attribute {name!r:.80} of operator {kind}"
        ints = numbers(attribute.get("ints", [])) + numbers(attribute.get("i", []))
        if kind == "Constant" and ints:
            self.constants[output] = ints
        elif any(abs(value) >= _LARGEST_WINDOW for value in ints) and name not in _PLACES:
            raise WireError(f"{what} is {max(ints, key=abs)}; at most {_LARGEST_WINDOW} is taken")
        for tensor in (*parts(attribute, "t"), *parts(attribute, "tensors")):
            self._tensor(tensor, output if kind == "Constant" else "", may_refer=False, what=what)

    def _tensor(self, data: memoryview, output: str, *, may_refer: bool, what: str = "") -> None:
        tensor = read_message(data, schema.TENSOR, what or "a weight")
        name = text(tensor, "name")
        what = what or f"weight {name!r:.80}"
        kind, dims = number(tensor, "data_type"), numbers(tensor.get("dims", []), 64)
        if kind not in schema.SIZES:
            raise WireError(f"{what} is of data type {kind}; SeeSay's graphs hold numbers")
        if any(not 0 <= size < _LARGEST_DIMENSION for size in dims):
            raise WireError(f"{what} has the shape {_times(dims)}")
        size = math.prod(dims) * schema.SIZES[kind]
        if number(tensor, "data_location") == _EXTERNAL or "external_data" in tensor:
            if not may_refer:
                raise WireError(f"{what} lies in another file; only weights may")
            self.graph.external.append(self._external(tensor, name, size))
            return
        self.graph.inline += size
        self._inline(tensor, what, size, math.prod(dims))
        known = output or name
        if kind in (6, 7) and math.prod(dims) <= 64 and known:
            self.constants[known] = _integers(tensor, 4 if kind == 6 else 8)

    def _inline(self, tensor: Message, what: str, size: int, count: int) -> None:
        fields = [key for key in tensor if key.endswith("_data")]
        if count and len(fields) != 1:
            raise WireError(f"{what} holds {'no data' if not fields else ' and '.join(fields)}")
        if "raw_data" in tensor and len(parts(tensor, "raw_data")[0]) != size:
            raise WireError(f"{what} has {len(parts(tensor, 'raw_data')[0])} bytes, its shape {size}")
        for key in fields:
            if key == "raw_data":
                continue
            width = {"float_data": 4, "double_data": 8}.get(key)
            values = tensor[key]
            if width:
                held = sum(len(value) for value in values if not isinstance(value, int)) // width
            else:
                held = len(numbers(values, max(count, 1)))
            if held != count:
                raise WireError(f"{what} holds {held} numbers, its shape {count}")

    def _external(self, tensor: Message, name: str, size: int) -> External:
        what = f"weight {name!r:.80}"
        entries: dict[str, str] = {}
        for part in parts(tensor, "external_data"):
            entry = read_message(part, schema.ENTRY, what)
            key = text(entry, "key", 200)
            if key in entries:
                raise WireError(f"{what} names its {key!r:.80} twice")
            entries[key] = text(entry, "value")
        location = entries.get("location", "")
        if location != WEIGHTS:
            raise WireError(f"{what} lies in {location!r:.200}; SeeSay's graphs read {WEIGHTS} alone")
        strange = set(entries) - {"location", "offset", "length"}
        if strange:
            raise WireError(f"{what} names {min(strange)!r:.80} of its file")
        if number(tensor, "data_location") != _EXTERNAL or any(
            key.endswith("_data") and key != "external_data" for key in tensor
        ):
            raise WireError(f"{what} is both in the graph and in {location}")
        places = [entries.get(key, "") for key in ("offset", "length")]
        if not all(place.isascii() and place.isdigit() and len(place) < 20 for place in places):
            raise WireError(f"{what} names no offset and length in {location}")
        offset, length = map(int, places)
        if location not in self.sizes:
            raise WireError(f"{what} lies in {location}, which is not there")
        if length != size or offset + length > self.sizes[location]:
            raise WireError(
                f"{what} takes {length} bytes at {offset} of {location}, which has {self.sizes[location]}; "
                f"its shape has {size}"
            )
        return External(name, location, offset, length)


def _integers(tensor: Message, width: int) -> list[int]:
    """The numbers of a small tensor of integers."""
    for raw in parts(tensor, "raw_data"):
        return [int.from_bytes(raw[i : i + width], "little", signed=True) for i in range(0, len(raw), width)]
    return numbers(tensor.get("int64_data", []) + tensor.get("int32_data", []))


def _times(sizes: list[int]) -> str:
    return " × ".join(map(str, sizes[:8])) + (" × …" if len(sizes) > 8 else "")
