"""A worker: opens what was sent and runs the networks, in a process of its own that may be killed at any time.

Started by the service as `python -m seesay.apps.service.worker`; speaks `protocol` on standard input and output. Photos
are opened in threads as they arrive; whatever is open when the networks are free goes through them together.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any, BinaryIO

import numpy as np

from seesay.apps.service import protocol
from seesay.apps.service.answers import caption_entry, prediction_entry
from seesay.apps.service.limits import limit_memory, only_public_addresses
from seesay.apps.service.opening import Opened, Upload, open_for, upload_modality
from seesay.apps.service.served import Served, choose
from seesay.errors import MediaError, MissingPartError, SeeSayError, UsageError
from seesay.media import WebPicture, printable
from seesay.runtime import Captioner, Recognizer, load
from seesay.runtime.alt_text import alt_text_of
from seesay.runtime.picture_signals import Signals, signals_of
from seesay.search import SearchOptions

Model = Captioner | Recognizer


@dataclass(eq=False)
class Work:
    """One photo or clip on its way.

    Attributes:
        head: what was asked.
        data: the bytes that were sent.
        entries: the answers so far, one for each scene.
        left: scenes without an answer.
        signals: of the picture, where its alt text is asked for.
    """

    head: dict[str, Any]
    data: bytes
    model: Model | None = None
    options: SearchOptions | None = None
    opened: list[Opened] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    left: int = 0
    began: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    largest_batch: int = 0
    signals: Signals | None = None


class Worker:
    """Takes messages, gives answers; see the module.

    Args:
        models: what is served.
        threads: CPU threads of the networks, and threads that open photos.
        batch: most photos taken through the networks together.
        out: where answers go.
    """

    def __init__(self, models: list[Served], threads: int, batch: int, out: BinaryIO) -> None:
        self.served, self.batch, self.out = models, batch, out
        self.models: dict[str, Model] = {one.id: load(one.source, threads=threads) for one in models}
        self.waiting: deque[tuple[Work, int]] = deque()
        self.active: set[int] = set()
        self.gone: set[int] = set()
        self.changed = threading.Condition()
        self._writing = threading.Lock()
        self._openers = ThreadPoolExecutor(max(2, min(8, threads + 1)), thread_name_prefix="open")

    def say(self, head: dict[str, Any]) -> None:
        """Send a message to the service."""
        with self._writing:
            self.out.write(protocol.pack(head))
            self.out.flush()

    def listen(self, source: BinaryIO) -> None:
        """Take messages until the service closes the pipe, then leave at once."""
        while (message := protocol.read(source)) is not None:
            head, data = message
            with self.changed:
                if head["do"] == "job":
                    self.active.add(head["id"])
                elif head["id"] in self.active:
                    self.gone.add(head["id"])
            if head["do"] == "job":
                self._openers.submit(self._open, Work(head, data))
        os._exit(0)

    def _open(self, work: Work) -> None:
        head = work.head
        with self.changed:
            gone = head["id"] in self.gone
        if gone:
            self._end(work, error="nobody waits for it", kind="gone")
            return
        self.say({"event": "open", "id": head["id"]})
        work.began = time.monotonic()
        try:
            upload = WebPicture(head["url"]) if head.get("url") else Upload(head["name"], work.data)
            modality = upload_modality(upload) if head["task"] == "caption" else "clip"
            chosen = choose(self.served, head["task"], modality, head.get("model"))
            work.model = self.models[chosen.id]
            if isinstance(work.model, Captioner):
                work.options = work.model.options(**head["search"])
                clip = modality == "clip"
                work.opened = open_for(work.model, upload, clip=clip, per_scene=head["per_scene"])
                if head.get("alt_text") and not clip:
                    work.signals = signals_of(upload)
            else:
                work.opened = [Opened(work.model.preprocessing.load(upload))]
        except SeeSayError as error:
            self._fail(work, error)
            return
        except Exception as error:  # a fault of ours; the service says 500, the log says what
            print(f"seesay worker: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            self._end(work, error=f"{printable(head['name'])}: cannot be opened", kind="internal")
            return
        faults = [one for one in work.opened if isinstance(one.pixels, MediaError)]
        if len(work.opened) == len(faults) == 1:
            self._fail(work, faults[0].pixels)  # type: ignore[arg-type]
            return
        work.data = b""
        work.seconds["open"] = time.monotonic() - work.began
        work.entries = [{} for _ in work.opened]
        work.left = len(work.opened)
        self.say({"event": "opened", "id": head["id"]})
        with self.changed:
            self.waiting.extend((work, place) for place in range(len(work.opened)))
            self.changed.notify()

    def run(self) -> None:
        """Take what is open through the networks, for good."""
        while True:
            with self.changed:
                while not self.waiting:
                    self.changed.wait()
                batch, gone = self._next_batch()
            for work in gone:
                self._end(work, error="nobody waits for it", kind="gone")
            if batch:
                self._answer(batch)

    def _next_batch(self) -> tuple[list[tuple[Work, int]], set[Work]]:
        """The oldest that is open, with those asked in the same way of the same model; and what is gone."""
        gone: set[Work] = set()
        chosen: list[tuple[Work, int]] = []
        rest: deque[tuple[Work, int]] = deque()
        for item in self.waiting:
            work = item[0]
            if work.head["id"] in self.gone:
                gone.add(work)
                continue
            first = chosen[0][0] if chosen else work
            alike = work.model is first.model and work.options == first.options
            if alike and len(chosen) < self.batch:
                chosen.append(item)
            else:
                rest.append(item)
        self.waiting = rest
        return chosen, gone

    def _answer(self, batch: list[tuple[Work, int]]) -> None:
        began = time.monotonic()
        sound = [item for item in batch if not isinstance(item[0].opened[item[1]].pixels, MediaError)]
        try:
            answers = iter(self._through(sound))
        except Exception as error:  # memory, or a fault of ONNX Runtime
            if len(sound) > 1:
                for item in batch:
                    self._answer([item])
                return
            print(f"seesay worker: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            self._end(batch[0][0], error="the networks failed on it", kind="internal")
            return
        took = time.monotonic() - began
        for work, place in batch:
            opened = work.opened[place]
            result = opened.pixels if isinstance(opened.pixels, MediaError) else next(answers)
            work.entries[place] = self._entry(work, opened, result)
            work.left -= 1
            work.seconds["network"] = work.seconds.get("network", 0.0) + took
            work.largest_batch = max(work.largest_batch, len(batch))
            if not work.left:
                self._end(work)

    def _through(self, batch: list[tuple[Work, int]]) -> list[Any]:
        if not batch:
            return []
        work = batch[0][0]
        pixels = np.stack([one.opened[place].pixels for one, place in batch])  # type: ignore[misc]
        if isinstance(work.model, Captioner):
            assert work.options is not None
            return list(work.model.caption_pixels(pixels, work.options))
        assert work.model is not None
        return list(work.model.probabilities(pixels))

    def _entry(self, work: Work, opened: Opened, result: Any) -> dict[str, Any]:
        head = work.head
        assert work.model is not None
        if isinstance(work.model, Captioner):
            entry = caption_entry(head, work.model, result, opened)
            if head.get("alt_text") and entry["captions"]:
                best = entry["captions"][0]
                entry["alt_text"] = asdict(alt_text_of(best["text"], best.get("sure"), work.signals))
            return entry
        return prediction_entry(head, work.model.name, work.model.best(result, head["top"]))

    def _fail(self, work: Work, error: SeeSayError) -> None:
        kinds = {UsageError: "usage", MediaError: "media", MissingPartError: "missing"}
        self._end(work, error=str(error), kind=kinds.get(type(error), "media"))

    def _end(self, work: Work, *, error: str | None = None, kind: str = "") -> None:
        self.say(
            {
                "event": "done",
                "id": work.head["id"],
                "entries": work.entries if error is None else [],
                "error": error,
                "kind": kind,
                "model": work.model.name if work.model else None,
                "seconds": work.seconds,
                "batch": work.largest_batch,
            }
        )
        with self.changed:
            self.active.discard(work.head["id"])
            self.gone.discard(work.head["id"])
        work.opened = []


def main() -> None:
    """Load the models, say so, and work until the service closes the pipe."""
    source, out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get among the messages
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # for the service, which drains first and closes the pipe then
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(5)  # the service answers and refuses at once, however busy the networks are
    given = json.loads(sys.argv[1])
    try:
        worker = Worker([Served(**one) for one in given["models"]], given["threads"], given["batch"], out)
    except SeeSayError as error:
        out.write(protocol.pack({"event": "failed", "error": str(error)}))
        out.flush()
        return
    limit_memory(given["memory"])
    only_public_addresses()
    threading.Thread(target=worker.listen, args=(source,), daemon=True).start()
    worker.say({"event": "ready"})
    worker.run()


if __name__ == "__main__":
    main()
