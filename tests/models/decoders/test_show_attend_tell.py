"""Show, Attend and Tell against its equations, written out word by word and place by place."""

import pytest
import torch

from seesay.models.captioner import CaptionModel
from seesay.models.memory import Memory
from seesay.training.batches import Captions
from seesay.training.objectives import CrossEntropy

SETTINGS = {"embedding": 10, "hidden": 8, "attention": 7, "dropout": 0.0}


def reference_steps(decoder, memory, picture, words, torch_cell, normalized):
    """Logits and α for each word of one caption, by Xu et al., sections 3.1.2 and 4.2."""
    a = decoder.annotations(memory.grid[picture])[memory.mask[picture]]
    state = decoder.begin(memory.pooled[picture]).split(8)
    cell = torch_cell(decoder.cell, decoder.word_gates, decoder.context_gates)
    attention = decoder.attention
    for word in words:
        h = state[0]
        e = [attention.energy(torch.tanh(attention.keys(a_i) + attention.query(h))) for a_i in a]
        alpha = torch.softmax(torch.cat(e), 0)
        z = torch.sigmoid(decoder.gate(h)) * sum(weight * a_i for weight, a_i in zip(alpha, a, strict=True))
        y = decoder.embedding.weight[word] * 10**0.5
        after = cell(torch.cat([y, z])[None], tuple(s[None] for s in state) if len(state) == 2 else state[0][None])
        state = tuple(s[0] for s in after) if len(state) == 2 else (after[0],)
        said = y + decoder.of_hidden(state[0]) + decoder.of_context(z)
        yield decoder.project(normalized(decoder, said)), alpha


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_it_computes_the_papers_equations(build, memory, tokens, captions, torch_cell, normalized, cell):
    decoder = build("show_attend_tell", **SETTINGS, cell=cell)
    whole = decoder(memory, tokens)
    for picture, row, words in captions(memory, tokens):
        for position, (logits, _) in enumerate(
            reference_steps(decoder, memory, picture, words, torch_cell, normalized)
        ):
            torch.testing.assert_close(whole[row, position], logits, atol=1e-5, rtol=1e-5)


def test_attention_is_that_of_the_word_to_come(build, memory, tokens, captions, torch_cell, normalized):
    decoder = build("show_attend_tell", **SETTINGS)
    for picture, row, words in captions(memory, tokens):
        alone = Memory(memory.grid[[picture]], memory.pooled[[picture]], memory.mask[[picture]])
        state = decoder.start(alone)
        for position, (_, alpha) in enumerate(reference_steps(decoder, memory, picture, words, torch_cell, normalized)):
            _, state = decoder.step(tokens[[row], position], state)
            torch.testing.assert_close(state["attention"][0, : len(alpha)], alpha)
            assert state["attention"][0, len(alpha) :].abs().sum() == 0


def test_the_penalty_is_equation_14(build, memory, tokens, captions, torch_cell, normalized):
    decoder = build("show_attend_tell", **SETTINGS, doubly_stochastic=0.7)
    expected = 0.0
    for picture, _, words in captions(memory, tokens):
        total = sum(alpha for _, alpha in reference_steps(decoder, memory, picture, words, torch_cell, normalized))
        expected += 0.7 * ((1 - total) ** 2).sum().item()
    decoder.train().hidden(memory, tokens)
    assert decoder.penalty.item() == pytest.approx(expected, rel=1e-4)
    decoder.eval().hidden(memory, tokens)
    assert decoder.penalty is None


def test_cross_entropy_adds_the_penalty_and_its_gradient(build, memory, tokens):
    losses, gradients = [], []
    for weight in (0.0, 1.0, 3.0):
        decoder = build("show_attend_tell", **SETTINGS, doubly_stochastic=weight).train()
        objective = CrossEntropy(CaptionModel(torch.nn.Identity(), decoder, None), 0.0)
        loss = objective(memory, Captions(tokens, tokens))
        loss.backward()
        assert decoder.penalty is None  # taken, so that its graph can go
        losses.append(loss.item())
        gradients.append(decoder.attention.query.weight.grad.clone())
    assert losses[1] > losses[0] + 1
    assert losses[2] - losses[0] == pytest.approx(3 * (losses[1] - losses[0]), rel=1e-4)
    torch.testing.assert_close(gradients[2] - gradients[0], 3 * (gradients[1] - gradients[0]), atol=1e-4, rtol=1e-3)
    assert (gradients[1] - gradients[0]).abs().max() > 1e-4


def test_the_penalty_keeps_its_precision_in_bfloat16(build, memory, tokens):
    """Fabric hands pictures over in bfloat16; weights of many words are added up in float32 all the same."""
    decoder = build("show_attend_tell", **SETTINGS).train()
    decoder.hidden(memory, tokens)
    exact = decoder.penalty.item()
    with torch.autocast("cpu", torch.bfloat16):
        decoder.hidden(Memory(memory.grid.bfloat16(), memory.pooled.bfloat16(), memory.mask), tokens)
    assert decoder.penalty.dtype == torch.float32
    assert decoder.penalty.item() == pytest.approx(exact, rel=0.05)
    decoder.penalty.backward()


def test_the_loss_is_a_sum_however_the_batch_is_spread(build, memory, tokens):
    """Two processes, or padding and empty rows beside, change nothing."""
    decoder = build("show_attend_tell", **SETTINGS).train()
    objective = CrossEntropy(CaptionModel(torch.nn.Identity(), decoder, None), 0.1)
    whole = objective(memory, Captions(tokens, tokens)).item()
    halves = 0.0
    for picture in (0, 1):
        alone = Memory(memory.grid[[picture]], memory.pooled[[picture]], memory.mask[[picture]])
        rows = torch.zeros(3, 9, dtype=torch.int64)
        rows[:2, :5] = tokens[2 * picture : 2 * picture + 2]
        halves += objective(alone, Captions(rows, rows)).item()
    assert halves == pytest.approx(whole, rel=1e-5)
