"""What a model holds and refers to, whether its sums hold, and what is refused and why: said without running it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from seesay.artifact import read, rules
from seesay.artifact.arrays import NEIGHBOR_ARRAYS, read_arrays
from seesay.artifact.files import check_place, check_size
from seesay.artifact.gate import inspect_graph
from seesay.artifact.manifest import MANIFEST, NEIGHBORS, TEXTS, FileRecord, Manifest
from seesay.artifact.read import parse_manifest
from seesay.artifact.tensors import read_header
from seesay.artifact.zips import unpack
from seesay.errors import ArtifactError, UsageError
from seesay.files import sha256
from seesay.printable import printable
from seesay.reading import read_file

_PICKLES = (".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth")
_LARGEST_GRAPH = 2**31
_MOST_FILES = 10_000


@dataclass
class FileReport:
    """What was found of one file."""

    name: str
    size: int = 0
    sha256: str = ""
    """"right", "wrong", or empty where nothing says what it should be."""
    holds: str = ""
    refers: tuple[str, ...] = ()
    faults: list[str] = field(default_factory=list)


@dataclass
class Verification:
    """What was found of a model.

    Attributes:
        source: what was looked at.
        kind: "artifact", "zipped artifact", or "folder" where it is none of SeeSay's.
        name: what the model calls itself.
        task: its task.
        files: of each file, in the order of the manifest, then of their names.
        faults: what is wrong with the whole.
    """

    source: str
    kind: str
    name: str = ""
    task: str = ""
    files: list[FileReport] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing is refused."""
        return not self.faults and not any(file.faults for file in self.files)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "sound": self.sound}


def verify_model(path: Path) -> Verification:
    """Look at an artifact, or at any folder of ONNX and safetensors files, and run nothing of it.

    Raises:
        UsageError: there is no such file or folder.
    """
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder")
    if path.is_dir():
        ours = (path / MANIFEST).exists() or (path / MANIFEST).is_symlink()
        found = Verification(str(path), "artifact" if ours else "folder")
        _folder(path, found, ours)
        return found
    if not path.is_file():
        raise UsageError(f"{path}: is neither a folder nor a zip")
    found = Verification(str(path), "zipped artifact")
    with tempfile.TemporaryDirectory(prefix="seesay-") as folder:
        try:
            unpack(path, Path(folder))
        except ArtifactError as error:
            found.faults.append(printable(error))
            return found
        _folder(Path(folder), found, ours=True)
    return found


def _folder(root: Path, found: Verification, ours: bool) -> None:
    records = _manifest(root, found) if ours else {}
    try:
        names = sorted(entry.name for entry in root.iterdir())[:_MOST_FILES]
    except OSError as error:
        found.faults.append(f"cannot be read ({error.strerror})")
        return
    sizes = {name: record.size for name, record in records.items()}
    if not ours:
        sizes = {name: (root / name).stat().st_size for name in names if (root / name).is_file()}
    for name in [*records, *(name for name in names if name not in records and name != MANIFEST)]:
        report = FileReport(printable(name))
        found.files.append(report)
        if ours and name not in records:
            report.holds = "undeclared: no part of the artifact, never read"
            continue
        try:
            _file(root, name, records.get(name), report, sizes)
        except (ArtifactError, ValueError, OSError) as error:
            report.faults.append(printable(error).removeprefix(f"{root}/"))


def _manifest(root: Path, found: Verification) -> Mapping[str, FileRecord]:
    records: Mapping[str, FileRecord] = {}
    try:
        values, records = parse_manifest(read_file(root / MANIFEST, rules.MOST_BYTES), MANIFEST)
        described = Manifest.from_json(values, MANIFEST)
        found.name, found.task = described.name, described.task
    except OSError as error:
        found.faults.append(f"{MANIFEST} cannot be read ({error.strerror})")
    except ArtifactError as error:
        found.faults.append(printable(error))
    return records


def _file(root: Path, name: str, record: FileRecord | None, report: FileReport, sizes: Mapping[str, int]) -> None:
    file = root / name
    if record is not None:
        check_size(file, record)
    if root.parent != read.EMBEDDED:
        check_place(file, root)
    if not file.is_file():
        report.holds = "no file: never read"
        return
    report.size = file.stat().st_size
    if record is not None:
        report.sha256 = "right" if sha256(file) == record.sha256 else "wrong"
        if report.sha256 == "wrong":
            report.faults.append("was changed (other SHA-256)")
    if file.suffix == ".onnx":
        graph = inspect_graph(read_file(file, _LARGEST_GRAPH), sizes)
        report.faults += map(printable, graph.faults)
        referred = {one.location for one in graph.external}
        report.refers = tuple(sorted(referred))
        operators = sum(graph.operators.values())
        report.holds = (
            f"{operators} operators of {len(graph.operators)} kinds, operator set {graph.opset}, "
            f"{graph.inline} bytes of weights inside, {len(graph.external)} weights outside"
        )
    elif file.suffix == ".safetensors":
        entries = read_header(file)
        kinds = ", ".join(sorted({entry["dtype"] for entry in entries.values()}))
        report.holds = f"{len(entries)} tensors ({kinds})"
    elif name in (NEIGHBORS, TEXTS) and record is not None:
        report.holds = "what people said of training pictures"
        read_arrays(file, NEIGHBOR_ARRAYS)
    elif file.suffix in _PICKLES:
        report.holds = "never read"
        report.faults.append("may hold a pickle, which can run any code when it is opened")
    else:
        report.holds = "never read"
