"""YAML without aliases, which make a short text a huge value; what cannot be read is one error."""

from __future__ import annotations

from typing import Any

import yaml

_LONGEST = 1 << 20  # characters


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: Any, index: Any) -> Any:
        """As PyYAML's, without aliases."""
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(
                None, None, f"*{event.anchor} is an alias, which is not read", event.start_mark
            )
        return super().compose_node(parent, index)


def load_yaml(text: str) -> Any:
    """A YAML text's value.

    Raises:
        yaml.YAMLError: it is not YAML, too long, nested too deep, or holds an alias or a number that is none.
    """
    if len(text) > _LONGEST:
        raise yaml.YAMLError(f"{len(text)} characters are too long; at most {_LONGEST} are read")
    try:
        return yaml.load(text, _Loader)
    except RecursionError:
        raise yaml.YAMLError("it is nested too deep") from None
    except (ValueError, OverflowError) as error:  # a number of thousands of digits, a date that is none
        raise yaml.YAMLError(str(error).partition(";")[0]) from None


def why(error: yaml.YAMLError) -> str:
    """What is wrong with a text, on one line."""
    return " ".join(str(getattr(error, "problem", None) or error).split())[:200]
