"""The one training loop. Frozen or joint CNN, cross-entropy or reward, one process or many: the same visible steps."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from lightning.fabric import Fabric
from torch import Tensor
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from seesay.data import Dataset, Sample
from seesay.errors import TrainingError
from seesay.models.captioner import CaptionModel
from seesay.models.classifier import ClassifyModel
from seesay.training.batches import Batch, ahead, epoch_plan, is_spare, share
from seesay.training.callbacks import Callback, progress_of
from seesay.training.checkpoints import read_checkpoint, with_prefix, without_prefix, write_checkpoint
from seesay.training.config import Config
from seesay.training.distillation import TeacherFeatures
from seesay.training.features import FeatureStore, has_bf16
from seesay.training.optimization import (
    MovingAverage,
    load_optimizer,
    make_optimizer,
    optimizer_tensors,
    rate_factor,
)
from seesay.training.progress import Progress
from seesay.training.tasks import StepContext, Task

LAST = "last.safetensors"
BEST = "best.safetensors"
COUNTED = ("loss", "count", "captions", "seconds", "waiting", "steps")
SUPERVISED = "supervised.safetensors"
"""The weights that self-critical training began from."""

log = logging.getLogger(__name__)


class Trainer:
    """One run: its model, data, optimizer and progress.

    Args:
        config: settings.
        model: a module with `encoder` and `preprocessing`, changed in place.
        task: what is learned.
        dataset: with the splits train and dev.
        out: the run's folder; checkpoints go there.
        fabric: device, precision and processes.
        features: where encoded pictures come from while the CNN is fixed.
        callbacks: told of each step and epoch, in the first process only.
    """

    def __init__(
        self,
        config: Config,
        model: CaptionModel | ClassifyModel,
        task: Task,
        dataset: Dataset,
        out: Path,
        fabric: Fabric,
        features: FeatureStore,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        self.config = config
        self.model = model
        self.task = task
        fabric.to_device(model)
        self.average = MovingAverage(model, config.training.ema)
        self.train_samples: tuple[Sample, ...] = dataset.split("train")
        self.dev_samples: tuple[Sample, ...] = dataset.split("dev")
        self.out = out
        self.fabric = fabric
        self.features = features
        self.callbacks = callbacks if fabric.is_global_zero else ()
        self.taught = (
            TeacherFeatures(task.teachers, features.directory, fabric, features.inputs) if task.teachers else None
        )
        self.progress = Progress()
        self.steps_in_epoch = -(-len(self.train_samples) // config.training.batch_size)
        self._last_checkpoint = time.monotonic()

    def run(self, resume: bool) -> Progress:
        """Train to the end, or to the end of patience; `best.safetensors` holds the best weights on dev.

        Raises:
            TrainingError: the loss stopped being finite, or the checkpoint does not fit.
        """
        file = self.out / LAST
        saved = read_checkpoint(file) if resume and file.is_file() else None
        if saved:
            self.progress = Progress(**saved[1])
            self.model.load_state_dict(without_prefix("model", saved[0]))
            if self.fabric.is_global_zero:
                self._tell_resumed()
        while self.progress.epoch < self.config.training.epochs and not self._out_of_patience():
            self._enter_phase(saved[0] if saved else None)
            saved = None
            self._epoch()
        for callback in self.callbacks:
            callback.on_end(self.progress)
        return self.progress

    def _tell_resumed(self) -> None:
        """Say where a run goes on, or that nothing is left to do."""
        p, epochs = self.progress, self.config.training.epochs
        if p.epoch >= epochs or self._out_of_patience():
            log.info("all is trained already (%d epochs); for more, raise training.epochs in a new --out", p.epoch)
        else:
            log.info("goes on in epoch %d/%d, after step %d of %d", p.epoch + 1, epochs, p.step, self.steps_in_epoch)

    def _phase(self, epoch: int) -> tuple[bool, bool]:
        """Whether the CNN learns, and whether the loss is the reward's, in an epoch."""
        return self.config.finetune.covers(epoch), self.config.self_critical.covers(epoch)

    def _enter_phase(self, saved: dict[str, Tensor] | None) -> None:
        """Make what a phase needs; at its first step the model goes on from its averaged weights."""
        p = self.progress
        finetune, reward = self._phase(p.epoch)
        first = p.step == 0 and (p.epoch == 0 or self._phase(p.epoch - 1) != (finetune, reward))
        if not (first or saved):
            return
        if first and p.epoch > 0 and not saved:
            self.average.settle()
        self.model.encoder.freeze(self.config.finetune.layers if finetune else 0, self.config.finetune.batch_norm)
        self.model.encoder.frames_at_once = self.config.finetune.frames_at_once
        self.average = MovingAverage(self.model, self.config.training.ema)
        optimizer = make_optimizer(self.model, self.config, finetune=finetune, reward=reward)
        if saved:
            # A checkpoint at a phase's border was written before the border was crossed.
            averaged = without_prefix("average", saved)
            if first:
                self._settle_from(averaged)
                self.average = MovingAverage(self.model, self.config.training.ema)
            else:
                self.average.load(averaged, p.averaged)
                load_optimizer(optimizer, without_prefix("optimizer", saved))
        if first:
            p.phase_steps = p.averaged = 0
            if reward and self.fabric.is_global_zero:
                write_checkpoint(self.out / SUPERVISED, self.model.state_dict(), {})
        self.objective, self.optimizer = self.fabric.setup(self.task.objective(reward=reward), optimizer)

    @torch.no_grad()
    def _settle_from(self, averaged: dict[str, Tensor]) -> None:
        for name, parameter in self.model.named_parameters():
            if name in averaged:
                parameter.copy_(averaged[name])

    def _epoch(self) -> None:
        p, settings = self.progress, self.config.training
        finetune, reward = self._phase(p.epoch)
        if not finetune:
            samples = [*self.train_samples, *self.dev_samples]
            self.features.prepare(self.model.encoder, samples, progress_of(self.callbacks, "encoding pictures"))
            if self.taught and not reward:
                self.taught.prepare(self.train_samples)
        plan = epoch_plan(len(self.train_samples), settings.batch_size, settings.seed, p.epoch)
        self.model.train()
        batches = ahead(lambda i: self._load(plan[i], finetune, reward), range(p.step, len(plan)))
        asked = time.monotonic()
        for photos, batch in zip(plan[p.step :], batches, strict=True):
            begun = time.monotonic()
            self._seed()
            figures = self._step(photos, batch.to(self.fabric.device))
            figures |= {"seconds": time.monotonic() - asked, "waiting": begun - asked, "steps": 1.0}
            for name, value in figures.items():
                p.sums[name] = p.sums.get(name, 0.0) + value
            p.step += 1
            p.total_steps += 1
            p.phase_steps += 1
            p.averaged = self.average.updates
            asked = time.monotonic()
            for callback in self.callbacks:
                callback.on_step(p, len(plan))
            if asked - self._last_checkpoint > settings.checkpoint_minutes * 60 and p.step < len(plan):
                self._checkpoint()
        self._finish_epoch(finetune)

    def _seed(self) -> None:
        """Make the step's dropout depend on the seed, the step and the process alone: nothing of it is to be saved."""
        entropy = [self.config.training.seed, self.progress.total_steps, self.fabric.global_rank]
        torch.manual_seed(int(np.random.SeedSequence(entropy).generate_state(1)[0]))

    def _load(self, photos: list[int], finetune: bool, reward: bool) -> Batch:
        """What a step reads: this process's share of the pictures and of their captions."""
        p, settings = self.progress, self.config.training
        mine = share(photos, self.fabric.global_rank, self.fabric.world_size)
        samples = [self.train_samples[i] for i in mine]
        seed = (settings.seed, p.epoch)
        targets = self.task.targets(mine, seed, reward=reward)
        if finetune:
            changed = seed if self.config.finetune.augment else None
            pixels = self.features.inputs.pixels(samples, self.model.preprocessing, changed)
            return Batch(pixels, targets)
        taught = self.taught.memories(samples) if self.taught and not reward else []
        return Batch(self.features.memory(samples, seed), targets, taught)

    def _step(self, photos: list[int], batch: Batch) -> dict[str, float]:
        """One update from one global batch; figures to add up over the epoch."""
        p, fabric = self.progress, self.fabric
        mine = share(photos, fabric.global_rank, fabric.world_size)
        seed = (self.config.training.seed, p.total_steps, fabric.global_rank)
        found = self.task.loss(self.objective, batch, mine, StepContext(fabric, p.epoch, seed))
        loss, count = found.total, found.count
        if is_spare(photos, fabric.global_rank):
            loss, count = loss * 0, 0.0
        # Fabric averages gradients over processes: scale so that the whole batch counts each token once.
        sums = fabric.all_reduce(torch.tensor([float(loss.detach()), count], dtype=torch.float64), reduce_op="sum")
        total = float(sums[1])
        fabric.backward(loss * (fabric.world_size / total))
        limit = float("inf") if self.config.training.max_grad_norm is None else self.config.training.max_grad_norm
        norm = fabric.clip_gradients(self.objective, self.optimizer, max_norm=limit, error_if_nonfinite=False)
        assert norm is not None
        mean = float(sums[0]) / total
        if not np.isfinite(mean) or not torch.isfinite(norm):
            last = self.out / LAST
            kept = f"the last good checkpoint is {last}" if last.is_file() else "nothing was saved before"
            clip = "" if self.config.training.max_grad_norm else ", or training.max_grad_norm=1"
            raise TrainingError(
                f"loss {mean:.4g} (gradient norm {float(norm):.4g}) is not finite in epoch {p.epoch}, step {p.step}; "
                f"{kept}. Try a smaller training.lr{clip}"
            )
        self._set_rate()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.average.update()
        return {"loss": float(sums[0]), "count": total, "captions": found.rows * fabric.world_size, **found.figures}

    def _set_rate(self) -> None:
        p = self.progress
        first = last = p.epoch
        while first > 0 and self._phase(first - 1) == self._phase(p.epoch):
            first -= 1
        while last + 1 < self.config.training.epochs and self._phase(last + 1) == self._phase(p.epoch):
            last += 1
        steps = (last + 1 - first) * self.steps_in_epoch
        settings = self.config.training
        factor = rate_factor(p.phase_steps, steps, settings.warmup_steps, settings.schedule)
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * factor

    def _finish_epoch(self, finetune: bool) -> None:
        p, sums = self.progress, self.progress.sums
        with self.average.in_place():
            features = None if finetune else self.features
            on_progress = progress_of(self.callbacks, self.task.validating)
            scores = self.task.validate(self.dev_samples, self.fabric, features, on_progress)
            settings = self.config.training
            best = p.is_best(scores[self.task.score], scores["loss"], by_loss=settings.criterion == "loss")
            kept = settings.keep == "last" or best
            weights: dict[str, Tensor] = {}
            if kept:
                weights = {name: tensor.detach().clone() for name, tensor in self.model.state_dict().items()}
        steps = max(1.0, sums["steps"])
        row: dict[str, float] = {
            "epoch": float(p.epoch),
            "loss": sums["loss"] / sums["count"],
            **{f"dev {name}": value for name, value in scores.items()},
            "seconds": sums["seconds"],
            "captions_per_second": sums["captions"] / sums["seconds"],
            "waiting_share": sums["waiting"] / sums["seconds"],
            "lr": float(self.optimizer.param_groups[0]["lr"]),
            **{name: value / steps for name, value in sums.items() if name not in COUNTED},
        }
        p.history.append(row)
        p.sums = {}
        p.epoch, p.step = p.epoch + 1, 0
        if kept:
            p.best, p.best_loss, p.best_epoch = scores[self.task.score], scores["loss"], p.epoch - 1
            if self.fabric.is_global_zero:
                write_checkpoint(self.out / BEST, weights, {"epoch": p.best_epoch, "scores": scores})
        self._checkpoint()
        for callback in self.callbacks:
            callback.on_epoch(p)

    def _checkpoint(self) -> None:
        if self.fabric.is_global_zero:
            tensors = {
                **with_prefix("model", self.model.state_dict()),
                **with_prefix("average", self.average.average),
                **with_prefix("optimizer", optimizer_tensors(self.optimizer.optimizer)),
            }
            write_checkpoint(self.out / LAST, tensors, asdict(self.progress))
        self._last_checkpoint = time.monotonic()

    def _out_of_patience(self) -> bool:
        patience, p = self.config.training.patience, self.progress
        return patience is not None and p.best_epoch >= 0 and p.epoch - 1 - p.best_epoch >= patience


def make_fabric(precision: str) -> Fabric:
    """Device, precision and processes: what torchrun says, else one process on the best device."""
    for name in (
        "lightning.fabric",
        "lightning.pytorch.utilities.rank_zero",
    ):  # they tell the precision for every model
        logging.getLogger(name).setLevel(logging.WARNING)
    world, local = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    bf16 = precision == "bf16" or (precision == "auto" and has_bf16())
    fabric = Fabric(
        accelerator="auto",
        devices=local,
        num_nodes=max(1, world // local),
        strategy="ddp" if world > 1 else "auto",
        precision="bf16-mixed" if bf16 else "32-true",
    )
    _meet_again()
    fabric.launch()
    return fabric


def _meet_again() -> None:
    """Connect the processes that torchrun has started again after one of them was killed.

    They meet in the agent's store, where the addresses of those before them still stand (PyTorch 2.14); under a prefix
    of their own they find each other.
    """
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    if attempt == "0" or torch.distributed.is_initialized():
        return
    store, rank, world = next(rendezvous("env://"))
    own = PrefixStore(f"attempt-{attempt}", store)
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    torch.distributed.init_process_group(backend, store=own, rank=rank, world_size=world)
