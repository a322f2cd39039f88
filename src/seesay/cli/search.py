"""The options of a search as options of a verb, and help that shows options in groups."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

import typer
from typer.core import TyperCommand

from seesay.search_options import KINDS, OPTIONS


def search_options(*, without: tuple[str, ...] = ()) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a verb the options of a search; it takes them as `**search: Unpack[SearchSettings]`.

    Args:
        without: options that make no sense for it.
    """

    def add(verb: Callable[..., None]) -> Callable[..., None]:
        def called(**given: Any) -> None:
            verb(**given)

        signature = inspect.signature(verb)
        hints = get_type_hints(verb, include_extras=True)
        own = [one for one in signature.parameters.values() if one.kind != inspect.Parameter.VAR_KEYWORD]
        annotated = {name: _option(name) for name in OPTIONS if name not in without}
        kind = inspect.Parameter.KEYWORD_ONLY
        more = [inspect.Parameter(name, kind, default=None, annotation=hint) for name, hint in annotated.items()]
        parameters = [one.replace(kind=kind, annotation=hints[one.name]) for one in own] + more
        called.__doc__, called.__name__ = verb.__doc__, verb.__name__
        called.__annotations__ = {one.name: one.annotation for one in parameters}
        called.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        return called

    return add


def _option(name: str) -> Any:
    option, kind = OPTIONS[name], KINDS[name]
    flag = f"--{name.replace('_', '-')}"
    if kind is bool and option.default:
        flag += f"/--no-{flag.removeprefix('--')}"
    shown = f" [default: {option.default}]" if option.default else ""
    typed = kind if kind in (int, float, bool) else list[str]
    return Annotated[typed | None, typer.Option(flag, help=option.help + shown, rich_help_panel=option.panel)]


class GroupedCommand(TyperCommand):
    """A command whose help shows options under the headings that they name, in plain text."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, then options, group by group."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                kind = "Arguments" if parameter.param_type_name == "argument" else "Options"
                groups.setdefault(getattr(parameter, "rich_help_panel", None) or kind, []).append(record)
        for heading in sorted(groups, key=["Arguments", "Options"].__contains__, reverse=True):
            with formatter.section(heading):
                formatter.write_dl(groups[heading])
