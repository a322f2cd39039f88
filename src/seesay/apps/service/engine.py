"""The queue of the service: what waits, what is being worked on, what is refused, and by when all must be answered."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from seesay.apps.service.errors import Crashed, Draining, Full, NoWorker, TooLate, TooSlow
from seesay.apps.service.metrics import ServiceMetrics
from seesay.apps.service.process import COMMAND, Process
from seesay.apps.service.served import Served, served_models
from seesay.apps.service.settings import ServiceSettings
from seesay.errors import SeeSayError

_TICK = 0.2
_STALL = 60.0  # seconds without a word from the networks
_ATTEMPTS = 2
_LONGEST_PAUSE = 10.0


@dataclass(eq=False)
class Job:
    """One photo or clip of a request.

    Attributes:
        id: unique in this service.
        head: what is asked, plain JSON.
        data: what was sent.
        deadline: when it must be answered, on the clock of `time.monotonic`.
        answer: what the worker says of it.
        deaths: workers that died while they had it open.
    """

    id: int
    head: dict[str, Any]
    data: bytes
    deadline: float
    answer: asyncio.Future[dict[str, Any]]
    deaths: int = 0
    submitted: float = field(default_factory=time.monotonic)


class Engine:
    """Takes jobs, keeps workers busy and alive.

    Args:
        settings: of the service.
        metrics: told of everything.
        command: starts a worker.
    """

    def __init__(self, settings: ServiceSettings, metrics: ServiceMetrics, command: Sequence[str] = COMMAND) -> None:
        self.settings, self.metrics, self.command = settings, metrics, command
        self.models: tuple[Served, ...] = served_models(settings.models)
        self.queue: deque[Job] = deque()
        self.jobs: dict[int, Job] = {}
        self.processes: list[Process] = []
        self.draining = False
        self.failure = ""
        self._ids = itertools.count()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._pause = 0.25
        metrics.watch(lambda: len(self.queue), lambda: len(self.jobs), lambda: len(self.ready))

    @property
    def ready(self) -> list[Process]:
        """Workers that take jobs."""
        return [one for one in self.processes if one.ready and not one.retiring]

    @property
    def free(self) -> int:
        """Photos that would be let in now."""
        return max(0, self.settings.queue - len(self.jobs))

    @property
    def retry_after(self) -> int:
        """Seconds after which there is likely to be room: what waits, at the pace of the last answers."""
        return max(1, min(60, round(len(self.jobs) * self.metrics.pace)))

    async def start(self) -> None:
        """Start the workers and wait until they are ready.

        Raises:
            SeeSayError: a model cannot be loaded; the line says why.
        """
        try:
            self.processes = await self._generation(self.models)
        except SeeSayError as error:
            self.failure = str(error)
            raise
        self._keep(self._supervise())

    async def stop(self) -> None:
        """Answer what was let in, then stop the workers."""
        self.draining = True
        while self.jobs and self.ready:
            await asyncio.sleep(_TICK / 4)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*(one.stop() for one in self.processes))
        for job in list(self.jobs.values()):
            self._fail(job, NoWorker())

    async def reload(self) -> None:
        """Load the models anew in new workers; the old ones finish what they have. After an error all stays.

        Raises:
            SeeSayError: a model cannot be loaded.
        """
        models = served_models(self.settings.models)
        fresh = await self._generation(models)
        old = self.processes
        self.processes = [*fresh, *old]
        self.models = models
        for one in old:
            one.retiring = True
        self._pump()

    def submit(self, heads: Sequence[tuple[dict[str, Any], bytes]], deadline: float) -> list[Job]:
        """Let photos and clips in, all of them or none.

        Raises:
            Full: there is no room; nothing was let in.
            Draining: the service is stopping.
        """
        if self.draining:
            raise Draining()
        if len(heads) > self.free:
            raise Full(self.settings.queue, self.retry_after)
        jobs = []
        loop = asyncio.get_running_loop()
        for head, data in heads:
            job = Job(next(self._ids), head, data, deadline, loop.create_future())
            job.answer.add_done_callback(_seen)
            self.jobs[job.id] = job
            self.queue.append(job)
            jobs.append(job)
        self._pump()
        return jobs

    def drop(self, jobs: Sequence[Job]) -> None:
        """Nobody waits for these any more."""
        for job in jobs:
            if self.jobs.pop(job.id, None) is not None:
                self.metrics.refused("gone")
                job.answer.cancel()
                self._withdraw(job)

    def _withdraw(self, job: Job) -> None:
        if job in self.queue:
            self.queue.remove(job)
        for one in self.processes:
            if job.id in one.held:
                one.cancel(job.id)

    def _fail(self, job: Job, error: SeeSayError) -> None:
        if self.jobs.pop(job.id, None) is not None and not job.answer.done():
            self.metrics.refused(type(error).__name__)
            job.answer.set_exception(error)

    def _pump(self) -> None:
        """Hand out what waits: to the worker with the least to do; a job that saw a worker die goes alone."""
        while self.queue:
            job = self.queue[0]
            able = [one for one in self.ready if one.room]
            if job.deaths:
                able = [one for one in able if not one.held]
            if not able:
                return
            worker = min(able, key=lambda one: len(one.held))
            self.queue.popleft()
            worker.give(job.id, {**job.head, "id": job.id, "do": "job"}, job.data, alone=bool(job.deaths))

    async def _generation(self, models: Sequence[Served]) -> list[Process]:
        started = [self._process(models) for _ in range(self.settings.workers)]
        try:
            await asyncio.gather(*(one.start() for one in started))
        except BaseException:
            await asyncio.gather(*(one.stop() for one in started))
            raise
        return started

    def _process(self, models: Sequence[Served]) -> Process:
        threads = self.settings.threads
        if not threads:
            from seesay.cores import usable_cores

            threads = max(1, usable_cores() // self.settings.workers)
        given = {
            "models": [{**asdict(one), "about": {}} for one in models],
            "threads": threads,
            "batch": self.settings.batch,
            "memory": self.settings.worker_memory,
        }
        return Process(self.command, given, 2 * self.settings.batch, self._answered, self._ended)

    def _answered(self, process: Process, message: dict[str, Any]) -> None:
        """A worker is done with a job."""
        job = self.jobs.pop(message["id"], None)
        self._pause = 0.25
        if job is not None and not job.answer.done():
            self.metrics.answered(message, time.monotonic() - job.submitted)
            job.answer.set_result(message)
        self._pump()

    def _ended(self, process: Process) -> None:
        """A worker is gone: what it held is tried again, what had it killed is answered, and another one starts."""
        if process in self.processes:
            self.processes.remove(process)
        held = [self.jobs[number] for number in process.held if number in self.jobs]
        opening = [job for job in held if process.held[job.id].opening]
        if process.reason != "retired":
            self.metrics.died(process.reason)
        suspects = [] if process.reason == "slow" else opening or held
        for job in suspects:
            job.deaths += 1
            if job.deaths >= _ATTEMPTS:
                error = NoWorker() if process.signal == "SIGKILL" else Crashed(job.head["name"])
                self._fail(job, error)
        self.queue.extendleft(job for job in reversed(held) if job.id in self.jobs)
        if (not process.retiring and not self.draining) or (self.draining and self.jobs):
            self._keep(self._replace())
        self._pump()

    async def _replace(self) -> None:
        """Start a worker in place of one that died; wait longer each time it does not come up."""
        while True:
            process = self._process(self.models)
            try:
                await process.start()
            except SeeSayError:
                await asyncio.sleep(self._pause)
                self._pause = min(_LONGEST_PAUSE, 2 * self._pause)
                continue
            self.processes.append(process)
            self._pump()
            return

    async def _supervise(self) -> None:
        """Look after deadlines, photos that do not open and networks that stall."""
        while True:
            await asyncio.sleep(_TICK)
            now = time.monotonic()
            for job in list(self.jobs.values()):
                if now > job.deadline:
                    self._fail(job, TooLate(self.settings.timeout))
                    self._withdraw(job)
            for one in list(self.processes):
                slow = one.opening_since(now - self.settings.media_seconds)
                for number in slow:
                    if number in self.jobs:
                        job = self.jobs[number]
                        self._fail(job, TooSlow(job.head["name"], self.settings.media_seconds))
                if slow:
                    one.kill("slow")
                elif one.held and now - one.heard > _STALL:
                    one.kill("stalled")
                elif one.retiring and not one.held:
                    self.processes.remove(one)
                    one.reason = "retired"
                    self._keep(one.stop())

    def _keep(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _seen(answer: asyncio.Future[Any]) -> None:
    """An error that nobody waits for any more needs no complaint."""
    if not answer.cancelled():
        answer.exception()
