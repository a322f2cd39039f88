"""The one exception family. Each message says what is wrong, where, and what to do.

The command line turns a `SeeSayError` into one line on standard error and exits with its `exit_code`.
"""

from __future__ import annotations


class SeeSayError(Exception):
    """Anything a person can mend: base of every error raised on purpose. Exit code 1."""

    exit_code = 1


class UsageError(SeeSayError):
    """The call itself is wrong: an unknown option, model, encoder or config key. Exit code 2."""

    exit_code = 2


class MediaError(SeeSayError):
    """A picture or clip cannot be read: missing, truncated, too large, of no known format. Exit code 1."""


class DataError(SeeSayError):
    """A data set has faults that stop the work; the message lists them with file and line. Exit code 3."""

    exit_code = 3


class ArtifactError(SeeSayError):
    """An artifact is missing, damaged, or of a newer format. Exit code 4."""

    exit_code = 4


class TrainingError(SeeSayError):
    """Training cannot go on: a non-finite loss, a checkpoint of another config. Exit code 5."""

    exit_code = 5


class MissingPartError(SeeSayError):
    """An optional part is not installed; the message names the command that installs it. Exit code 6."""

    exit_code = 6
