"""The three networks as ONNX graphs whose weights are those in `weights.safetensors`.

A graph names each weight as ONNX external data: the file, the offset and the length of its bytes there. A weight kept
as float16 meets a `Cast` to float32, which ONNX Runtime computes once, when it loads the graph, and then fuses batch
norm into convolutions as it does for float32 weights.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import onnx.numpy_helper
import onnx_ir
import torch
from onnx import TensorProto, helper
from onnxscript import optimizer
from torch import Tensor, nn
from torch.nn import functional as F

from seesay.artifact import DECODER_START, DECODER_STEP, ENCODER, WEIGHTS
from seesay.artifact.tensors import read_header
from seesay.media import Preprocessing
from seesay.models.captioner import CaptionModel, normalize
from seesay.models.classifier import ClassifyModel
from seesay.models.decoders.recurrent import LastState
from seesay.models.decoders.stacked import BothWays
from seesay.models.memory import Memory

OPSET = 20
_TYPES = {"F32": TensorProto.FLOAT, "F16": TensorProto.FLOAT16, "I8": TensorProto.INT8}
# Two pictures of three rows, so that nothing takes a dimension of one for a constant.
_PICTURES, _ROWS = 2, 3


class _Encoder(nn.Module):
    def __init__(self, model: CaptionModel | ClassifyModel) -> None:
        super().__init__()
        self.encoder = model.encoder
        self.detector = model.detector if isinstance(model, CaptionModel) else None
        assert isinstance(model.preprocessing, Preprocessing)
        self.preprocessing = model.preprocessing

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        memory: Memory = self.encoder(normalize(pixels, self.preprocessing))
        if self.detector is None:
            return memory.grid, memory.pooled
        return memory.grid, memory.pooled, self.detector(memory.pooled)


class _Start(nn.Module):
    def __init__(self, model: CaptionModel) -> None:
        super().__init__()
        self.decoder = model.decoder
        self.word_ids = None if model.detector is None else model.detector.word_ids

    def forward(self, grid: Tensor, pooled: Tensor, words: Tensor | None = None) -> tuple[Tensor, ...]:
        memory = Memory(grid, pooled, None, words, self.word_ids)
        # Cloned, because two entries may be one tensor, and outputs of a graph have one name each.
        return tuple(value.clone() for value in self.decoder.start(memory).values())


class _Step(nn.Module):
    def __init__(self, model: CaptionModel, names: Sequence[str]) -> None:
        super().__init__()
        self.decoder = model.decoder
        self.names = tuple(names)

    def forward(self, tokens: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        carried = self.decoder.carried
        rows = {n: v.flatten(0, 1) if n in carried else v for n, v in zip(self.names, state, strict=True)}
        logits, after = self.decoder.step(tokens.flatten(), rows)
        return tuple(v.clone().view(*tokens.shape, *v.shape[1:]) for v in (logits, *(after[name] for name in carried)))


class _LstmStep(nn.Module):
    """One step of an LSTM with its own weights, written as two products and a few pointwise operations.

    ONNX Runtime's LSTM operator takes three times as long for a single step of many rows.
    """

    def __init__(self, whole: nn.LSTM) -> None:
        super().__init__()
        self.layers = whole.num_layers
        for name, parameter in whole.named_parameters():
            self.register_parameter(name, parameter)

    def forward(self, inputs: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        x = inputs[:, 0]
        hidden, cell = [], []
        for layer in range(self.layers):
            gates = self._linear("ih", layer, x) + self._linear("hh", layer, state[0][layer])
            write, keep, new, show = gates.chunk(4, -1)
            c = keep.sigmoid() * state[1][layer] + write.sigmoid() * new.tanh()
            x = show.sigmoid() * c.tanh()
            hidden.append(x)
            cell.append(c)
        return x[:, None], (torch.stack(hidden), torch.stack(cell))

    def _linear(self, kind: str, layer: int, x: Tensor) -> Tensor:
        bias: Tensor | None = getattr(self, f"bias_{kind}_l{layer}", None)
        return F.linear(x, getattr(self, f"weight_{kind}_l{layer}"), bias)


@contextmanager
def _stepwise(decoder: nn.Module) -> Iterator[None]:
    """While it lasts, the decoder's plain LSTMs are `_LstmStep`s, but for those that read whole sequences."""
    swapped = []
    for path, module in list(decoder.named_modules()):
        plain = isinstance(module, nn.LSTM) and module.batch_first and not (module.bidirectional or module.proj_size)
        parent, _, name = path.rpartition(".")
        if plain and not isinstance(decoder.get_submodule(parent), (LastState, BothWays)):
            setattr(decoder.get_submodule(parent), name, _LstmStep(module))
            swapped.append((parent, name, module))
    try:
        yield
    finally:
        for parent, name, module in swapped:
            setattr(decoder.get_submodule(parent), name, module)


def export_graphs(model: CaptionModel, frames: int | None = None) -> dict[str, onnx.ModelProto]:
    """Trace the networks, by file name; weights are graph inputs still, for `refer` to put in.

    Signatures, with B pictures and K rows (beams) for each, both free:
        encoder: `pixels` uint8 (B, H, W, 3) → `grid` (B, N, D), `pooled` (B, D) and, where words are detected, `words`
            (B, W); normalization is inside.
        decoder_start: what the encoder gives → `state.NAME` for each entry of the decoder's state.
        decoder_step: `tokens` int64 (B, K), `state.NAME` (carried: B, K, …; constant: B, …) → `logits` (B, K, V),
            `next.NAME` (B, K, …) for each carried entry.

    Args:
        model: what is exported.
        frames: F of a model of clips: the encoder takes frames as pictures, and `grid` of decoder_start is their
            `pooled`, (B, F, D); None for a model of pictures.
    """
    model = model.eval()
    height, width = model.preprocessing.size
    pixels = torch.zeros(_PICTURES, height, width, 3, dtype=torch.uint8)
    with torch.no_grad():
        memory = model.encode(pixels)
        if frames is not None:
            memory = replace(memory, grid=torch.stack([memory.pooled] * frames, 1))
        # Cloned, because tracing would take two entries that are one tensor for one input.
        state = {name: value.clone() for name, value in model.decoder.start(memory).items()}
    carried = list(model.decoder.carried)
    names = list(state)
    seen = {"grid": memory.grid, "pooled": memory.pooled, **({} if memory.words is None else {"words": memory.words})}
    graphs = {
        ENCODER: _trace(_Encoder(model), (pixels,), ["pixels"], list(seen)),
        DECODER_START: _trace(_Start(model), tuple(seen.values()), list(seen), [f"state.{name}" for name in names]),
    }
    with _stepwise(model.decoder):
        graphs[DECODER_STEP] = _trace(
            _Step(model, names),
            (
                torch.ones(_PICTURES, _ROWS, dtype=torch.int64),
                *(torch.stack([v] * _ROWS, 1) if n in carried else v for n, v in state.items()),
            ),
            ["tokens", *(f"state.{name}" for name in names)],
            ["logits", *(f"next.{name}" for name in carried)],
        )
    return graphs


def _trace(
    network: nn.Module, inputs: tuple[Tensor, ...], names: list[str], outputs: list[str], given: Any = None
) -> onnx.ModelProto:
    """A network as a graph; `given` are its inputs' dynamic shapes, None for those of captioners' networks."""
    pictures, rows = (torch.export.Dim(name, min=1, max=2**16) for name in ("pictures", "rows"))
    shapes: Any = tuple({0: pictures} for _ in inputs)
    if given is not None:
        shapes = given
    elif isinstance(network, _Step):
        both = {0: pictures, 1: rows}
        shapes = (both, tuple(both if n in network.decoder.carried else {0: pictures} for n in network.names))
    quiet = logging.getLogger("torch.onnx")
    level = quiet.level
    quiet.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                network.eval(),
                inputs,
                dynamo=True,
                input_names=names,
                output_names=outputs,
                dynamic_shapes=shapes,
                opset_version=OPSET,
                optimize=False,
                verbose=False,
            )
    finally:
        quiet.setLevel(level)
    assert program is not None
    graph = program.model.graph
    # As inputs, the weights stay out of what is folded: every one must remain as it lies in the file.
    for name in [name for name in network.state_dict() if name in graph.initializers]:
        weight = graph.initializers.pop(name)
        weight.const_value = None
        graph.inputs.append(weight)
    optimizer.fold_constants(program.model)
    optimizer.remove_unused_nodes(program.model)
    return onnx_ir.to_proto(program.model)


def refer(graph: onnx.ModelProto, weights: Path) -> onnx.ModelProto:
    """The graph with its weights pointing into a safetensors file that lies beside it.

    A weight kept as int8 has its scales, one a row, in `NAME.scale`, and meets a `Mul` after its `Cast`.
    """
    entries = read_header(weights)
    made = onnx.ModelProto()
    made.CopyFrom(graph)
    inputs = [value for value in made.graph.input if value.name not in entries]
    needed = [value for value in made.graph.input if value.name in entries]
    nodes = []
    for value in needed:
        kept = entries[value.name]
        if kept["dtype"] == "F32":
            made.graph.initializer.append(_external(value.name, kept))
            continue
        made.graph.initializer.append(_external(f"{value.name}.stored", kept))
        scaled = f"{value.name}.scale" in entries
        cast = f"{value.name}.cast" if scaled else value.name
        nodes.append(helper.make_node("Cast", [f"{value.name}.stored"], [cast], to=TensorProto.FLOAT))
        if scaled:
            made.graph.initializer.append(_external(f"{value.name}.scale", entries[f"{value.name}.scale"]))
            nodes.append(helper.make_node("Mul", [cast, f"{value.name}.scale"], [value.name]))
    rest = list(made.graph.node)
    del made.graph.input[:], made.graph.node[:]
    made.graph.input.extend(inputs)
    made.graph.node.extend(nodes + rest)
    _strip(made)
    return made


def inline(graph: onnx.ModelProto, weights: Mapping[str, Tensor]) -> onnx.ModelProto:
    """The graph with float32 weights inside it."""
    made = onnx.ModelProto()
    made.CopyFrom(graph)
    inputs = [value for value in made.graph.input if value.name not in weights]
    for value in made.graph.input:
        if value.name in weights:
            made.graph.initializer.append(onnx.numpy_helper.from_array(weights[value.name].numpy(), value.name))
    del made.graph.input[:]
    made.graph.input.extend(inputs)
    return made


def _external(name: str, entry: dict[str, Any]) -> TensorProto:
    tensor = TensorProto(name=name, dims=entry["shape"], data_type=_TYPES[entry["dtype"]])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", WEIGHTS), ("offset", entry["offset"]), ("length", entry["length"])):
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def _strip(model: onnx.ModelProto) -> None:
    """Leave out what tracing noted for its own use: source lines of this machine, inferred shapes."""
    graph = model.graph
    for item in (model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        del item.metadata_props[:]
        item.ClearField("doc_string")
    del graph.value_info[:]
    model.producer_name = "seesay"
    model.ClearField("producer_version")
