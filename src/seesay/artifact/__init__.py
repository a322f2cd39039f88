"""The artifact: one folder (or zip) that holds everything a caption needs. Read, written, checked and found here.

    seesay.json           what it is: preprocessing, vocabulary, settings, training data and license, scores, card
    weights.safetensors   the weights, once
    encoder.onnx, decoder_start.onnx, decoder_step.onnx    the networks; their weights are those in weights.safetensors
    classifier.onnx       in place of the decoder's two, where labels are recognized
    neighbours.npz        perhaps: what people said of the training pictures (see `seesay.runtime.neighbors`)

A trained artifact has the first two, an exported one all of them. `seesay.json` records size and SHA-256 of the other
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

from seesay.artifact.older import current_settings
from seesay.errors import ArtifactError, UsageError
from seesay.files import replacing, write_whole

FORMAT = 1
"""Version of the layout that this code writes, and the newest that it reads."""
MANIFEST = "seesay.json"
WEIGHTS = "weights.safetensors"
ENCODER, DECODER_START, DECODER_STEP = NETWORKS = ("encoder.onnx", "decoder_start.onnx", "decoder_step.onnx")
CLASSIFIER = "classifier.onnx"
NEIGHBORS = "neighbours.npz"
NETWORKS_OF = {"caption": NETWORKS, "recognize": (ENCODER, CLASSIFIER)}
"""What an exported artifact holds, by its task."""
FILES = (WEIGHTS, *NETWORKS, CLASSIFIER, NEIGHBORS)
EMBEDDED = Path(__file__).parent.with_name("embedded")
DEFAULT = "default"
_LARGEST_MANIFEST = 64 * 2**20


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What an artifact says of itself; everything in it is plain JSON."""

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
    """Data, license and the resolved config, enough to train it again."""
    scores: Mapping[str, Any] = field(default_factory=dict)
    """Measured scores, and on what."""
    card: str = ""
    """For people, in Markdown: data, license, scores, limits."""
    labels: tuple[str, ...] = ()
    """Of task `recognize`: names of the classes, in the order of the logits."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; `from_json` takes them back."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any], where: str) -> Manifest:
        """Read JSON values; `where` is named in errors. Unknown entries are left out.

        Raises:
            ArtifactError: an entry is missing or of another kind.
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
            raise ArtifactError(f"{where}: an entry is missing or wrong ({error}); get the artifact again") from error
        for name in ("model", "preprocessing", "vocabulary", "search", "training", "scores"):
            if not isinstance(getattr(tidy, name), Mapping):
                raise ArtifactError(f"{where}: {name!r} is not a mapping; get the artifact again")
        if tidy.clip is not None and not isinstance(tidy.clip, Mapping):
            raise ArtifactError(f"{where}: 'clip' is not a mapping; get the artifact again")
        training, config = tidy.training, tidy.training.get("config")
        if isinstance(config, Mapping):
            training = {**training, "config": current_settings(config)}
        return replace(tidy, model=current_settings(tidy.model), training=training)


@dataclass(frozen=True)
class FileRecord:
    """Size in bytes and SHA-256 of a file."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Artifact:
    """An artifact on disk, its manifest read and the sizes of its files checked.

    Attributes:
        root: the folder it lies in (for a zip, where it was unpacked for as long as this object lives).
        source: what the user named: a folder or a zip.
        manifest: what it says of itself.
        files: the other files, by name.
    """

    root: Path
    source: Path
    manifest: Manifest
    files: Mapping[str, FileRecord]

    @property
    def name(self) -> str:
        """The model's name."""
        return self.manifest.name

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return (self.root / MANIFEST).stat().st_size + sum(record.size for record in self.files.values())

    @property
    def networks(self) -> tuple[str, ...]:
        """Names of the networks that the runtime needs."""
        return NETWORKS_OF[self.manifest.task]

    @property
    def exported(self) -> bool:
        """Whether it holds the networks that the runtime needs."""
        return all(name in self.files for name in self.networks)

    def file(self, name: str) -> Path:
        """Path of one of its files.

        Raises:
            ArtifactError: it has no such file.
        """
        if name not in self.files:
            todo = f"run: seesay export {self.source} --out DIR" if name in FILES[1:] else "get the artifact again"
            raise ArtifactError(f"{self.source}: has no {name}; {todo}")
        return self.root / name

    def verify(self) -> None:
        """Compare every file with its SHA-256.

        Raises:
            ArtifactError: a file is missing, truncated or changed; the message names it.
        """
        for name, record in self.files.items():
            _check_size(self.root / name, record)
            if _sha256(self.root / name) != record.sha256:
                raise ArtifactError(f"{self.source}: {name} was changed (other SHA-256); get the artifact again")


def find_artifact(name_or_path: str | os.PathLike[str] | None = None) -> Artifact:
    """The artifact a user means.

    Args:
        name_or_path: None for the embedded default, the name of an embedded model, or a folder or .zip. An embedded
            name wins over a folder of that name in the working folder: write `./name` for the latter.

    Raises:
        UsageError: there is no such name; the message lists the names there are and the nearest.
        ArtifactError: missing, damaged, or of a newer format.
    """
    names = _embedded_names()
    if name_or_path is None or (isinstance(name_or_path, str) and name_or_path in names):
        return read_artifact(EMBEDDED / (name_or_path or DEFAULT))
    if not isinstance(name_or_path, (str, os.PathLike)):
        raise UsageError(f"a model is given by its name or path, not by {name_or_path!r}")
    path = Path(name_or_path)
    if path.exists() or isinstance(name_or_path, os.PathLike) or len(path.parts) > 1 or path.suffix == ".zip":
        return read_artifact(path)
    from seesay.registry import nearest

    known = ", ".join(names) or "none"
    raise UsageError(
        f"no model is called {name_or_path!r}.{nearest(str(name_or_path), names)} Embedded models: {known}. "
        "Or give a folder or .zip that holds a seesay.json"
    )


def list_artifacts() -> tuple[Artifact, ...]:
    """The embedded artifacts, by name."""
    return tuple(read_artifact(EMBEDDED / name) for name in _embedded_names())


def _embedded_names() -> tuple[str, ...]:
    return tuple(sorted(path.parent.name for path in EMBEDDED.glob(f"*/{MANIFEST}")))


def read_artifact(path: str | os.PathLike[str]) -> Artifact:
    """Read an artifact from a folder or zip and check its format and the sizes of its files.

    Raises:
        ArtifactError: missing, damaged, or of a newer format; the message names the file.
    """
    source = Path(path)
    if source.is_file():
        return _read_zip(source)
    if not source.exists():
        raise ArtifactError(f"{source}: no such file or folder; give a folder or .zip that holds a {MANIFEST}")
    return _read_folder(source, source)


def write_manifest(folder: Path, manifest: Manifest) -> Artifact:
    """Write `seesay.json` for the artifact files that lie in `folder`; other files there are no part of it.

    The manifest is written last and at once, so that a folder with a manifest is a whole artifact.
    """
    present = [name for name in FILES if (folder / name).is_file()]
    records = {name: FileRecord((folder / name).stat().st_size, _sha256(folder / name)) for name in present}
    values = {"format": FORMAT, **manifest.to_json(), "files": {name: asdict(r) for name, r in records.items()}}
    write_whole(folder / MANIFEST, json.dumps(values, ensure_ascii=False, indent=1) + "\n")
    return Artifact(folder, folder, manifest, records)


@contextmanager
def replace_atomically(out: Path) -> Iterator[Path]:
    """A new folder to fill and `write_manifest`, put in place of `out` at the end; after an error `out` is as before.

    Args:
        out: a folder that does not exist, is empty, or is an artifact and nothing else; or a file name ending in .zip.

    Raises:
        ArtifactError: `out` holds other things, or cannot be written.
    """
    _check_replaceable(out)
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        part.mkdir(parents=True)
        yield part
        if out.suffix == ".zip":
            pack(read_artifact(part), out)
        else:
            _swap(part, out)
    except OSError as error:
        raise ArtifactError(f"{out}: artifact not written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def pack(artifact: Artifact, file: Path) -> Path:
    """Write an artifact as one zip, whole or not at all; the same artifact gives the same bytes."""
    import zipfile

    with replacing(file) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in (MANIFEST, *artifact.files):
            entry = zipfile.ZipInfo(name)  # dated 1980: no trace of when it was packed
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, (artifact.root / name).read_bytes())
    return file


def _check_replaceable(out: Path) -> None:
    if not out.exists():
        return
    if out.suffix == ".zip":
        if not out.is_file():
            raise ArtifactError(f"{out}: is not a file; name another --out")
        return
    own = {MANIFEST, *FILES}
    others = [path.name for path in out.iterdir() if path.name not in own] if out.is_dir() else [out.name]
    if others:
        raise ArtifactError(f"{out}: holds something else ({min(others)}); name a new folder")


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


def _read_folder(root: Path, source: Path) -> Artifact:
    where = f"{source}: {MANIFEST}"
    try:
        text = (root / MANIFEST).read_bytes()
    except FileNotFoundError:
        raise ArtifactError(f"{source}: holds no {MANIFEST}, so it is no artifact") from None
    except OSError as error:
        raise ArtifactError(f"{where} cannot be read ({error.strerror})") from error
    values, records = _parse_manifest(text, where)
    for name, record in records.items():
        _check_size(root / name, record)
    return Artifact(root, source, Manifest.from_json(values, where), records)


def _parse_manifest(text: bytes, where: str) -> tuple[dict[str, Any], dict[str, FileRecord]]:
    try:
        values = json.loads(text)
        version = values["format"]
        if isinstance(version, int) and version > FORMAT:
            raise ArtifactError(
                f"{where} is of format {version}, this SeeSay reads up to {FORMAT}: pip install --upgrade seesay"
            )
        records = {
            str(name): FileRecord(int(record["size"]), str(record["sha256"]))
            for name, record in values["files"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ArtifactError(f"{where} is damaged ({type(error).__name__}: {error}); get the artifact again") from error
    strange = [name for name in records if name not in FILES]
    if strange:
        raise ArtifactError(f"{where} lists {strange[0]!r}, which is no part of an artifact")
    return values, records


def _read_zip(source: Path) -> Artifact:
    """Unpack the files that the manifest lists, and no others, to a temporary folder that goes with the artifact."""
    import tempfile
    import zipfile

    root = Path(tempfile.mkdtemp(prefix="seesay-"))
    try:
        with zipfile.ZipFile(source) as archive:
            manifests = [name for name in archive.namelist() if PurePosixPath(name).name == MANIFEST]
            if not manifests:
                raise ArtifactError(f"{source}: holds no {MANIFEST}, so it is no artifact")
            manifest = min(manifests, key=len)
            _unpack(archive, manifest, root / MANIFEST, _LARGEST_MANIFEST)
            _, records = _parse_manifest((root / MANIFEST).read_bytes(), f"{source}: {MANIFEST}")
            present = set(archive.namelist())
            for name, record in records.items():
                member = manifest[: -len(MANIFEST)] + name
                if member in present:
                    _unpack(archive, member, root / name, record.size)
        artifact = _read_folder(root, source)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        shutil.rmtree(root, ignore_errors=True)
        raise ArtifactError(f"{source}: not a readable zip ({error}); get the artifact again") from error
    except BaseException:
        shutil.rmtree(root, ignore_errors=True)
        raise
    weakref.finalize(artifact, shutil.rmtree, root, ignore_errors=True)
    return artifact


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
        raise ArtifactError(f"{file}: is missing; get the artifact again") from None
    if size != record.size:
        raise ArtifactError(f"{file}: has {size} bytes, not {record.size}; get the artifact again")


def _sha256(file: Path) -> str:
    import hashlib

    digest = hashlib.sha256()
    with file.open("rb") as handle:
        while block := handle.read(2**20):
            digest.update(block)
    return digest.hexdigest()
