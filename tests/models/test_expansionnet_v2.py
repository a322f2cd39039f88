"""Static and dynamic expansion against the paper's equations, written out position by position."""

import math

import pytest
import torch
from torch.nn import functional as F

from seesay.errors import UsageError
from seesay.models.decoders.expansion import EPSILON, DynamicExpansion, StaticExpansion
from seesay.models.decoders.expansionnet_v2 import ExpansionConfig, ExpansionDecoder
from seesay.models.memory import Memory

WIDTH = 8
TINY = {"hidden": WIDTH, "heads": 2, "feed_forward": 12, "layers": 2, "static": (2, 3), "dynamic": 3, "max_length": 6}


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(2)


def normalized(values):
    """Numbers, each over their sum and epsilon."""
    total = sum(values) + EPSILON
    return [value / total for value in values]


def weighted(weights, vectors):
    return sum((w * v for w, v in zip(weights, vectors, strict=True)), torch.zeros(WIDTH))


def mixed(block, x, a, b):
    share = torch.sigmoid(block.selector_embed(x))
    return share * a + (1 - share) * b


def static_of_one(block, x, real, groups):
    """Positions x (N, H) of one picture: a list of N vectors."""
    queries, biases = block.query_exp_vectors.weight, block.bias_exp_vectors.weight
    keys = block.key_embed(x)
    score = [[float(q @ k) / math.sqrt(WIDTH) for k in keys] for q in queries]
    results = []
    for sign, embed in ((1, block.class_a_embed), (-1, block.class_b_embed)):
        values = embed(x)
        expanded = []
        for vector in range(len(queries)):
            positive = [max(0.0, sign * z) if real[n] else 0.0 for n, z in enumerate(score[vector])]
            expanded.append(weighted(normalized(positive), values) + biases[vector])
        back = []
        for position in range(len(x)):
            total, first = torch.zeros(WIDTH), 0
            for size in groups:
                members = range(first, first + size)
                positive = [max(0.0, sign * score[vector][position]) for vector in members]
                total = total + weighted(normalized(positive), [expanded[vector] for vector in members])
                first += size
            back.append(total / len(groups))
        results.append(back)
    return [mixed(block, x[n], results[0][n], results[1][n]) for n in range(len(x))]


def dynamic_of_one(block, x):
    """Words x (T, H) of one caption: a list of T vectors."""
    condition, keys = block.cond_embed(x), block.key_linear(x)
    vectors = range(len(block.query_exp_vectors.weight))

    def score(word, vector, other):
        query = block.query_exp_vectors.weight[vector] + condition[word]
        return float(query @ keys[other]) / math.sqrt(WIDTH)

    results = []
    for sign, embed in ((1, block.class_a_embed), (-1, block.class_b_embed)):
        values = embed(x)
        expanded = {}
        for word in range(len(x)):
            for vector in vectors:
                positive = [max(0.0, sign * score(word, vector, other)) for other in range(word + 1)]
                bias = block.bias_exp_vectors.weight[vector] + condition[word]
                expanded[word, vector] = weighted(normalized(positive), values[: word + 1]) + bias
        back = []
        for word in range(len(x)):
            known = [(other, vector) for other in range(word + 1) for vector in vectors]
            positive = [max(0.0, sign * score(other, vector, word)) for other, vector in known]
            back.append(weighted(normalized(positive), [expanded[pair] for pair in known]))
        results.append(back)
    return [mixed(block, x[t], results[0][t], results[1][t]) for t in range(len(x))]


@torch.no_grad()
@pytest.mark.parametrize("groups", [(3,), (2, 4, 1)])
def test_static_expansion_is_the_papers(groups):
    block = StaticExpansion(WIDTH, groups, dropout=0.3).eval()
    x = torch.randn(2, 5, WIDTH)
    real = torch.tensor([[True] * 5, [True, True, True, False, False]])
    for mask in (None, real):
        found = block(x, mask)
        for picture in range(2):
            rows = [True] * 5 if mask is None else real[picture].tolist()
            expected = torch.stack(static_of_one(block, x[picture], rows, groups))
            torch.testing.assert_close(found[picture], expected, atol=1e-5, rtol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("vectors", [1, 3])
def test_dynamic_expansion_is_the_papers_whole_and_step_by_step(vectors):
    block = DynamicExpansion(WIDTH, vectors, dropout=0.3).eval()
    lengths = [4, 1, 0, 6]
    real = torch.arange(6) < torch.tensor(lengths)[:, None]
    x = torch.randn(len(lengths), 6, WIDTH)
    found = block(x[real], real).split(lengths)
    for row, length in enumerate(lengths):
        expected = dynamic_of_one(block, x[row, :length]) if length else []
        for word in range(length):
            torch.testing.assert_close(found[row][word], expected[word], atol=1e-5, rtol=1e-5)
        cache = block.begin(x[row : row + 1], 7)
        for word in range(length):
            out, cache = block.step(x[row : row + 1, word], cache, torch.tensor([word]))
            torch.testing.assert_close(out[0], expected[word], atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_what_is_cached_of_a_word_never_changes_again():
    block = DynamicExpansion(WIDTH, 3, dropout=0.0)
    cache, before = block.begin(torch.zeros(1), 5), {}
    for word in range(5):
        _, cache = block.step(torch.randn(1, WIDTH), cache, torch.tensor([word]))
        for name, value in cache.items():
            assert value[:, word].abs().sum() > 0
            assert value[:, word + 1 :].abs().sum() == 0
            if word:
                assert torch.equal(value[:, :word], before[name][:, :word]), name
        before = cache


@torch.no_grad()
def test_layers_are_joined_as_published():
    """Pre-norm residuals, all layers' outputs reduced, added to the last and normalized."""
    net = ExpansionDecoder(ExpansionConfig(**TINY), 11, 5).eval()
    memory, tokens = Memory(torch.randn(1, 4, 5), torch.zeros(1, 5)), torch.tensor([[1, 7, 4]])
    x = net.input_linear(memory.grid)
    outputs = []
    for layer in net.encoders:
        x = x + layer.stc_exp(layer.norm_1(x), None)
        x = x + layer.ff.linear_2(F.relu(layer.ff.linear_1(layer.norm_2(x))))
        outputs.append(x)
    seen = net.enc_reduce_norm(x + net.enc_reduce_group(torch.cat(outputs, -1)))
    y = net.out_embedder["embed"].weight[tokens] * math.sqrt(WIDTH) + net.pos_encoder.weight[:3]
    outputs = []
    for layer in net.decoders:
        y = y + layer.dyn_exp(layer.norm_1(y)[0], tokens != 0)[None]
        query, keys, values = layer.mha.Wq(layer.norm_2(y)), layer.mha.Wk(seen), layer.mha.Wv(seen)
        heads = []
        for own in torch.arange(WIDTH).split(WIDTH // 2):
            look = (query[..., own] @ keys[..., own].mT / math.sqrt(WIDTH // 2)).softmax(-1)
            heads.append(look @ values[..., own])
        y = y + layer.mha.out_linear(torch.cat(heads, -1))
        y = y + layer.ff.linear_2(F.relu(layer.ff.linear_1(layer.norm_3(y))))
        outputs.append(y)
    y = net.dec_reduce_norm(y + net.dec_reduce_group(torch.cat(outputs, -1)))
    torch.testing.assert_close(net(memory, tokens), net.vocab_linear(y), atol=1e-5, rtol=1e-5)


def test_parameters_have_the_published_names_and_sizes():
    with torch.device("meta"):
        sizes = {name: list(p.shape) for name, p in ExpansionDecoder(ExpansionConfig(), 10000, 1536).named_parameters()}
    for name, size in {
        "input_linear.weight": [512, 1536],
        "encoders.2.stc_exp.query_exp_vectors.weight": [992, 512],
        "encoders.2.stc_exp.bias_exp_vectors.weight": [992, 512],
        "encoders.0.stc_exp.selector_embed.bias": [512],
        "encoders.0.ff.linear_1.weight": [2048, 512],
        "enc_reduce_group.weight": [512, 1536],
        "enc_reduce_norm.weight": [512],
        "out_embedder.embed.weight": [10000, 512],
        "pos_encoder.weight": [74, 512],
        "decoders.2.dyn_exp.cond_embed.weight": [512, 512],
        "decoders.0.dyn_exp.query_exp_vectors.weight": [16, 512],
        "decoders.0.dyn_exp.key_linear.weight": [512, 512],
        "decoders.0.mha.out_linear.bias": [512],
        "dec_reduce_group.bias": [512],
        "vocab_linear.weight": [10000, 512],
    }.items():
        assert sizes[name] == size, name
    assert len(sizes) == 3 * 18 + 3 * 29 + 14


@torch.no_grad()
def test_longer_captions_than_it_has_positions_are_refused_in_one_line():
    net = ExpansionDecoder(ExpansionConfig(**TINY), 11, 5).eval()
    memory = Memory(torch.randn(1, 4, 5), torch.zeros(1, 5))
    net(memory, torch.tensor([[1, 4, 4, 4, 4, 4, 0, 0]]))  # padding takes no position
    with pytest.raises(UsageError, match="built for 6; ask for shorter captions") as caught:
        net(memory, torch.tensor([[1, 4, 4, 4, 4, 4, 4, 0]]))
    assert "\n" not in str(caught.value)
    state = net.start(memory)
    for _ in range(6):
        _, state = net.step(torch.tensor([4]), state)
    with pytest.raises(UsageError, match="built for 6"):
        net.step(torch.tensor([4]), state)


def test_heads_that_do_not_share_out_the_width_are_refused():
    with pytest.raises(ValueError, match="is not a multiple of heads=3"):
        ExpansionConfig(**{**TINY, "heads": 3})


def test_half_precision_training_stays_finite():
    net = ExpansionDecoder(ExpansionConfig(**TINY), 11, 5)
    memory, tokens = Memory(torch.randn(2, 4, 5), torch.zeros(2, 5)), torch.tensor([[1, 5, 6, 0], [1, 7, 0, 0]])
    with torch.autocast("cpu", torch.bfloat16):
        loss = F.cross_entropy(net(memory, tokens)[tokens != 0].float(), tokens[tokens != 0])
    loss.backward()
    assert all(torch.isfinite(p.grad).all() for p in net.parameters())
