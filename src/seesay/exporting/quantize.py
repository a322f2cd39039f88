"""Static int8 quantization of the encoder: twice the speed on a CPU with int8 dot products, a quarter of the bytes.

The ranges of activations are measured on pictures. Only the encoder is quantized this way: its convolutions are where
the time goes. The decoder's weights are kept as int8 and computed with as float32, so that a caption does not depend
on its batch, as it would with ranges taken from each batch.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static  # type: ignore[import-untyped]
from onnxruntime.quantization.shape_inference import quant_pre_process  # type: ignore[import-untyped]

from seesay.errors import UsageError

_KINDS = ["Conv", "Add", "Clip", "Relu", "MatMul", "Gemm", "AveragePool", "GlobalAveragePool", "MaxPool", "Concat"]


class _Pictures(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, pixels: Iterable[NDArray[np.uint8]]) -> None:
        self._pixels: Iterator[NDArray[np.uint8]] = iter(pixels)

    def get_next(self) -> dict[str, Any] | None:
        picture = next(self._pixels, None)
        return None if picture is None else {"pixels": picture[None]}


def quantize_encoder(graph: onnx.ModelProto, pixels: Iterable[NDArray[np.uint8]]) -> onnx.ModelProto:
    """A float32 encoder graph, weights inside → int8 convolutions (QDQ, a scale for each channel), weights inside.

    Args:
        graph: `pixels` in, `grid` and `pooled` out.
        pixels: pictures to measure ranges on, each uint8 (H, W, 3); a hundred or two are enough.

    Raises:
        UsageError: no picture was given.
    """
    pictures = list(pixels)
    if not pictures:
        raise UsageError("int8 calibration was asked for without a picture to calibrate on")
    with tempfile.TemporaryDirectory(prefix="seesay-") as folder, _quiet():
        plain, fused, quantized = (str(Path(folder) / name) for name in ("plain.onnx", "fused.onnx", "int8.onnx"))
        onnx.save(graph, plain)
        quant_pre_process(plain, fused, skip_symbolic_shape=True)
        quantize_static(
            fused,
            quantized,
            _Pictures(pictures),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=_KINDS,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return _declaring_what_it_uses(onnx.load(quantized))


def _declaring_what_it_uses(graph: onnx.ModelProto) -> onnx.ModelProto:
    """Without the operator sets that no node is of, which ONNX Runtime declares: the gate takes ONNX's own alone."""
    used = {node.domain for node in graph.graph.node} | {"", "ai.onnx"}
    kept = [entry for entry in graph.opset_import if entry.domain in used]
    del graph.opset_import[:]
    graph.opset_import.extend(kept)
    return graph


@contextmanager
def _quiet() -> Iterator[None]:
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)
