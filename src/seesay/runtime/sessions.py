"""ONNX Runtime sessions of an artifact's networks: its bytes compared, its graphs through the gate, then opened."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import onnxruntime  # type: ignore[import-untyped]

from seesay.artifact import WEIGHTS, Artifact
from seesay.artifact.gate import inspect_graph
from seesay.cores import usable_cores
from seesay.errors import ArtifactError
from seesay.reading import read_file

if os.environ.get("ORT_DISABLE_TELEMETRY") == "1":
    onnxruntime.disable_telemetry_events()  # for who had imported it before SeeSay

LARGEST_GRAPH = 2**31
"""Bytes of a graph's file, as ONNX has it."""


class Session:
    """One network; what it is fed and what it gives go by name."""

    def __init__(self, artifact: Artifact, name: str, options: Any) -> None:
        self._file = artifact.file(name)
        sizes = {WEIGHTS: artifact.files[WEIGHTS].size} if WEIGHTS in artifact.files else {}
        try:
            found = inspect_graph(read_file(self._file, LARGEST_GRAPH), sizes)
        except OSError as error:
            raise ArtifactError(f"{self._file}: cannot be read ({error.strerror})") from error
        if found.faults:
            raise ArtifactError(f"{self._file}: is refused: {found.faults[0]}; get or export the artifact again")
        try:
            self._session = onnxruntime.InferenceSession(str(self._file), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's own exceptions share no base
            raise ArtifactError(
                f"{self._file}: ONNX Runtime refuses it ({_reason(error)}); get or export the artifact again"
            ) from error
        self.inputs = {entry.name: tuple(entry.shape) for entry in self._session.get_inputs()}
        self.outputs = tuple(entry.name for entry in self._session.get_outputs())

    def check(self, *, inputs: Iterable[str] | None = None, outputs: Iterable[str] | None = None) -> None:
        """Refuse a network that reads what nobody gives, or does not give what is needed.

        Raises:
            ArtifactError: one line that names the input or output.
        """
        strange = [] if inputs is None else sorted(set(self.inputs) - set(inputs))
        missing = sorted(set(outputs or ()) - set(self.outputs))
        for what, names in (("reads", strange), ("does not give", missing)):
            if names:
                raise ArtifactError(f"{self._file}: {what} {names[0]!r:.80}, as no model of its task does")

    def run(self, outputs: Sequence[str], feed: Mapping[str, Any]) -> list[Any]:
        """Arrays of the outputs, in their order.

        Raises:
            ArtifactError: ONNX Runtime cannot compute it.
        """
        try:
            found: list[Any] = self._session.run(outputs, feed)
        except Exception as error:
            raise ArtifactError(
                f"{self._file}: cannot be computed ({_reason(error)}); get the artifact again"
            ) from error
        return found


def open_sessions(artifact: Artifact, names: Sequence[str], threads: int | None = None) -> list[Session]:
    """Open some of an artifact's networks, all at once.

    Args:
        artifact: it must be exported.
        names: files of the networks.
        threads: CPU threads for each; None takes all cores this process may use.

    Raises:
        ArtifactError: not exported, changed since it was made, or a network that the gate or ONNX Runtime refuses.
    """
    options = session_options(threads)
    with ThreadPoolExecutor(len(names) + 1) as pool:
        weights = pool.submit(artifact.file, WEIGHTS) if WEIGHTS in artifact.files else None
        sessions = list(pool.map(lambda name: Session(artifact, name, options), names))
        if weights is not None:
            weights.result()
    return sessions


def session_options(threads: int | None = None) -> Any:
    """ONNX Runtime's settings: quiet, on `threads` CPU threads (None: all cores this process may use)."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # its errors are raised, and told by whoever catches them
    options.intra_op_num_threads = threads or usable_cores()
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return options


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["unknown"])[0][:200]
