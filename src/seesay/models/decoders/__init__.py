"""Decoders by name. A new one is one file here with `@register("name")` and a config class."""

from seesay.models.decoders import attention, blstm, expansionnet_v2, inject, merge  # noqa: F401 - each registers itself
from seesay.models.decoders.base import DECODERS, Decoder, DecoderConfig, State, register

__all__ = ["DECODERS", "Decoder", "DecoderConfig", "State", "register"]
