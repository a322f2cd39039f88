"""The tags of a TIFF file's first picture, classic or BigTIFF, and what kind of samples they describe."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from seesay.errors import MediaError

_TYPES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_SIZES = {2: 1, 5: 8, 7: 1, 10: 8}
_MOST_TAGS, _MOST_VALUES = 4096, 1 << 22

COMPRESSIONS = {
    1: "uncompressed",
    2: "CCITT",
    3: "CCITT fax 3",
    4: "CCITT fax 4",
    5: "LZW",
    6: "old-style JPEG",
    7: "JPEG",
    8: "Deflate",
    32773: "PackBits",
    32946: "Deflate",
    33003: "JPEG 2000",
    33005: "JPEG 2000",
    34712: "JPEG 2000",
    34925: "LZMA",
    50000: "Zstandard",
    50001: "WebP",
    34887: "LERC",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
PHOTOMETRICS = {
    0: "white-is-zero gray",
    1: "gray",
    2: "RGB",
    3: "palette",
    4: "mask",
    5: "CMYK",
    6: "YCbCr",
    8: "CIELab",
    9: "ICCLab",
    10: "ITULab",
    32803: "raw sensor",
    32844: "LogL",
    32845: "LogLuv",
    34892: "linear raw",
}
_FORMATS = {1: "integer", 2: "signed integer", 3: "float", 4: "untyped", 5: "complex integer", 6: "complex float"}


@dataclass(frozen=True)
class TiffTags:
    """What a TIFF says of its first picture; see TIFF 6.0.

    Attributes:
        order: "<" or ">", as `struct` has it.
        values: number of a tag → its values; bytes for text and undefined.
    """

    order: str
    values: Mapping[int, Any]

    def number(self, tag: int, default: int = 0) -> int:
        """The first value of a tag, as a whole number."""
        value = self.values.get(tag)
        return int(value[0]) if value else default

    def numbers(self, tag: int) -> tuple[int, ...]:
        """All values of a tag."""
        value = self.values.get(tag, ())
        return () if isinstance(value, bytes) else tuple(int(v) for v in value)

    @property
    def width(self) -> int:
        """In pixels."""
        return self.number(256)

    @property
    def height(self) -> int:
        """In pixels."""
        return self.number(257)

    @property
    def samples(self) -> int:
        """Values for each pixel."""
        return self.number(277, 1)

    @property
    def bits(self) -> tuple[int, ...]:
        """Bits of each sample."""
        given = self.numbers(258) or (1,)
        return given * self.samples if len(given) == 1 else given

    @property
    def format(self) -> int:
        """1 unsigned, 2 signed, 3 float; 0 where the samples differ."""
        given = set(self.numbers(339)) or {1}
        return given.pop() if len(given) == 1 else 0

    @property
    def compression(self) -> int:
        """A number of `COMPRESSIONS`."""
        return self.number(259, 1)

    @property
    def photometric(self) -> int:
        """A number of `PHOTOMETRICS`; -1 where the file does not say."""
        return self.number(262, -1)

    @property
    def planar(self) -> bool:
        """Whether each sample has a plane of its own."""
        return self.number(284, 1) == 2 and self.samples > 1

    @property
    def extra(self) -> tuple[int, ...]:
        """Of each sample beyond the colors: 1 associated alpha, 2 alpha, else something other."""
        return self.numbers(338)

    @property
    def kind(self) -> str:
        """What it is in words: "3 × 32-bit float TIFF"."""
        bits = "/".join(map(str, self.bits if len(set(self.bits)) > 1 else self.bits[:1]))
        form = _FORMATS.get(self.format, "mixed")
        colors = PHOTOMETRICS.get(self.photometric, f"photometric {self.photometric}")
        packing = COMPRESSIONS.get(self.compression, f"compression {self.compression}")
        return f"{self.samples} × {bits}-bit {form} TIFF ({colors}{', planar' if self.planar else ''}, {packing})"


def read_tags(handle: BinaryIO) -> TiffTags:
    """The tags of the first picture.

    Args:
        handle: of a TIFF file; it is left anywhere.

    Raises:
        MediaError: the tags are damaged.
    """
    handle.seek(0)
    start = handle.read(16)
    order = "<" if start[:2] == b"II" else ">"
    big = start[2:4] in (b"+\0", b"\0+")
    try:
        handle.seek(struct.unpack_from(order + ("Q" if big else "I"), start, 8 if big else 4)[0])
        (count,) = struct.unpack(order + ("Q" if big else "H"), handle.read(8 if big else 2))
        if count > _MOST_TAGS:
            raise MediaError("damaged TIFF (too many tags)")
        size = 20 if big else 12
        table = handle.read(size * count)
        values: dict[int, Any] = {}
        for place in range(0, size * count, size):
            tag, kind, number = struct.unpack_from(order + ("HHQ" if big else "HHI"), table, place)
            content = _content(handle, table[place + size - (8 if big else 4) : place + size], order, big, kind, number)
            if content is not None:
                values.setdefault(tag, content)
    except (struct.error, OverflowError, ValueError, OSError) as error:
        raise MediaError("truncated or damaged TIFF (its tags cannot be read)") from error
    return TiffTags(order, values)


def _content(handle: BinaryIO, inline: bytes, order: str, big: bool, kind: int, number: int) -> Any:
    width = struct.calcsize(_TYPES[kind]) if kind in _TYPES else _SIZES.get(kind, 0)
    length = width * number
    if not length or number > _MOST_VALUES:
        return None
    data = inline[:length]
    if length > len(inline):
        handle.seek(struct.unpack(order + ("Q" if big else "I"), inline)[0])
        data = handle.read(length)
        if len(data) < length:
            return None
    if kind in (2, 7):
        return data
    if kind in (5, 10):
        pairs = struct.unpack(f"{order}{2 * number}{'I' if kind == 5 else 'i'}", data)
        return tuple(a / b if b else 0.0 for a, b in zip(pairs[::2], pairs[1::2], strict=True))
    return struct.unpack(f"{order}{number}{_TYPES[kind]}", data)
