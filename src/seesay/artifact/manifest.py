"""What an artifact says of itself, and the files that it lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from seesay.artifact.older import current_settings
from seesay.artifact.rules import check_manifest
from seesay.errors import ArtifactError
from seesay.printable import printable, printable_lines

FORMAT = 1
"""Version of the layout that this code writes, and the newest that it reads."""
MANIFEST = "seesay.json"
WEIGHTS = "weights.safetensors"
ENCODER, DECODER_START, DECODER_STEP = NETWORKS = ("encoder.onnx", "decoder_start.onnx", "decoder_step.onnx")
CLASSIFIER = "classifier.onnx"
NEIGHBORS, TEXTS = "neighbours.npz", "texts.npz"
NETWORKS_OF = {"caption": NETWORKS, "recognize": (ENCODER, CLASSIFIER)}
"""What an exported artifact holds, by its task."""
FILES = (WEIGHTS, *NETWORKS, CLASSIFIER, NEIGHBORS, TEXTS)


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
    selection: Mapping[str, Any] = field(default_factory=dict)
    """How sentences are chosen among and how sure they are: `seesay.runtime.selection.Selection` as JSON."""
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

        Words, labels, names and the card are made printable: what a model says reaches terminals.

        Raises:
            ArtifactError: an entry is missing, of another kind, or out of range; the message names it.
        """
        known = {f.name: values[f.name] for f in fields(cls) if f.name in values}
        try:
            check_manifest(known, tuple(NETWORKS_OF))
        except ValueError as error:
            raise ArtifactError(f"{where}: {error}; get the artifact again") from error
        words = known["vocabulary"]
        if "tokens" in words:
            known["vocabulary"] = {**words, "tokens": [printable(token) for token in words["tokens"]]}
        known["grid_size"] = tuple(known["grid_size"])
        known["carried"] = tuple(known["carried"])
        known["labels"] = tuple(map(printable, known.get("labels", ())))
        known["name"] = printable(known["name"])
        known["card"] = printable_lines(known.get("card", ""))
        known["model"] = current_settings(known["model"])
        training = known.get("training", {})
        if isinstance(training.get("config"), Mapping):
            known["training"] = {**training, "config": current_settings(training["config"])}
        return cls(**known)


@dataclass(frozen=True)
class FileRecord:
    """Size in bytes and SHA-256 of a file."""

    size: int
    sha256: str
