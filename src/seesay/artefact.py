"""The artefact: one folder (or zip) that holds everything a caption needs. Read, written, checked and found here.

    seesay.json           what it is: preprocessing, vocabulary, settings, training data and licence, scores, card
    weights.safetensors   the weights, once
    encoder.onnx, decoder_start.onnx, decoder_step.onnx    the networks; their weights are those in weights.safetensors
    classifier.onnx       in place of the decoder's two, where labels are recognised
    neighbours.npz        perhaps: what people said of the training pictures (see `seesay.runtime.neighbours`)

A trained artefact has the first two, an exported one all of them. `seesay.json` records size and SHA-256 of the other
files. Nothing is ever unpickled.
"""

from __future__ import annotations

import json
import os
import shutil
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path, PurePosixPath
from typing import Any

from seesay.errors import ArtefactError, UsageError

FORMAT = 1
"""Version of the layout that this code writes, and the newest that it reads."""
MANIFEST = "seesay.json"
WEIGHTS = "weights.safetensors"
ENCODER, DECODER_START, DECODER_STEP = NETWORKS = ("encoder.onnx", "decoder_start.onnx", "decoder_step.onnx")
CLASSIFIER = "classifier.onnx"
NEIGHBOURS = "neighbours.npz"
NETWORKS_OF = {"caption": NETWORKS, "recognize": (ENCODER, CLASSIFIER)}
"""What an exported artefact holds, by its task."""
FILES = (WEIGHTS, *NETWORKS, CLASSIFIER, NEIGHBOURS)
EMBEDDED = Path(__file__).with_name("embedded")
DEFAULT = "default"
_LARGEST_MANIFEST = 64 * 2**20


@dataclass(frozen=True, kw_only=True)
class Description:
    """What an artefact says of itself; everything in it is plain JSON."""

    name: str
    task: str = "caption"
    model: Mapping[str, Any]
    """Settings the networks are built from: `encoder` and `decoder`, or `classifier`."""
    preprocessing: Mapping[str, Any]
    """`seesay.media.Preprocessing` as JSON."""
    vocabulary: Mapping[str, Any]
    """`seesay.text.Vocabulary` as JSON; empty where no words are said."""
    grid_size: tuple[int, int]
    """Rows and columns of the grid that attention looks at; of a clip 1 and its frames."""
    carried: tuple[str, ...]
    """The decoder's state entries that a step changes; the others stay what the start made them."""
    clip: Mapping[str, Any] | None = None
    """Which frames of a clip the networks read, `seesay.media.FrameSampling` as JSON; None for pictures."""
    storage: str = "float32"
    """How the weights are kept: float32, float16 or int8."""
    search: Mapping[str, Any] = field(default_factory=dict)
    """Defaults for `seesay.search.SearchOptions`, for example beam and length_power."""
    training: Mapping[str, Any] = field(default_factory=dict)
    """Data, licence and the resolved config, enough to train it again."""
    scores: Mapping[str, Any] = field(default_factory=dict)
    """Measured scores, and on what."""
    card: str = ""
    """For people, in Markdown: data, licence, scores, limits."""
    labels: tuple[str, ...] = ()
    """Of task `recognize`: names of the classes, in the order of the logits."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; `from_json` takes them back."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any], where: str) -> Description:
        """Read JSON values; `where` is named in errors. Unknown entries are left out.

        Raises:
            ArtefactError: an entry is missing or of another kind.
        """
        known = {f.name: values[f.name] for f in fields(cls) if f.name in values}
        try:
            described = cls(**known)
            height, width = described.grid_size
            carried, labels = tuple(map(str, described.carried)), tuple(map(str, described.labels))
            tidy = replace(described, grid_size=(int(height), int(width)), carried=carried, labels=labels)
            if tidy.task not in NETWORKS_OF:
                raise ValueError(f"task {tidy.task!r} is unknown to this SeeSay")
        except (TypeError, ValueError) as error:
            raise ArtefactError(f"{where}: an entry is missing or wrong ({error}); get the artefact again") from error
        for name in ("model", "preprocessing", "vocabulary", "search", "training", "scores"):
            if not isinstance(getattr(tidy, name), Mapping):
                raise ArtefactError(f"{where}: {name!r} is not a mapping; get the artefact again")
        if tidy.clip is not None and not isinstance(tidy.clip, Mapping):
            raise ArtefactError(f"{where}: 'clip' is not a mapping; get the artefact again")
        return tidy


@dataclass(frozen=True)
class FileRecord:
    """Size in bytes and SHA-256 of a file."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Artefact:
    """An artefact on disk, its description read and the sizes of its files checked.

    Attributes:
        root: the folder it lies in (for a zip, where it was unpacked for as long as this object lives).
        source: what the user named: a folder or a zip.
        description: what it says of itself.
        files: the other files, by name.
    """

    root: Path
    source: Path
    description: Description
    files: Mapping[str, FileRecord]

    @property
    def name(self) -> str:
        """The model's name."""
        return self.description.name

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return (self.root / MANIFEST).stat().st_size + sum(record.size for record in self.files.values())

    @property
    def networks(self) -> tuple[str, ...]:
        """Names of the networks that the runtime needs."""
        return NETWORKS_OF[self.description.task]

    @property
    def exported(self) -> bool:
        """Whether it holds the networks that the runtime needs."""
        return all(name in self.files for name in self.networks)

    def file(self, name: str) -> Path:
        """Path of one of its files.

        Raises:
            ArtefactError: it has no such file.
        """
        if name not in self.files:
            todo = f"run: seesay export {self.source} --out DIR" if name in FILES[1:] else "get the artefact again"
            raise ArtefactError(f"{self.source}: has no {name}; {todo}")
        return self.root / name

    def verify(self) -> None:
        """Compare every file with its SHA-256.

        Raises:
            ArtefactError: a file is missing, truncated or changed; the message names it.
        """
        for name, record in self.files.items():
            _check_size(self.root / name, record)
            if _sha256(self.root / name) != record.sha256:
                raise ArtefactError(f"{self.source}: {name} was changed (other SHA-256); get the artefact again")


def find_artefact(name_or_path: str | os.PathLike[str] | None = None) -> Artefact:
    """The artefact a user means.

    Args:
        name_or_path: None for the embedded default, the name of an embedded model, or a folder or .zip. An embedded
            name wins over a folder of that name in the working folder: write `./name` for the latter.

    Raises:
        UsageError: there is no such name; the message lists the names there are and the nearest.
        ArtefactError: missing, damaged, or of a newer format.
    """
    names = _embedded_names()
    if name_or_path is None or (isinstance(name_or_path, str) and name_or_path in names):
        return read_artefact(EMBEDDED / (name_or_path or DEFAULT))
    if not isinstance(name_or_path, (str, os.PathLike)):
        raise UsageError(f"a model is given by its name or path, not by {name_or_path!r}")
    path = Path(name_or_path)
    if path.exists() or isinstance(name_or_path, os.PathLike) or len(path.parts) > 1 or path.suffix == ".zip":
        return read_artefact(path)
    from seesay.registry import nearest

    known = ", ".join(names) or "none"
    raise UsageError(
        f"no model is called {name_or_path!r}.{nearest(str(name_or_path), names)} Embedded models: {known}. "
        "Or give a folder or .zip that holds a seesay.json"
    )


def list_artefacts() -> tuple[Artefact, ...]:
    """The embedded artefacts, by name."""
    return tuple(read_artefact(EMBEDDED / name) for name in _embedded_names())


def _embedded_names() -> tuple[str, ...]:
    return tuple(sorted(path.parent.name for path in EMBEDDED.glob(f"*/{MANIFEST}")))


def read_artefact(path: str | os.PathLike[str]) -> Artefact:
    """Read an artefact from a folder or zip and check its format and the sizes of its files.

    Raises:
        ArtefactError: missing, damaged, or of a newer format; the message names the file.
    """
    source = Path(path)
    if source.is_file():
        return _read_zip(source)
    if not source.exists():
        raise ArtefactError(f"{source}: no such file or folder; give a folder or .zip that holds a {MANIFEST}")
    return _read_folder(source, source)


def seal(folder: Path, description: Description) -> Artefact:
    """Write `seesay.json` for the artefact files that lie in `folder`; other files there are no part of it.

    The manifest is written last and at once, so that a folder with a manifest is a whole artefact.
    """
    present = [name for name in FILES if (folder / name).is_file()]
    records = {name: FileRecord((folder / name).stat().st_size, _sha256(folder / name)) for name in present}
    values = {"format": FORMAT, **description.to_json(), "files": {name: asdict(r) for name, r in records.items()}}
    part = folder / f"{MANIFEST}.part"
    part.write_text(json.dumps(values, ensure_ascii=False, indent=1) + "\n", "utf-8")
    part.replace(folder / MANIFEST)
    return Artefact(folder, folder, description, records)


@contextmanager
def writing(out: Path) -> Iterator[Path]:
    """A new folder to fill and `seal`, put in place of `out` at the end; after an error `out` is as before.

    Args:
        out: a folder that does not exist, is empty, or is an artefact and nothing else; or a file name ending in .zip.

    Raises:
        ArtefactError: `out` holds other things, or cannot be written.
    """
    _check_replaceable(out)
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        part.mkdir(parents=True)
        yield part
        if out.suffix == ".zip":
            pack(read_artefact(part), out)
        else:
            _swap(part, out)
    except OSError as error:
        raise ArtefactError(f"{out}: artefact not written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def pack(artefact: Artefact, file: Path) -> Path:
    """Write an artefact as one zip, whole or not at all; the same artefact gives the same bytes."""
    import zipfile

    part = file.with_name(f".{file.name}.{os.getpid()}.zip.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in (MANIFEST, *artefact.files):
                entry = zipfile.ZipInfo(name)  # dated 1980: no trace of when it was packed
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, (artefact.root / name).read_bytes())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return file


def _check_replaceable(out: Path) -> None:
    if not out.exists():
        return
    if out.suffix == ".zip":
        if not out.is_file():
            raise ArtefactError(f"{out}: is not a file; name another --out")
        return
    own = {MANIFEST, *FILES}
    others = [path.name for path in out.iterdir() if path.name not in own] if out.is_dir() else [out.name]
    if others:
        raise ArtefactError(f"{out}: holds something else ({min(others)}); name a new folder")


def _swap(part: Path, out: Path) -> None:
    old = out.with_name(f".{out.name}.{os.getpid()}.old")
    existed = out.exists()
    if existed:
        out.rename(old)
    try:
        part.rename(out)
    except OSError:
        if existed:
            old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _read_folder(root: Path, source: Path) -> Artefact:
    where = f"{source}: {MANIFEST}"
    try:
        text = (root / MANIFEST).read_bytes()
    except FileNotFoundError:
        raise ArtefactError(f"{source}: holds no {MANIFEST}, so it is no artefact") from None
    except OSError as error:
        raise ArtefactError(f"{where} cannot be read ({error.strerror})") from error
    values, records = _parse_manifest(text, where)
    for name, record in records.items():
        _check_size(root / name, record)
    return Artefact(root, source, Description.from_json(values, where), records)


def _parse_manifest(text: bytes, where: str) -> tuple[dict[str, Any], dict[str, FileRecord]]:
    try:
        values = json.loads(text)
        version = values["format"]
        if isinstance(version, int) and version > FORMAT:
            raise ArtefactError(
                f"{where} is of format {version}, this SeeSay reads up to {FORMAT}: pip install --upgrade seesay"
            )
        records = {
            str(name): FileRecord(int(record["size"]), str(record["sha256"]))
            for name, record in values["files"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ArtefactError(f"{where} is damaged ({type(error).__name__}: {error}); get the artefact again") from error
    strange = [name for name in records if name not in FILES]
    if strange:
        raise ArtefactError(f"{where} lists {strange[0]!r}, which is no part of an artefact")
    return values, records


def _read_zip(source: Path) -> Artefact:
    """Unpack the files that the manifest lists, and no others, to a temporary folder that goes with the artefact."""
    import tempfile
    import zipfile

    root = Path(tempfile.mkdtemp(prefix="seesay-"))
    try:
        with zipfile.ZipFile(source) as archive:
            manifests = [name for name in archive.namelist() if PurePosixPath(name).name == MANIFEST]
            if not manifests:
                raise ArtefactError(f"{source}: holds no {MANIFEST}, so it is no artefact")
            manifest = min(manifests, key=len)
            _unpack(archive, manifest, root / MANIFEST, _LARGEST_MANIFEST)
            _, records = _parse_manifest((root / MANIFEST).read_bytes(), f"{source}: {MANIFEST}")
            present = set(archive.namelist())
            for name, record in records.items():
                member = manifest[: -len(MANIFEST)] + name
                if member in present:
                    _unpack(archive, member, root / name, record.size)
        artefact = _read_folder(root, source)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        shutil.rmtree(root, ignore_errors=True)
        raise ArtefactError(f"{source}: not a readable zip ({error}); get the artefact again") from error
    except BaseException:
        shutil.rmtree(root, ignore_errors=True)
        raise
    weakref.finalize(artefact, shutil.rmtree, root, ignore_errors=True)
    return artefact


def _unpack(archive: Any, member: str, file: Path, limit: int) -> None:
    """Copy one member, at most one byte past `limit`: a bomb stops there and its size is then found wrong."""
    with archive.open(member) as packed, file.open("wb") as out:
        left = limit + 1
        while left and (block := packed.read(min(left, 2**20))):
            out.write(block)
            left -= len(block)


def _check_size(file: Path, record: FileRecord) -> None:
    try:
        size = file.stat().st_size
    except OSError:
        raise ArtefactError(f"{file}: is missing; get the artefact again") from None
    if size != record.size:
        raise ArtefactError(f"{file}: has {size} bytes, not {record.size}; get the artefact again")


def _sha256(file: Path) -> str:
    import hashlib

    digest = hashlib.sha256()
    with file.open("rb") as handle:
        while block := handle.read(2**20):
            digest.update(block)
    return digest.hexdigest()
