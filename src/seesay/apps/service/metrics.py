"""What the service counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SMOOTHING = 0.9


class ServiceMetrics:
    """Counters of one service.

    Attributes:
        pace: seconds that a photo has taken of the service's time, lately.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own: dict[str, Any] = {"registry": self.registry}
        self._requests = Counter("seesay_requests", "Requests answered", ["route", "status"], **own)
        self._refused = Counter("seesay_refused", "Photos, clips and requests not answered", ["reason"], **own)
        self._deaths = Counter("seesay_worker_deaths", "Workers that ended unasked", ["reason"], **own)
        self._batch = Histogram("seesay_batch_size", "Photos in a batch", buckets=(1, 2, 4, 8, 16, 32, 64), **own)
        self._stage = Histogram("seesay_stage_seconds", "Seconds by stage", ["stage"], buckets=_SECONDS, **own)
        self._photos = Counter("seesay_media", "Photos and clips answered", **own)
        self._queue = Gauge("seesay_queue_length", "Photos and clips that wait for a worker", **own)
        self._held = Gauge("seesay_unanswered", "Photos and clips let in and not answered yet", **own)
        self._workers = Gauge("seesay_workers_ready", "Workers that take jobs", **own)
        self.pace = 0.1

    def watch(self, queue: Callable[[], int], held: Callable[[], int], workers: Callable[[], int]) -> None:
        """Read these when someone asks."""
        self._queue.set_function(queue)
        self._held.set_function(held)
        self._workers.set_function(workers)

    def request(self, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(route, str(status)).inc()
        self._stage.labels("request").observe(seconds)

    def refused(self, reason: str) -> None:
        """Something was not answered."""
        self._refused.labels(reason).inc()

    def died(self, reason: str) -> None:
        """A worker ended unasked."""
        self._deaths.labels(reason).inc()

    def answered(self, message: dict[str, Any], seconds: float) -> None:
        """A worker has answered; `seconds` since it was let in."""
        self._photos.inc()
        stages = message.get("seconds") or {}
        for name in ("open", "network"):
            if name in stages:
                self._stage.labels(name).observe(stages[name])
        if message.get("batch"):
            self._batch.observe(message["batch"])
            share = stages.get("network", 0.0) / message["batch"]
            self.pace = _SMOOTHING * self.pace + (1 - _SMOOTHING) * share
        self._stage.labels("wait").observe(max(0.0, seconds - sum(stages.values())))

    def text(self) -> bytes:
        """In Prometheus's text format."""
        return generate_latest(self.registry)
