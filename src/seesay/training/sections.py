"""The sections of a run's settings, each typed and frozen; `Config` holds them all."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from seesay.text import Learned
from seesay.text.learned import Cleaning

SEARCH = ("beam", "length_power", "charge_end", "no_repeat_ngram", "max_length")
"""Settings of `training` that are options of a search by the same name: they change nothing that is learned."""


class Settings(BaseModel):
    """Frozen, and strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TextSettings(Settings):
    """How captions become ids."""

    clean: Cleaning = "ptb"
    """How captions become words: ptb (as they are scored), tutorial (lower case, punctuation stripped from words,
    one-letter words and words with digits dropped), whitespace (as they are: capitals and punctuation are kept)."""
    min_count: int = Field(5, ge=1)
    """Words seen less often in the training captions become the unknown word."""
    max_length: int = Field(30, ge=1)
    """Longer training captions are cut here, in tokens."""
    remove_stop_words: bool = False
    """Leave `seesay.text.STOP_WORDS` out of the training captions, as some papers do; the model never says them."""
    drop_rare: bool = False
    """Leave words below min_count out of the training captions, in place of making them the unknown word."""
    keep: bool = False
    """With `training.start_from`: know all of that model's words too, in place of those of the captions alone."""
    unpaired: dict[str, float] = {}
    """Captions without pictures: files of `IMAGE<tab>CAPTION` or `CAPTION` lines, and how often each is drawn from."""
    unpaired_per_step: int = Field(112, ge=1)
    """So many of them in each step of cross-entropy, beside the photos' captions."""

    @property
    def learned(self) -> Learned:
        """What of a caption is learned."""
        return Learned(self.max_length, self.remove_stop_words, self.drop_rare, self.clean)


class DetectorSettings(Settings):
    """Words detected in a picture, for a decoder that reads them (`decoder.words`). Off while `words` is 0."""

    words: int = Field(0, ge=0)
    """So many of the commonest words of the captions can be detected, and those that the CNN's own classes mean."""
    positives: int = Field(10, ge=1)
    """A word is learned from captions where so many training pictures have it."""
    folds: int = Field(5, ge=2)
    """Training pictures get the words that detectors find which have not learned from them, in so many parts."""


class VectorSettings(Settings):
    """What the decoder's words begin with."""

    source: str = "learned"
    """learned (random at first), cbow or skipgram (trained on the captions), or a GloVe or word2vec text file."""
    tune: bool = True
    """Whether they learn on; false fixes the whole table, words without a vector included."""


class ClipSettings(Settings):
    """How a clip becomes a sequence: its frames take the place of a picture's positions."""

    frames: int = Field(16, ge=1)
    """Frames that a model sees of a clip, one of each of as many equal parts; a shorter clip's are repeated."""
    kept: int = Field(32, ge=1)
    """Frames encoded once and kept while the CNN is fixed; training draws `frames` of them."""
    positions: bool = False
    """Whether every position of every frame is kept (N = frames · positions), rather than each frame's mean."""
    flow: bool = False
    """Whether each frame comes with its optical flow to the next one in the file, as a second picture for the CNN; for
    recognition. It needs OpenCV."""

    @model_validator(mode="after")
    def _enough(self) -> ClipSettings:
        if self.kept < self.frames:
            raise ValueError(f"kept={self.kept} is less than frames={self.frames}")
        return self


class FinetuneSettings(Settings):
    """Training the CNN along with the decoder. Off while `from_epoch` is None."""

    from_epoch: int | None = Field(None, ge=0)
    """Epoch from which the CNN is fine-tuned, counted from 0; null: never."""
    until_epoch: int | None = None
    """First epoch in which the CNN is fixed again (None: never)."""
    layers: int | None = None
    """How many of the last groups of layers learn (None: all)."""
    lr: float = Field(1e-4, gt=0)
    """Largest learning rate of the CNN."""
    decoder_lr: float = Field(3e-4, gt=0)
    """The decoder's rate in these epochs."""
    batch_norm: bool = False
    """Whether batch norm learns its statistics too: for a CNN that begins with random weights, over large batches."""
    augment: bool = True
    """Random crop, mirror image and brightness while the CNN learns."""
    frames_at_once: int = Field(0, ge=0)
    """Gradient checkpointing of clips: frames whose inner values are held at a time, computed twice for it; 0: all."""

    @model_validator(mode="after")
    def _statistics_once(self) -> FinetuneSettings:
        if self.batch_norm and self.frames_at_once:
            raise ValueError("batch_norm=true would learn its statistics twice with frames_at_once; leave one out")
        return self

    def covers(self, epoch: int) -> bool:
        """Whether the CNN learns in this epoch."""
        return (
            self.from_epoch is not None
            and epoch >= self.from_epoch
            and (self.until_epoch is None or epoch < self.until_epoch)
        )


class SelfCriticalSettings(Settings):
    """Self-critical sequence training (Rennie et al. 2017, arXiv:1612.00563). Off while `from_epoch` is None."""

    from_epoch: int | None = Field(None, ge=0)
    """Epoch from which the reward is learned, counted from 0; null: never."""
    samples: int = Field(5, ge=2)
    """Captions sampled for each picture."""
    baseline: Literal["others", "greedy"] = "others"
    """What a sample must be better than: the mean of its picture's other samples, or the greedy caption."""
    lr: float = Field(1e-4, gt=0)
    """Largest learning rate of the decoder."""
    encoder_lr: float = Field(2e-5, gt=0)
    """The CNN's rate, in epochs that `finetune` covers too."""
    cross_entropy: float = Field(0.1, ge=0)
    """Share of cross-entropy mixed into the loss."""
    unpaired: float = Field(0.0, ge=0)
    """Share of the cross-entropy of captions without pictures (`text.unpaired`) mixed into the loss."""
    unsupported: float = Field(0.0, ge=0)
    """What the reward loses for each detectable word that neither the picture's captions nor its detector hold."""
    max_length: int = Field(20, ge=1)
    """Most words of a sampled caption."""
    temperature: float = Field(1.0, gt=0)
    """The policy's: below 1 it is sharper, and samples are more like what search finds; it learns as it is sampled."""
    blend: float = Field(0.0, ge=0, lt=1)
    """Share of the weights from before this phase in the final model (Wortsman et al. 2022, arXiv:2109.01903)."""

    def covers(self, epoch: int) -> bool:
        """Whether this epoch is trained on the reward."""
        return self.from_epoch is not None and epoch >= self.from_epoch


class DistillationSettings(Settings):
    """Learning from trained models as well as from people. Off while there are no teachers."""

    teachers: tuple[str, ...] = ()
    """Folders of runs or artifacts with the same vocabulary; their mean probabilities are learned."""
    weight: float = Field(0.5, gt=0, le=1)
    """Share of the loss that is the teachers'."""


class TrainingSettings(Settings):
    """The loop."""

    epochs: int = Field(10, ge=1)
    """Passes over the training photos."""
    batch_size: int = Field(64, ge=1)
    """Photos in one step, over all processes."""
    captions_per_photo: int = Field(5, ge=1)
    """Captions of each photo that are learned in an epoch, drawn where it has more."""
    augmented_copies: int = Field(1, ge=1)
    """Versions of each photo (crops, mirror images) that are encoded and kept while the CNN is fixed; drawn from."""
    objective: str = "cross_entropy"
    """What is learned before the reward: cross_entropy, or one that another package adds (docs/extending.md)."""
    optimizer: Literal["adamw", "adam", "rmsprop"] = "adamw"
    """adamw (betas 0.9 and 0.98); or as tutorials have them: adam (0.9, 0.999), rmsprop (decay 0.9)."""
    schedule: Literal["cosine", "constant"] = "cosine"
    """Of the learning rate after its warm-up: half a cosine to zero, or none."""
    lr: float = Field(1e-3, gt=0)
    """Largest learning rate: rises over `warmup_steps`, then falls as `schedule` says."""
    warmup_steps: int = Field(200, ge=0)
    """Steps over which the learning rate rises from 0."""
    weight_decay: float = Field(0.01, ge=0)
    """Weight decay (AdamW's: Loshchilov and Hutter 2019), of matrices alone."""
    label_smoothing: float = Field(0.1, ge=0, lt=1)
    """Share of the target probability that is spread over all words (Szegedy et al. 2016)."""
    scheduled_sampling: float = Field(0.0, ge=0, lt=1)
    """Share of the words read that are the model's own (Bengio et al. 2015): rises from 0 to this over the epochs."""
    max_grad_norm: float | None = Field(1.0, gt=0)
    """Largest norm of the whole gradient (None: it is not clipped)."""
    ema: float = Field(0.998, ge=0, lt=1)
    """Decay of the moving average of the weights; what is evaluated and kept. 0 turns it off."""
    precision: Literal["auto", "bf16", "float32"] = "auto"
    """auto: bfloat16 autocast where the hardware has it."""
    patience: int | None = 5
    """Stop after this many epochs without a better CIDEr-D (of recognition: accuracy) on dev (None: never)."""
    criterion: Literal["score", "loss"] = "score"
    """What decides which epoch is best on dev, and when patience ends: CIDEr-D (accuracy), or the lowest loss."""
    keep: Literal["best", "last"] = "best"
    """Weights of the epoch that was best on dev; or of the last one, where dev is so small that the best is luck."""
    beam: int = Field(3, ge=1)
    """Sentences followed at a time on dev, and the exported model's default."""
    length_power: float = 0.7
    """A caption's log-probability is divided by its length to this power; smaller is shorter."""
    charge_end: bool = True
    """Whether a sentence cut at `max_length` is charged for the end that it lacks, as one more word."""
    no_repeat_ngram: int = Field(0, ge=0)
    """No n-gram of this length stands twice in a caption; 0: no limit."""
    max_length: int | None = 20
    """Most words of a caption on dev and of the exported model (None: as many as the longest training caption has);
    `text.max_length` is what captions are learned to."""
    seed: int = 1
    """Seed of weights, dropout and order."""
    start_from: str | None = None
    """A run's or artifact's folder whose weights to begin with; words it does not know are reinitialized."""
    more: tuple[str, ...] = ()
    """Further data, `FORMAT:PATH`, whose training parts are learned from too; the run's own dev part judges alone."""
    more_times: int = Field(1, ge=1)
    """How often each of their samples is in an epoch."""
    start_with: Literal["all", "encoder"] = "all"
    """What is taken of `start_from`: all weights, or the CNN's alone, for a new decoder or classifier."""
    checkpoint_minutes: float = Field(5.0, ge=0)
    """Minutes between checkpoints inside an epoch; one is written after every epoch in any case."""

    @model_validator(mode="after")
    def _start_with_something(self) -> TrainingSettings:
        if self.start_with == "encoder" and self.start_from is None:
            raise ValueError("start_with=encoder needs start_from, the model whose CNN is taken")
        return self

    @property
    def search(self) -> dict[str, Any]:
        """How captions are looked for: what of these settings is a search option too, by the same name."""
        chosen = {name: getattr(self, name) for name in SEARCH if getattr(self, name) is not None}
        if self.charge_end:  # as every search does
            del chosen["charge_end"]
        return chosen
