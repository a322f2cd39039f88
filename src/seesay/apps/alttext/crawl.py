"""Pages of a site by its address: of one host alone, as its robots.txt allows, one request at a time, within limits."""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from urllib.error import HTTPError
from urllib.parse import quote, urldefrag, urljoin, urlsplit, urlunsplit
from urllib.robotparser import RobotFileParser

from seesay.apps.alttext.documents import HTML, Document, content_of
from seesay.apps.alttext.tags import charset_of, decoded, read_tags
from seesay.errors import DataError, MediaError, SeeSayError, UsageError
from seesay.media.source import is_url
from seesay.media.web import MAX_DOWNLOAD, Fetched, MovedError, fetch
from seesay.printable import printable
from seesay.text.alt_words import plain

AGENT = "seesay"
MOST_DEPTH = 20
"""Most links that a page is away from the first one."""
MOST_PAGE = 8 << 20
"""Largest page, in bytes."""
MOST_SITE = 1 << 30
"""Most bytes of one site, pages and pictures together."""
MOST_WAIT = 60.0
"""Longest time between two requests, in seconds, that a site may ask for."""
_MOST_KNOWN = 20
"""Most addresses that are remembered, for each page that may be read."""
_MOST_ADDRESS = 2000
_MOST_MOVES = 5
_HELD_BYTES = 64 << 20
_PAGES = ("text/html", "application/xhtml+xml")
_FILES = re.compile(
    r"\.(?:jpe?g|png|gif|webp|avif|heic|svg|ico|tiff?|mp[34]|m4[av]|mov|avi|mkv|webm|ogg|wav|flac|pdf|epub|docx?|xlsx?|"
    r"pptx?|od[tsp]|zip|gz|bz2|xz|7z|rar|tar|tgz|exe|msi|dmg|deb|rpm|iso|apk|jar|css|m?js|json|xml|rss|atom|txt|csv)$",
    re.I,
)
"""Ends of addresses that are no pages: these are not even asked for."""
_PORTS = {"http": 80, "https": 443}
_SAFE = "%/:@!$&'()*+,;=~-._?"


def normal(address: str) -> str:
    """An address as it is compared: no fragment, scheme and host in lower case, no usual port; empty where it is none.

    The query belongs to the address: another query is another page.
    """
    try:
        parts = urlsplit(urldefrag(address.strip())[0])
        scheme, host, port = parts.scheme.lower(), (parts.hostname or "").lower(), parts.port
    except ValueError:
        return ""
    if scheme not in _PORTS or not host or parts.username is not None or len(address) > _MOST_ADDRESS:
        return ""
    host = f"[{host}]" if ":" in host else host
    place = host if port in (None, _PORTS[scheme]) else f"{host}:{port}"
    path = "/" + parts.path.lstrip("/") if parts.path.startswith("//") else parts.path or "/"
    return urlunsplit((scheme, place, quote(path, _SAFE), quote(parts.query, _SAFE), ""))


def joined(base: str, address: str) -> str:
    """The normal address that a page means by one of its own; empty where it is none of the web."""
    try:
        return normal(urljoin(base, re.sub(r"[\t\r\n]", "", address.strip())))
    except ValueError:
        return ""


def links_of(data: bytes) -> Iterator[str]:
    """Where the links (`a href`) of a page lead, as written."""
    charset = charset_of(data) or "utf-8"
    for tag in read_tags(data.decode("latin-1")):
        if tag.name == "a" and not tag.closing and tag.attributes and "href" in tag.attributes:
            yield decoded(tag.attributes["href"].raw, charset)


class Site:
    """A site that is read by its address.

    Args:
        address: of the first page. Scheme, host and port of all that is fetched are those of it.
        most_pages: most addresses of pages that are asked for.
        private: whether it may lie in one's own network, or on this machine.

    Attributes:
        notes: what was left out, a line each.

    Raises:
        UsageError: this is no address of a site.
    """

    def __init__(self, address: str, *, most_pages: int = 1000, private: bool = False) -> None:
        self.start = normal(address)
        if not self.start:
            raise UsageError(
                f"{printable(address)[:200]}: is no address of a site; give it as https://HOST/, no password"
            )
        self.notes: list[str] = []
        self._most, self._private = most_pages, private
        self._origin = urlsplit(self.start)[:2]
        self._robots: RobotFileParser | None = None
        self._delay, self._last, self._bytes = 0.0, -math.inf, 0
        self._titles: dict[str, str] = {}
        self._pictures: dict[str, bytes | str] = {}
        self._held = 0

    def documents(self) -> Iterator[Document]:
        """Every page that links lead to from the first one, in order of their distance; those that cannot be read
        have an `error`.
        """
        try:
            self._read_robots()
        except MediaError as error:
            yield self._document(self.start, error=f"its robots.txt cannot be read, and so no page is: {error}")
            return
        queue, known, asked = deque([(self.start, 0)]), {self.start}, 0
        forbidden = deep = 0
        while queue:
            if asked >= self._most or self._bytes > MOST_SITE:
                limit = f"--max-pages {self._most}" if asked >= self._most else f"{MOST_SITE >> 20} MiB"
                self.notes.append(f"{self.start}: {len(queue)} more addresses were found, and not read ({limit})")
                break
            address, depth = queue.popleft()
            if not self._allowed(address):
                forbidden += 1
                if address == self.start:
                    yield self._document(address, error="its robots.txt forbids to read it")
                continue
            asked += 1
            document, data = self._page(address, known)
            if document is not None:
                yield document
            links = self._links(document.name, data) if document is not None and data else []
            new = [link for link in dict.fromkeys(links) if link not in known]
            if depth >= MOST_DEPTH:
                deep += len(new)
                continue
            new = new[: max(0, _MOST_KNOWN * self._most - len(known))]
            known.update(new)
            queue.extend((link, depth + 1) for link in new)
        if forbidden:
            self.notes.append(f"{self.start}: {forbidden} addresses are left out, as its robots.txt asks for")
        if deep:
            self.notes.append(f"{self.start}: {deep} addresses are more than {MOST_DEPTH} links away, and not read")

    def _page(self, address: str, known: set[str]) -> tuple[Document | None, bytes]:
        """A page; None where the address is none, or one that was read."""
        try:
            found, place = self._fetch(address, ",".join(_PAGES), MOST_PAGE, _PAGES)
            if found.kind not in _PAGES:
                wrong = f"is no HTML page ({printable(found.kind)[:60]})"
                return (self._document(address, error=wrong) if address == self.start else None), b""
        except MediaError as error:
            if isinstance(error, MovedError) and address != self.start:
                self.notes.append(f"{address}: {error}; it is not followed")
                return None, b""
            more = "; give that address" if isinstance(error, MovedError) else ""
            return self._document(address, error=f"{error}{more}"), b""
        if place != address and place in known:
            return None, b""
        known.add(place)
        document = self._document(place)
        try:
            name = "page.xhtml" if found.kind == _PAGES[1] else "page.html"
            content = content_of(HTML, found.data, name)
        except DataError as error:
            document.error = str(error).partition(": ")[2] or str(error)
            return document, b""
        base = urljoin(place, content.base) if content.base else place
        document.content = replace(content, pictures=lambda source: self._picture(base, source), whole=True)
        document.uses = content.uses
        document.title_of = lambda href: self._titles.get(joined(base, href), "") if href[:1] != "#" else ""
        self._titles[place] = re.split(r"\s+[|–—·•:-]\s+", plain(content.title))[0]
        return document, found.data

    def _document(self, address: str, *, error: str = "") -> Document:
        nowhere = Path(address)  # names it; nothing is read there
        return Document(nowhere, address, nowhere, nowhere, HTML, error=error)

    def _links(self, address: str, data: bytes) -> list[str]:
        base = address
        for tag in read_tags(data[: 1 << 16].decode("latin-1")):
            if tag.name == "base" and not tag.closing and tag.attributes and "href" in tag.attributes:
                base = urljoin(address, decoded(tag.attributes["href"].raw, "utf-8").strip())
                break
        found = []
        for link in links_of(data):
            place = joined(base, link)
            if place and self._ours(place) and not _FILES.search(urlsplit(place).path):
                found.append(place)
        return found

    def _ours(self, address: str) -> bool:
        return urlsplit(address)[:2] == self._origin

    def _allowed(self, address: str) -> bool:
        return self._robots is not None and self._robots.can_fetch(AGENT, address)

    def _fetch(self, address: str, accept: str, most: int, kinds: tuple[str, ...] = ()) -> tuple[Fetched, str]:
        """What stands at an address of this site, and the address that it was found at.

        Raises:
            MovedError: the server points to another host.
            MediaError: it cannot be fetched.
        """
        for _ in range(_MOST_MOVES + 1):
            wait = self._last + self._delay - monotonic()
            if wait > 0:
                sleep(wait)
            try:
                found = fetch(
                    address,
                    max_bytes=most,
                    accept=accept,
                    allow_private=self._private,
                    follow=False,
                    kinds=kinds,
                )
            except MovedError as moved:
                place = normal(moved.address)
                if not self._ours(place):
                    raise
                if self._robots is not None and not self._allowed(place):
                    raise MediaError("the server points to an address that its robots.txt forbids") from None
                address = place
                continue
            finally:
                self._last = monotonic()
            self._bytes += len(found.data)
            return found, address
        raise MediaError(f"the server points elsewhere more than {_MOST_MOVES} times")

    def _read_robots(self) -> None:
        """Read what the site asks robots for; where it has no such file, all may be read (RFC 9309).

        Raises:
            MediaError: it cannot be known.
        """
        robots = RobotFileParser()
        address = urlunsplit((*self._origin, "/robots.txt", "", ""))
        try:
            lines = self._fetch(address, "text/plain", 1 << 20)[0].data.decode("utf-8-sig", "replace")
        except MediaError as error:
            code = error.__cause__.code if isinstance(error.__cause__, HTTPError) else 0
            if not 400 <= code < 500 or code in (401, 403, 429):
                raise
            lines = ""
        # Python's parser knows whole seconds alone, and takes a star at the end by the letter.
        lines = re.sub(
            r"(?mi)^([ \t]*crawl-delay[ \t]*:[ \t]*)(\d{0,6}\.\d{1,6})",
            lambda found: found[1] + str(math.ceil(float(found[2]))),
            lines,
        )
        lines = re.sub(r"(?mi)^([ \t]*(?:dis)?allow[ \t]*:[ \t]*/[^*#\s]*)\*+[ \t]*(?=$|#|\r)", r"\1", lines)
        try:
            robots.parse(lines.splitlines())
            delay, rate = float(robots.crawl_delay(AGENT) or 0), robots.request_rate(AGENT)
            self._delay = max(delay, rate.seconds / rate.requests if rate and rate.requests else 0.0)
        except (ValueError, OverflowError):
            raise MediaError("it is damaged") from None
        if self._delay > MOST_WAIT:
            raise MediaError(f"it asks for {self._delay:g} s between requests; more than {MOST_WAIT:g} s is not waited")
        self._robots = robots

    def _picture(self, base: str, source: str) -> bytes | None:
        """The bytes of a picture of a page, fetched once as long as it is held; None for data addresses.

        Raises:
            SeeSayError: it cannot be had.
        """
        if source.strip().startswith("data:"):
            return None
        place = joined(base, source)
        if not place or not is_url(place):
            raise UsageError("its address is of a kind that is not read")
        if not self._ours(place):
            raise UsageError("lies on another host than the site, and is not fetched")
        if not self._allowed(place):
            raise UsageError("the site's robots.txt forbids to fetch it")
        if place not in self._pictures:
            self._hold(place)
        held = self._pictures[place]
        if isinstance(held, str):
            raise MediaError(held)
        return held

    def _hold(self, place: str) -> None:
        found: bytes | str
        try:
            if self._bytes > MOST_SITE:
                raise MediaError(f"more than {MOST_SITE >> 20} MiB were fetched of this site")
            found = self._fetch(place, "image/*", MAX_DOWNLOAD)[0].data
        except SeeSayError as error:
            found = str(error)
        self._held += len(found)
        self._pictures[place] = found
        while self._held > _HELD_BYTES and len(self._pictures) > 1:
            self._held -= len(self._pictures.pop(next(iter(self._pictures))))
