"""Files and folders that systems and programs leave among photos, which no person put there."""

from __future__ import annotations

import re

_NAMES = frozenset(
    {"__macosx", "@eadir", "#recycle", "@recycle", "@recently-snapshot", ".@__thumb", ".thumbnails", ".thumbs"}
    | {".thumb", ".appledouble", ".ds_store", ".spotlight-v100", ".fseventsd", ".documentrevisions-v100"}
    | {".temporaryitems", ".apdisk", "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "$recycle.bin"}
    | {"recycler", "system volume information", "lost+found", ".xvpics", ".dtrash", ".stversions", ".sync"}
    | {".dropbox.cache", ".picasa.ini", ".nomedia", "zbthumbnail.info", ".synologyworkingdirectory", "icon\r"}
    | {".git", ".hg", ".svn", ".picasaoriginals", "@tmp", "#snapshot", "~snapshot", ".snapshot", ".snapshots", ".zfs"}
)
_PATTERN = re.compile(
    r"\._.*|\.trash.*|\.pending-.*|thumbs\.db:.*|\.thumbdata.*|\.nfs[0-9a-f]{8,}|~\$.*"
    r"|.*\.(?:part|partial|crdownload|opdownload|download|aria2|!ut|tmp|swp)",  # begun, or open in an editor
    re.DOTALL,
)


def is_leftover(name: str) -> bool:
    """Whether a file or folder of this name was left behind by a system: `._NAME`, `__MACOSX`, `@eaDir`, trash.

    Args:
        name: without its folders.
    """
    lower = name.lower()
    return lower in _NAMES or _PATTERN.fullmatch(lower) is not None
