"""Data for tests: real where it is at hand, made on the fly where that is enough."""

import os
import shutil
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

ROOT = Path(__file__).parent.parent
if "PYTEST_XDIST_WORKER_COUNT" in os.environ:  # before PyTorch is imported, and for what tests start
    cores = (os.cpu_count() or 1) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores)))


@pytest.fixture(scope="session")
def data_root():
    """The folder of real data sets: `SEESAY_DATA`, else `../shared/data` beside the project."""
    root = Path(os.environ.get("SEESAY_DATA") or ROOT.parent / "shared" / "data")
    if not (root / "flickr8k" / "Flickr8k.token.txt").is_file():
        pytest.skip(f"needs real data: no flickr8k in {root} (set SEESAY_DATA)")
    return root


@pytest.fixture(scope="session")
def flickr8k_root(data_root):
    """Flickr8k in its own layout; photos that lie in tar files are unpacked once, to the system's temporary folder."""
    source = data_root / "flickr8k"
    if (source / "Flicker8k_Dataset").is_dir():
        return source
    return unpacked(source, "flickr8k")


@pytest.fixture(scope="session")
def clip_data():
    """Real clips: `SEESAY_DATA`, else `../shared/data`; those that lie in tar files are unpacked once, as above."""
    source = Path(os.environ.get("SEESAY_DATA") or ROOT.parent / "shared" / "data")
    names = ("ucf101-6", "msvd-486", "weizmann")
    if not all((source / name).is_dir() for name in names):
        pytest.skip(f"needs real clips: no {', '.join(names)} in {source} (set SEESAY_DATA)")
    if not any((source / name).glob("*.tar") for name in names):
        return source
    return unpacked(source, "clips", names)


def unpacked(source: Path, name: str, folders: tuple[str, ...] = (".",)) -> Path:
    """`source`'s folders with their tar files unpacked, whole or not at all, by however many processes at once."""
    root = Path(tempfile.gettempdir()) / f"seesay-tests-{name}"
    if root.exists():
        return root
    part = Path(tempfile.mkdtemp(prefix=root.name))
    for folder in folders:
        for path in sorted((source / folder).rglob("*")):
            copy = part / path.relative_to(source)
            if path.suffix == ".tar":
                copy.parent.mkdir(parents=True, exist_ok=True)
                with tarfile.open(path) as packed:
                    safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # from Python 3.11.4 on
                    packed.extractall(copy.parent, **safe)
            elif path.is_file():
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())
    try:
        part.rename(root)
    except OSError:  # another process was quicker
        shutil.rmtree(part)
    return root


@pytest.fixture(scope="session")
def samples():
    """The sample photos that come with the project."""
    return sorted((ROOT / "samples").glob("*.jpg"))


COLORS = {"red": (220, 40, 40), "green": (40, 180, 60), "blue": (50, 70, 220), "yellow": (230, 210, 40)}
SHAPES = ("circle", "square", "bar")


def draw_tiny(root: Path) -> Path:
    """A data set in Flickr8k's own layout: twelve colored shapes, five captions each, three splits."""
    photos = root / "Flicker8k_Dataset"
    photos.mkdir(parents=True)
    lines, names = [], []
    for color, rgb in COLORS.items():
        for shape in SHAPES:
            name = f"{color}_{shape}.jpg"
            noise = np.random.default_rng(len(names)).integers(0, 40, (72, 96, 3), np.uint8)
            picture = Image.fromarray(noise)
            draw = ImageDraw.Draw(picture)
            {"circle": draw.ellipse, "square": draw.rectangle, "bar": draw.rectangle}[shape](
                (8, 30, 88, 42) if shape == "bar" else (28, 16, 68, 56), fill=rgb
            )
            picture.save(photos / name, quality=90)
            names.append(name)
            captions = (
                f"A {color} {shape} .",
                f"There is a {color} {shape} on a dark ground .",
                f"One {shape} that is {color} .",
                f"The {shape} is {color} .",
                f"A picture of a {color} {shape} , all alone .",
            )
            lines += [f"{name}#{i}\t{text}" for i, text in enumerate(captions)]
    (root / "Flickr8k.token.txt").write_text("\n".join(lines) + "\n", "utf-8")
    for split, chosen in (("train", names[:8]), ("dev", names[8:10]), ("test", names[10:])):
        (root / f"Flickr_8k.{split}Images.txt").write_text("\n".join(chosen) + "\n", "utf-8")
    return root


@pytest.fixture
def tiny_flickr8k(tmp_path):
    """See `draw_tiny`; 8 train, 2 dev and 2 test pictures."""
    return draw_tiny(tmp_path / "tiny")
