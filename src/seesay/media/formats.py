"""Which formats are photos: those that are read, those that need a part, those that are named and refused."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import PurePath

from seesay.media.isobmff import brands

EXTRA = "seesay[photos]"
"""The extra that HEIC and JPEG XL need."""
JXL_FILE = b"\0\0\0\x0cJXL \r\n\x87\n"
_HEIF = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"msf1", b"miaf"}
    | {b"1pic", b"MiHE", b"MiHB", b"MiHA"}
)
_AVIF = frozenset({b"avif", b"avis"})
_CONVERT = "convert it to JPEG or PNG"
_DEVELOP = "develop it with a raw converter, or give the camera's own JPEG"
RAW_SUFFIXES = frozenset(
    {".3fr", ".ari", ".arw", ".bay", ".cap", ".cr2", ".cr3", ".crw", ".dcr", ".dcs", ".dng", ".drf", ".eip", ".erf"}
    | {".fff", ".gpr", ".iiq", ".k25", ".kdc", ".mdc", ".mef", ".mos", ".mrw", ".nef", ".nrw", ".orf", ".ori", ".pef"}
    | {".ptx", ".pxn", ".r3d", ".raf", ".raw", ".rw2", ".rwl", ".rwz", ".sr2", ".srf", ".srw", ".x3f"}
)
"""A file that ends so is a camera's raw file."""
_BY_SUFFIX = {
    **dict.fromkeys(RAW_SUFFIXES, "camera raw"),
    **dict.fromkeys((".svg", ".svgz"), "SVG"),
    **dict.fromkeys((".psd", ".psb", ".pdd"), "Photoshop"),
    ".pdf": "PDF",
    **dict.fromkeys((".eps", ".ps", ".ai", ".epsf"), "PostScript"),
    ".exr": "OpenEXR",
    **dict.fromkeys((".hdr", ".rgbe"), "Radiance HDR"),
    **dict.fromkeys((".tga", ".icb", ".vda", ".vst"), "Targa"),
    ".pcx": "PCX",
    ".dds": "DDS",
    ".xcf": "GIMP",
    ".kra": "Krita",
    ".clip": "Clip Studio",
    ".icns": "ICNS",
    **dict.fromkeys((".wmf", ".emf"), "Windows metafile"),
    **dict.fromkeys((".jxr", ".wdp", ".hdp"), "JPEG XR"),
    ".jls": "JPEG-LS",
    **dict.fromkeys((".fit", ".fits", ".fts"), "FITS"),
    **dict.fromkeys((".dcm", ".dicom"), "DICOM"),
    **dict.fromkeys((".djvu", ".djv"), "DjVu"),
    **dict.fromkeys((".indd", ".afphoto", ".afdesign", ".cdr", ".pspimage", ".sketch"), "graphics project"),
    **dict.fromkeys((".sgi", ".rgb", ".rgba", ".bw"), "SGI"),
    **dict.fromkeys((".pfm", ".pam"), "Netpbm"),
    **dict.fromkeys((".xbm", ".xpm"), "X bitmap"),
    **dict.fromkeys((".pict", ".pct"), "PICT"),
    ".pcd": "Photo CD",
    ".mng": "MNG",
    ".jng": "JNG",
    ".flif": "FLIF",
    ".bpg": "BPG",
    ".lfp": "light field",
    ".mpf": "media album",
}
_BY_START: tuple[tuple[bytes, str, str], ...] = (
    (b"8BPS", "Photoshop", _CONVERT),
    (b"%PDF", "PDF", "give the pictures in it"),
    (b"%!PS", "PostScript", _CONVERT),
    (b"\xc5\xd0\xd3\xc6", "PostScript", _CONVERT),
    (b"v/1\x01", "OpenEXR", _CONVERT),
    (b"#?RADIANCE", "Radiance HDR", _CONVERT),
    (b"#?RGBE", "Radiance HDR", _CONVERT),
    (b"DDS ", "DDS", _CONVERT),
    (b"gimp xcf", "GIMP", _CONVERT),
    (b"icns", "ICNS", _CONVERT),
    (b"\xd7\xcd\xc6\x9a", "Windows metafile", _CONVERT),
    (b"II\xbc", "JPEG XR", _CONVERT),
    (b"SIMPLE  =", "FITS", _CONVERT),
    (b"AT&TFORM", "DjVu", _CONVERT),
    (b"\x8aMNG\r\n\x1a\n", "MNG", _CONVERT),
    (b"\x8bJNG\r\n\x1a\n", "JNG", _CONVERT),
    (b"BPG\xfb", "BPG", _CONVERT),
    (b"FLIF", "FLIF", _CONVERT),
    (b"FUJIFILMCCD-RAW", "camera raw", _DEVELOP),
    (b"IIRO", "camera raw", _DEVELOP),
    (b"IIRS", "camera raw", _DEVELOP),
    (b"MMOR", "camera raw", _DEVELOP),
    (b"IIU\0", "camera raw", _DEVELOP),
    (b"FOVb", "camera raw", _DEVELOP),
    (b"\0MRM", "camera raw", _DEVELOP),
    (b"II\x1a\0\0\0HEAPCCDR", "camera raw", _DEVELOP),
    (b"ARRI", "camera raw", _DEVELOP),
    (b"\0\x05\x16\x07", "AppleDouble", "it holds what macOS noted of the file beside it, and no picture"),
)


def needs_part(start: bytes) -> tuple[str, str] | None:
    """Name and key ("heif", "jxl") of a format that is read where a part is installed; None of every other.

    Args:
        start: the first 64 bytes or more.
    """
    named = brands(start)
    if start[:2] == b"\xff\x0a" or start.startswith(JXL_FILE):
        return "JPEG XL", "jxl"
    if named & _AVIF and start[8:12] not in _HEIF - {b"mif1", b"msf1", b"miaf", b"mif2"}:
        return None if find_spec("PIL.AvifImagePlugin") else ("AVIF", "avif")
    if named & _HEIF and start[8:12] != b"crx ":
        return "HEIC", "heif"
    return None


def looks_like_part(start: bytes) -> bool:
    """Whether a file that begins so is surely a picture of a format that needs a part."""
    return (start[8:12] in _HEIF and start[4:8] == b"ftyp") or start.startswith(JXL_FILE)


def refused(start: bytes) -> tuple[str, str] | None:
    """Name of a format that is known and not read, and what to do; None of every other.

    Args:
        start: the first 64 bytes or more.
    """
    for prefix, name, advice in _BY_START:
        if start.startswith(prefix):
            return name, advice
    if start[4:12] == b"ftypcrx " or start[8:11] == b"CR\2":
        return "camera raw", _DEVELOP
    if start[128:132] == b"DICM":
        return "DICOM", _CONVERT
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"<svg") or (text.startswith((b"<?xml", b"<!--", b"<!DOCTYPE svg")) and b"<svg" in start):
        return "SVG", _CONVERT
    return None


def refused_suffix(path: PurePath) -> str | None:
    """Name of the format that a file's name tells of, where it is one that a person calls a photo and is not read."""
    return _BY_SUFFIX.get(path.suffix.lower())
