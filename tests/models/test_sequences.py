"""The encoders of texts and sounds: shapes, gradients, padding that nobody sees, order kept."""

import pytest
import torch
from sequences import LABELS, SMALL, WORDS, model_of

from seesay.models.classifiers import CLASSIFIERS
from seesay.models.sequences import SEQUENCES, SoundCnnConfig, TextCnnConfig, build_sequence_encoder, example_input
from seesay.training.recognition import LabelCrossEntropy

MODALITIES = sorted(SMALL)


@pytest.fixture(params=MODALITIES)
def encoder(request):
    return model_of(request.param).encoder


def test_every_kind_is_tried():
    assert {type(config) for config in SMALL.values()} == set(SEQUENCES.values())


def test_shapes(encoder):
    memory = encoder(example_input(encoder, 3))
    positions = encoder.grid_size[0] * encoder.grid_size[1]
    assert memory.grid.shape == (3, positions, encoder.dim)
    torch.testing.assert_close(memory.pooled, memory.grid.mean(1))
    assert memory.grid.abs().max() > 0.01
    kind = next(kind for kind, config in SMALL.items() if config == encoder.config)
    assert encoder.grid_size == {"text": (1, 3), "sound": (1, 12), "cldnn": (1, 48)}[kind]


def test_texts_do_not_see_each_other(encoder):
    given = example_input(encoder, 3)
    whole = encoder(given).grid
    for row in range(3):
        torch.testing.assert_close(encoder(given[[row]]).grid, whole[[row]], atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("kind", MODALITIES)
def test_padding_is_inert(kind):
    """The same words in a longer input: the same vectors in the same order, some more often, and nothing else."""
    config = SMALL[kind]
    longer = {"length": 23} if kind == "text" else {"seconds": 1.0}
    short = model_of(kind).encoder
    long = build_sequence_encoder(config.model_copy(update=longer), WORDS).eval()
    long.load_state_dict(short.state_dict())
    given = example_input(short, 2)
    padded = torch.zeros((2, *long.preprocessing.shape), dtype=given.dtype)
    padded[:, : given.shape[1]] = given
    for before, after in zip(short(given).grid, long(padded).grid, strict=True):
        once = [torch.unique_consecutive(grid.round(decimals=5), dim=0) for grid in (before, after)]
        torch.testing.assert_close(*once, atol=2e-5, rtol=0)


def test_the_padding_word_learns_nothing():
    model = model_of("text").train()
    model.encoder.freeze(None)
    tokens = example_input(model.encoder, 3)
    assert (tokens == 0).any()
    LabelCrossEntropy(model, 0.0)(tokens, torch.tensor([0, 1, 2])).backward()
    gradient = model.encoder.embedding.weight.grad
    assert not gradient[0].any()
    assert gradient.any()


@pytest.mark.parametrize("kind", MODALITIES)
@pytest.mark.parametrize("classifier", ["recurrent", "frame_average"])
def test_gradients_reach_every_parameter(kind, classifier):
    model = model_of(kind, classifier).train()
    assert len(model.encoder.freeze(None)) == len(list(model.encoder.parameters()))
    loss = LabelCrossEntropy(model, 0.0)(example_input(model.encoder, 3), torch.tensor([0, 1, 2]))
    loss.backward()
    assert [n for n, p in model.named_parameters() if p.grad is None or not p.grad.abs().max() > 1e-9] == []
    assert model.encoder.freeze(0) == []


@pytest.mark.parametrize("kind", MODALITIES)
def test_a_tiny_batch_is_overfitted_though_only_order_tells(kind):
    torch.manual_seed(0)
    config = CLASSIFIERS["recurrent"].config_class(hidden=16, dropout=0.0, pool="last")
    wide = {**SMALL, "text": TextCnnConfig(length=16, embedding=8, channels=(16,))}
    model = type(model_of(kind)).build(wide[kind], config, LABELS[:2], vocabulary=WORDS).train()
    first = example_input(model.encoder, 3, seed=1)
    first[-1] = first[0].roll(5, 0)
    both = torch.cat([first, first.flip(1)])
    labels = torch.tensor([0, 0, 0, 1, 1, 1])
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(80):
        optimizer.zero_grad()
        loss = LabelCrossEntropy(model, 0.0)(both, labels) / len(both)
        loss.backward()
        optimizer.step()
    assert loss < 0.1


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="kernel must be odd"):
        TextCnnConfig(kernel=4)
    with pytest.raises(ValueError, match="channels"):
        SoundCnnConfig(channels=())
