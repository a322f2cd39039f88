"""The `seesay` command: one thin file for each verb. Nothing heavy is imported before a verb runs."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from seesay.cli import (
    ablate,
    alt,
    average,
    caption,
    compare,
    completion,
    convert,
    corpus,
    data,
    evaluate,
    export,
    features,
    recognize,
    reproduce,
    score,
    serve,
    show,
    sweep,
    train,
    verify,
)
from seesay.errors import SeeSayError
from seesay.printable import printable_lines

INTERRUPTED = 130
app = typer.Typer(
    name="seesay",
    help="Turns pictures into words. Every verb has examples: seesay VERB --help",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 some input could not be read or a photo's captions lack what they must hold, "
    "2 wrong use, 3 faults in the data, 4 a model missing or damaged, 5 training stopped, "
    "6 a part is not installed, 130 interrupted, 143 ended by a signal.",
)
VERBS = (
    caption,
    recognize,
    train,
    evaluate,
    score,
    compare,
    sweep,
    ablate,
    reproduce,
    average,
    export,
    convert,
    data,
    features,
    corpus,
    serve,
    alt,
    show,
    verify,
    completion,
)
for module in VERBS:
    module.add_to(app)
_ADDED: set[str] = set()
"""Verbs of other packages that are known by now."""


@app.callback(invoke_without_command=True)
def _root(
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Results and faults alone; before or behind the verb."),
    verbose: bool = typer.Option(False, "--verbose", help="The log too; before or behind the verb."),
) -> None:
    from seesay.cli.common import set_loudness
    from seesay.cli.photos import show_notes

    set_loudness(quiet=quiet, verbose=verbose)
    show_notes(verbose)
    if version:
        import seesay

        print(f"seesay {seesay.__version__}")
        raise typer.Exit


def _add_plugins(given: Sequence[str]) -> None:
    """Make the verbs of other packages known, where a verb is asked for that is none of SeeSay's own, or help."""
    command = typer.main.get_command(app)
    verb = next((one for one in given if not one.startswith("-")), None)
    known = getattr(command, "commands", {})
    if verb in known:
        return
    from importlib.metadata import entry_points

    from seesay.cli.common import say
    from seesay.registry import load_plugin

    for entry in entry_points(group="seesay.verbs"):
        if entry.name not in known and entry.name not in _ADDED:
            _ADDED.add(entry.name)
            try:
                load_plugin(entry)(app)
            except SeeSayError as error:  # SeeSay's own verbs go on
                say(str(error))


def _loudness_first(given: Sequence[str]) -> list[str]:
    """Arguments with --quiet and --verbose before the verb, wherever they stand."""
    end = given.index("--") if "--" in given else len(given)
    loud = [one for one in given[:end] if one in ("--quiet", "-q", "--verbose")]
    return [*loud, *(one for one in given[:end] if one not in loud), *given[end:]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit code; what a person can mend is one line, never a traceback."""
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) == signal.SIG_DFL:  # not under nohup
            signal.signal(getattr(signal, name), _leave)
    sys.exit(run(arguments))


def _leave(number: int, _frame: object) -> None:
    """End as Ctrl-C does, so that what was begun is cleared away; a second signal ends at once."""
    signal.signal(number, signal.SIG_DFL)
    raise SystemExit(128 + number)


def run(arguments: Sequence[str] | None = None) -> int:
    """As `main`, but give the exit code back."""
    from seesay.cli.common import say

    given = sys.argv[1:] if arguments is None else list(arguments)
    if "" in given:
        say("an argument is empty (perhaps a variable that is not set); leave it out, or name something")
        return 2
    try:
        _add_plugins(given)
        code = int(app(args=_loudness_first(given), standalone_mode=False) or 0)
        if code == INTERRUPTED:  # as newer Typers tell it
            say("interrupted")
        sys.stdout.flush()
        return code
    except SeeSayError as error:
        say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED
    except SystemExit:
        # Typer's own answer to a reader who has had enough; newer releases of Click put an underscore before it.
        if type(sys.stdout).__name__.lstrip("_") == "PacifyFlushWrapper":
            return 0
        raise
    except BrokenPipeError:
        # The reader has had enough (`| head`); Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        say(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error))
        return 1
    except Exception as error:
        # Errors in how the command was called come from Typer, which knows their wording.
        if type(error).__name__ == "NoArgsIsHelpError":
            print(printable_lines(str(error)), file=sys.stderr)
            return 2
        if hasattr(error, "format_message"):
            text = error.format_message()
            context = getattr(error, "ctx", None)
            if text:
                end = "" if text[-1] in ".?!" else "."
                mistaken = next((one for one in given if one.startswith("-") and Path(one).is_file()), None)
                if mistaken and type(error).__name__ == "NoSuchOption":
                    end += f" For the file of that name: ./{mistaken}"
                say(f"{text}{end} See: {context.command_path if context else 'seesay'} --help")
            return 2
        if type(error).__name__ == "Abort":
            say("interrupted")
            return INTERRUPTED
        raise
