"""`seesay completion`: a script that completes verbs, options and names in a shell, without starting SeeSay."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

import typer

EXAMPLES = """\b
Examples:
  eval "$(seesay completion bash)"        # put this line in ~/.bashrc
  eval "$(seesay completion zsh)"         # ~/.zshrc, behind compinit
  seesay completion fish > ~/.config/fish/completions/seesay.fish
"""


class Shell(str, Enum):
    """Whose script."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"


def add_to(app: typer.Typer) -> None:
    """Make the verb known."""

    @app.command("completion", help="Print the script that completes verbs, options and names.", epilog=EXAMPLES)
    def completion(shell: Shell = typer.Argument(..., help="bash, zsh or fish.")) -> None:
        """Everything that can be completed is in the script: a key press starts no Python."""
        from seesay.artifact import list_artifacts
        from seesay.recipes import list_recipes

        names = {"recipes": list(list_recipes()), "models": [artifact.name for artifact in list_artifacts()]}
        print(SCRIPTS[shell.value](_options(typer.main.get_command(app)), names), end="")


def _options(command: Any, before: str = "") -> dict[str, list[str]]:
    """Verb (`data check` too) to its options; the root's are under the empty name."""
    own = [o for p in command.params for o in (*p.opts, *p.secondary_opts) if o.startswith("--")]
    found = {before: [*own, "--help"]}
    for name, child in getattr(command, "commands", {}).items():
        if not child.hidden:
            found |= _options(child, f"{before} {name}".strip())
    return found


def _first_words(options: dict[str, list[str]], names: dict[str, list[str]]) -> dict[str, str]:
    """Verb to what may stand behind it besides options and files."""
    more = dict.fromkeys(("train", "sweep", "ablate"), names["recipes"])
    more |= dict.fromkeys(("evaluate", "export", "compare", "verify"), names["models"])
    for path in options:
        verb, _, child = path.partition(" ")
        if child:
            more.setdefault(verb, []).append(child)
    return {verb: " ".join(words) for verb, words in more.items()}


def bash(options: dict[str, list[str]], names: dict[str, list[str]]) -> str:
    """For bash."""
    verbs = [path for path in options if path and " " not in path]
    cases = "\n".join(
        f"    {verb}) flags='{' '.join(_flags(options, verb))}'; words='{words}' ;;"
        for verb, words in ((verb, _first_words(options, names).get(verb, "")) for verb in verbs)
    )
    return f"""_seesay() {{
  local verb='' flags='' words='' i current="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}"
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${{COMP_WORDS[i]}}" in -*) ;; *) verb="${{COMP_WORDS[i]}}"; break ;; esac
  done
  case "$verb" in
    '') flags='{" ".join(options[""])}'; words='{" ".join(verbs)}' ;;
{cases}
  esac
  if [[ "$before" == --model || "$before" == --with ]]; then flags=''; words='{" ".join(names["models"])}'; fi
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
  esac
}}
complete -o default -F _seesay seesay
"""


def zsh(options: dict[str, list[str]], names: dict[str, list[str]]) -> str:
    """For zsh, by its layer that reads bash's."""
    return "autoload -U +X bashcompinit && bashcompinit\n" + bash(options, names)


def fish(options: dict[str, list[str]], names: dict[str, list[str]]) -> str:
    """For fish."""
    verbs = [path for path in options if path and " " not in path]
    lines = [f"complete -c seesay -n __fish_use_subcommand -f -a '{' '.join(verbs)}'"]
    lines += [f"complete -c seesay -n __fish_use_subcommand -l {flag[2:]}" for flag in options[""]]
    for verb in verbs:
        seen = f"complete -c seesay -n '__fish_seen_subcommand_from {verb}'"
        lines += [f"{seen} -l {flag[2:]}" for flag in _flags(options, verb)]
        if words := _first_words(options, names).get(verb):
            lines.append(f"{seen} -a '{words}'")
    return "\n".join(lines) + "\n"


def _flags(options: dict[str, list[str]], verb: str) -> list[str]:
    """A verb's options, those of its children among them."""
    every = [flag for path, flags in options.items() if path == verb or path.startswith(f"{verb} ") for flag in flags]
    return list(dict.fromkeys(every))


Script = Callable[[dict[str, list[str]], dict[str, list[str]]], str]
SCRIPTS: dict[str, Script] = {"bash": bash, "zsh": zsh, "fish": fish}
