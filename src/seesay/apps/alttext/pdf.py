"""Pictures of tagged PDFs: figures of the structure tree, and their `/Alt` (ISO 32000-1, 14.7 and 14.9.3).

A PDF without tags has no place for alt text; that is said, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from seesay.apps.alttext.documents import Content, Format
from seesay.apps.alttext.uses import Slot, Use
from seesay.errors import DataError

if TYPE_CHECKING:
    import pikepdf

MOST_BYTES = 256 << 20
MOST_NODES = 500_000
_SLOT = Slot(0, 0, style="pdf")
"""Words go to an object, not to bytes."""


def _open(data: bytes) -> pikepdf.Pdf:
    import pikepdf

    try:
        return pikepdf.open(BytesIO(data))
    except pikepdf.PasswordError:
        raise DataError("it is protected by a password") from None
    except (pikepdf.PdfError, ValueError, RecursionError):
        raise DataError("it is no PDF, or damaged") from None


def read_pdf(data: bytes, name: str = "") -> Content:
    """The figures of a PDF.

    Args:
        data: the file.
        name: for messages.

    Raises:
        DataError: no PDF, damaged, encrypted, or with more structure than is read.
    """
    with _open(data) as pdf:
        if "/StructTreeRoot" not in pdf.Root:
            count = _images(pdf)
            note = f"has no tags, so no place for alt text ({count} pictures); save it as a tagged PDF" if count else ""
            return Content([], note=note)
        uses, found = [], {}
        for number, figure in enumerate(_figures(pdf)):
            page = _page_number(pdf, figure)
            source = f"figure {number + 1}"
            alt = str(figure.Alt).strip() if "/Alt" in figure else None
            where = f"page {page}" if page else "no page"
            uses.append(Use(source, "figure", where, alt or None, slot=_SLOT))
            picture = _picture(pdf, figure)
            if picture is not None:
                found[source] = picture
        title = str(pdf.docinfo.get("/Title", "")) if pdf.docinfo is not None else ""
        language = str(pdf.Root.get("/Lang", ""))
        return Content(uses, title, language, pictures=found.get, whole=True)


def write_pdf(data: bytes, edits: Sequence[tuple[Use, str]]) -> bytes:
    """The PDF with `/Alt` of figures; objects that are not figures stay, the file is laid out anew.

    Raises:
        DataError: it is signed, so that any change would break the signature.
    """
    import pikepdf

    words = {use.source: text for use, text in edits}
    with _open(data) as pdf:
        if pdf.is_encrypted:
            raise DataError("it is encrypted")
        if "/AcroForm" in pdf.Root and int(pdf.Root.AcroForm.get("/SigFlags", 0)) & 1:
            raise DataError("it is signed; words would break the signature")
        for number, figure in enumerate(_figures(pdf)):
            text = words.get(f"figure {number + 1}")
            if text is not None:
                figure.Alt = pikepdf.String(text)
        out = BytesIO()
        options: dict[str, Any] = {"object_stream_mode": pikepdf.ObjectStreamMode.preserve, "deterministic_id": True}
        pdf.save(out, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none, **options)
    return out.getvalue()


def _figures(pdf: pikepdf.Pdf) -> Iterator[Any]:
    """Figures of the structure tree, in its order."""
    import pikepdf

    roles: Any = pdf.Root.StructTreeRoot.get("/RoleMap", {})
    todo: list[Any] = [pdf.Root.StructTreeRoot]
    seen: set[tuple[int, int]] = set()
    count = 0
    while todo:
        node = todo.pop()
        count += 1
        if count > MOST_NODES:
            raise DataError(f"its structure has more than {MOST_NODES} parts")
        if not isinstance(node, pikepdf.Dictionary):
            continue
        if node.is_indirect:
            if node.objgen in seen:
                continue
            seen.add(node.objgen)
        kind = str(node.get("/S", ""))
        if kind == "/Figure" or str(roles.get(kind, "")) == "/Figure":
            yield node
        kids = node.get("/K")
        if isinstance(kids, pikepdf.Array):
            todo += reversed(list(kids))
        elif isinstance(kids, pikepdf.Dictionary):
            todo.append(kids)


def _page_number(pdf: pikepdf.Pdf, figure: Any) -> int | None:
    page = _page(figure)
    if page is None:
        return None
    return next((number for number, one in enumerate(pdf.pages, 1) if one.objgen == page.objgen), None)


def _page(figure: Any) -> Any:
    import pikepdf

    kids = figure.get("/K")
    first = kids[0] if isinstance(kids, pikepdf.Array) and len(kids) else kids
    for holder in (figure, first):
        if isinstance(holder, pikepdf.Dictionary) and "/Pg" in holder:
            return holder.Pg
    return None


def _picture(pdf: pikepdf.Pdf, figure: Any) -> bytes | None:
    """The one picture that a figure's marked content draws, as a file; None where it draws none, or several."""
    import pikepdf

    page, kids = _page(figure), figure.get("/K")
    first = kids[0] if isinstance(kids, pikepdf.Array) and len(kids) else kids
    mark = first.get("/MCID") if isinstance(first, pikepdf.Dictionary) else first
    if page is None:
        return None
    try:
        drawn = _drawn(page)
        if isinstance(mark, int):
            names = [name for name, marks, _ in drawn if mark in marks]
        else:  # as LibreOffice writes a figure without words: its place on the page alone
            box = _box(figure)
            names = [name for name, _, place in drawn if box is not None and _same_place(box, place)]
        objects = page.Resources.get("/XObject", {})
        images = [objects[name] for name in names if name in objects and objects[name].get("/Subtype") == "/Image"]
        if len(images) != 1:
            return None
        image = pikepdf.PdfImage(images[0])
        if image.width * image.height > 100_000_000:
            return None
        out = BytesIO()
        image.extract_to(stream=out)
        return out.getvalue()
    except Exception:  # pictures of PDFs come in many kinds; one that cannot be had is not described
        return None


def _drawn(page: Any) -> list[tuple[str, tuple[int, ...], tuple[float, ...]]]:
    """What a page draws: name, numbers of the marked content it stands in, and its corners."""
    import pikepdf

    found: list[tuple[str, tuple[int, ...], tuple[float, ...]]] = []
    marks: list[int] = []
    matrix, stack = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0), []
    instructions: Any = pikepdf.parse_content_stream(page)
    for operands, operator in instructions:
        name = str(operator)
        if name in ("BDC", "BMC"):
            properties = operands[1] if name == "BDC" and len(operands) > 1 else None
            number = properties.get("/MCID", -1) if isinstance(properties, pikepdf.Dictionary) else -1
            marks.append(int(number))
        elif name == "EMC" and marks:
            marks.pop()
        elif name == "q":
            stack.append(matrix)
        elif name == "Q" and stack:
            matrix = stack.pop()
        elif name == "cm":
            a, b, c, d, e, f = (float(value) for value in operands)
            p, q, r, s, x, y = matrix
            matrix = (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + x, e * q + f * s + y)
        elif name == "Do":
            a, b, c, d, e, f = matrix
            across, down = sorted((e, e + a + c)), sorted((f, f + b + d))
            found.append((str(operands[0]), tuple(marks), (across[0], down[0], across[1], down[1])))
    return found


def _box(figure: Any) -> tuple[float, ...] | None:
    """The place of a figure on its page, as its attributes say."""
    import pikepdf

    attributes = figure.get("/A")
    for one in list(attributes) if isinstance(attributes, pikepdf.Array) else [attributes]:
        if isinstance(one, pikepdf.Dictionary) and "/BBox" in one:
            return tuple(float(value) for value in one.BBox)
    return None


def _same_place(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether two boxes have four fifths of what they cover together in common."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    both = max(0.0, width) * max(0.0, height)
    area = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)) - both
    return both > 0.8 * area


def _images(pdf: pikepdf.Pdf) -> int:
    count = 0
    for page in pdf.pages:
        resources: Any = page.get("/Resources", {})
        objects: Any = resources.get("/XObject", {})
        count += sum(one.get("/Subtype") == "/Image" for _, one in objects.items())
    return count


PDF = Format("PDF", (".pdf",), read_pdf, write_pdf, MOST_BYTES, brackets=True)
