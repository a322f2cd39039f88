"""What corpus jobs cost beside the model: scaling with workers, per item, per shard, and memory.

    python benchmarks/corpus.py simulate --items 20000 --workers 1,2,4 --cost-ms 2
    python benchmarks/corpus.py simulate --items 20000 --workers 2 --engine ray
    python benchmarks/corpus.py shards --items 2000 --sizes 10,100,1000
    python benchmarks/corpus.py listing --items 100000,1000000
    python benchmarks/corpus.py model --photos FOLDER --count 200

`simulate` has a model that sleeps a fixed time for each item, so that workers do not compete for cores; some items are
bad, some slow, one crashes its worker. Efficiency is what the sleeping alone would take, over what the job took once
its workers had begun. `model` compares CPU seconds of the real model in a job with those of a plain loop.
"""

from __future__ import annotations

import argparse
import base64
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from apps.corpus import fake_corpus as fake  # noqa: E402

from seesay.apps.corpus.engines import Engine  # noqa: E402
from seesay.apps.corpus.inspection import verify_job  # noqa: E402
from seesay.apps.corpus.sources import list_items  # noqa: E402

Row = dict[str, object]


def show(rows: list[Row]) -> None:
    from seesay.cli.common import table

    print(table(rows))


def written(folder: Path, count: int, faults: bool) -> Path:
    """A table of tiny items; with faults 1 % are bad, 1 in 1000 is slow, and one crashes its worker."""
    file = folder / "items.jsonl"
    with file.open("w") as handle:
        for number in range(count):
            text = f"item {number}"
            if faults and number % 100 == 50:
                text = "bad"
            elif faults and number % 1000 == 7:
                text = "slow 0.1"
            elif faults and number == count // 2:
                text = "abort"
            handle.write(json.dumps({"bytes": base64.b64encode(text.encode()).decode()}) + "\n")
    return file


class Timed:
    """An engine that notes when its first shard is done and when its last: workers take their time to begin."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.moments = engine, []

    def __getattr__(self, name):
        return getattr(self.engine, name)

    def run(self, *arguments, **options):
        for outcome in self.engine.run(*arguments, **options):
            if outcome is None:
                if not self.moments and self.engine.in_hand:
                    self.moments.append(time.monotonic())
            else:
                self.moments.append(time.monotonic())
            yield outcome


def timed_job(source: Path, dest: Path, engine: Engine, shard_size: int, cost: float) -> tuple[float, float, object]:
    """Seconds in all, seconds since the workers had begun, and counts."""
    timed = Timed(engine)
    begun = time.monotonic()
    tally, failed = fake.begin(source, dest, timed, shard_size=shard_size, cost=cost)
    assert not failed, failed
    return time.monotonic() - begun, timed.moments[-1] - timed.moments[0], tally


def spent() -> float:
    """CPU seconds of this process and of those that it has started and that have ended."""
    found = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in found)


def simulate(options: argparse.Namespace) -> None:
    rows: list[Row] = []
    cost = options.cost_ms / 1000
    for workers in map(int, options.workers.split(",")):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            source = written(folder, options.items, faults=True)
            engine = fake.engine_of(options.engine, workers)
            size = options.shard_size or max(1, options.items // (workers * 10))
            before = spent()
            whole, working, tally = timed_job(source, folder / "out", engine, size, cost)
            busy = spent() - before
            assert verify_job(str(folder / "out")) == []
            ideal = options.items * cost / workers
            rows.append(
                {
                    "engine": options.engine, "workers": workers, "items": tally.done, "bad": tally.bad,
                    "restarts": tally.restarts, "seconds": f"{whole:.1f}", "since begun": f"{working:.1f}",
                    "ideal": f"{ideal:.1f}", "efficiency": f"{ideal / working:.0%}",
                    "CPU ms each": f"{1e3 * busy / options.items:.2f}",
                }
            )  # fmt: skip
            show(rows[-1:])
    show(rows)


def shards(options: argparse.Namespace) -> None:
    """What a shard costs beside its items: the same items in smaller shards."""
    rows: list[Row] = []
    for size in map(int, options.sizes.split(",")):
        with tempfile.TemporaryDirectory() as name:
            source = written(Path(name), options.items, faults=False)
            _, working, tally = timed_job(source, Path(name) / "out", fake.engine_of("local", 1), size, 0.0)
            rows.append({"items in a shard": size, "shards": tally.shards, "seconds": f"{working:.2f}"})
    show(rows)


def listing(options: argparse.Namespace) -> None:
    """Seconds and memory of listing, in a process of its own for each size."""
    if options.one:
        from seesay.apps.corpus.job import write_plan
        from seesay.apps.corpus.store import open_store

        with tempfile.TemporaryDirectory() as name:
            file = Path(name) / "list.txt"
            with file.open("w") as handle:
                handle.writelines(f"folder/photo-{number:09d}.jpg\n" for number in range(options.one))
            began = time.process_time()
            job = write_plan(
                open_store(f"{name}/out"), fake.a_job(file, shard_size=10_000), list_items([f"list:{file}"], "picture")
            )
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(json.dumps([job.items, time.process_time() - began, peak]))
        return
    rows: list[Row] = []
    for count in options.items.split(","):
        answer = subprocess.run(
            [sys.executable, __file__, "listing", "--one", count], capture_output=True, text=True, check=True
        )
        items, seconds, peak = json.loads(answer.stdout)
        rows.append({"items": items, "CPU seconds": f"{seconds:.1f}", "peak MiB": f"{peak:.0f}"})
    show(rows)


def model(options: argparse.Namespace) -> None:
    """CPU seconds for each photo, in a plain loop and in a job, one thread each."""
    import seesay

    photos = sorted(Path(options.photos).rglob("*.jpg"))[: options.count]
    captioner = seesay.load(None, threads=1)
    captioner.caption(photos[:4])
    began = time.process_time()
    list(captioner.stream(photos, workers=1))
    loop = (time.process_time() - began) / len(photos)
    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "list.txt"
        source.write_text("".join(f"{photo.resolve()}\n" for photo in photos))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "seesay", "corpus", "caption", f"list:{source}", "--out", f"{name}/out"]
        subprocess.run([*command, "--workers", "1", "--shard-size", "1000"], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        job = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        size = sum(file.stat().st_size for file in (Path(name) / "out" / "shards").iterdir())
        source.write_text(f"{photos[0].resolve()}\n")
        subprocess.run([*command[:-1], f"{name}/one", "--workers", "1"], check=True)
        single = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = single.ru_utime + single.ru_stime - after.ru_utime - after.ru_stime
    each = (job - start) / len(photos)
    rows: list[Row] = [
        {"way": "plain loop", "photos": len(photos), "CPU ms each": f"{1e3 * loop:.1f}", "ratio": "1.00"},
        {
            "way": "corpus caption",
            "photos": len(photos),
            "CPU ms each": f"{1e3 * each:.1f}",
            "ratio": f"{each / loop:.2f}",
        },
    ]
    show(rows)
    print(f"beginning a job of one photo: {start:.1f} CPU s; {size / len(photos):.0f} bytes of answer for each photo")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("simulate")
    verb.add_argument("--items", type=int, default=20_000)
    verb.add_argument("--workers", default="1,2,4")
    verb.add_argument("--cost-ms", type=float, default=2.0)
    verb.add_argument("--shard-size", type=int)
    verb.add_argument("--engine", default="local")
    verb.set_defaults(run=simulate)
    verb = verbs.add_parser("shards")
    verb.add_argument("--items", type=int, default=2000)
    verb.add_argument("--sizes", default="10,100,1000")
    verb.set_defaults(run=shards)
    verb = verbs.add_parser("listing")
    verb.add_argument("--items", default="100000,1000000")
    verb.add_argument("--one", type=int, help=argparse.SUPPRESS)
    verb.set_defaults(run=listing)
    verb = verbs.add_parser("model")
    verb.add_argument("--photos", required=True)
    verb.add_argument("--count", type=int, default=200)
    verb.set_defaults(run=model)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
