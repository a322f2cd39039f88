"""What captioners and recognizers have in common: they are closed, reloaded by pickle, and say what they are."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from seesay.errors import UsageError

if TYPE_CHECKING:
    from seesay.artifact import Artifact

Opener = Callable[["Artifact", "int | None"], Any]
"""An artifact and a number of threads → its networks."""
Self = TypeVar("Self", bound="LoadedModel")


class LoadedModel:
    """A model that holds networks; use it in a `with` block, or `close` it, to give their memory back.

    Pickled, it is its artifact's path: it is loaded again where it is unpickled.
    """

    artifact: Artifact
    networks: Any
    opened_by: tuple[Opener | None, int | None] = (None, None)
    """What opened the networks, and with how many threads; for another process."""

    def close(self) -> None:
        """Let go of the networks; the model cannot be used any more."""
        self.networks = _Closed(self.artifact.name)

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        opener, threads = self.opened_by
        state = {"preprocessing": getattr(self, "preprocessing", None)}
        return _reopened, (type(self), str(self.artifact.source), opener, threads, state)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'; '.join(self.about())}>"

    def _repr_html_(self) -> str:
        from seesay.runtime.notebook import model_html

        return model_html(type(self).__name__, self.artifact, self.about())

    def about(self) -> list[str]:
        """What it is, in a few words each: name, what it reads and knows, size, and what it scores."""
        raise NotImplementedError


def size_and_score(artifact: Artifact, score: str) -> list[str]:
    """`32.4 MB`, and `CIDEr-D 60.7 on test` where it is known."""
    scores = artifact.manifest.scores
    split = next((name for name in ("test", "dev") if isinstance(scores.get(name, {}).get(score), float)), None)
    found = [f"{artifact.size / 1e6:.1f} MB"]
    return found if split is None else [*found, f"{score} {100 * scores[split][score]:.1f} on {split}"]


class _Closed:
    """In place of the networks of a model that was closed."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        raise UsageError(f"{self._name} is closed; load it again")


def _reopened(kind: type[Any], source: str, opener: Opener | None, threads: int | None, state: dict[str, Any]) -> Any:
    from seesay.artifact import find_artifact
    from seesay.runtime.loading import opened

    model = opened(kind, find_artifact(source), opener, threads)
    vars(model).update(state)
    return model
