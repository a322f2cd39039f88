"""Time and memory of `seesay alt` over a large site, with a model that costs nothing; each picture described once.

    python benchmarks/alttext.py --pages 10000

The site is made in a temporary folder: pages in every style, 200 distinct photos. Printed are CPU seconds of a report,
of writing, and of a second run that finds nothing to do; the same for reading all pages and parsing them with Python's
own html.parser, for comparison; and the largest memory.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import resource
import sys
import tempfile
import time
from html.parser import HTMLParser
from pathlib import Path

from seesay.apps.alttext import captions
from seesay.cli import run

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from alttext_pictures import encoded, photo
from alttext_site import page

PICTURES = 200


class Model:
    """Says the same of every picture."""

    name, version = "none", "1"

    def __init__(self):
        self.asked = 0

    def describe(self, sources):
        for _ in sources:
            self.asked += 1
            yield captions.Described("a thing", True, 0.9)


def seconds(work):
    """CPU seconds of this process."""
    start = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        work()
    return time.process_time() - start


def parse(root):
    for path in root.glob("*.html"):
        HTMLParser().feed(path.read_bytes().decode("utf-8", "replace"))


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--pages", type=int, default=1000)
    pages = arguments.parse_args().pages
    model = Model()
    captions.RuntimeModel = lambda name: model
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["SEESAY_CACHE"] = str(Path(folder) / "cache")
        root = Path("site")
        root.mkdir()
        images = [f"p{number}.jpg" for number in range(PICTURES)]
        for number, name in enumerate(images):
            (root / name).write_bytes(encoded(photo(number), "JPEG"))
        for number in range(pages):
            (root / f"{number}.html").write_bytes(page(number, images))
        size = sum(path.stat().st_size for path in root.glob("*.html"))
        print(f"{pages} pages of {size / pages / 1024:.1f} KiB, {PICTURES} distinct pictures\n")
        baseline = seconds(lambda: parse(root))
        rows = [("html.parser reads every page", baseline)]
        for name, options in (("report", []), ("--write", ["--write"]), ("second run", ["--write"])):
            rows.append((name, seconds(lambda options=options: run(["alt", "site", *options]))))
        print("| step | CPU seconds | ms a page | × html.parser |\n| --- | ---: | ---: | ---: |")
        for name, spent in rows:
            print(f"| {name} | {spent:.1f} | {1000 * spent / pages:.1f} | {spent / baseline:.1f} |")
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"\nlargest memory {memory:.0f} MiB; pictures described: {model.asked}")


if __name__ == "__main__":
    main()
