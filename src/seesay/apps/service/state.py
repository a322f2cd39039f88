"""What the routes of a service share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request

from seesay.apps.service.bodies import BodyReader
from seesay.apps.service.engine import Engine
from seesay.apps.service.metrics import ServiceMetrics
from seesay.apps.service.process import COMMAND
from seesay.apps.service.settings import ServiceSettings, Tokens, read_tokens


@dataclass
class Service:
    """One running service.

    Attributes:
        settings: of it.
        tokens: let in; replaced on reload.
        engine: queue and workers.
        bodies: reads bodies.
        metrics: counters.
    """

    settings: ServiceSettings
    tokens: Tokens
    engine: Engine
    bodies: BodyReader
    metrics: ServiceMetrics


def service_of(request: Request) -> Service:
    """The service that a request came to."""
    service: Service = request.app.state.service
    return service


def build_service(settings: ServiceSettings, command: Sequence[str] = COMMAND) -> Service:
    """A service, not started.

    Raises:
        SeeSayError: a model or the token file cannot be read.
    """
    metrics = ServiceMetrics()
    engine = Engine(settings, metrics, command)
    return Service(settings, read_tokens(settings.token_file), engine, BodyReader(settings), metrics)
