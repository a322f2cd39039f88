"""`seesay alt`: alt text for sites, documents and photos."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from seesay.cli.common import is_verbose, output, progress, say
from seesay.errors import DataError, MissingPartError, UsageError

if TYPE_CHECKING:
    from seesay.apps.alttext.captions import Captions
    from seesay.apps.alttext.crawl import Site
    from seesay.apps.alttext.decisions import Decision
    from seesay.apps.alttext.documents import Document
    from seesay.apps.alttext.findings import Finding
    from seesay.apps.alttext.writing import Chosen

EXAMPLES = """\b
Examples:
  seesay alt site/                          # what lacks alt text, and what is proposed; exit code 1 if any does
  seesay alt site/ --write                  # write what is sure
  seesay alt site/ --review review.html     # a page to accept, edit and refuse; it saves decisions.json
  seesay alt site/ --write --decisions decisions.json
  seesay alt report.docx book.epub README.md --write --backup
  seesay alt photos/ --metadata --write     # in the photos themselves
  seesay alt site/ --json --out report.json
  seesay alt https://example.org/ --allow-url --max-pages 100   # a report of a site by its address
"""


def add_to(app: typer.Typer) -> None:
    """Make the verb known."""
    app.command(
        "alt",
        help="Find pictures without alt text in sites, documents and photos; propose and write it.",
        epilog=EXAMPLES,
    )(alt)


def alt(
    paths: list[str] = typer.Argument(
        ...,
        metavar="PATH…",
        help="Documents, folders of them, globs; '-' for a list; addresses of sites; with --metadata photos.",
    ),
    write: bool = typer.Option(False, "--write", help="Write what is sure, or what --decisions says."),
    decisions: Path | None = typer.Option(
        None, "--decisions", help="Write what a person decided: the file --review saves."
    ),
    unsure: bool = typer.Option(False, "--unsure", help="Write, too, what is proposed and not sure."),
    again: bool = typer.Option(False, "--again", help="Propose anew where a model's words stand."),
    backup: bool = typer.Option(False, "--backup", help="Keep each file as it was beside it, as NAME.bak."),
    review: Path | None = typer.Option(None, "--review", help="Write a page to review what is proposed."),
    metadata: bool = typer.Option(
        False, "--metadata", help="Photos: alt text in their XMP, or in a .xmp file beside them."
    ),
    as_json: bool = typer.Option(False, "--json", help="The report as JSON."),
    out: Path | None = typer.Option(None, "--out", help="Write the report to this file."),
    record: Path = typer.Option(
        Path("seesay-alt.json"), "--record", help="What was written, by which model, how sure, when; added to."
    ),
    model: str | None = typer.Option(None, "--model", help="A model's name, folder or .zip. [default: embedded]"),
    ocr: bool = typer.Option(False, "--ocr", help="Read text in pictures, where RapidOCR or tesseract is installed."),
    allow_url: bool = typer.Option(False, "--allow-url", help="Fetch pictures and sites at http(s) addresses."),
    allow_private: bool = typer.Option(False, "--allow-private", help="Of your own network and machine, too."),
    max_pages: int = typer.Option(1000, "--max-pages", min=1, help="Most pages read of a site's address."),
) -> None:
    """Report pictures without alt text; the exit code is 1 while any lacks it, or a document cannot be read."""
    from seesay.apps.alttext import report
    from seesay.apps.alttext.captions import Captions, RuntimeModel
    from seesay.apps.alttext.decisions import read_decisions
    from seesay.apps.alttext.review import Thumbnails, write_review
    from seesay.media.source import is_url

    if (decisions or unsure or backup) and not write:
        raise UsageError("--decisions, --unsure and --backup are of --write; add it")
    if decisions is not None and unsure:
        raise UsageError("--decisions says what is written; leave out --unsure")
    if any(is_url(path) for path in paths):
        if not allow_url:
            raise UsageError("sites are read by their address with --allow-url alone; add it")
        if write or metadata or review is not None:
            raise UsageError("of a site's address there is a report alone; --write, --review and --metadata take files")
    decided = None if decisions is None else read_decisions(decisions)
    records = read_decisions(record) if record.exists() else {}
    captions = Captions(lambda: RuntimeModel(model))
    if model is not None:
        _ = captions.model  # a wrong name is an error even where no picture needs it
    thumbnails = Thumbnails()
    keep = None if review is None else thumbnails.keep
    failed: list[tuple[str, str]] = []
    documents: dict[str, Document] = {}
    notes: list[str] = []
    with progress("alt") as bar, _parts():
        if metadata:
            from seesay.apps.alttext.photos import find_photos

            findings = list(find_photos(paths, captions, again=again, keep=keep, on_progress=bar))
        else:
            findings, documents, notes = _found(
                paths, captions, records, again, allow_url, allow_private, max_pages, ocr, keep, bar, failed
            )
    for note in notes:
        say(note)
    for name, error in failed:
        say(f"{name}: {error}")
    written: list[Chosen] = []
    if write:
        written = _written(findings, documents, decided, captions, record, records, failed, unsure, backup, again)
    words = {one.finding.key: one.decision.alt for one in written}
    left = [finding.written(words[finding.key]) if finding.key in words else finding for finding in findings]
    if review is not None:
        count = write_review(review, left, captions, thumbnails)
        say(f"{review}: {count} pictures to review; open it in a browser")
    with output(out) as stream:
        if as_json:
            known = {"name": captions.model.name, "version": captions.model.version} if captions.asked_for else {}
            value: dict[str, Any] = report.as_json(left, len(documents), known, failed)
            value["written"] = [one.decision.to_json() for one in written]
            stream.write(json.dumps(value, indent=1, ensure_ascii=False) + "\n")
        else:
            for line in report.lines(left, verbose=is_verbose()):
                stream.write(line + "\n")
            if written:
                stream.write(f"{len(written)} written\n")
            stream.write(report.summary(report.counted(left), len(documents), photos=metadata) + "\n")
    if failed or any(finding.state == "missing" for finding in left):
        raise typer.Exit(1)


class _parts:
    """Turn a missing module of the extra `alt` into the line that says how to install it."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, ModuleNotFoundError) and (error.name or "").split(".")[0] in (
            "pikepdf",
            "lxml",
            "markdown_it",
        ):
            raise MissingPartError(f"this needs {error.name}: pip install 'seesay[alt]'") from None


def _found(
    paths: list[str],
    captions: Captions,
    records: dict[str, Decision],
    again: bool,
    allow_url: bool,
    allow_private: bool,
    max_pages: int,
    ocr: bool,
    keep: Any,
    bar: Any,
    failed: list[tuple[str, str]],
) -> tuple[list[Finding], dict[str, Document], list[str]]:
    from itertools import chain

    from seesay.apps.alttext.documents import find_documents
    from seesay.apps.alttext.findings import Finder
    from seesay.media.source import is_url

    documents: dict[str, Document] = {}
    files = [path for path in paths if not is_url(path)]
    sites: list[Site] = []
    if len(files) < len(paths):
        from seesay.apps.alttext.crawl import Site

        sites = [Site(path, most_pages=max_pages, private=allow_private) for path in paths if is_url(path)]

    def noted() -> Any:
        for document in chain(find_documents(files), *(site.documents() for site in sites)):
            documents[document.name if is_url(document.name) else str(document.path)] = document
            yield document

    reader = None
    if ocr:
        from seesay.apps.alttext.ocr import reader_of_text

        reader = reader_of_text()
    finder = Finder(
        captions,
        records=records,
        again=again,
        allow_url=allow_url,
        private=allow_private,
        ocr=reader,
        keep=keep,
        on_progress=bar,
    )
    findings = list(finder.find(noted()))
    failed += [(document.shown, error) for document, error in finder.failed]
    notes = finder.notes + [note for site in sites for note in site.notes]
    if finder.backgrounds:
        notes.append(f"{finder.backgrounds} pictures are shown by style sheets alone; they cannot have alt text")
    return findings, documents, notes


def _written(
    findings: list[Finding],
    documents: dict[str, Document],
    decided: dict[str, Decision] | None,
    captions: Captions,
    record: Path,
    records: dict[str, Decision],
    failed: list[tuple[str, str]],
    unsure: bool,
    backup: bool,
    again: bool,
) -> list[Chosen]:
    """Write, file by file; what was written is in the record even where a later file fails."""
    from itertools import groupby

    from seesay.apps.alttext.decisions import write_decisions
    from seesay.apps.alttext.writing import carried_out, choose, write_document, write_photo
    from seesay.media import printable

    model = (captions.model.name, captions.model.version) if any(one.by == "model" for one in findings) else ("", "")
    chosen = choose(findings, decided, unsure=unsure, model=model)
    if decided is not None:
        stale = len([d for d in decided.values() if d.action != "skip"]) - len(chosen) - carried_out(findings, decided)
        if stale:
            say(f"{stale} decisions match no picture as it was when they were made; they are left out")
    done: list[Chosen] = []
    try:
        for path, group in groupby(chosen, key=lambda one: one.finding.path):
            document = documents.get(str(path))
            try:
                if document is None:
                    done += [one for one in group if write_photo(one, backup=backup, again=again)]
                else:
                    done += write_document(path, document.name, document.format, list(group), backup=backup)
            except (DataError, OSError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                failed.append((printable(path), reason))
                say(f"{printable(path)}: {reason}")
    finally:
        kept = [one for one in done if one.finding.use.kind != "photo"]
        if kept:
            write_decisions(record, (records | {one.finding.key: one.decision for one in kept}).values())
    return done
