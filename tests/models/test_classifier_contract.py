"""The contract, held for every registered classifier: a new one is tested by being registered."""

import pytest
import torch
from bfloat16 import bfloat16

from seesay.errors import UsageError
from seesay.models.classifiers import CLASSIFIERS, average
from seesay.models.memory import Memory
from seesay.training.recognition import label_loss

CLASSES, SIZE, FRAMES, GRID = 5, 8, 6, (2, 3)
SMALL = {"hidden": 12, "dropout": 0.0}
VARIANTS = {
    "frame_average": [{"dropout": 0.0}, {"dropout": 0.0, "standardize": True}],
    "recurrent": [
        *({**SMALL, "cell": cell, "pool": pool} for cell in ("lstm", "gru", "rnn") for pool in ("mean", "last")),
        *({**SMALL, "cell": cell, "pool": "attention", "differences": True} for cell in ("lstm", "rnn")),
        *({**SMALL, "bidirectional": True, "pool": pool} for pool in ("mean", "last", "attention")),
        {**SMALL, "layers": 2, "differences": True},
        {**SMALL, "pool": "last", "single_bias": True, "initial": "keras"},
        {**SMALL, "standardize": True, "differences": True},
        {**SMALL, "bidirectional": True, "differences": True, "cell": "gru"},
    ],
    "conv_lstm": [{"channels": 6, "hidden": 5, "kernel": kernel, "dropout": 0.0} for kernel in (1, 3)],
}
EVERY = [(name, settings) for name in sorted(CLASSIFIERS) for settings in VARIANTS.get(name, [{}])]


def make(name, settings):
    torch.manual_seed(3)
    kind = CLASSIFIERS[name]
    return kind(kind.config_class(**settings), CLASSES, SIZE, GRID)


@pytest.fixture(params=EVERY, ids=lambda pair: "-".join([pair[0], *(f"{k}={v}" for k, v in pair[1].items())]))
def classifier(request):
    return make(*request.param)


def positions(classifier):
    return GRID[0] * GRID[1] if classifier.positions else 1


def clips(classifier, count=3, frames=FRAMES, seed=5):
    torch.manual_seed(seed)
    grid = torch.randn(count, frames * positions(classifier), SIZE)
    return Memory(grid, grid.mean(1))


def frames_of(classifier, memory, chosen):
    parts = memory.grid.unflatten(1, (-1, positions(classifier)))[:, chosen].flatten(1, 2)
    return Memory(parts, parts.mean(1))


def test_there_is_a_judgment_after_every_frame_or_one(classifier):
    logits, state = classifier(clips(classifier))
    assert logits.shape in {(3, FRAMES, CLASSES), (3, 1, CLASSES)}
    assert {name: tuple(value.shape[1:]) for name, value in state.items()} == classifier.carried
    assert all(len(value) == 3 for value in state.values())
    torch.testing.assert_close(average(logits).sum(1), torch.ones(3))


def test_clips_do_not_see_each_other(classifier):
    classifier.eval()
    memory = clips(classifier)
    whole, state = classifier(memory)
    for row in range(3):
        alone, own = classifier(Memory(memory.grid[[row]], memory.pooled[[row]]))
        torch.testing.assert_close(alone, whole[[row]])
        for name in own:
            torch.testing.assert_close(own[name], state[name][[row]])


def test_gradients_reach_every_parameter(classifier):
    logits, _ = classifier(clips(classifier))
    label_loss(logits, torch.tensor([0, 1, 2])).backward()
    assert [n for n, p in classifier.named_parameters() if p.grad is None or not p.grad.abs().max() > 1e-7] == []


def test_a_tiny_batch_is_overfitted(classifier):
    memory, labels = clips(classifier, 4), torch.tensor([0, 1, 2, 1])
    classifier.train()
    optimizer = torch.optim.Adam(classifier.parameters(), 0.03)
    for _ in range(100):
        logits, _ = classifier(memory)
        loss = label_loss(logits, labels) / 4
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert average(classifier(memory)[0]).argmax(1).tolist() == labels.tolist()
    assert loss < 0.7  # a plain mean of frames cannot do better for each of them


def test_the_parts_of_a_clip_give_what_the_whole_gives(classifier):
    classifier.eval()
    memory = clips(classifier)
    whole, end = classifier(memory)
    if not classifier.streams:
        assert classifier.carried == {}
        return
    for parts in ([[i] for i in range(FRAMES)], [[0, 1], [2, 3, 4, 5]]):
        state, seen = None, []
        for part in parts:
            logits, state = classifier(frames_of(classifier, memory, part), state)
            seen.append(logits)
        heard = torch.cat(seen, 1) if whole.shape[1] > 1 else seen[-1]
        torch.testing.assert_close(heard, whole, atol=1e-5, rtol=1e-5)
        for name in end:
            torch.testing.assert_close(state[name], end[name], atol=1e-5, rtol=1e-5)


def test_zeros_are_a_beginning(classifier):
    classifier.eval()
    memory = clips(classifier)
    torch.testing.assert_close(classifier(memory, classifier.begin(memory))[0], classifier(memory)[0])


def test_a_state_carried_over_changes_what_comes(classifier):
    classifier.eval()
    memory = clips(classifier)
    fresh, state = classifier(memory)
    again, _ = classifier(memory, state)
    assert torch.allclose(fresh, again, atol=1e-6) == (not classifier.carried)


def test_order_matters_where_there_is_a_memory_of_it(classifier):
    classifier.eval()
    memory = clips(classifier)
    shuffled = frames_of(classifier, memory, [3, 0, 5, 1, 4, 2])
    same = torch.allclose(average(classifier(memory)[0]), average(classifier(shuffled)[0]), atol=1e-6)
    assert same == (type(classifier).__name__ == "FrameAverage")


def test_bfloat16_computes_nearly_the_same(classifier):
    classifier.eval()
    memory = clips(classifier)
    exact, _ = classifier(memory)
    with bfloat16():
        rough, state = classifier(memory)
        classifier(memory, state)
    torch.testing.assert_close(rough.float(), exact, atol=0.1, rtol=0)


def test_an_even_kernel_and_an_unknown_name_are_refused():
    with pytest.raises(ValueError, match="kernel must be odd"):
        make("conv_lstm", {"kernel": 2})
    with pytest.raises(UsageError, match=r"no classifier is called 'recurent'.*Did you mean 'recurrent'"):
        CLASSIFIERS["recurent"]
