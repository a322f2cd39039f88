"""Checkpoints that authors have published, as artifacts of this project."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from timm.models.swin_transformer import SwinTransformer, checkpoint_filter_fn
from torch import Tensor, nn

from seesay.artifact import Artifact, read_artifact, replace_atomically
from seesay.errors import UsageError
from seesay.exporting.weights import describe, save_model
from seesay.models.captioner import CaptionModel
from seesay.models.decoders.expansionnet_v2 import ExpansionConfig
from seesay.models.encoders import EncoderConfig, read_state_dict
from seesay.plain_pickle import load_plain
from seesay.reading import read_file
from seesay.text.vocabulary import SPECIALS, Vocabulary

SWIN = "swin_transf."
# Sizes of the groups of static expansion vectors are in no tensor; their sum is, and this is their proportion.
PROPORTION = (1, 2, 4, 8, 16)
CARD = """\
# expansionnet_v2

One photo in, one English sentence out: ExpansionNet v2 (Hu et al. 2022, "Exploiting Multiple Sequence Lengths in Fast
End to End Training for Image Captioning", arXiv:2208.06551) over {encoder}, {millions:.0f} M parameters, {words} words.
Converted from the authors' checkpoint by `seesay convert expansionnet-v2`.

- **Trained by its authors** on COCO's Karpathy training split (captions CC BY 4.0, photos under the terms of Flickr):
  cross-entropy, then self-critical training on CIDEr-D.
- **Published scores** of the released model (single, beam 5) on COCO's Karpathy test: BLEU-4 41.5, METEOR 30.3,
  CIDEr 140.4. They are the authors' figures and were not measured here.
- **License**: the authors' code is MIT (© 2024 Jia Cheng Hu), and names no other license for the checkpoint; Swin
  Transformer is MIT (© Microsoft). Mind the terms of the training data where you use what it learned.

**Limits.** It knows what COCO shows: everyday scenes with people, animals, vehicles, food, furniture. It guesses gender
and age from habit, does not read, and cannot say that it does not know. Not for decisions about people.
"""


def convert_expansionnet_v2(
    checkpoint: Path, tokens: Path, out: Path, encoder: str = "swin_large_patch4_window12_384"
) -> Artifact:
    """Make an artifact of ExpansionNet v2's released checkpoint (arXiv:2208.06551), its Swin Transformer included.

    Nothing in the two files is run. Sizes are taken from the tensors, all but those no tensor tells: 8 heads, and
    groups of static expansion vectors in the published proportion.

    Args:
        checkpoint: a PyTorch file with `model_state_dict`, under the names of the authors' end-to-end model.
        tokens: the authors' token table, a pickle with `word2idx_dict`, `idx2word_list`, `sos_str` and `eos_str`.
        out: a new folder, or a file name ending in .zip.
        encoder: the timm name of the Swin Transformer in the checkpoint.

    Returns:
        The artifact, without networks: `export_artifact` adds them.

    Raises:
        UsageError: a file that is not what it should be; the first tensor missing, unexpected or of another shape is
            named.
        ArtifactError: `out` holds something else, or cannot be written.
    """
    with replace_atomically(out) as folder:
        vocabulary, places = read_tokens(tokens)
        weights = read_state_dict(checkpoint)
        swin = {name.removeprefix(SWIN): value for name, value in weights.items() if name.startswith(SWIN)}
        # The softmax cancels the bias of keys, and the decoder has none.
        others = {n: v for n, v in weights.items() if not n.startswith(SWIN) and not n.endswith(".mha.Wk.bias")}
        if not swin:
            raise UsageError(f"{checkpoint}: has no {SWIN}…: give the end-to-end checkpoint, which holds its encoder")
        settings = _settings(checkpoint, others)
        words = len(others["vocab_linear.weight"]) if "vocab_linear.weight" in others else 0
        if words != len(vocabulary):
            raise UsageError(
                f"{tokens}: has {len(vocabulary)} words, but {checkpoint} was trained with {words}; "
                "give the table that belongs to it"
            )
        for name in ("out_embedder.embed.weight", "vocab_linear.weight", "vocab_linear.bias"):
            if name in others:
                others[name] = others[name][places]
        # Pictures are resized as the authors do, not as timm does for this backbone.
        eyes = EncoderConfig(name=encoder, interpolation="bilinear")
        model = CaptionModel.build(eyes, settings, vocabulary, load_weights=False)
        _fill(model.encoder.backbone, _timm_names(checkpoint, swin, model.encoder.backbone, encoder), checkpoint, SWIN)
        _fill(model.decoder, others, checkpoint)
        about = describe(
            model,
            settings,
            "expansionnet_v2",
            search={
                "beam": 5,
                "length_power": 1.0,
                "max_length": min(20, settings.max_length - 1),
                "charge_end": False,  # as its authors search
            },
            training={
                "data": "COCO, Karpathy's training split, by the authors (arXiv:2208.06551)",
                "license": "code MIT; COCO captions CC BY 4.0, photos under the terms of Flickr",
            },
            card=CARD.format(encoder=encoder, words=words, millions=sum(p.numel() for p in model.parameters()) / 1e6),
        )
        save_model(model.eval(), about, folder)
    return read_artifact(out)


def read_tokens(file: Path) -> tuple[Vocabulary, Tensor]:
    """The authors' token table, without running code that is in it.

    Returns:
        The vocabulary, special tokens first and all others in the table's order, and the table's id of each (V,) int64.

    Raises:
        UsageError: it cannot be read, or is no such table.
    """
    try:
        table = load_plain(read_file(file, 1 << 30))
        words, ids = list(table["idx2word_list"]), dict(table["word2idx_dict"])
        specials = ["PAD", table["sos_str"], table["eos_str"], "UNK"]
        first = [ids[word] for word in specials]
        known = all(isinstance(word, str) and ids[word] == place for place, word in enumerate(words))
        if not known or len(ids) != len(words):
            raise ValueError("word2idx_dict and idx2word_list do not agree")
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from error
    except Exception as error:  # a damaged pickle raises anything at all
        known = isinstance(error, (pickle.UnpicklingError, ValueError)) and str(error).startswith(("it holds", "word2"))
        raise UsageError(
            f"{file}: not ExpansionNet v2's token table{f' ({error})' if known else ''}; expected a pickle with "
            "word2idx_dict, idx2word_list, sos_str and eos_str"
        ) from error
    others = [place for place in range(len(words)) if place not in first]
    # The authors' table has a line break among its words: it is shown as an escape, a caption is one line.
    shown = [w if w.isprintable() else w.encode("unicode_escape").decode() for w in (words[p] for p in others)]
    return Vocabulary((*SPECIALS, *shown)), torch.tensor([*first, *others])


def _settings(checkpoint: Path, weights: Mapping[str, Tensor]) -> ExpansionConfig:
    """The decoder's settings, from the shapes of its tensors."""

    def size(name: str) -> list[int]:
        if name not in weights:
            raise UsageError(f"{checkpoint}: lacks {name}; expected ExpansionNet v2's end-to-end checkpoint")
        return list(weights[name].shape)

    vectors = size("encoders.0.stc_exp.query_exp_vectors.weight")[0]
    smallest, rest = divmod(vectors, sum(PROPORTION))
    if rest:
        raise UsageError(
            f"{checkpoint}: {vectors} static expansion vectors are no groups in the published proportion, 1:2:4:8:16"
        )
    return ExpansionConfig(
        hidden=size("input_linear.weight")[0],
        feed_forward=size("encoders.0.ff.linear_1.weight")[0],
        layers=len({name.split(".")[1] for name in weights if name.startswith("encoders.")}),
        static=tuple(smallest * part for part in PROPORTION),
        dynamic=size("decoders.0.dyn_exp.query_exp_vectors.weight")[0],
        max_length=size("pos_encoder.weight")[0],
    )


def _timm_names(checkpoint: Path, swin: dict[str, Tensor], backbone: nn.Module, name: str) -> dict[str, Any]:
    """A Swin Transformer's tensors under timm's names, where downsampling begins a stage instead of ending one."""
    if not isinstance(backbone, SwinTransformer):
        raise UsageError(f"--encoder {name}: is no Swin Transformer; name the one that the checkpoint holds")
    own = backbone.state_dict()
    for tensor, value in swin.items():  # timm would stretch these to fit
        if tensor.endswith(("relative_position_bias_table", "patch_embed.proj.weight")) and tensor in own:
            _same_shape(checkpoint, f"{SWIN}{tensor}", value, own[tensor])
    return checkpoint_filter_fn(swin, backbone)


def _fill(module: nn.Module, weights: Mapping[str, Tensor], checkpoint: Path, prefix: str = "") -> None:
    """Load weights that must be all the module has, and no others."""
    own = module.state_dict()
    for name, value in own.items():
        if name not in weights:
            raise UsageError(f"{checkpoint}: lacks {prefix}{name}")
        _same_shape(checkpoint, f"{prefix}{name}", weights[name], value)
    for name in weights:
        if name not in own:
            raise UsageError(f"{checkpoint}: holds {prefix}{name}, which this model has not")
    module.load_state_dict(weights)


def _same_shape(checkpoint: Path, name: str, found: Tensor, expected: Tensor) -> None:
    if found.shape != expected.shape:
        raise UsageError(f"{checkpoint}: {name} has shape {tuple(found.shape)}, expected {tuple(expected.shape)}")
