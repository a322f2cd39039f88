"""Write the reference pages from the code: the command's help, the settings, the Python API.

    python scripts/reference.py            # writes docs/reference/*.md
    python scripts/reference.py --check    # exits 1 and names the pages that differ from the code

Help, settings and docstrings are the only source; what stands in docs/reference is never edited by hand.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).parent.parent / "docs" / "reference"
WIDTH = 100
MODULES = ("seesay", "seesay.media", "seesay.metrics", "seesay.search", "seesay.text")
"""What the Python page shows: the names in each module's `__all__`."""

SHARED = {
    "name": "Its name in the registry.",
    "cell": "Recurrent cell: lstm, gru or, where it is offered, rnn.",
    "combine": "How the photo's vector and the words' state are joined: add or concat.",
    "conditioning": "Where the photo enters the recurrent net: init, pre, par or merge (Tanti et al. 2018).",
    "decoder_layers": "Layers of the decoder.",
    "dropout": "Share of values dropped in training.",
    "embedding": "Width of a word's vector.",
    "encoder_layers": "Layers over the photo's positions.",
    "feed_forward": "Width of the feed-forward layer.",
    "fit": "squash: resize both sides; crop: keep the aspect ratio and take the middle.",
    "heads": "Heads of multi-head attention.",
    "hidden": "Width of the recurrent state.",
    "hop": "Seconds between two windows.",
    "kernel": "Width and height of the convolution, in positions.",
    "layers": "Recurrent layers.",
    "mels": "Bands of the mel spectrogram.",
    "window": "Seconds of one window of the spectrogram.",
}
"""Meanings of settings that many networks have under one name, for those that say nothing more of it."""


def pages() -> dict[str, str]:
    """Name of each page under docs/reference → its Markdown."""
    return {"cli.md": cli_page(), "settings.md": settings_page(), "python.md": python_page()}


def cli_page() -> str:
    """Every verb's help, as the command prints it in a terminal of 100 columns."""
    import click
    import typer.main

    from seesay.cli import app

    def helped(command: Any, path: str, parent: Any = None) -> Iterator[str]:
        context = click.Context(command, info_name=path.split()[-1], parent=parent, terminal_width=WIDTH)
        context.max_content_width = WIDTH
        if path != "seesay":
            yield f"## {path}\n"
        yield f"```text\n{command.get_help(context).rstrip()}\n```\n"
        for name, child in sorted(getattr(command, "commands", {}).items()):
            if not child.hidden:
                yield from helped(child, f"{path} {name}", context)

    head = (
        "# Command reference\n\nPrinted by `seesay VERB --help`. "
        "[The command](../cli.md) explains output and exit codes.\n"
    )
    return "\n".join([head, *helped(typer.main.get_command(app), "seesay")])


def settings_page() -> str:
    """Every setting of a recipe: key, default and meaning, section by section."""
    from seesay.training.config import Config

    parts = [
        "# Settings of recipes\n\nGive them in a recipe's YAML or as `key=value` behind `seesay train RECIPE`: "
        "`seesay train default training.epochs=4`.\n[Training](../training.md) explains how they go together.\n",
        "## Top level\n\n" + _table(_fields(Config, only=("name",))),
    ]
    plain = {name: kind for name, kind in _sections(Config) if name not in ("encoder", "decoder", "classifier")}
    for name, kind in plain.items():
        parts.append(_section(f"`{name}`", kind, name))
    for section, registry in _registries():
        parts.append(f"## `{section}`\n\nWhat can be set depends on `{section}.name`.\n")
        parts += [
            _section(f"`{section}.name={name}`", kind, section, level=3) for name, kind in sorted(registry.items())
        ]
    return "\n".join(parts)


def python_page() -> str:
    """Signatures and docstrings of the public names."""
    parts = [
        "# Python reference\n\nThe names each module exports, with their docstrings. "
        "None of these modules imports PyTorch.\n"
    ]
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        parts.append(f"## {module_name}\n\n{_first_line(module)}\n")
        parts += [_entry(module, name) for name in sorted(module.__all__, key=str.lower) if not name.startswith("__")]
    return "\n".join(parts)


def _sections(config: Any) -> Iterator[tuple[str, Any]]:
    """Name and class of each section that is settings of its own."""
    from pydantic import BaseModel

    for name, field in config.model_fields.items():
        kinds = [field.annotation, *getattr(field.annotation, "__args__", ())]
        for kind in kinds:
            if inspect.isclass(kind) and issubclass(kind, BaseModel):
                yield name, kind
                break


def _registries() -> Iterator[tuple[str, dict[str, Any]]]:
    from seesay.models.classifiers import CLASSIFIERS
    from seesay.models.decoders import DECODERS
    from seesay.models.encoders import EncoderConfig
    from seesay.models.sequences import SEQUENCES

    encoders = {"any timm name": EncoderConfig, **SEQUENCES}
    yield "encoder", encoders
    yield "decoder", {name: DECODERS[name].config_class for name in DECODERS}
    yield "classifier", {name: CLASSIFIERS[name].config_class for name in CLASSIFIERS}


def _section(title: str, kind: Any, prefix: str, level: int = 2) -> str:
    rows = _table(_fields(kind, prefix=prefix))
    return f"{'#' * level} {title}\n\n{_first_line(kind)}\n\n{rows}"


def _fields(kind: Any, prefix: str = "", only: tuple[str, ...] | None = None) -> Iterator[tuple[str, str, str]]:
    """Key, default and meaning of each field, bases first."""
    meanings = _field_docstrings(kind)
    for name, field in kind.model_fields.items():
        if only is None or name in only:
            default = field.get_default(call_default_factory=True)
            shown = "" if repr(default) == "PydanticUndefined" else _yaml(default)
            yield f"{prefix}.{name}" if prefix else name, shown, meanings.get(name) or SHARED.get(name, "")


def _field_docstrings(kind: Any) -> dict[str, str]:
    """The string below each field in the class's source, those of its bases too."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if not hasattr(base, "model_fields") or base.__module__.startswith("pydantic"):
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0].body  # type: ignore[attr-defined]
        for field, after in itertools.pairwise(body):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(after, ast.Expr)
                and isinstance(after.value, ast.Constant)
            ):
                found[field.target.id] = " ".join(str(after.value.value).split())  # type: ignore[union-attr]
    return found


def _yaml(value: Any) -> str:
    if value is None:
        return "`null`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{list(value)}`" if isinstance(value, tuple) else f"`{value}`"


def _table(rows: Iterator[tuple[str, str, str]]) -> str:
    lines = [f"| `{key}` | {default} | {meaning.replace('|', chr(92) + '|')} |" for key, default, meaning in rows]
    return "\n".join(["| key | default | meaning |", "| --- | --- | --- |", *lines, ""])


def _entry(module: ModuleType, name: str) -> str:
    value = getattr(module, name)
    if not (inspect.isclass(value) or inspect.isfunction(value)):
        return f"### `{module.__name__}.{name}`\n\nA constant: `{_constant(value)}`.\n"
    parts = [f"### `{module.__name__}.{name}{_signature(value)}`\n", _doc(value)]
    if inspect.isclass(value):
        for method, found in sorted(vars(value).items()):
            inner = found.__func__ if isinstance(found, (classmethod, staticmethod)) else found
            shown = inspect.isfunction(inner) and (not method.startswith("_") or method == "__call__")
            if shown and inspect.getdoc(inner):
                parts.append(f"#### `{name}.{method}{_signature(inner)}`\n\n{_doc(inner)}")
    return "\n".join(parts)


def _constant(value: Any) -> str:
    shown = re.sub(r" at 0x[0-9a-f]+", "", repr(sorted(value) if isinstance(value, (set, frozenset)) else value))
    return shown if len(shown) <= 160 else f"{type(value).__name__} of {len(value)}"


def _signature(value: Any) -> str:
    try:
        return re.sub(r" at 0x[0-9a-f]+", "", str(inspect.signature(value)).replace("'", ""))
    except (TypeError, ValueError):
        return "(…)"


def _doc(value: Any) -> str:
    """The docstring as it stands, in a text block, so that its columns stay columns."""
    return f"```text\n{(inspect.getdoc(value) or '').rstrip()}\n```\n"


def _first_line(value: Any) -> str:
    return (inspect.getdoc(value) or "").split("\n\n")[0].replace("\n", " ")


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` say which are stale."""
    stale = {name: text for name, text in pages().items() if _read(HERE / name) != text}
    if "--check" in arguments:
        for name in stale:
            print(f"docs/reference/{name} differs from the code; run: python scripts/reference.py", file=sys.stderr)
        return 1 if stale else 0
    HERE.mkdir(exist_ok=True)
    for name, text in stale.items():
        (HERE / name).write_text(text, encoding="utf-8")
        print(f"wrote docs/reference/{name}")
    return 0


def _read(file: Path) -> str:
    return file.read_text("utf-8") if file.is_file() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
