"""W3C's decision tree for alt text, by rules and picture signals.

After https://www.w3.org/WAI/tutorials/images/decision-tree/ and the pages on decorative, functional, informative,
complex and textual images and on groups beside it. Each answer says why, and how certain the rule is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from seesay.apps.alttext.icons import action_of, brand_of, document_kind
from seesay.apps.alttext.uses import Around, Use
from seesay.runtime.picture_signals import Signals
from seesay.text.alt_words import content_words, name_words

ROLES = ("decorative", "functional", "informative", "complex", "text", "group", "duplicate")
_SPACER = re.compile(
    r"(?:^|[^a-z])(?:spacer|blank|pixel|transparent|dot|shim|clear|empty|1x1|trans|beacon|tracking)(?![a-z])", re.I
)
_ORNAMENT = re.compile(
    r"(?:^|[^a-z])(?:divider|separator|border|corner|bullet|background|bg|backdrop|shadow|gradient|ornament|pattern|texture|"
    r"flourish|swirl|hr|rule|line|decoration|decor|decorative|wave|blob|edge|fade)(?![a-z])",
    re.I,
)
_COMPLEX = re.compile(
    r"(?:^|[^a-z])(?:chart|charts|graph|graphs|plot|diagram|diagrams|map|flowchart|flow|infographic|organigram|orgchart|"
    r"timeline|schema|schematic|floorplan|histogram|barchart|piechart|scatter|heatmap|architecture|uml|erd|gantt|tree|network|"
    r"circuit|blueprint|figure|fig|sitemap|seating|plan)(?![a-z])",
    re.I,
)
_TEXT = re.compile(
    r"(?:^|[^a-z])(?:heading|headline|title|banner|text|quote|slogan|wordmark|logo|logotype|screenshot|scan|scanned|poster|flyer|"
    r"equation|formula|math|letter|sign|certificate|receipt|invoice|badge|shield|captcha|label|typography|lettering)(?![a-z])",
    re.I,
)
_LOGO = re.compile(r"(?:^|[^a-z])(?:logo|brand|logotype|wordmark|emblem)(?![a-z])", re.I)
_ICON = re.compile(r"(?:^|[^a-z])(?:icon|icons|ico|fa|glyph|symbol|svg-icon|emoji|flag|bullet|arrow)(?![a-z])", re.I)
_RATING = re.compile(r"(?:^|[^a-z])(?:star|stars|rating|heart|dot|circle)(?![a-z])", re.I)
_VAGUE = frozenset(
    {
        "read more",
        "more",
        "click here",
        "here",
        "link",
        "learn more",
        "details",
        "see more",
        "view",
        "continue",
        "continue reading",
    }
)
_PICTURES = re.compile(r"\.(?:jpe?g|png|gif|webp|avif|svg|bmp|tiff?)(?:[?#]|$)", re.I)
_HOME = re.compile(r"(?:\./|/|\.\./)*(?:index\.(?:html?|php))?(?:#.*)?", re.I)


@dataclass(frozen=True)
class Facts:
    """What is known of the site a picture is used on.

    Attributes:
        title_of: the title of the page that a link leads to, empty where it is not known.
        text: text that was read in the picture; None where nothing reads text.
    """

    title_of: Callable[[str], str] = lambda href: ""
    text: str | None = None


@dataclass(frozen=True)
class Role:
    """What a picture is for.

    Attributes:
        name: one of `ROLES`.
        why: the reason, in a few words.
        alt: the words that the rule gives: "" for decorative pictures; None where the picture must be described.
        sure: whether they may be written without a person.
        describe: whether a caption of the picture may become its alt text.
        prefix: before that caption.
        own: whether the words are the document's own, and so of its language.
    """

    name: str
    why: str
    alt: str | None = None
    sure: bool = False
    describe: bool = False
    prefix: str = ""
    own: bool = False


def _base(source: str) -> str:
    """The file name that a source ends in; figures of PDFs and data addresses have none."""
    if source.startswith("data:") or re.fullmatch(r"figure \d+", source):
        return ""
    return unquote(re.split(r"[/\\]", source.split("?")[0].split("#")[0])[-1])


def role_of(use: Use, signals: Signals | None, facts: Facts | None = None) -> Role:
    """Decide what a use of a picture is for.

    Args:
        use: with what stands around it.
        signals: of the picture; None where it cannot be opened.
        facts: of the site.
    """
    facts = facts or Facts()
    around = use.around
    if around.hidden:
        return Role("decorative", "hidden from assistive technology", "", sure=True)
    if _is_spacer(use, signals):
        return Role("decorative", "a spacer or a tracking pixel", "", sure=True)
    if around.href is not None or around.button or use.kind in ("input", "area"):
        return _functional(use, signals, facts)
    if signals is not None and signals.blank:
        return Role("decorative", "one color and nothing else", "", sure=True)
    name = f"{_base(use.source)} {around.names}"
    if around.run >= 3 and around.href is None and _is_rating(around, _size(around, signals)):
        return _grouped(around)
    if (decorative := _ornament(use, signals, name)) is not None:
        return decorative
    if not around.caption and (repeats := _repeats_text(use, facts)):
        return Role("duplicate", f"the text beside it says {repeats}", "")
    return _content(use, signals, facts, name)


def _size(around: Around, signals: Signals | None) -> tuple[int, int] | None:
    """As shown, in pixels: what the document says, else the picture's own."""
    width = around.width if around.width is not None else (signals.width if signals else None)
    height = around.height if around.height is not None else (signals.height if signals else None)
    return None if width is None or height is None else (width, height)


def _is_spacer(use: Use, signals: Signals | None) -> bool:
    size = _size(use.around, signals)
    own = (signals.width, signals.height) if signals else size
    if own is not None and max(own) <= 3:
        return True
    if use.around.width is not None and use.around.height is not None and max(use.around.width, use.around.height) <= 2:
        return True
    return bool(_SPACER.search(_base(use.source))) and (signals is None or signals.blank)


def _ornament(use: Use, signals: Signals | None, name: str) -> Role | None:
    around, size = use.around, _size(use.around, signals)
    if size is not None and min(size) > 0 and max(size) / min(size) >= 12 and min(size) <= 24:
        return Role("decorative", "a line that divides", "", sure=True)
    if signals is not None and signals.smooth:
        return Role("decorative", "a smooth ground without things in it", "", sure=bool(_ORNAMENT.search(name)))
    if _ORNAMENT.search(name) and not around.caption and not _COMPLEX.search(_base(use.source)):
        small = size is not None and max(size) <= 48
        return Role("decorative", "its name says that it adorns", "", sure=small)
    small = size is not None and max(size) <= 48
    if small and (around.repeated >= 4 or _is_bullet(around)) and (around.near or around.next):
        return Role("decorative", "a small picture repeated beside text", "")
    if small and _ICON.search(name) and around.near:
        return Role("decorative", "an icon beside the text that names it", "")
    return None


def _is_bullet(around: Around) -> bool:
    """Whether class or id say that it is a bullet."""
    return "bullet" in around.names


def _is_rating(around: Around, size: tuple[int, int] | None) -> bool:
    """Whether pictures in a row are one sign: stars of a rating, or the same small picture several times."""
    bases = [_base(source) for source in around.runs_on]
    if size is not None and max(size) > 64:
        return False
    return len(set(bases)) == 1 or (len(set(bases)) <= 3 and all(map(_RATING.search, bases)))


def _grouped(around: Around) -> Role:
    if around.place:
        return Role("group", "the first picture of the group speaks for it", "")
    bases = [_base(source).lower() for source in around.runs_on]
    if all(map(_RATING.search, bases)) and around.run <= len(bases):
        empty = sum(bool(re.search(r"empty|off|outline|blank|grey|gray|none|0", base)) for base in bases)
        half = sum(bool(re.search(r"half", base)) for base in bases)
        score = around.run - empty - half / 2
        return Role("group", "pictures that show one rating together", f"{score:g} of {around.run}")
    return Role("group", "pictures that mean something together; let the first say it")


def _repeats_text(use: Use, facts: Facts) -> str:
    """The words of the picture's name, or in it, that stand beside it as text; empty where they don't."""
    text = set(content_words(f"{use.around.near} {use.around.next}"))
    if facts.text and len(inside := content_words(facts.text)) >= 2 and set(inside) <= text:
        return "what is written in it"
    words = [word for word in name_words(use.source) if len(word) > 2]
    if len(words) >= 2 and all(_stem(word) in {_stem(one) for one in text} for word in words):
        return f"“{' '.join(words)}”"
    return ""


def _stem(word: str) -> str:
    return re.sub(r"(?:ing|es|s|ed)$", "", word) if len(word) > 4 else word


def _content(use: Use, signals: Signals | None, facts: Facts, name: str) -> Role:
    around, base = use.around, _base(use.source)
    size = _size(around, signals)
    if _LOGO.search(name):
        words = [word for word in name_words(base) if not _LOGO.search(word)]
        return Role("text", "a logo", f"{_title(words)} logo" if words else None)
    if facts.text and len(content_words(facts.text)) >= 2 and not (signals is not None and signals.charted):
        return Role("text", "text was read in it", facts.text)
    if around.described:
        return Role("complex", "a longer description is linked; say shortly what it is")
    if _COMPLEX.search(base) and not (signals is not None and not signals.drawn and not use.source.endswith(".svg")):
        return Role("complex", "its name says chart, diagram or map: say what it shows, and give its data as text")
    if signals is not None and signals.texty:
        return Role("text", "it looks like text: write what it says")
    if signals is not None and signals.charted:
        return Role("complex", "it looks like a chart or diagram: say what it shows, and give its data as text")
    if _TEXT.search(base) and (signals is None or signals.drawn):
        return Role("text", "its name says that it holds text: write what it says")
    if signals is not None and signals.drawn:
        words = name_words(base)
        if size is not None and max(size) <= 64 and (action := action_of(base)):
            return Role("informative", "an icon that stands alone", action)
        return Role("informative", "a drawing", _title(words) if len(words) > 1 else None)
    return Role(
        "informative", "a photo that the text does not describe" if signals is not None else "a picture", describe=True
    )


def _title(words: list[str]) -> str:
    text = " ".join(words)
    return f"{text[:1].upper()}{text[1:]}"


def _functional(use: Use, signals: Signals | None, facts: Facts) -> Role:
    around = use.around
    what = "link" if around.href is not None and not around.button else "button"
    words = around.words.strip()
    if words and use.kind == "input":
        return Role("functional", "a button; its value names it", words, sure=True, own=True)
    if words and words.lower().strip(" .…»>→") not in _VAGUE:
        return Role("decorative", f"the {what}'s text says it", "", sure=True)
    if around.title:
        return Role("functional", f"a {what}; its title says what it does", around.title, sure=True, own=True)
    href = around.href or ""
    split = urlsplit(href) if _is_sound(href) else urlsplit("")
    if split.scheme == "mailto":
        return Role("functional", "a link that writes a message", f"Email {unquote(split.path)}", sure=True)
    if split.scheme == "tel":
        return Role("functional", "a link that calls", f"Phone {unquote(split.path)}", sure=True)
    name = f"{_base(use.source)} {around.names}"
    if brand := brand_of(split.netloc):
        return Role("functional", "a link to a known site", brand, sure=not _is_photo(signals), own=True)
    if use.kind != "area" and _LOGO.search(name) and _HOME.fullmatch(href) and around.href is not None:
        own = [word for word in name_words(use.source) if not _LOGO.search(word)]
        return Role(
            "functional", "a logo that links to the start", f"{_title(own)} home" if own else "Home", sure=bool(own)
        )
    if around.href is not None and _PICTURES.search(href):
        return Role("functional", "a link to a larger picture", describe=True, prefix="Larger view: ")
    if title := facts.title_of(href):
        return Role("functional", "a link; the page it leads to says so", title, sure=True, own=True)
    if kind := document_kind(href):
        target = name_words(href)
        return Role("functional", "a link to a document", f"{_title(target)} ({kind})" if target else None)
    if use.kind != "area" and not _is_photo(signals) and (action := action_of(name)):
        return Role("functional", f"a {what}; its icon is known", action, sure=_size(around, signals) is not None)
    if around.href is not None and _HOME.fullmatch(href):
        return Role("functional", "a link to the start", "Home")
    target = name_words(href)
    why = f"a {what} without words: say {'where it leads' if what == 'link' else 'what it does'}"
    return Role("functional", why, _title(target) if target else None)


def _is_sound(href: str) -> bool:
    try:
        urlsplit(href)
    except ValueError:
        return False
    return True


def _is_photo(signals: Signals | None) -> bool:
    return signals is not None and not signals.drawn and min(signals.width, signals.height) > 64
