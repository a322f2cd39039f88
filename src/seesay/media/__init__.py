"""Pictures and clips in: found, opened whatever their kind, and brought to an encoder's pixels, without PyTorch."""

from seesay.media.clip import ClipFrames, Section, clips_ahead, frames_of, load_clip
from seesay.media.clip_preprocessing import ClipPreprocessing
from seesay.media.cuts import scenes
from seesay.media.find import find_endings, find_media, find_pictures
from seesay.media.log_mel import LogMel
from seesay.media.modality import modality_of
from seesay.media.picture import MAX_PIXELS, open_picture
from seesay.media.preprocessing import Preprocessing
from seesay.media.sampling import FrameSampling
from seesay.media.source import WebPicture
from seesay.media.stream import Preprocessor, decode_ahead
from seesay.media.text import TextPreprocessing, read_words
from seesay.printable import printable

__all__ = [
    "MAX_PIXELS",
    "ClipFrames",
    "ClipPreprocessing",
    "FrameSampling",
    "LogMel",
    "Preprocessing",
    "Preprocessor",
    "Section",
    "TextPreprocessing",
    "WebPicture",
    "clips_ahead",
    "decode_ahead",
    "find_endings",
    "find_media",
    "find_pictures",
    "frames_of",
    "load_clip",
    "modality_of",
    "open_picture",
    "printable",
    "read_words",
    "scenes",
]
