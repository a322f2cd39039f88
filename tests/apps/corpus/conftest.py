import hashlib
import json

import pytest


@pytest.fixture
def texts(tmp_path):
    """A folder of 47 small items: five shards of ten, the last one of seven."""
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(47):
        (folder / f"{number:03d}.txt").write_text(f"item {number}")
    return folder


def rows_of(dest):
    return [
        json.loads(line)
        for file in sorted((dest / "shards").glob("*.jsonl"))
        for line in file.read_text("utf-8").splitlines()
    ]


def digests(dest):
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted((dest / "shards").iterdir())}
