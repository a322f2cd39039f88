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
            left = "" if page is not None else "its page is not known"
            where = f"page {page}" if page else "no page"
            uses.append(Use(source, "figure", where, alt or None, slot=_SLOT, left="" if alt else left))
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
    if page is None or not isinstance(mark, int):
        return None
    try:
        names = _drawn(page, mark)
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


def _drawn(page: Any, mark: int) -> list[str]:
    """Names of what a marked content draws."""
    import pikepdf

    found, depth, wanted = [], 0, 0
    instructions: Any = pikepdf.parse_content_stream(page)
    for operands, operator in instructions:
        name = str(operator)
        if name in ("BDC", "BMC"):
            depth += 1
            properties = operands[1] if name == "BDC" and len(operands) > 1 else None
            if isinstance(properties, pikepdf.Dictionary) and properties.get("/MCID") == mark and not wanted:
                wanted = depth
        elif name == "EMC":
            if depth == wanted:
                wanted = 0
            depth -= 1
        elif name == "Do" and wanted:
            found.append(str(operands[0]))
    return found


def _images(pdf: pikepdf.Pdf) -> int:
    count = 0
    for page in pdf.pages:
        resources: Any = page.get("/Resources", {})
        objects: Any = resources.get("/XObject", {})
        count += sum(one.get("/Subtype") == "/Image" for _, one in objects.items())
    return count


PDF = Format("PDF", (".pdf",), read_pdf, write_pdf, MOST_BYTES, brackets=True)
