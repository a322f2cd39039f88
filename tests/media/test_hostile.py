"""Hundreds of broken files: each gives a picture or one line that says why not; no hang, no crash, no warning."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hostile import make_hostile_folder
from PIL import Image

from seesay.errors import MediaError
from seesay.media import Preprocessing, decode_ahead, find_pictures, open_picture

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*.jpg"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, bool]:
    return make_hostile_folder(tmp_path_factory.mktemp("hostile"), SAMPLES)


def test_the_folder_is_what_it_should_be(hostile: dict[Path, bool]) -> None:
    assert sum(not sound for sound in hostile.values()) == 500
    assert sum(hostile.values()) > 25
    assert any("\n" in path.name for path, sound in hostile.items() if sound)
    assert (next(iter(hostile)).parent / "bomb.png").stat().st_size < 200_000


def opened(path: Path) -> Image.Image | MediaError:
    try:
        return open_picture(path, target=(64, 64))
    except MediaError as error:
        return error


@pytest.mark.timeout(120)
def test_each_is_a_picture_or_one_line(hostile: dict[Path, bool]) -> None:
    refused = 0
    for path, sound in hostile.items():
        result = opened(path)
        if isinstance(result, MediaError):
            refused += 1
            message = str(result)
            assert not sound, message
            assert message.isprintable(), "one line, without control or surrogate characters"
            assert message.startswith(str(path.parent))
            assert len(message) < 800
        else:
            assert result.mode == "RGB"
            assert min(result.size) > 0
    assert refused > 250


def test_what_is_surely_broken_is_refused(hostile: dict[Path, bool]) -> None:
    folder = next(iter(hostile)).parent
    for name, reason in {
        "bomb.png": "30000 x 30000 is 900 megapixels and the limit is 200",
        "bomb.jpg": "30000 x 30000",
        "bomb.gif": "30000 x 30000",
        "folder.jpg": "this is a folder",
        "pipe.jpg": "this is a pipe",
        "nowhere.jpg": "the link points to a file that is not there",
        "itself.jpg": "symbolic link",
        "no picture 0.jpg": "the file is empty",
        "no picture 1.jpg": "not a picture of a known format",
        "no picture 2.tif": "not a picture of a known format",
        "no picture 3.png": "not a picture of a known format",
    }.items():
        with pytest.raises(MediaError, match=reason):
            open_picture(folder / name)


def test_every_sound_picture_of_the_folder_is_found(hostile: dict[Path, bool]) -> None:
    found = list(find_pictures([next(iter(hostile)).parent]))
    assert {path for path, sound in hostile.items() if sound} <= set(found)
    assert len(found) == len(set(found))
    names = {Path(str(path)).name for path in found}
    assert not names & {"pipe.jpg", "socket.jpg", "folder.jpg", "loop"}
    assert {"nowhere.jpg", "bomb.png", "no picture 0.jpg"} <= names


WHOLE_RUN = """
import json, os, resource, sys
workers = int(sys.argv[2])
if workers > 1:  # libtiff's messages, written piece by piece from several threads: only what Python writes is left
    sys.stderr = os.fdopen(os.dup(2), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
from seesay.media import Preprocessing, decode_ahead, find_pictures
sources = list(find_pictures([sys.argv[1]]))
read, refused = [], []
small = Preprocessing(size=(64, 64))
for indices, pixels, faults in decode_ahead(sources, small, 16, workers=workers, on_error="yield"):
    read += indices
    refused += [index for index, _ in faults]
if sys.platform == "linux":  # ru_maxrss would count the process that started this one as well
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
print(json.dumps({
    "read": [str(sources[i]) for i in read],
    "refused": len(refused),
    "found": len(sources),
    "megabytes": peak,
}))
"""


@pytest.mark.timeout(120)
@pytest.mark.skipif(sys.platform == "win32", reason="no resource module there to measure memory with")
@pytest.mark.parametrize("workers", [1, 4])
def test_the_whole_folder_in_a_process_of_its_own(hostile: dict[Path, bool], workers: int) -> None:
    folder = next(iter(hostile)).parent
    command = [sys.executable, "-W", "error", "-c", WHOLE_RUN, str(folder), str(workers)]
    done = subprocess.run(command, capture_output=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    # libtiff, in C, may tell of a compressed TIFF that it cannot read. Nothing comes from Python.
    lines = done.stderr.decode(errors="replace").splitlines()
    assert not [line for line in lines if "Warning" in line or not re.match(r"(\w+|tempfile\.tif): ", line)]
    assert workers == 1 or not lines
    result = json.loads(done.stdout)
    assert len(result["read"]) + result["refused"] == result["found"] > 500
    assert {str(path) for path, sound in hostile.items() if sound} <= set(result["read"])
    assert result["megabytes"] < 1000


def test_order_and_faults_of_a_mixed_stream(hostile: dict[Path, bool]) -> None:
    sources = [path for path in hostile if path.is_file()][:90]
    preprocessing = Preprocessing(size=(32, 32))
    seen: list[int] = []
    for indices, pixels, faults in decode_ahead(sources, preprocessing, 8, on_error="yield"):
        assert pixels.shape == (len(indices), 32, 32, 3)
        for index, row in zip(indices, pixels, strict=True):
            np.testing.assert_array_equal(row, preprocessing.load(sources[index]))
        assert all(str(error).count("\n") == 0 for _, error in faults)
        seen += sorted([*indices, *(index for index, _ in faults)])
    assert seen == list(range(len(sources)))


def test_broken_bytes_in_memory() -> None:
    with Image.open(SAMPLES[0]) as image:
        size = image.size
    data = SAMPLES[0].read_bytes()
    assert open_picture(data).size == size
    for end in (0, 1, 2, 10, 100, 1000, len(data) // 2, len(data) - 200):
        with pytest.raises(MediaError, match=r"^[^\n]+$"):
            open_picture(data[:end])
