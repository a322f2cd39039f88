"""The fields of ONNX messages (onnx/onnx.proto) that a graph of ours may hold, and why others are refused."""

from __future__ import annotations

from seesay.artifact.wire import FIXED32, FIXED64, VARINT, Field, Schema

_STRINGS = Field("metadata_props", repeated=True)

MODEL: Schema = {
    1: Field("ir_version", VARINT),
    2: Field("producer_name"),
    3: Field("producer_version"),
    4: Field("domain"),
    5: Field("model_version", VARINT),
    6: Field("doc_string"),
    7: Field("graph"),
    8: Field("opset_import", repeated=True),
    14: _STRINGS,
    20: Field("training_info", refused="holds a graph for training; SeeSay's have none"),
    25: Field("functions", refused="holds functions of its own; SeeSay's graphs have none"),
    26: Field("configuration", refused="holds device configurations; SeeSay's graphs have none"),
}
OPSET: Schema = {1: Field("domain"), 2: Field("version", VARINT)}
GRAPH: Schema = {
    1: Field("node", repeated=True),
    2: Field("name"),
    5: Field("initializer", repeated=True),
    10: Field("doc_string"),
    11: Field("input", repeated=True),
    12: Field("output", repeated=True),
    13: Field("value_info", repeated=True),
    14: Field("quantization_annotation", repeated=True),
    15: Field("sparse_initializer", refused="holds sparse weights; SeeSay's graphs have none"),
    16: _STRINGS,
}
NODE: Schema = {
    1: Field("input", repeated=True),
    2: Field("output", repeated=True),
    3: Field("name"),
    4: Field("op_type"),
    5: Field("attribute", repeated=True),
    6: Field("doc_string"),
    7: Field("domain"),
    8: Field("overload"),
    9: _STRINGS,
    10: Field("device_configurations", refused="holds device configurations; SeeSay's graphs have none"),
}
_WITHIN = "holds a graph within the graph; SeeSay's have none"
_SPARSE = "holds sparse values; SeeSay's graphs have none"
_TYPE = "holds a type as a value; SeeSay's graphs have none"
ATTRIBUTE: Schema = {
    1: Field("name"),
    2: Field("f", FIXED32),
    3: Field("i", VARINT),
    4: Field("s"),
    5: Field("t"),
    6: Field("g", refused=_WITHIN),
    7: Field("floats", FIXED32, repeated=True),
    8: Field("ints", VARINT, repeated=True),
    9: Field("strings", repeated=True),
    10: Field("tensors", repeated=True),
    11: Field("graphs", refused=_WITHIN),
    13: Field("doc_string"),
    14: Field("tp", refused=_TYPE),
    15: Field("type_protos", refused=_TYPE),
    20: Field("type", VARINT),
    21: Field("ref_attr_name", refused="names an attribute of a function; SeeSay's graphs have none"),
    22: Field("sparse_tensor", refused=_SPARSE),
    23: Field("sparse_tensors", refused=_SPARSE),
}
TENSOR: Schema = {
    1: Field("dims", VARINT, repeated=True),
    2: Field("data_type", VARINT),
    3: Field("segment", refused="holds a part of a tensor; SeeSay's graphs hold whole ones"),
    4: Field("float_data", FIXED32, repeated=True),
    5: Field("int32_data", VARINT, repeated=True),
    6: Field("string_data", refused="holds text as a tensor; SeeSay's graphs hold numbers"),
    7: Field("int64_data", VARINT, repeated=True),
    8: Field("name"),
    9: Field("raw_data"),
    10: Field("double_data", FIXED64, repeated=True),
    11: Field("uint64_data", VARINT, repeated=True),
    12: Field("doc_string"),
    13: Field("external_data", repeated=True),
    14: Field("data_location", VARINT),
    16: _STRINGS,
}
ENTRY: Schema = {1: Field("key"), 2: Field("value")}
VALUE: Schema = {1: Field("name"), 2: Field("type"), 3: Field("doc_string"), 4: _STRINGS}
_PLAIN = "is no plain tensor"
TYPE: Schema = {
    1: Field("tensor_type"),
    4: Field("sequence_type", refused=_PLAIN),
    5: Field("map_type", refused=_PLAIN),
    6: Field("denotation"),
    7: Field("opaque_type", refused=_PLAIN),
    8: Field("sparse_tensor_type", refused=_PLAIN),
    9: Field("optional_type", refused=_PLAIN),
}
TENSOR_TYPE: Schema = {1: Field("elem_type", VARINT), 2: Field("shape")}
SHAPE: Schema = {1: Field("dim", repeated=True)}
DIMENSION: Schema = {1: Field("dim_value", VARINT), 2: Field("dim_param"), 3: Field("denotation")}

SIZES = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2}
"""Bytes of an element by `TensorProto.DataType`: plain numbers and booleans."""

_OPERATORS_TEXT = """
    Abs Add And ArgMax ArgMin AveragePool BatchNormalization Cast CastLike Ceil Celu Clip Concat Constant
    ConstantOfShape Conv IsInf IsNaN
    ConvTranspose Cos CumSum DepthToSpace DequantizeLinear Div Dropout Einsum Elu Equal Erf Exp Expand Flatten Floor GRU
    Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual GroupNormalization
    HardSigmoid HardSwish Identity InstanceNormalization LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual Log
    LogSoftmax MatMul Max MaxPool Mean Min Mish Mod Mul Neg Not OneHot Or PRelu Pad Pow QuantizeLinear RNN Range
    Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
    ReduceSumSquare Relu Reshape Resize Round ScatterElements ScatterND Selu Shape Sigmoid Sign Sin Size Slice Softmax
    Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tan Tanh ThresholdedRelu Tile TopK Transpose Trilu
    Unsqueeze Where Xor Atan BitwiseAnd BitwiseNot BitwiseOr Compress ConvInteger DynamicQuantizeLinear EyeLike Hardmax
    LpNormalization MatMulInteger NonZero QLinearConv QLinearMatMul ReverseSequence Shrink
"""
OPERATORS = frozenset(_OPERATORS_TEXT.split())
"""Operators of ONNX's own domain that compute numbers from numbers, always the same: what exports of CNNs, recurrent
nets and transformers are made of. Control flow, sequences, text, chance and pictures are not among them."""
