"""How the service bears load: latency under overload, memory, slow clients, killed workers, throughput.

    python benchmarks/service.py overload --seconds 60 --factor 10 --queue 4
    python benchmarks/service.py memory --requests 20000
    python benchmarks/service.py slow --clients 200
    python benchmarks/service.py kill
    python benchmarks/service.py throughput --photos 256
    python benchmarks/service.py litserve --photos 128 --peer PEER/bin/python

Everything stays on 127.0.0.1 and is bounded in count and time. `--without-model` puts the tests' worker, which has no
model, in place of SeeSay's: what is measured then is the service alone. PEER is a virtual environment with
`pip install litserve seesay`, see `litserve_peer.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
WITHOUT = """
import sys
from pathlib import Path
from seesay.apps.service.server import make_server
from seesay.apps.service.settings import ServiceSettings
from seesay.apps.service.state import build_service
settings = ServiceSettings(port=0, queue=int(sys.argv[2]), workers=int(sys.argv[3]), timeout=60.0)
make_server(build_service(settings, (sys.executable, sys.argv[1]))).run()
"""
Target = tuple[str, bytes]
"""Query of a request, and its body."""


@contextlib.contextmanager
def service(options: argparse.Namespace) -> Iterator[tuple[int, int]]:
    """Start the service; gives its port and its process."""
    if options.without_model:
        worker = str(ROOT / "tests/apps/service/fake_worker.py")
        command = [sys.executable, "-c", WITHOUT, worker, str(options.queue), str(options.workers)]
    else:
        command = [sys.executable, "-m", "seesay", "serve", "--port", "0", "--timeout", "60"]
        command += ["--queue", str(options.queue), "--workers", str(options.workers)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r":(\d+)/", line)
        if not found:
            raise SystemExit(f"the service did not start: {line}{process.stderr.read()}")
        drain = subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL)
        try:
            yield int(found[1]), process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            drain.wait(10)


@dataclass
class Tally:
    """Seconds of each answer, by status; 0 is a request without an answer."""

    seconds: dict[int, list[float]] = field(default_factory=dict)

    def add(self, status: int, seconds: float) -> None:
        self.seconds.setdefault(status, []).append(seconds)

    def count(self, status: int) -> int:
        return len(self.seconds.get(status, []))

    def quantile(self, status: int, share: float) -> float:
        values = sorted(self.seconds.get(status, [])) or [float("nan")]
        return values[min(len(values) - 1, int(share * len(values)))]


async def ask(port: int, target: Target, tally: Tally) -> int:
    """One request on a connection of its own."""
    began, status = time.perf_counter(), 0
    query, body = target
    kind = "application/json" if body.startswith(b"{") else "image/jpeg"
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST /v1/caption{query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {kind}\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = await asyncio.wait_for(reader.read(), 90)
        status = int(answer.split(b" ", 2)[1])
        writer.close()
    except (OSError, ValueError, IndexError, asyncio.TimeoutError):
        pass
    tally.add(status, time.perf_counter() - began)
    return status


async def one_after_the_other(port: int, target: Target, count: int) -> Tally:
    tally = Tally()
    for _ in range(count):
        await ask(port, target, tally)
    return tally


async def clients(port: int, target: Target, many: int, requests: int) -> tuple[Tally, float]:
    """`many` clients that ask until there were so many requests; gives the seconds too."""
    tally, left, began = Tally(), iter(range(requests)), time.perf_counter()

    async def client() -> None:
        for _ in left:
            await ask(port, target, tally)

    await asyncio.gather(*(client() for _ in range(many)))
    return tally, time.perf_counter() - began


async def at_rate(port: int, target: Target, rate: float, seconds: float) -> Tally:
    """Requests begun at a rate, whether the earlier ones are answered or not."""
    tally, tasks, began = Tally(), set(), time.perf_counter()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        if len(tasks) < 900:
            task = asyncio.ensure_future(ask(port, target, tally))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    return tally


def family(process: int) -> list[Path]:
    """A process and all that descend from it, as folders of /proc."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = [process]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return [Path("/proc") / str(one) for one in found]


def memory_of(process: int) -> int:
    """Bytes that the service and its workers have in memory."""
    total = 0
    for entry in family(process):
        with contextlib.suppress(OSError, IndexError):
            total += int((entry / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return total


def cpu_of(process: int) -> float:
    """CPU seconds that a service and its workers have taken: they tell more than the clock on a machine with others."""
    ticks = 0
    for entry in family(process):
        with contextlib.suppress(OSError, IndexError):
            ticks += sum(map(int, (entry / "stat").read_text().rpartition(")")[2].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def workers_of(process: int) -> list[int]:
    """The service's workers."""
    found = subprocess.run(["pgrep", "-P", str(process)], capture_output=True, text=True, check=False).stdout
    return [int(line) for line in found.split()]


def overload(options: argparse.Namespace, target: Target) -> None:
    with service(options) as (port, _):
        alone = asyncio.run(one_after_the_other(port, target, options.unloaded))
        _, seconds = asyncio.run(clients(port, target, min(16, options.queue), options.unloaded))
        able = options.unloaded / seconds
        rate = min(options.factor * able, 600.0)
        loaded = asyncio.run(at_rate(port, target, rate, options.seconds))
    unloaded = alone.quantile(200, 0.99)
    print(f"unloaded: p50 {alone.quantile(200, 0.5):.3f} s, p99 {unloaded:.3f} s; able to answer {able:.1f} a second")
    print(f"overload: {rate:.0f} a second for {options.seconds:g} s, {rate / able:.1f} times what it can do")
    print(f"accepted: {loaded.count(200)}, p99 {loaded.quantile(200, 0.99):.3f} s", end="")
    print(f", {loaded.quantile(200, 0.99) / unloaded:.2f} times the unloaded p99")
    print(f"refused (429): {loaded.count(429)}, p50 {1000 * loaded.quantile(429, 0.5):.1f} ms", end="")
    print(f", p99 {1000 * loaded.quantile(429, 0.99):.1f} ms")
    print(f"by status (0: no answer): { {status: len(values) for status, values in sorted(loaded.seconds.items())} }")


def memory(options: argparse.Namespace, target: Target) -> None:
    answered, first, began = 0, 0, time.perf_counter()
    with service(options) as (port, process):
        for done in range(1000, options.requests + 1, 1000):
            tally, _ = asyncio.run(clients(port, target, 8, 1000))
            answered += tally.count(200)
            last = memory_of(process)
            first = first or last
            print(
                f"{done}: {last / 2**20:.1f} MiB ({100 * (last / first - 1):+.1f} %), {answered} answered", flush=True
            )
    seconds = time.perf_counter() - began
    print(f"{answered / seconds:.0f} a second")


def slow(options: argparse.Namespace, target: Target) -> None:
    async def measured(port: int) -> tuple[Tally, Tally]:
        before = await one_after_the_other(port, target, options.unloaded)
        held = []
        for number in range(options.clients):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            half = f"POST /v1/caption HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(target[1])}\r\n\r\n".encode()
            writer.write([half[:30], half + target[1][: len(target[1]) // 2], b"\0\xff nonsense\r\n\r\n"][number % 3])
            held.append(writer)
        during = await one_after_the_other(port, target, options.unloaded)
        for writer in held:
            writer.transport.abort()
        return before, during

    with service(options) as (port, _):
        before, during = asyncio.run(measured(port))
    for name, tally in (("before", before), (f"beside {options.clients} slow or broken clients", during)):
        print(
            f"{name}: {tally.count(200)} answered, p50 {tally.quantile(200, 0.5):.3f} s, "
            f"p99 {tally.quantile(200, 0.99):.3f} s"
        )


def kill(options: argparse.Namespace, target: Target) -> None:
    async def measured(port: int, process: int) -> Counter[int]:
        tally = Tally()
        tasks = [asyncio.ensure_future(ask(port, target, tally)) for _ in range(min(32, options.queue))]
        await asyncio.sleep(0.1 if options.without_model else 1.0)
        for worker in workers_of(process):
            os.kill(worker, signal.SIGKILL)
        return Counter(await asyncio.gather(*tasks))

    with service(options) as (port, process):
        print(f"answers by status after kill -9 of every worker: {dict(asyncio.run(measured(port, process)))}")


def throughput(options: argparse.Namespace, target: Target) -> None:
    def bulk(folder: Path, count: int) -> float:
        paths = []
        for number in range(count):
            paths.append(folder / f"{number}.jpg")
            paths[-1].write_bytes(target[1])
        began = time.perf_counter()
        command = [sys.executable, "-m", "seesay", "caption", *map(str, paths), "--beam", str(options.beam)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began

    for turn in range(options.repeats):
        with tempfile.TemporaryDirectory() as name:
            start = bulk(Path(name), 1)
            rate = (options.photos - 1) / (bulk(Path(name), options.photos) - start)
        with service(options) as (port, _):
            asyncio.run(one_after_the_other(port, target, 3))
            tally, seconds = asyncio.run(clients(port, target, 16, options.photos))
        served = tally.count(200) / seconds
        print(
            f"{turn}: seesay caption {rate:.2f} photos a second, 16 clients {served:.2f} ({100 * served / rate:.0f} %)"
        )


@contextlib.contextmanager
def litserve_peer(options: argparse.Namespace) -> Iterator[tuple[int, int]]:
    """Start LitServe with the same model; gives its port and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    arguments = [str(port), str(len(os.sched_getaffinity(0))), str(options.batch_seconds)]
    command = [str(options.peer), str(ROOT / "benchmarks/litserve_peer.py"), *arguments]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, start_new_session=True, **quiet) as process:
        try:
            for _ in range(600):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.1)
            yield port, process.pid
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def litserve(options: argparse.Namespace, target: Target) -> None:
    """The same JSON to both, turn about."""
    body = json.dumps({"files": [{"data": base64.b64encode(target[1]).decode()}], "beam": options.beam}).encode()

    def measured(name: str, port: int, process: int) -> tuple[float, float]:
        """Photos a second, and CPU milliseconds for each."""
        warm = asyncio.run(one_after_the_other(port, ("", body), 3))
        before = cpu_of(process)
        tally, seconds = asyncio.run(clients(port, ("", body), 16, options.photos))
        if warm.count(200) < 3 or tally.count(200) < options.photos:
            raise SystemExit(f"{name} answered {warm.count(200)} of 3 and {tally.count(200)} of {options.photos}")
        return options.photos / seconds, 1000 * (cpu_of(process) - before) / options.photos

    for turn in range(options.repeats):
        with service(options) as (port, process):
            rate, cpu = measured("SeeSay", port, process)
        with litserve_peer(options) as (port, process):
            peer_rate, peer_cpu = measured("LitServe", port, process)
        print(
            f"{turn}: photos a second: SeeSay {rate:.2f}, LitServe {peer_rate:.2f} ({rate / peer_rate:.2f} times); "
            f"CPU ms each: {cpu:.0f}, {peer_cpu:.0f} ({cpu / peer_cpu:.2f} times)",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tests = {"overload": overload, "memory": memory, "slow": slow, "kill": kill, "throughput": throughput}
    tests["litserve"] = litserve
    parser.add_argument("test", choices=tests)
    parser.add_argument("--without-model", action="store_true")
    parser.add_argument("--photo", type=Path, default=ROOT / "samples/cat.jpg")
    parser.add_argument("--queue", type=int, default=64)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--factor", type=float, default=10)
    parser.add_argument("--unloaded", type=int, default=50, help="requests that measure the unloaded service")
    parser.add_argument("--requests", type=int, default=20000)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--photos", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--beam", type=int, default=3)
    parser.add_argument("--peer", type=Path, help="Python of the environment that has LitServe")
    parser.add_argument("--batch-seconds", type=float, default=0.01, help="how long LitServe waits for a batch")
    options = parser.parse_args()
    print(json.dumps({name: str(value) for name, value in vars(options).items()}))
    asleep = options.without_model and options.test != "memory"
    body = b"sleep:0.05" if asleep else options.photo.read_bytes()
    tests[options.test](options, (f"?beam={options.beam}", body))


if __name__ == "__main__":
    main()
