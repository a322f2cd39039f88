"""A checkpoint in the authors' layout becomes an artifact that computes the same."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from timm.models.swin_transformer import SwinTransformer

from seesay.artifact import Artifact
from seesay.cli import run
from seesay.errors import UsageError
from seesay.exporting import TorchNetworks, load_model
from seesay.exporting.convert import convert_expansionnet_v2, read_tokens
from seesay.models.captioner import normalize
from seesay.models.decoders.expansionnet_v2 import ExpansionConfig, ExpansionDecoder
from seesay.models.memory import Memory
from seesay.runtime import Captioner

SWIN = "swin_convert_test"
# As the authors' tables are sorted: special tokens in capitals among the words, a line break first.
WORDS = ["\n", "&", "EOS", "PAD", "SOS", "UNK", "a", "dog", "in", "snow", "the"]
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SETTINGS = ExpansionConfig(
    hidden=16, feed_forward=24, layers=2, static=(1, 2, 4, 8, 16), dynamic=3, max_length=12, dropout=0.3
)


@timm.models.register_model
def swin_convert_test(pretrained: bool = False, num_classes: int = 0, **_: Any) -> SwinTransformer:
    """A Swin Transformer of three small stages, known to timm by name as any other."""
    net = SwinTransformer(112, num_classes=num_classes, embed_dim=8, depths=(2, 2, 1), num_heads=(1, 2, 2))
    net.pretrained_cfg = {"input_size": (3, 112, 112), "interpolation": "bicubic", "mean": MEAN, "std": STD}
    return net


def table(words: list[str] = WORDS) -> dict[str, Any]:
    ids = {word: place for place, word in enumerate(words)}
    return {"word2idx_dict": ids, "idx2word_list": words, "sos_str": "SOS", "eos_str": "EOS"}


def as_published(backbone: torch.nn.Module, decoder: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The authors' names: the first Swin's, where downsampling ends a stage and tables of indices are kept."""
    state = {}
    for name, value in backbone.state_dict().items():
        parts = name.split(".")
        if parts[2:3] == ["downsample"]:
            parts[1] = str(int(parts[1]) - 1)
        state[f"swin_transf.{'.'.join(parts)}"] = value
    state["swin_transf.layers.0.blocks.1.attn_mask"] = torch.zeros(16, 49, 49)
    state["swin_transf.layers.0.blocks.0.attn.relative_position_index"] = torch.zeros(49, 49, dtype=torch.int64)
    state |= decoder.state_dict()
    for layer in range(SETTINGS.layers):
        state[f"decoders.{layer}.mha.Wk.bias"] = torch.randn(SETTINGS.hidden)
    return state


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, torch.nn.Module, ExpansionDecoder]:
    """Checkpoint, token table, and the two networks that are in the checkpoint."""
    torch.manual_seed(4)
    folder = tmp_path_factory.mktemp("published")
    backbone = timm.create_model(SWIN, num_classes=0).eval()
    decoder = ExpansionDecoder(SETTINGS, len(WORDS), 32).eval()
    with torch.no_grad():
        for parameter in decoder.parameters():
            parameter.copy_(torch.randn_like(parameter) / 4)
    state = as_published(backbone, decoder)
    torch.save({"model_state_dict": state, "optimizer_state_dict": {"step": 3}}, folder / "model.pth")
    (folder / "tokens.pickle").write_bytes(pickle.dumps(table(), protocol=3))
    return folder / "model.pth", folder / "tokens.pickle", backbone, decoder


@pytest.fixture(scope="module")
def converted(published: Any, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    checkpoint, tokens, *_ = published
    out = tmp_path_factory.mktemp("converted") / "model"
    return convert_expansionnet_v2(checkpoint, tokens, out, SWIN)


def test_words_move_with_their_special_tokens_first(published: Any) -> None:
    vocabulary, places = read_tokens(published[1])
    assert vocabulary.tokens == ("<pad>", "<start>", "<end>", "<unk>", "\\n", "&", "a", "dog", "in", "snow", "the")
    assert [WORDS[place] for place in places] == [
        "PAD",
        "SOS",
        "EOS",
        "UNK",
        "\n",
        "&",
        "a",
        "dog",
        "in",
        "snow",
        "the",
    ]


@torch.no_grad()
def test_the_artifact_computes_what_the_published_model_does(published: Any, converted: Artifact) -> None:
    _, tokens, backbone, decoder = published
    vocabulary, places = read_tokens(tokens)
    model = load_model(converted)
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 112, 112, 3), np.uint8))
    grid = backbone.forward_features(normalize(pixels, model.preprocessing)).flatten(1, 2)
    ours = torch.tensor(
        [vocabulary.encode(["<start>", "a", "dog", "in"]), vocabulary.encode(["<start>", "the", "&", "in"])]
    )
    expected = decoder(Memory(grid, grid.mean(1)), places[ours])[..., places]
    assert expected.std() > 0.1
    torch.testing.assert_close(model.decoder(model.encode(pixels), ours), expected, atol=1e-5, rtol=1e-5)


def test_the_artifact_is_whole(converted: Artifact) -> None:
    about = converted.manifest
    converted.verify()
    assert about.model["decoder"] == SETTINGS.model_dump(mode="json")
    assert about.preprocessing["interpolation"] == "bilinear"
    assert about.preprocessing["mean"] == [*MEAN]
    assert about.preprocessing["fit"] == "squash"
    assert about.search == {"beam": 5, "length_power": 1.0, "max_length": 11, "charge_end": False}
    assert about.scores == {}  # nothing was measured
    for part in ("BLEU-4 41.5, METEOR 30.3", "CIDEr 140.4", "not measured here", "MIT", SWIN, "11 words"):
        assert part in about.card
    captioner = Captioner(converted, TorchNetworks(load_model(converted)))
    picture = np.random.default_rng(1).integers(0, 256, (50, 60, 3), np.uint8)
    assert set(captioner(picture).text.split()) <= {"\\n", *WORDS[1:]}


class Harm:
    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.file),)


def test_a_table_that_is_none_is_refused_and_nothing_in_it_is_run(tmp_path: Path) -> None:
    whole = pickle.dumps(table())
    wrong = {
        "harm": pickle.dumps({**table(), "more": Harm(tmp_path / "done")}),
        "cut": whole[:-20],
        "text": b"a dog\n" * 30,
        "empty": b"",
        "list": pickle.dumps(WORDS),
        "lacking": pickle.dumps(table([word for word in WORDS if word != "UNK"])),
        "disagreeing": pickle.dumps({**table(), "idx2word_list": WORDS[::-1]}),
        "longer": pickle.dumps({**table(), "idx2word_list": WORDS[:-1]}),
    }
    for name, content in wrong.items():
        file = tmp_path / f"{name}.pickle"
        file.write_bytes(content)
        with pytest.raises(UsageError, match=rf"{name}\.pickle: not ExpansionNet v2's token table") as caught:
            read_tokens(file)
        assert "\n" not in str(caught.value)
        assert ("it holds posix.mkdir" in str(caught.value)) == (name == "harm")
    with pytest.raises(UsageError, match="cannot be read"):
        read_tokens(tmp_path / "none.pickle")
    assert not (tmp_path / "done").exists()


def change(state: dict[str, Any], kind: str) -> None:
    first = "decoders.0.norm_1.bias"
    if kind == "lacks decoders.0.norm_1.bias":
        del state[first]
    elif kind == "lacks swin_transf.norm.weight":
        del state["swin_transf.norm.weight"]
    elif kind == "holds decoders.0.extra.weight":
        state["decoders.0.extra.weight"] = torch.zeros(3)
    elif kind == "decoders.0.norm_1.bias has shape (3,), expected (16,)":
        state[first] = torch.zeros(3)
    elif kind.startswith("swin_transf.layers.0.blocks.0.attn.relative_position_bias_table has shape (25, 1)"):
        state["swin_transf.layers.0.blocks.0.attn.relative_position_bias_table"] = torch.zeros(25, 1)
    elif kind == "was trained with 9":
        for name in ("out_embedder.embed.weight", "vocab_linear.weight", "vocab_linear.bias"):
            state[name] = state[name][:9]
    elif kind == "30 static expansion vectors":
        for name in ("query_exp_vectors", "bias_exp_vectors"):
            state[f"encoders.0.stc_exp.{name}.weight"] = torch.zeros(30, 16)
    elif kind == "has no swin_transf.":
        for name in [name for name in state if name.startswith("swin")]:
            del state[name]
    else:
        assert kind == "lacks input_linear.weight"
        del state["input_linear.weight"]


@pytest.mark.parametrize(
    "expected",
    [
        "lacks decoders.0.norm_1.bias",
        "lacks swin_transf.norm.weight",
        "holds decoders.0.extra.weight",
        "decoders.0.norm_1.bias has shape (3,), expected (16,)",
        "swin_transf.layers.0.blocks.0.attn.relative_position_bias_table has shape (25, 1), expected (169, 1)",
        "was trained with 9",
        "30 static expansion vectors",
        "has no swin_transf.",
        "lacks input_linear.weight",
    ],
)
def test_the_first_tensor_that_does_not_fit_is_named(
    expected: str, published: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint, tokens, *_ = published
    state = torch.load(checkpoint, weights_only=True, mmap=True)["model_state_dict"]
    change(state, expected)
    torch.save({"model_state_dict": state}, tmp_path / "other.pth")
    call = ["convert", "expansionnet-v2", str(tmp_path / "other.pth"), str(tokens), "--encoder", SWIN]
    assert run([*call, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert said.startswith("seesay: ")
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_the_command_line(
    published: Any, converted: Artifact, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint, tokens, *_ = published
    call = ["convert", "expansionnet-v2", str(checkpoint), str(tokens), "--out", str(tmp_path / "out")]
    assert run([*call, "--encoder", SWIN]) == 0
    assert "11 words; make it ready for use: seesay export" in capsys.readouterr().err
    assert (tmp_path / "out" / "seesay.json").read_bytes() == (converted.root / "seesay.json").read_bytes()
    assert run([*call, "--encoder", "test_vit"]) == 2
    assert "--encoder test_vit: is no Swin Transformer" in capsys.readouterr().err
    assert run([*call[:2], str(tmp_path / "none.pth"), *call[3:]]) == 2
    assert capsys.readouterr().err == f"seesay: {tmp_path / 'none.pth'}: no such file\n"
    (tmp_path / "cut.pth").write_bytes(checkpoint.read_bytes()[:50000])
    assert run([*call[:2], str(tmp_path / "cut.pth"), *call[3:]]) == 2
    assert "cut.pth: not a readable weight file" in capsys.readouterr().err
