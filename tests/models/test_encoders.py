import os
import pickle

import pytest
import torch
from safetensors.torch import save_file

from seesay.errors import MissingPartError, UsageError
from seesay.models.captioner import normalize
from seesay.models.encoders import Encoder, EncoderConfig, read_state_dict


def make(name, **settings):
    torch.manual_seed(0)
    return Encoder(EncoderConfig(name=name, weights="random", **settings)).eval()


IMAGENET, HALF = (0.485, 0.456, 0.406), (0.5, 0.5, 0.5)
CLIP = (0.48145466, 0.4578275, 0.40821073)


@pytest.mark.parametrize(
    ("name", "size", "grid", "dim", "mean"),
    [
        ("tf_efficientnet_lite0", 64, (2, 2), 1280, HALF),
        ("resnet18", 64, (2, 2), 512, IMAGENET),
        ("resnet50", 64, (2, 2), 2048, IMAGENET),
        ("resnet101", 64, (2, 2), 2048, IMAGENET),
        ("vgg11", 64, (2, 2), 512, IMAGENET),
        ("inception_v3", 128, (2, 2), 2048, HALF),
        ("mobilenetv1_100", 64, (2, 2), 1024, HALF),
        ("mobilenetv2_100", 64, (2, 2), 1280, IMAGENET),
        ("mobilenetv3_large_100", 64, (2, 2), 960, IMAGENET),
        ("convnext_tiny", 64, (2, 2), 768, IMAGENET),
        ("swin_tiny_patch4_window7_224", 224, (7, 7), 768, IMAGENET),
        ("vit_tiny_patch16_224", 64, (4, 4), 192, HALF),
        ("vit_small_patch14_dinov2", 56, (4, 4), 384, IMAGENET),
        ("vit_small_patch14_reg4_dinov2", 56, (4, 4), 384, IMAGENET),
        ("vit_base_patch32_clip_224", 64, (2, 2), 768, CLIP),
    ],
)
def test_every_kind_of_backbone_gives_a_grid_and_its_mean(name, size, grid, dim, mean):
    encoder = make(name, size=size)
    assert encoder.preprocessing.size == (size, size)
    assert encoder.preprocessing.mean == mean
    memory = encoder(torch.randn(2, 3, size, size))
    assert encoder.grid_size == grid
    assert encoder.dim == dim
    assert memory.grid.shape == (2, grid[0] * grid[1], dim)
    torch.testing.assert_close(memory.pooled, memory.grid.mean(1))


def test_fc7_is_what_the_second_fully_connected_layer_gives():
    encoder = make("vgg16", size=32, layer="fc7")
    assert (encoder.grid_size, encoder.dim) == ((1, 1), 4096)
    pixels = torch.randn(2, 3, 32, 32)
    memory = encoder(pixels)
    assert memory.grid.shape == (2, 1, 4096)
    assert torch.equal(memory.pooled, memory.grid[:, 0])
    connected = encoder.backbone.pre_logits
    maps = pixels
    for layer in encoder.backbone.features.children():
        maps = layer(maps)
    maps = torch.nn.functional.adaptive_avg_pool2d(maps, 7)
    expected = connected.fc2(connected.fc1(maps).relu()).relu().flatten(1)
    torch.testing.assert_close(memory.pooled, expected)


@pytest.mark.parametrize(
    ("name", "layer", "size", "grid", "dim"),
    [
        ("vgg11_bn", "conv2_1", 32, (16, 16), 128),
        ("resnet18", "layer3", 64, (4, 4), 256),
        ("swin_tiny_patch4_window7_224", "layers.2", 224, (14, 14), 384),
        ("vit_tiny_patch16_224", "blocks.3", 64, (4, 4), 192),
        ("test_efficientnet", "global_pool", 64, (1, 1), 256),
    ],
)
def test_a_layer_inside_and_nothing_after_it(name, layer, size, grid, dim):
    encoder = make(name, layer=layer, size=size)
    assert (encoder.grid_size, encoder.dim) == (grid, dim)
    encoder.train()
    learning = encoder.freeze(None)
    memory = encoder(torch.randn(2, 3, size, size))
    assert memory.grid.shape == (2, grid[0] * grid[1], dim)
    memory.pooled.square().sum().backward()
    # What comes after the layer is gone: each weight that is left has its part in the features.
    assert len(learning) == len(list(encoder.backbone.parameters()))
    assert all(p.grad is not None for p in learning)


def test_the_annotation_vectors_of_show_attend_and_tell():
    encoder = make("vgg19", layer="conv5_3")
    assert (encoder.preprocessing.size, encoder.grid_size, encoder.dim) == ((224, 224), (14, 14), 512)


def test_a_vgg_map_by_name_is_the_last_before_its_pooling():
    whole, part = make("vgg11", size=32), make("vgg11", size=32, layer="conv5_2")
    pixels = torch.randn(1, 3, 32, 32)
    grid = part(pixels).grid.view(1, *part.grid_size, part.dim).permute(0, 3, 1, 2)
    expected = torch.nn.functional.max_pool2d(grid, 2).flatten(2).transpose(1, 2)
    torch.testing.assert_close(whole(pixels).grid, expected)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("layr3", "has no module 'layr3'. Nearest: layer3, "),
        ("fc7", "Its parts: conv1, bn1, act1, maxpool, layer1"),
    ],
)
def test_a_layer_that_is_not_there_names_the_nearest(layer, expected):
    with pytest.raises(UsageError) as raised:
        make("resnet18", size=64, layer=layer)
    assert expected in str(raised.value)
    assert "\n" not in str(raised.value)


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


def test_pixels_are_normalized_as_the_artifact_says():
    encoder = make("resnet18", size=64)
    pixels = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    expected = encoder.preprocessing.normalize(pixels.numpy())
    torch.testing.assert_close(
        normalize(pixels, encoder.preprocessing), torch.from_numpy(expected), atol=1e-5, rtol=1e-5
    )
