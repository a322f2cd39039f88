"""Decoders of several models as one, in PyTorch."""

import pytest
import torch

from seesay.errors import UsageError
from seesay.models.captioner import CaptionModel
from seesay.models.decoders import DECODERS
from seesay.models.encoders import EncoderConfig
from seesay.models.ensemble import ModelEnsemble
from seesay.models.memory import Memory
from seesay.search import SearchOptions
from seesay.text import Vocabulary

WORDS = Vocabulary.build([[f"word{i}"] * 5 for i in range(20)], min_count=1)
OPTIONS = SearchOptions(beam=3, num=2, max_length=6, forbidden=(0, 1, 3))


def model(name, seed, words=WORDS, **settings):
    torch.manual_seed(seed)
    encoder = EncoderConfig(name="test_efficientnet", weights="random", size=64)
    built = CaptionModel.build(encoder, DECODERS[name].config_class(name=name, hidden=16, **settings), words)
    with torch.no_grad():
        for parameter in built.decoder.parameters():
            parameter.mul_(3)  # livelier than at birth: logits apart, no ties
    return built.eval()


@pytest.fixture(scope="module")
def members():
    return [model("attention", 1, heads=2, feed_forward=16), model("merge", 2), model("inject", 3, cell="gru")]


@pytest.fixture
def memory(members):
    torch.manual_seed(5)
    return Memory(torch.randn(3, 4, members[0].encoder.dim), torch.randn(3, members[0].encoder.dim))


def test_a_model_with_itself_says_exactly_what_it_says_alone(members, memory):
    for member in members:
        for options in (OPTIONS, SearchOptions(sample=True, num=3, forbidden=(0, 1, 3), max_length=6, top_k=9)):
            ours = ModelEnsemble([member, member]).caption(memory, options)
            theirs = member.caption(memory, options)
            for one, other in zip(sum(ours, []), sum(theirs, []), strict=True):  # noqa: RUF017
                assert (one.tokens, one.logprobs, one.score) == (other.tokens, other.logprobs, other.score)


def test_whole_captions_get_the_mean_of_the_members_probabilities(members, memory):
    tokens = torch.tensor([[1, 5, 6], [1, 7, 0], [1, 4, 4]])
    found = ModelEnsemble(members)(memory, tokens)
    each = [member.decoder(memory, tokens).softmax(-1) for member in members]
    real = tokens != 0
    torch.testing.assert_close(found.exp()[real], (sum(each) / 3)[real], atol=1e-6, rtol=1e-4)


def test_step_by_step_equals_whole_captions(members, memory):
    ensemble = ModelEnsemble(members)
    tokens = torch.tensor([[1, 5, 6, 9], [1, 7, 4, 4], [1, 4, 4, 11]])
    with torch.no_grad():
        whole = ensemble(memory, tokens)
        state = ensemble.start(memory)
        constant = ensemble.constant(state)
        before = {name: state[name].clone() for name in constant}
        for place in range(tokens.shape[1]):
            logits, state = ensemble.step(tokens[:, place], state)
            torch.testing.assert_close(logits.log_softmax(-1), whole[:, place], atol=1e-4, rtol=1e-4)
    assert {"0.keys", "1.picture", "attention"} <= set(state)
    assert "attention" not in constant
    assert all(torch.equal(state[name], value) for name, value in before.items())
    assert not any(name.endswith((".hidden", ".cell")) for name in constant)


def test_each_member_may_have_its_own_memory(members, memory):
    other = Memory(memory.grid.flip(0), memory.pooled.flip(0))
    pair = ModelEnsemble(members[:2])
    first = pair.caption([memory, other], OPTIONS)
    assert first != pair.caption(memory, OPTIONS)
    assert pair.caption([memory, memory], OPTIONS)[0][0].tokens == pair.caption(memory, OPTIONS)[0][0].tokens


def test_other_vocabularies_are_refused(members):
    strange = model("merge", 4, Vocabulary.build([["a"] * 5, ["b"] * 5], min_count=1))
    with pytest.raises(UsageError, match="only model 2 has 'a', 'b'"):
        ModelEnsemble([members[0], strange])
