"""The contract, held for every registered decoder: a new one is tested by being registered."""

from dataclasses import replace
from typing import Literal, get_args, get_origin

import pytest
import torch
from bfloat16 import bfloat16
from torch.nn import functional as F

from seesay.models.decoders import DECODERS
from seesay.models.memory import Memory

WORDS, SIZE, GRID = 23, 12, 6
# What is held to the contract beside each family's default: every conditioning and cell.
SMALL = {"embedding": 12, "hidden": 16}
LOOKING = {"embedding": 12, "hidden": 16, "attention": 10}
HEADS = {"hidden": 16, "heads": 2, "feed_forward": 32}
# As published: no norm, plain words, one bias, Keras' weights to begin with; Tanti et al.'s GRU and first state.
PLAIN = {"norm": False, "single_bias": True, "initial": "keras"}
RAW = {"norm": False, "scaled_words": False, "annotations": "raw"}
TANTI = {"cell": "gru", "reset": "before", "begin": "hidden", "learned_begin": True, "unit_picture": True}
CELLS = ("lstm", "gru")
VARIANTS = {
    "adaptive_attention": [LOOKING, {**LOOKING, "norm": False, "scaled_words": False}],
    "attention": [HEADS, {**HEADS, "words": 3}],
    "blstm": [
        *({**SMALL, "cell": cell, "combine": combine} for cell in CELLS for combine in ("add", "concat")),
        {**SMALL, "window": 3},  # shorter than the captions
        {**SMALL, **PLAIN},
    ],
    "expansionnet_v2": [
        {**HEADS, "layers": n, "static": s, "dynamic": d, "max_length": 9} for n, s, d in ((1, (3,), 1), (2, (2, 4), 3))
    ],
    "inject": [
        {**SMALL, "conditioning": conditioning, "cell": cell, "layers": layers}
        for conditioning in ("init", "pre", "par", "merge")
        for cell in CELLS
        for layers in (1, 2)
    ]
    + [
        {**SMALL, **PLAIN, "scaled_words": False, "conditioning": "init", "begin": "hidden", "learned_begin": True},
        *(
            {**SMALL, "scaled_words": False, "norm": False, "conditioning": conditioning, **TANTI}
            for conditioning in ("init", "pre", "par", "merge")
        ),
    ],
    "lrcn": [
        *({**SMALL, "cell": cell} for cell in CELLS),
        {**SMALL, **PLAIN, "scaled_words": False, "picture_layer": False},
    ],
    "merge": [
        *({**SMALL, "cell": cell, "combine": combine} for cell in CELLS for combine in ("add", "concat")),
        *({**SMALL, "cell": cell, "layers": 2} for cell in CELLS),
        *({**SMALL, **PLAIN, "cell": cell} for cell in CELLS),
    ],
    "s2vt": [*({**SMALL, "cell": cell} for cell in CELLS), {**SMALL, **PLAIN, "scaled_words": False}],
    "show_attend_tell": [
        *({**LOOKING, "cell": cell} for cell in CELLS),
        {**LOOKING, **RAW, "deep_tanh": True},
        {**LOOKING, **RAW, "gated": False},
    ],
    "stacked": [
        {**SMALL, "initial": "keras"},
        {**SMALL, "bidirectional": True, "single_bias": False},
        {**SMALL, "bidirectional": True, "window": 3, "norm": True},
    ],
    "transformer": [
        # The narrow window is shorter than the longest caption.
        {
            "hidden": 16,
            "heads": 2,
            "feed_forward": 32,
            "encoder_layers": below,
            "decoder_layers": layers,
            "window": slots,
        }
        for below, layers, slots in ((1, 1, 32), (0, 2, 8), (2, 2, 3))
    ],
    "up_down": [*({**LOOKING, "cell": cell} for cell in CELLS), {**LOOKING, **RAW}],
}
EVERY = [(name, settings) for name in sorted(DECODERS) for settings in VARIANTS.get(name, [{}])]


@pytest.mark.parametrize("name", sorted(DECODERS))
def test_every_choice_of_a_family_is_held_to_the_contract(name):
    for field, info in DECODERS[name].config_class.model_fields.items():
        choices = set(get_args(info.annotation)) if get_origin(info.annotation) is Literal else set()
        tried = {settings.get(field, info.default) for settings in VARIANTS.get(name, [{}])}
        assert choices <= tried, field


@pytest.fixture(params=EVERY, ids=lambda pair: "-".join([pair[0], *(str(v) for v in pair[1].values())]))
def decoder(request):
    torch.manual_seed(3)
    name, settings = request.param
    kind = DECODERS[name]
    return kind(kind.config_class(**settings), WORDS, SIZE)


@pytest.fixture
def memory():
    torch.manual_seed(5)
    words = torch.tensor([[0.9, 0.1, 0.4, 0.02, 0.6], [0.01, 0.7, 0.3, 0.8, 0.05]])
    return Memory(
        torch.randn(2, GRID, SIZE), torch.randn(2, SIZE), words=words, word_ids=torch.tensor([5, 8, 9, 14, 20])
    )


@pytest.fixture
def tokens():
    """Two captions for each of two pictures, with padding."""
    return torch.tensor([[1, 5, 6, 7, 8], [1, 9, 0, 0, 0], [1, 4, 4, 0, 0], [1, 20, 21, 22, 4]])


def test_forward_equals_step_by_step(decoder, memory, tokens):
    decoder.eval()
    whole = decoder(memory, tokens)
    state = decoder.start(memory)
    state |= {name: state[name].repeat_interleave(2, 0) for name in decoder.carried}
    for position in range(tokens.shape[1]):
        logits, state = decoder.step(tokens[:, position], state)
        real = tokens[:, position] != 0
        torch.testing.assert_close(logits[real], whole[real, position], atol=1e-5, rtol=1e-5)


def test_only_carried_state_changes(decoder, memory):
    decoder.eval()
    before = decoder.start(memory)
    _, after = decoder.step(torch.tensor([1, 1]), before)
    assert after.keys() == before.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == set(decoder.carried)
    assert all(value.shape[0] == len(memory) for value in before.values())


def test_no_position_sees_its_future(decoder, memory, tokens):
    decoder.eval()
    for position in range(1, tokens.shape[1]):
        changed = tokens.clone()
        changed[0, position] = 13
        torch.testing.assert_close(decoder(memory, changed)[0, :position], decoder(memory, tokens)[0, :position])


def test_gradients_reach_every_parameter(decoder, memory, tokens):
    decoder.eval()
    F.cross_entropy(decoder(memory, tokens)[tokens != 0], tokens.roll(-1, 1)[tokens != 0]).backward()
    without = [name for name, p in decoder.named_parameters() if p.grad is None or not p.grad.abs().max() > 1e-6]
    assert without == []


def test_padding_has_no_effect_and_no_gradient(decoder, memory, tokens):
    decoder.eval()
    wider = F.pad(tokens, (0, 4))
    torch.testing.assert_close(decoder(memory, wider)[:, :5], decoder(memory, tokens))
    assert decoder(memory, wider)[:, 5:].abs().sum() == 0

    def gradients(captions):
        decoder.zero_grad()
        real = captions != 0
        F.cross_entropy(decoder(memory, captions)[real], captions[real]).backward()
        return [p.grad.clone() for p in decoder.parameters()]

    for narrow, wide in zip(gradients(tokens), gradients(wider), strict=True):
        torch.testing.assert_close(narrow, wide)


def test_an_empty_row_is_inert(decoder, memory):
    decoder.eval()
    full = decoder(memory, torch.tensor([[1, 5], [0, 0], [1, 6], [0, 0]]))
    alone = decoder(memory, torch.tensor([[1, 5], [1, 6]]))
    torch.testing.assert_close(full[[0, 2]], alone)


def test_masked_positions_are_not_looked_at(decoder, memory, tokens):
    decoder.eval()
    mask = torch.ones(2, GRID, dtype=torch.bool)
    mask[:, 4:] = False
    noisy = memory.grid.clone()
    noisy[:, 4:] = 100.0
    expected = decoder(Memory(memory.grid, memory.pooled, mask), tokens)
    torch.testing.assert_close(decoder(Memory(noisy, memory.pooled, mask), tokens), expected)
    state = decoder.start(Memory(noisy, memory.pooled, mask))
    logits, _ = decoder.step(tokens[[0, 2], 0], state)
    torch.testing.assert_close(logits, expected[[0, 2], 0], atol=1e-5, rtol=1e-5)


def test_overfits_a_tiny_batch(decoder, memory, tokens):
    decoder.train()
    for module in decoder.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        if isinstance(module, torch.nn.RNNBase):
            module.dropout = 0.0  # between its layers
    inputs, targets = tokens[:, :-1], tokens[:, 1:]
    real = targets != 0
    optimizer = torch.optim.Adam(decoder.parameters(), 0.02)
    for _ in range(150):
        loss = F.cross_entropy(decoder(memory, inputs)[real], targets[real])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    # Two first words are possible for each picture, so half of a bit remains there.
    assert loss < 0.45


def test_bfloat16_computes_nearly_the_same(decoder, memory, tokens):
    decoder.eval()
    exact = decoder(memory, tokens)
    rounded = replace(memory, grid=memory.grid.bfloat16(), pooled=memory.pooled.bfloat16())  # as Fabric hands it over
    with bfloat16():
        rough = decoder(rounded, tokens)
        first, state = decoder.step(tokens[[0, 2], 0], decoder.start(rounded))
        decoder.step(tokens[[0, 2], 1], state)
    torch.testing.assert_close(rough.float(), exact, atol=0.1, rtol=0)
    torch.testing.assert_close(first.float(), exact[[0, 2], 0], atol=0.1, rtol=0)
    rough.float().logsumexp(-1).sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in decoder.parameters())


def test_the_picture_matters(decoder, memory, tokens):
    decoder.eval()
    other = Memory(memory.grid.flip(0), memory.pooled.flip(0))
    assert not torch.allclose(decoder(memory, tokens), decoder(other, tokens), atol=1e-4)
