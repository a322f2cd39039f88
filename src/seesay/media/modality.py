"""Telling clips from pictures, and both from everything else: by what a file holds, else by its name."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import BinaryIO, Literal

from seesay.errors import MediaError
from seesay.media.formats import looks_like_part, refused, refused_suffix
from seesay.media.leftovers import is_leftover
from seesay.media.picture import is_animated
from seesay.media.source import WebPicture, is_url, open_file

Found = Path | WebPicture | str
Modality = Literal["picture", "clip", "text", "sound"]

SUFFIXES = frozenset(
    {".apng", ".avif", ".avifs", ".bmp", ".gif", ".heic", ".heics", ".heif", ".heifs", ".hif", ".ico", ".j2c", ".j2k"}
    | {".jfif", ".jp2", ".jpc", ".jpe", ".jpeg", ".jpf", ".jpg", ".jpx", ".jxl", ".mpo", ".pbm", ".pgm", ".png"}
    | {".pnm", ".ppm", ".qoi", ".tif", ".tiff", ".webp"}
)
"""A file in a folder is taken for a picture by its name if it ends so, in any case."""
CLIP_SUFFIXES = frozenset(
    {".3g2", ".3gp", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".h264", ".h265", ".ivf", ".m1v", ".m2ts", ".m2v"}
    | {".m4v", ".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4", ".mpe", ".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".ogv"}
    | {".rm", ".rmvb", ".vob", ".webm", ".wmv", ".wtv", ".y4m"}
)
"""A file in a folder is taken for a clip by its name if it ends so, in any case. `.ts` also means TypeScript: such a
file is one by what it holds."""
ANIMATED_SUFFIXES = frozenset({".apng", ".gif", ".png", ".webp"})
"""A file that ends so may be a clip; what it holds tells."""
_SOUND = frozenset({".aac", ".m4a", ".m4b", ".mka", ".oga", ".ogg", ".opus", ".weba", ".wma"})  # in the same containers
SOUND_SUFFIXES = _SOUND | {".aif", ".aiff", ".au", ".caf", ".flac", ".mp3", ".wav", ".wave"}
"""A file in a folder is taken for a sound by its name, where sounds are asked for."""
TEXT_SUFFIXES = frozenset({".txt"})
"""A file in a folder is taken for a text by its name, where texts are asked for."""
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"\0\0\0\x0cjP  \r\n\x87\n")
_CLIPS = (
    b"\x1aE\xdf\xa3",  # Matroska, WebM
    b"FLV\x01",
    b"0&\xb2u\x8ef\xcf\x11",  # ASF, WMV
    b"\0\0\x01\xba",  # MPEG program stream
    b"\0\0\x01\xb3",  # MPEG video
    b"YUV4MPEG2 ",
    b"DKIF",  # IVF
    b".RMF",
)
_JPEG, _NEXT_JPEG = b"\xff\xd8\xff", b"\xff\xd9\xff\xd8\xff"
_JPEG_STREAMS = frozenset({".mjpeg", ".mjpg"})  # one JPEG after the other
_STILLS = (b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"crx ", b"M4A ", b"M4B ")
_PACKET = 188  # bytes in a packet of an MPEG transport stream, each of which begins with a G
_START = 4 * _PACKET + 5
_FIRST_JPEG = 16 << 20  # bytes among which the first picture of a stream ends
_FRAME_NAME = re.compile(r"(.*?)([0-9]+)")


def looks_like_picture(start: bytes) -> bool:
    """Whether a file that begins so (16 bytes will do) is surely a picture."""
    boxed = (start[:4] == b"RIFF" and start[8:12] == b"WEBP") or start[4:12] in (b"ftypavif", b"ftypavis")
    return boxed or start.startswith(_PICTURES) or looks_like_part(start)


def looks_like_clip(start: bytes) -> bool:
    """Whether a file that begins so is surely a video; 16 bytes tell, save for transport streams: these take 757."""
    if start[4:8] == b"ftyp":
        return start[8:12] not in _STILLS and not looks_like_part(start)
    if start[:4] == b"RIFF":
        return start[8:12] == b"AVI "
    for first in (0, 4):  # with a time code before each packet, as camcorders write them
        step = _PACKET + first
        if len(start) > first + 3 * step and all(start[first + n * step] == 0x47 for n in range(4)):
            return True
    return start.startswith(_CLIPS)


def is_picture(path: Path) -> bool:
    """Whether this, which is no folder, is worth being opened as a picture."""
    if path.suffix.lower() in SUFFIXES:
        return _is_file_or_broken_link(path)
    return path.is_file() and looks_like_picture(_start_of(path))


def is_clip(path: Path) -> bool:
    """Whether this, which is no folder, is worth being opened as a video."""
    suffix = path.suffix.lower()
    if suffix in CLIP_SUFFIXES:
        return _is_file_or_broken_link(path)
    return suffix not in SUFFIXES | _SOUND and path.is_file() and looks_like_clip(_start_of(path))


def left_out_kind(path: Path) -> str | None:
    """What a file is that a person would call a photo and that is not read, in a word; None of every other file."""
    name = refused_suffix(path)
    if name is None and not path.suffix:
        unread = refused(_start_of(path))
        name = unread[0] if unread and unread[0] in ("Photoshop", "camera raw") else None
    return name if name is None or path.is_file() else None


def is_photo(path: Path) -> bool:
    """Whether a file surely holds a picture that does not move."""
    if modality_of(path) != "picture":
        return False
    return path.suffix.lower() in SUFFIXES or looks_like_picture(_start_of(path))


def _is_file_or_broken_link(path: Path) -> bool:
    return path.is_file() or (path.is_symlink() and not path.exists())  # which is worth an error


def _start_of(path: Path) -> bytes:
    """How a file begins; empty where it may not be read."""
    try:
        with open_file(path) as file:
            return file.read(_START)
    except (MediaError, OSError):
        return b""


def modality_of(source: Found) -> Modality:
    """Whether to open this as a picture or as a clip; a picture where nothing tells, so that its error is told."""
    if isinstance(source, WebPicture) or (isinstance(source, str) and is_url(source)):
        return "clip" if Path(re.split("[?#]", str(source))[0]).suffix.lower() in CLIP_SUFFIXES else "picture"
    path = Path(source)
    if is_folder(path):
        return "clip" if is_frame_folder(path) else "picture"
    start = _start_of(path)
    if looks_like_clip(start):
        return "clip"
    if looks_like_picture(start):
        if not start.startswith(_JPEG):
            return "clip" if is_animated(path) else "picture"
        with open_file(path) as file:
            return "clip" if is_jpeg_stream(path, file) else "picture"
    return "clip" if path.suffix.lower() in CLIP_SUFFIXES else "picture"


def is_jpeg_stream(name: object, file: BinaryIO) -> bool:
    """Whether a file that begins as a JPEG is called a stream of them (`.mjpeg`) and holds a second one.

    Args:
        name: path or address.
        file: at its beginning, where it is left.
    """
    if Path(re.split("[?#]", str(name))[0]).suffix.lower() not in _JPEG_STREAMS:
        return False
    more = _NEXT_JPEG in file.read(_FIRST_JPEG)
    file.seek(0)
    return more


def is_folder(path: Path) -> bool:
    """Whether this is a folder; never raises."""
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name that is too long, may not be looked at, or holds a zero byte
        return False


def is_frame_folder(folder: Path) -> bool:
    """Whether a folder holds the frames of a clip, and not photos that happen to be numbered.

    That is: nothing but pictures of one name and ending, numbered without gaps, and either two or more called "frame…",
    or eight or more whose number has five digits or more, or four where it is the whole name (`00001.jpg`,
    `img_00001.jpg`, `0001.jpg`, but not a camera's `IMG_0001.JPG`).
    """
    names = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or is_leftover(entry.name):
                    continue
                stem, suffix = os.path.splitext(entry.name)  # noqa: PTH122 - a Path for each would take longer
                match = _FRAME_NAME.fullmatch(stem)
                if match is None or suffix.lower() not in SUFFIXES or not entry.is_file():
                    return False
                names.append((match[1], suffix, match[2]))
    except OSError:
        return False
    if len({name[:2] for name in names}) != 1:
        return False
    digits = [name[2] for name in names]
    before = names[0][0].lower()
    least, width = (2, 1) if before.startswith("frame") else (8, 5 if before else 4)
    if len(names) < least or min(map(len, digits)) < width:
        return False
    order = sorted(int(d[-18:]) for d in digits)
    return order[-1] - order[0] == len(order) - 1 == len(set(order)) - 1
