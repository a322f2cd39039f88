"""What is minimized: teachers, scheduled sampling, weights taken over."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from seesay.errors import UsageError
from seesay.exporting import describe, save_model
from seesay.models.captioner import CaptionModel
from seesay.models.decoders import DECODERS
from seesay.models.encoders import EncoderConfig
from seesay.models.memory import Memory
from seesay.search import Hypothesis, SearchOptions
from seesay.text import Vocabulary
from seesay.training.batches import Captions
from seesay.training.distillation import Teachers, load_teachers
from seesay.training.objectives import CrossEntropy, SelfCritical, prepare_reward, with_own_words
from seesay.training.sections import SelfCriticalSettings
from seesay.training.transfer import start_from

ENCODER = EncoderConfig(name="test_efficientnet", weights="random", size=32)
DECODER = DECODERS["merge"].config_class(embedding=8, hidden=8, dropout=0.0)
WORDS = Vocabulary.build([[f"word{i}"] for i in range(9)], min_count=1)
INPUTS = torch.tensor([[1, 5, 6, 7], [1, 4, 0, 0]])
TARGETS = torch.tensor([[5, 6, 7, 2], [4, 2, 0, 0]])


def make(seed: int, words: Vocabulary = WORDS, encoder: EncoderConfig = ENCODER) -> CaptionModel:
    torch.manual_seed(seed)
    return CaptionModel.build(encoder, DECODER, words).eval()


def keep(model: CaptionModel, folder) -> str:
    save_model(model, describe(model, DECODER, "test", search={"beam": 1}, card="# Test"), folder)
    return str(folder)


@pytest.fixture(scope="module")
def model():
    return make(1)


@pytest.fixture(scope="module")
def memory(model):
    torch.manual_seed(4)
    return Memory(torch.randn(2, 1, model.encoder.dim), torch.randn(2, model.encoder.dim))


def test_the_teachers_share_of_the_loss_is_cross_entropy_against_their_mean(model, memory):
    others = [make(2), make(3)]
    captions = Captions(INPUTS, TARGETS)
    real = INPUTS != 0
    logits = model.decoder(memory, INPUTS)[real]
    mean = sum(other.decoder(memory, INPUTS)[real].softmax(-1) for other in others) / 2
    from_people = F.cross_entropy(logits, TARGETS[real], reduction="sum")
    from_teachers = -(mean * logits.log_softmax(-1)).sum()
    objective = CrossEntropy(model, 0.0, Teachers(others), 0.3)
    torch.testing.assert_close(objective(memory, captions, 0.0, [memory] * 2), 0.7 * from_people + 0.3 * from_teachers)


def test_teachers_learn_nothing_and_stay_in_evaluation_mode(model, memory):
    teachers = Teachers([make(2)])
    objective = CrossEntropy(model, 0.1, teachers, 0.5).train()
    assert not any(module.training for module in teachers.modules())
    objective(memory, Captions(INPUTS, TARGETS), 0.0, [memory]).backward()
    assert all(p.grad is None for p in teachers.parameters())


def test_with_pixels_the_teachers_see_the_same_pixels(model):
    pixels = torch.randint(0, 255, (2, 32, 32, 3), dtype=torch.uint8)
    other = make(2)
    objective = CrossEntropy(model, 0.0, Teachers([other]), 1.0)
    found = objective(pixels, Captions(INPUTS, TARGETS))
    real = INPUTS != 0
    wanted = other.decoder(other.encode(pixels), INPUTS)[real].softmax(-1)
    logits = model.decoder(model.encode(pixels), INPUTS)[real]
    torch.testing.assert_close(found, -(wanted * logits.log_softmax(-1)).sum())


def test_own_words_take_the_place_of_true_ones(model, memory):
    torch.manual_seed(0)
    assert torch.equal(with_own_words(model, memory, INPUTS, 0.0), INPUTS)
    replaced = total = 0
    for _ in range(60):
        mixed = with_own_words(model, memory, INPUTS, 0.5)
        assert torch.equal(mixed == 0, INPUTS == 0)
        assert torch.equal(mixed[:, 0], INPUTS[:, 0])
        assert not torch.isin(mixed[:, 1:][INPUTS[:, 1:] != 0], torch.tensor([0, 1, 2])).any()
        replaced += int((mixed != INPUTS).sum())
        total += 4
    # Ten words can be drawn, so that a drawn word is a new one nine times in ten.
    assert 0.3 < replaced / total < 0.6


def test_own_words_follow_what_was_read(model, memory):
    """A word is drawn from the probabilities after the words before it, not from those of another place."""
    with torch.no_grad():
        model.decoder.project.weight.mul_(300)  # each place has one word by far the likeliest
    try:
        mixed = with_own_words(model, memory, INPUTS, 0.999)
        logits = model.decoder(memory, INPUTS)
        logits[..., :3] = -torch.inf
        best = logits.argmax(-1)
        assert torch.equal(mixed[0, 1:], best[0, :-1])
        assert mixed[1, 1] == best[1, 0]
    finally:
        with torch.no_grad():
            model.decoder.project.weight.div_(300)


def test_teachers_must_speak_the_same_words_and_see_the_same_pixels(model, tmp_path):
    less = keep(make(2, Vocabulary.build([["word1"]], min_count=1)), tmp_path / "less")
    with pytest.raises(UsageError, match="another vocabulary"):
        load_teachers([less], model, finetune=False)
    larger = keep(make(2, encoder=ENCODER.model_copy(update={"size": 64})), tmp_path / "larger")
    assert len(load_teachers([larger], model, finetune=False).models) == 1
    with pytest.raises(UsageError, match="other pixels"):
        load_teachers([larger], model, finetune=True)


def test_a_model_starts_from_another_word_by_word(tmp_path):
    words = Vocabulary.build([["zebra"], ["word3"], ["word1"]], min_count=1)
    other, fresh, changed = make(2), make(5, words), make(5, words)
    start_from(changed, keep(other, tmp_path / "other"))
    for name, value in changed.decoder.state_dict().items():
        if len(value) != len(words):
            assert torch.equal(value, other.decoder.state_dict()[name]), name
    table = changed.decoder.embedding.weight
    for word in ("word1", "word3", "<end>"):
        place = words.tokens.index(word), WORDS.tokens.index(word)
        assert torch.equal(table[place[0]], other.decoder.embedding.weight[place[1]])
    zebra = words.tokens.index("zebra")
    assert torch.equal(table[zebra], fresh.decoder.embedding.weight[zebra])
    assert torch.equal(
        changed.encoder.state_dict()["backbone.conv_stem.weight"],
        other.encoder.state_dict()["backbone.conv_stem.weight"],
    )


def test_the_cnn_alone_is_taken_for_a_new_decoder(tmp_path):
    other, fresh, changed = make(2), make(5), make(5)
    folder = keep(other, tmp_path / "other")
    start_from(changed, folder, encoder_only=True)
    for name, value in changed.state_dict().items():
        source = other if name.startswith("encoder.") else fresh
        assert torch.equal(value, source.state_dict()[name]), name
    assert not torch.equal(other.decoder.embedding.weight, fresh.decoder.embedding.weight)


def test_a_model_of_another_make_is_refused_in_one_line(model, tmp_path):
    other = CaptionModel.build(ENCODER, DECODERS["inject"].config_class(embedding=8, hidden=8), WORDS)
    folder = tmp_path / "other"
    save_model(
        other, describe(other, DECODERS["inject"].config_class(embedding=8, hidden=8), "x", search={}, card="#"), folder
    )
    with pytest.raises(UsageError, match=r"start_from=.*does not fit") as caught:
        start_from(model, folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("baseline", ["others", "greedy"])
def test_a_sample_is_judged_against_its_baseline(model, memory, baseline):
    settings = SelfCriticalSettings(samples=3, baseline=baseline, max_length=5)
    reward = prepare_reward({"a": ["word1 word2"], "b": ["word3"]})
    critic = SelfCritical(model, reward, settings, 0.0)
    drawn = critic.draw(memory, (1,))
    samples = critic.samples(drawn)
    assert [len(hypotheses) for hypotheses in samples] == [3, 3]
    rewards = np.arange(len(drawn[0]) * 2.0).reshape(2, -1) ** 2
    if baseline == "greedy":
        best = model.caption(memory, SearchOptions(beam=1, max_length=5, min_length=0, forbidden=(0, 1, 3)))
        assert [h[0].tokens for h in drawn] == [h[0].tokens for h in best]
        expected = rewards[:, 1:] - rewards[:, :1]
    else:
        others = [[np.delete(row, i).mean() for i in range(3)] for row in rewards]
        expected = rewards - np.array(others)
    np.testing.assert_allclose(critic.advantages(rewards), expected)


def test_the_reward_pulls_towards_what_scores_well(model, memory):
    """The gradient of the loss raises the probability of samples above their baseline and lowers the others'."""
    reward = prepare_reward({"a": ["word1"], "b": ["word2"]})
    critic = SelfCritical(model, reward, SelfCriticalSettings(samples=2, cross_entropy=0), 0.0)
    sampled = Captions(torch.tensor([[1, 4], [1, 5]]), torch.tensor([[4, 2], [5, 2]]))
    truth = Captions(torch.tensor([[1, 4]]), torch.tensor([[4, 2]]))
    one = Memory(memory.grid[:1], memory.pooled[:1])
    changed = make(1)
    critic.cross_entropy.model = changed
    changed.zero_grad()
    critic(one, sampled, torch.tensor([[1.0, -1.0]]), truth).backward()

    def chances():
        with torch.no_grad():
            return changed.decoder(one, torch.tensor([[1]]))[0, 0].log_softmax(-1)[[4, 5]]

    before = chances()
    with torch.no_grad():
        for parameter in changed.decoder.parameters():
            parameter -= 0.05 * parameter.grad
    after = chances()
    assert after[0] > before[0]
    assert after[1] < before[1]


@pytest.mark.parametrize("temperature", [1.0, 0.25])
def test_the_policy_is_sampled_and_learns_at_its_temperature(model, memory, temperature):
    settings = SelfCriticalSettings(samples=400, cross_entropy=0, temperature=temperature, max_length=1)
    critic = SelfCritical(model, prepare_reward({"a": ["word1"], "b": ["word2"]}), settings, 0.0)
    model.eval()
    with torch.no_grad():
        logits = model.decoder(memory, torch.full((2, 1), model.vocabulary.start))[:, 0].double() / temperature
    wanted = logits.clone()
    words = model.vocabulary
    wanted[:, [words.pad, words.start, words.unk, words.end]] = -torch.inf  # the end: no caption is empty
    wanted = wanted.softmax(-1)
    drawn = critic.draw(memory, (1,))
    for chances, hypotheses in zip(wanted, drawn, strict=True):
        firsts = [h.tokens[0] for h in hypotheses]
        share = np.bincount(firsts, minlength=wanted.shape[1]) / len(firsts)
        np.testing.assert_allclose(share, chances.numpy(), atol=0.1)  # four standard errors of 400 draws
    model.eval()
    sampled = Captions(torch.full((2, 1), model.vocabulary.start), torch.tensor([[4], [5]]))
    loss = critic(memory, sampled, torch.tensor([[1.0], [-2.0]]), sampled)
    chosen = wanted.log()[[0, 1], [4, 5]]
    assert loss.item() == pytest.approx((2 * chosen[1] - chosen[0]).item(), rel=1e-4)


def test_the_end_counts_in_the_reward(model):
    references = {"a": ["word1 word2 word3"], "b": ["word4"], "c": ["word5 word6"]}
    critic = SelfCritical(model, prepare_reward(references), SelfCriticalSettings(samples=3), 0.0)
    tokens = tuple(model.vocabulary.encode(["word1", "word2", "word3"]))
    drawn = [
        Hypothesis(tokens, (0.0,) * 4, 0.0, True, None),
        Hypothesis(tokens, (0.0,) * 3, 0.0, False, None),
        Hypothesis(tokens[:2], (0.0,) * 3, 0.0, True, None),
    ]
    whole, endless, short = critic.rewards(["a"], [drawn])[0]
    assert whole == pytest.approx(10)  # the reference itself, its end a word: four of them, and so all four orders
    assert endless < 0.8 * whole
    assert short < 0.8 * whole


def test_the_share_of_cross_entropy_is_added_to_the_policys(model, memory):
    sampled = Captions(torch.tensor([[1, 4], [1, 5]]), torch.tensor([[4, 2], [5, 2]]))
    truth = Captions(INPUTS, TARGETS)
    advantage = torch.tensor([[1.0], [-0.5]])
    reward = prepare_reward({"a": ["word1"], "b": ["word2"]})
    losses = [
        SelfCritical(model, reward, SelfCriticalSettings(cross_entropy=share), 0.0)(memory, sampled, advantage, truth)
        for share in (0.0, 0.3)
    ]
    words = CrossEntropy(model, 0.0)(memory, truth) / 6 * 2  # the mean of the six words, for each of two pictures
    assert (losses[1] - losses[0]).item() == pytest.approx(0.3 * words.item(), rel=1e-4)


def test_captions_without_pictures_are_learned_beside_the_reward(model, memory):
    sampled = Captions(torch.tensor([[1, 4], [1, 5]]), torch.tensor([[4, 2], [5, 2]]))
    absent, alone = Memory(memory.grid[:1], memory.pooled[:1]), Captions(INPUTS[:1], TARGETS[:1])
    truth = Captions(INPUTS, TARGETS, unpaired=(absent, alone))
    advantage = torch.tensor([[1.0], [-0.5]])
    reward = prepare_reward({"a": ["word1"], "b": ["word2"]})
    losses = [
        SelfCritical(model, reward, SelfCriticalSettings(unpaired=share), 0.0)(memory, sampled, advantage, truth)
        for share in (0.0, 0.4)
    ]
    tokens = int((TARGETS[:1] != 0).sum())
    words = CrossEntropy(model, 0.0)(absent, alone) / tokens * 2  # a mean over words, for each of the two pictures
    assert (losses[1] - losses[0]).item() == pytest.approx(0.4 * words.item(), rel=1e-4)
