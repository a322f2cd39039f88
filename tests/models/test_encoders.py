import os
import pickle

import pytest
import torch
from safetensors.torch import save_file

from seesay.errors import MissingPartError, UsageError
from seesay.models.captioner import normalise
from seesay.models.encoders import Encoder, EncoderConfig, read_state_dict


def make(name, **settings):
    torch.manual_seed(0)
    return Encoder(EncoderConfig(name=name, weights="random", **settings)).eval()


@pytest.mark.parametrize(
    ("name", "size", "grid", "dim"),
    [
        ("tf_efficientnet_lite0", 64, (2, 2), 1280),
        ("resnet18", 64, (2, 2), 512),
        ("vgg11", 64, (2, 2), 512),
        ("vit_tiny_patch16_224", 64, (4, 4), 192),
        ("swin_tiny_patch4_window7_224", 224, (7, 7), 768),
        ("convnext_atto", 64, (2, 2), 320),
    ],
)
def test_every_kind_of_backbone_gives_a_grid_and_its_mean(name, size, grid, dim):
    encoder = make(name, size=size)
    assert encoder.preprocessing.size == (size, size)
    memory = encoder(torch.randn(2, 3, size, size))
    assert encoder.grid_size == grid
    assert encoder.dim == dim
    assert memory.grid.shape == (2, grid[0] * grid[1], dim)
    torch.testing.assert_close(memory.pooled, memory.grid.mean(1))


def test_grid_positions_are_read_row_by_row():
    encoder = make("resnet18", size=224)
    pixels = torch.zeros(1, 3, 224, 224)
    changed = pixels.clone()
    changed[..., :32, -32:] = 5.0  # top right
    moved = (encoder(changed).grid - encoder(pixels).grid).abs().sum(-1)[0].view(encoder.grid_size)
    row, column = divmod(int(moved.argmax()), encoder.grid_size[1])
    assert row <= 2
    assert column >= 4


def test_only_the_asked_layers_learn_and_batch_norm_keeps_its_statistics():
    encoder = make("resnet18", size=64)
    assert encoder.freeze(0) == []
    learning = encoder.freeze(except_last=1)
    assert 0 < len(learning) < len(list(encoder.parameters()))
    encoder.train()
    assert encoder.training
    before = {n: b.clone() for n, b in encoder.named_buffers()}
    encoder(torch.randn(2, 3, 64, 64)).pooled.sum().backward()
    assert all(torch.equal(b, before[n]) for n, b in encoder.named_buffers())
    assert all((p.grad is not None) == p.requires_grad for p in encoder.parameters())
    assert len(encoder.freeze(None)) == len(list(encoder.backbone.parameters()))


def test_the_fingerprint_follows_the_weights():
    encoder = make("resnet18", size=64)
    before = encoder.fingerprint()
    assert make("resnet18", size=64).fingerprint() == before
    with torch.no_grad():
        next(encoder.backbone.parameters()).add_(1e-3)
    assert encoder.fingerprint() != before


def test_weights_from_a_file(tmp_path):
    source = make("resnet18", size=64)
    file = tmp_path / "weights.safetensors"
    save_file({**source.backbone.state_dict(), "fc.weight": torch.zeros(10, 512)}, file)
    torch.manual_seed(9)
    loaded = Encoder(EncoderConfig(name="resnet18", weights=str(file), size=64))
    assert loaded.fingerprint() == source.fingerprint()
    torch.save({"state_dict": source.backbone.state_dict()}, tmp_path / "weights.pth")
    loaded = Encoder(EncoderConfig(name="resnet18", weights=str(tmp_path / "weights.pth"), size=64))
    assert loaded.fingerprint() == source.fingerprint()
    with pytest.raises(UsageError, match="does not fit"):
        Encoder(EncoderConfig(name="resnet34", weights=str(file), size=64))
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(UsageError, match="not a readable weight file"):
        Encoder(EncoderConfig(name="resnet18", weights=str(file), size=64))


class Harm:
    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.mkdir, (str(self.file),)


def test_a_file_that_is_no_state_dict_is_refused_and_nothing_in_it_is_run(tmp_path):
    state = {"a": torch.zeros(20000)}
    torch.save({"model_state_dict": state, "step": 3}, tmp_path / "good.pth")
    assert read_state_dict(tmp_path / "good.pth").keys() == {"a"}
    torch.save({"state_dict": state, "more": Harm(tmp_path / "harm")}, tmp_path / "zip.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    (tmp_path / "pickle.pth").write_bytes(pickle.dumps({"a": Harm(tmp_path / "harm")}))
    (tmp_path / "cut.pth").write_bytes((tmp_path / "good.pth").read_bytes()[:30000])
    (tmp_path / "text.pth").write_text("not weights at all\n" * 50)
    for name in ("zip", "list", "pickle", "cut", "text"):
        with pytest.raises(UsageError, match=rf"{name}\.pth: not a readable weight file \(") as caught:
            read_state_dict(tmp_path / f"{name}.pth")
        assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="no such file"):
        read_state_dict(tmp_path / "none.pth")
    assert not (tmp_path / "harm").exists()


def test_a_resize_other_than_the_backbones_own():
    assert make("resnet18", size=64).preprocessing.interpolation == "bicubic"
    assert make("resnet18", size=64, interpolation="bilinear").preprocessing.interpolation == "bilinear"


def test_the_package_carries_the_real_weights():
    encoder = Encoder(EncoderConfig(name="tf_efficientnet_lite2")).eval()
    assert encoder.grid_size == (9, 9)
    assert encoder.preprocessing.size == (260, 260)
    # Trained batch norms have moved away from 0 and 1; random ones have not.
    assert (encoder.backbone.bn2.running_mean != 0).all()


@pytest.mark.parametrize(
    ("settings", "error", "expected"),
    [
        ({"name": "resnet5O"}, UsageError, "Did you mean 'resnet50'"),
        ({"name": "resnet18", "weights": "nowhere.pth"}, UsageError, "no file 'nowhere.pth'"),
        ({"name": "resnet18", "weights": "package"}, MissingPartError, "tf_efficientnet_lite2"),
    ],
)
def test_what_cannot_be_had_is_said_in_one_line(settings, error, expected):
    with pytest.raises(error) as raised:
        Encoder(EncoderConfig(**settings))
    assert expected in str(raised.value)
    assert "\n" not in str(raised.value)


def test_without_a_network_the_hub_error_says_what_to_do(monkeypatch, tmp_path):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(MissingPartError, match=r"encoder\.weights=FILE"):
        Encoder(EncoderConfig(name="resnet18", weights="hub"))


def test_pixels_are_normalised_as_the_artefact_says():
    encoder = make("resnet18", size=64)
    pixels = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    expected = encoder.preprocessing.normalise(pixels.numpy())
    torch.testing.assert_close(
        normalise(pixels, encoder.preprocessing), torch.from_numpy(expected), atol=1e-5, rtol=1e-5
    )
