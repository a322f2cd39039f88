"""Pictures in: found, opened whatever their kind, and brought to an encoder's pixels. NumPy and Pillow only."""

from seesay.media.find import find_pictures
from seesay.media.picture import MAX_PIXELS, open_picture
from seesay.media.preprocessing import Preprocessing
from seesay.media.source import WebPicture, printable
from seesay.media.stream import Prepares, decode_ahead

__all__ = [
    "MAX_PIXELS",
    "Prepares",
    "Preprocessing",
    "WebPicture",
    "decode_ahead",
    "find_pictures",
    "open_picture",
    "printable",
]
