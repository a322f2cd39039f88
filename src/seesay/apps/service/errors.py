"""Why the service does not answer: each with its HTTP status, its reason for the counters, and the limit it names."""

from __future__ import annotations

from typing import ClassVar

from seesay.errors import SeeSayError


class Refusal(SeeSayError):
    """A request is not answered.

    Attributes:
        status: of HTTP.
        title: a few words, the same for all of its kind.
        retry_after: seconds after which it may be tried again; None where that changes nothing.
        limit: the setting that it ran into.
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    retry_after: int | None = None
    limit: ClassVar[str | None] = None


class BadRequest(Refusal):
    """The request is wrong."""

    status, title = 400, "Bad request"


class Unauthorized(Refusal):
    """No token, or a wrong one."""

    status, title = 401, "Token needed"


class Forbidden(Refusal):
    """Another site's page sent it."""

    status, title = 403, "Not from another site"


class NotServed(Refusal):
    """No such model."""

    status, title = 404, "No such model"


class NotAcceptable(Refusal):
    """No answer of that kind."""

    status, title = 406, "No such form of answer"


class BodyTimeout(Refusal):
    """The body did not arrive in time."""

    status, title, limit = 408, "Body too slow", "--timeout"

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the body was not all here after {seconds:g} s, the limit of --timeout")


class TooLarge(Refusal):
    """More bytes than a request may have."""

    status, title, limit = 413, "Body too large", "--max-body"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"the body has more than {most:,} bytes, the limit of --max-body; send smaller photos, or fewer"
        )


class TooMany(Refusal):
    """More photos than a request may have."""

    status, title, limit = 413, "Too many files", "--max-files"

    def __init__(self, most: int) -> None:
        super().__init__(f"more than {most} photos and clips in one request, the limit of --max-files; send several")


class WrongHost(Refusal):
    """Called by a name that is not the service's."""

    status, title, limit = 421, "Unknown host name", "--allowed-host"


class Unreadable(Refusal):
    """A photo or clip cannot be read; the line is the command's."""

    status, title = 422, "Photo or clip cannot be read"


class BadSettings(Refusal):
    """Settings that do not go together, or words that the model does not know."""

    status, title = 422, "Settings that do not go together"


class NoImage(Refusal):
    """A chat without an image to caption, or with several at once."""

    status, title = 422, "No image to caption"


class PartMissing(Refusal):
    """A part is not installed where the service runs."""

    status, title = 501, "Not installed here"


class Crashed(Refusal):
    """It killed the worker that opened it."""

    status, title = 422, "Photo or clip cannot be read"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: the decoder broke down on it; it is damaged, or made to harm")


class TooSlow(Refusal):
    """It takes too long to open."""

    status, title, limit = 422, "Photo or clip takes too long", "--media-seconds"

    def __init__(self, name: str, seconds: float) -> None:
        super().__init__(f"{name}: not open after {seconds:g} s, the limit of --media-seconds; make it smaller")


class Full(Refusal):
    """The queue is full."""

    status, title, limit = 429, "Queue full", "--queue"

    def __init__(self, most: int, retry_after: int) -> None:
        super().__init__(f"{most} photos and clips wait or are being worked on, the limit of --queue; try again later")
        self.retry_after = retry_after


class Internal(Refusal):
    """A fault of the service's own."""


class Busy(Refusal):
    """Too many bytes are being received."""

    status, title, retry_after, limit = 503, "Too many uploads at once", 2, "--max-body"

    def __init__(self, most: int) -> None:
        super().__init__(f"{most:,} bytes of uploads are in memory, 16 times --max-body; try again later")


class NoWorker(Refusal):
    """The worker was killed."""

    status, title, retry_after = 503, "Worker lost", 2

    def __init__(self) -> None:
        super().__init__("the process that worked on it was ended twice from outside; try again")


class Draining(Refusal):
    """The service is stopping."""

    status, title, retry_after = 503, "Stopping", 10

    def __init__(self) -> None:
        super().__init__("the service is stopping and takes nothing new")


class TooLate(Refusal):
    """The deadline has passed."""

    status, title, retry_after, limit = 504, "Not answered in time", 5, "--timeout"

    def __init__(self, seconds: float) -> None:
        super().__init__(f"not answered within {seconds:g} s, the limit of --timeout; send fewer, or a smaller beam")
