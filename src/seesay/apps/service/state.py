"""What the routes of a service share."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from seesay.apps.service.bodies import BodyReader
from seesay.apps.service.engine import Engine
from seesay.apps.service.metrics import ServiceMetrics
from seesay.apps.service.settings import ServiceSettings, Tokens


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
