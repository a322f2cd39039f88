"""Photo formats that need a part of their own: HEIC through pillow-heif, JPEG XL through pillow-jxl-plugin."""

from __future__ import annotations

from typing import Any, BinaryIO

from PIL import Image

from seesay.errors import MediaError
from seesay.media.formats import EXTRA


def open_part(handle: BinaryIO, name: str, key: str) -> Image.Image:
    """A picture of such a format, its header read.

    Args:
        handle: at the file's beginning.
        name: of the format.
        key: "heif", "jxl" or "avif".

    Raises:
        MediaError: the part is not installed; the message says what to install.
    """
    if key == "avif":
        raise MediaError("this is an AVIF photo, which this Pillow cannot read; to read it: pip install 'pillow>=11.3'")
    try:
        return _heif(handle) if key == "heif" else _jxl(handle)
    except ImportError as error:
        article = "an" if name[0] in "AEIO" else "a"
        raise MediaError(f'this is {article} {name} photo; to read it: pip install "{EXTRA}"') from error


def _heif(handle: BinaryIO) -> Image.Image:
    from pillow_heif.as_plugin import HeifImageFile

    factory: Any = HeifImageFile
    image = factory(handle, "")
    nclx = image.info.get("nclx_profile")
    if nclx:
        image.info["nclx"] = (int(nclx["color_primaries"]), int(nclx["transfer_characteristics"]))
    result: Image.Image = image
    return result


def _jxl(handle: BinaryIO) -> Image.Image:
    from pillow_jxl.JpegXLImagePlugin import JXLImageFile

    result: Image.Image = JXLImageFile(handle, "")
    return result
