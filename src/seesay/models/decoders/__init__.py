"""Decoders by name. A new one is one file here with `@register("name")` and a config class."""

from seesay.models.decoders import (  # noqa: F401 - each registers itself
    adaptive_attention,
    attention,
    blstm,
    expansionnet_v2,
    inject,
    lrcn,
    merge,
    s2vt,
    show_attend_tell,
    stacked,
    transformer,
    up_down,
)
from seesay.models.decoders.base import DECODERS, Decoder, DecoderConfig, State, register

__all__ = ["DECODERS", "Decoder", "DecoderConfig", "State", "register"]
