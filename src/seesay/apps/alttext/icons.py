"""What common icons and hosts do, by the words in their names."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

_ACTIONS = {
    "Search": "search magnifier magnifying lens find",
    "Menu": "menu hamburger burger",
    "Close": "close dismiss",
    "Home": "home house",
    "Print": "print printer",
    "Shopping cart": "cart basket trolley",
    "Email": "mail email envelope",
    "Phone": "phone telephone call",
    "RSS feed": "rss feed",
    "Download": "download",
    "Upload": "upload",
    "Next": "next forward",
    "Previous": "previous prev back",
    "Play": "play",
    "Pause": "pause",
    "Stop": "stop",
    "Edit": "edit pencil",
    "Delete": "delete trash remove",
    "Add": "add plus",
    "Help": "help question faq",
    "Information": "info information",
    "Settings": "settings gear cog preferences",
    "Account": "user profile account avatar",
    "Log in": "login signin",
    "Log out": "logout signout",
    "Share": "share",
    "Like": "like heart",
    "Favorite": "favorite bookmark",
    "Calendar": "calendar",
    "Refresh": "refresh reload",
    "Zoom in": "zoomin",
    "Zoom out": "zoomout",
    "Full screen": "fullscreen",
    "Language": "language globe translate",
    "Filter": "filter",
    "Sort": "sort",
    "Save": "save floppy",
    "Submit": "submit go send",
    "Comment": "comment comments chat",
}
_BRAND_WORDS = """
Facebook Twitter Instagram YouTube LinkedIn GitHub GitLab Mastodon Bluesky Pinterest TikTok Reddit WhatsApp
Telegram Flickr Vimeo Spotify Slack Discord Tumblr Snapchat Skype Medium Wikipedia Patreon PayPal Amazon
Google Apple Android
"""
_BRANDS = _BRAND_WORDS.split()
_KNOWN = {word: action for action, words in _ACTIONS.items() for word in words.split()}
_KNOWN |= {brand.lower(): brand for brand in _BRANDS}
_PAIRS = {
    ("arrow", "right"): "Next", ("chevron", "right"): "Next", ("right", "arrow"): "Next",
    ("arrow", "left"): "Previous", ("chevron", "left"): "Previous", ("left", "arrow"): "Previous",
    ("arrow", "up"): "Back to top", ("to", "top"): "Back to top", ("zoom", "in"): "Zoom in",
    ("zoom", "out"): "Zoom out", ("full", "screen"): "Full screen", ("log", "in"): "Log in",
    ("sign", "in"): "Log in", ("log", "out"): "Log out", ("sign", "out"): "Log out",
}  # fmt: skip
_DOCUMENTS = {
    "pdf": "PDF", "doc": "Word document", "docx": "Word document", "xls": "Excel sheet", "xlsx": "Excel sheet",
    "csv": "CSV file", "ppt": "PowerPoint slides", "pptx": "PowerPoint slides", "zip": "ZIP archive",
    "mp3": "audio file", "mp4": "video", "epub": "EPUB book",
}  # fmt: skip


def action_of(names: str) -> str:
    """What an icon of this file name, class or id does; empty where it is not known."""
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", names)]
    for pair in itertools.pairwise(words):
        if pair in _PAIRS:
            return _PAIRS[pair]
    return next((_KNOWN[word] for word in words if word in _KNOWN), "")


def document_kind(href: str) -> str:
    """What kind of document a link leads to; empty where it is a page or not known."""
    found = re.search(r"\.([a-z0-9]{2,4})(?:[?#]|$)", href.lower())
    return _DOCUMENTS.get(found[1], "") if found else ""


def brand_of(host: str) -> str:
    """The brand whose site this host is; empty where it is not known."""
    parts: Sequence[str] = host.lower().split(".")
    return next((_KNOWN[part] for part in parts if part in _KNOWN and _KNOWN[part] in _BRANDS), "")
