"""Grad-CAM against slopes measured without gradients, and the pages it is shown on."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from PIL import Image

from seesay.explain.attention import AttentionPages
from seesay.explain.gradcam import GradCam, grad_cam
from seesay.exporting import describe, save_model
from seesay.models.captioner import CaptionModel, normalize
from seesay.models.decoders import DECODERS
from seesay.models.encoders import EncoderConfig
from seesay.models.memory import Memory
from seesay.runtime import Caption
from seesay.text import Vocabulary

WORDS = Vocabulary.build([[f"word{i}"] * 5 for i in range(12)], min_count=1)


def build(name, size=64, encoder="test_efficientnet", **settings):
    torch.manual_seed(3)
    decoder = DECODERS[name].config_class(name=name, **settings)
    model = CaptionModel.build(EncoderConfig(name=encoder, weights="random", size=size), decoder, WORDS)
    return model.eval(), decoder


def pixels(side=64):
    return np.random.default_rng(2).integers(0, 256, (side, side, 3), np.uint8)


@pytest.mark.parametrize(("name", "settings"), [("merge", {"hidden": 16}), ("inject", {"conditioning": "init"})])
def test_maps_follow_the_slopes_of_the_log_probability(name, settings):
    model, _ = build(name, **settings)
    tokens = [5, 9, 4]
    maps = grad_cam(model, pixels(), tokens)
    with torch.no_grad():
        grid = model.encoder(normalize(torch.as_tensor(pixels())[None], model.preprocessing)).grid.double()
        decoder = deepcopy(model.decoder).double()

        def logprobs(shift):
            moved = grid + shift
            inputs = torch.tensor([[WORDS.start, *tokens[:-1]]])
            return decoder(Memory(moved, moved.mean(1)), inputs)[0].log_softmax(-1)[range(3), tokens]

        step = 1e-4
        weights = []  # of each channel: the mean over positions of the slope, by moving the channel everywhere
        for channel in range(grid.shape[-1]):
            shift = torch.zeros(grid.shape[-1], dtype=torch.float64)
            shift[channel] = step
            weights.append((logprobs(shift) - logprobs(-shift)) / (2 * step) / grid.shape[1])
        heat = (grid[0] @ torch.stack(weights)).relu().T
    expected = heat / heat.sum(1, keepdim=True).clamp(min=1e-12)
    assert maps.shape == (3, *model.encoder.grid_size)
    np.testing.assert_allclose(maps.reshape(3, -1), expected.numpy(), atol=1e-4)
    assert maps.max() > 0


@pytest.mark.parametrize(
    ("encoder", "layer"),
    [("test_efficientnet", "global_pool"), ("swin_tiny_patch4_window7_224", "head.global_pool")],
    ids=["channels first", "channels last"],
)
def test_over_one_vector_of_the_picture_the_map_is_the_last_one_before_it(encoder, layer):
    """A vector that is the map's mean, which is what the decoder makes of the map: the same model, seen both ways."""
    model, decoder = build("merge", encoder=encoder, hidden=16)
    eyes = EncoderConfig(name=encoder, layer=layer, weights="random", size=64)
    other = CaptionModel.build(eyes, decoder, WORDS).eval()
    assert other.encoder.grid_size == (1, 1)
    other.encoder.backbone.load_state_dict(model.encoder.backbone.state_dict(), strict=False)
    other.decoder.load_state_dict(model.decoder.state_dict())
    maps = grad_cam(other, pixels(), [5, 9, 4])
    assert maps.shape == (3, 2, 2)
    assert maps.max() > 0
    np.testing.assert_allclose(maps, grad_cam(model, pixels(), [5, 9, 4]), atol=1e-5)


def test_models_and_ensembles_from_their_artifacts(tmp_path):
    artifacts = []
    for side in (64, 128):
        model, decoder = build("merge", side, hidden=16)
        artifacts.append(save_model(model, describe(model, decoder, "merge"), tmp_path / str(side)))
    photo = Image.fromarray(pixels(90))
    words = ["word1", "word7"]
    small, large = (GradCam([artifact])(photo, words) for artifact in artifacts)
    assert (small.shape, large.shape) == ((2, 2, 2), (2, 4, 4))
    both = GradCam(artifacts)(photo, words)
    assert both.shape == (2, 4, 4)
    assert not np.array_equal(both, large)
    sums = both.sum((1, 2))
    assert all(value == pytest.approx(1, abs=1e-5) or value <= 0.5 + 1e-5 for value in sums)


def caption(text, attention=None):
    words = text.split()
    return Caption(text, -1.0, tuple((word, -0.5) for word in words), attention)


def test_the_page_names_grad_cam_lists_every_caption_and_what_failed(tmp_path):
    asked = []

    def maps(photo, words):
        asked.append(tuple(words))
        return np.eye(4, dtype=np.float32)[: len(words)].reshape(-1, 2, 2)

    pages = AttentionPages(tmp_path / "looked", "plain", maps)
    pages.add(pixels(), [caption("word1 word2"), caption("word3 <b>"), caption("word4")])
    pages.fail("broken<1>.jpg: the file is empty")
    text = pages.finish().read_text("utf-8")
    assert asked == [("word1", "word2")]
    assert "Grad-CAM" in text
    assert "(attention)" not in text
    assert all(f">{word}</span>" in text for word in ("word1", "word2", "word3", "word4", "&lt;b&gt;"))
    assert "Not captioned" in text
    assert "broken&lt;1&gt;.jpg: the file is empty" in text
    (picture,) = (tmp_path / "looked").glob("*.png")
    with Image.open(picture) as sheet:
        panels = [np.asarray(sheet.convert("L"), float)[8:72, left : left + 64] for left in (80, 152)]
    # The first word's map is bright at the top left, the second's at the top right.
    assert panels[0][:20, :20].mean() > panels[0][:20, 44:].mean() + 20
    assert panels[1][:20, 44:].mean() > panels[1][:20, :20].mean() + 20


def test_the_page_of_a_model_with_attention_does_not_name_it(tmp_path):
    pages = AttentionPages(tmp_path, "looking")
    pages.add(pixels(), [caption("word1", np.ones((1, 2, 2), np.float32))])
    text = pages.finish().read_text("utf-8")
    assert "Grad-CAM" not in text
    assert "Not captioned" not in text
