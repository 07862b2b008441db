"""The training loop of one network: a generator of events that can be stopped and resumed between any two steps."""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from consilience.artifacts.row_batches import slices
from consilience.core.errors import InputError
from consilience.core.events import Event
from consilience.core.recipe import Recipe
from consilience.fusion.model import Multimodal, assemble
from consilience.tasks.metrics import HIGHER_IS_BETTER, METRICS, scores
from consilience.training.batches import Batch, Part, share_of, shuffled
from consilience.training.checkpoint import (
    Progress,
    optimizer_tensors,
    read_states,
    restore_optimizer,
    write_states,
)
from consilience.training.optimization import (
    Average,
    learning_rate,
    load_tensors,
    make_optimizer,
    mean_of,
    tensors,
)
from consilience.training.together import any_stopped, mean_loss

WRITTEN = 64
"""Validation rows for which a decoder writes its text after every epoch."""
CHECKPOINT_SECONDS = float(os.environ.get("CONSILIENCE_CHECKPOINT_SECONDS", "20"))
"""Seconds between checkpoints: what a kill can cost."""
EVALUATION_BATCH = 512
RANK_SEEDS = 1 << 40
"""Apart from each other by this are the seeds of the processes that train a network together: dropout differs."""
TIE_BREAKERS = {
    "binary": "log_loss",
    "multiclass": "log_loss",
    "multilabel": "log_loss",
    "regression": "rmse",
    "text": "log_loss",
    "boxes": "map",
    "forecast": "mae_z",
    "several": "loss",
}
"""Decides between checkpoints whose metrics cannot be told apart."""
SURE = 0.002
"""Log loss below which right answers cannot become noticeably surer: epochs that only lower it further are stale."""


@dataclass(frozen=True)
class Job:
    """One network to train: what, on which rows, and where its checkpoint lies."""

    recipe: Recipe
    facts: dict[str, Any]
    task: Any
    train: Part
    valid: Part
    folder: Path
    name: str
    seed: int


class Loop:
    """Trains the network of a Job. `run()` yields events; afterwards `network` holds the chosen weights.

    Every step seeds torch from (seed, step) and every epoch draws its order from (seed, epoch): nothing random
    lives outside the checkpoint, so a resumed run repeats the uninterrupted one to the bit.
    """

    def __init__(self, job: Job, fabric: Any) -> None:
        self.job, self.fabric, self.settings = job, fabric, job.recipe.train
        torch.manual_seed(job.seed)
        self.network = assemble(job.recipe, job.facts, job.task.outputs)
        self.network.begin()
        for group, most in self.network.adapts().items():
            self.network.adapt(group, job.train.sample(group, most))
        if self.settings.channels_last:
            self.network = self.network.to(memory_format=torch.channels_last)
        self.objectives = [o.build("objective", job.task, self.settings) for o in job.recipe.objectives]
        self.metric = chosen_metric(self.settings.metric, job.task)
        self.model, self.optimizer = fabric.setup(self.network, make_optimizer(self.network, self.settings))
        self.parameters = list(self.network.parameters())  # to walk through the modules in every step takes longer
        self.average = Average(self.network, self.settings.ema_decay)
        self.judged: Multimodal = copy.deepcopy(self.network).eval()
        self.epochs = int(self.settings.epochs or 1)
        self.size = int(self.settings.batch_size or 32)
        self.rank, self.processes = int(fabric.global_rank), int(fabric.world_size)
        self.least = 2 * self.processes  # rows of a batch: batch statistics need two in each process
        self.per_epoch = len(shuffled(len(job.train), self.size, job.seed, 0, self.least))
        self.progress = Progress()
        self.loss_sum = torch.zeros((), device=fabric.device)  # read rarely: reading waits
        self.best: list[dict[str, Tensor]] = []
        self.saved_at = time.monotonic()

    @property
    def steps(self) -> int:
        return self.epochs * self.per_epoch

    def run(self) -> Iterator[Event]:
        """Events: start, step, evaluation, warning, end.

        Raises:
            InputError: when the loss stops being finite.
        """
        began = time.monotonic()
        self._resume()
        yield {
            "event": "start",
            "network": self.job.name,
            "parameters": sum(p.numel() for p in self.network.parameters()),
            "rows": len(self.job.train),
            "epochs": self.epochs,
            "steps": self.steps,
            "step": self.progress.step,
            "metric": self.metric,
        }
        while self.progress.step < self.steps and not self.progress.stopped:
            epoch = self.progress.step // self.per_epoch
            yield from self._epoch(epoch)
            yield self._end_of_epoch(epoch)
        self._save()
        self._finish()
        yield {
            "event": "end",
            "network": self.job.name,
            "best": self.progress.best,
            "fusion": self.chosen,
            "seconds": time.monotonic() - began,
        }

    def _epoch(self, epoch: int) -> Iterator[Event]:
        batches = shuffled(len(self.job.train), self.size, self.job.seed, epoch, self.least)
        offset = self.progress.step - epoch * self.per_epoch
        told, began = time.monotonic(), time.monotonic()
        self.model.train()
        for done, positions in enumerate(batches[offset:], 1):
            rows = len(share_of(positions, self.rank, self.processes))
            self.loss_sum += self._step(positions) * rows
            self.progress.step += 1
            self.progress.rows_seen += rows
            now = time.monotonic()
            if now - told > 0.5:
                told = now
                mean = float(self.loss_sum) / self.progress.rows_seen
                rate = done / (now - began)
                yield {
                    "event": "step",
                    "network": self.job.name,
                    "step": self.progress.step,
                    "epoch": epoch,
                    "loss": mean,
                    "rate": rate,
                }
            if now - self.saved_at > CHECKPOINT_SECONDS:
                self._save()

    def _step(self, positions: np.ndarray[Any, Any]) -> Tensor:
        step = self.progress.step
        seed_step(self.fabric.device, self.job.seed * 1_000_003 + step)
        keep = self._keep(len(positions))  # drawn for the whole batch, so the same in every process
        mine = share_of(positions, self.rank, self.processes)
        if self.processes > 1:
            keep = None if keep is None else keep[self.rank :: self.processes]
            seed_step(self.fabric.device, self.job.seed * 1_000_003 + step + self.rank * RANK_SEEDS)
        batch = ready(self.job.task, self.job.train.batch(mine, self.fabric.device, self.network.fixed), training=True)
        rate = learning_rate(self.settings, step, self.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["scale"]
        outputs = self.model(batch.inputs, keep, batch.target)
        loss: Tensor = sum(objective(outputs, batch) for objective in self.objectives)
        self.optimizer.zero_grad(set_to_none=True)
        # processes average their gradients: with uneven parts the mean over rows needs each weighted by its rows
        self.fabric.backward(loss if self.processes == 1 else loss * (len(mine) * self.processes / len(positions)))
        if self.settings.clip is not None:
            torch.nn.utils.clip_grad_norm_(self.parameters, self.settings.clip)
        self.optimizer.step()
        if self.settings.average == "ema":
            self.average.update()
        return loss.detach()

    def _keep(self, rows: int) -> Tensor | None:
        """[B, M] bool: a random subset of groups for a growing share of the rows, everything for the others."""
        groups = len(self.network.groups)
        share = self.settings.modality_dropout * min(1.0, 2 * self.progress.step / max(1, self.steps))
        if groups < 2 or share == 0:
            return None
        subset = torch.rand(rows, groups) < 0.5
        whole = (torch.rand(rows) >= share) | ~subset.any(1)
        return (subset | whole.unsqueeze(1)).to(self.fabric.device)

    def _end_of_epoch(self, epoch: int) -> Event:
        mean = mean_loss(self.fabric, self.loss_sum, self.progress.rows_seen)
        if not np.isfinite(mean):
            raise InputError(
                f"the training loss is not finite in epoch {epoch + 1}",
                fix="Lower it with --set train.learning_rate=... (half is a good start)",
            )
        event: Event = {"event": "evaluation", "network": self.job.name, "epoch": epoch, "loss": mean}
        last = self.progress.step >= self.steps
        if len(self.job.valid) and (last or (epoch + 1) % self.settings.evaluate_every == 0):
            if self.rank == 0:  # the others wait, and stop when it does
                self._judge(event)
            self.progress.stopped = any_stopped(self.fabric, self.progress.stopped)
        self.loss_sum.zero_()
        self.progress.rows_seen = 0
        self.progress.history.append(event)
        if time.monotonic() - self.saved_at > CHECKPOINT_SECONDS / 4:
            self._save()
        return event

    def _judge(self, event: Event) -> None:
        """Score every candidate on the validation rows, keep the best states, stop when nothing improves."""
        began = time.monotonic()
        state = self.average.shadow if self.settings.average == "ema" else tensors(self.network)
        load_tensors(self.judged, state)
        kind = self.job.task.kind
        found: dict[str, float] = {}
        merits: dict[str, list[float]] = {}
        for name, outputs in self.outputs(self.judged, self.job.valid).items():
            every = self._measured(name, outputs)
            found[name] = every[self.metric]
            merits[name] = [
                signed(self.metric, every[self.metric]),
                signed(TIE_BREAKERS[kind], every[TIE_BREAKERS[kind]]),
            ]
            if name == leader(merits):
                event["valid"] = every
        event["fusion"] = found
        event["metric"] = self.metric
        name = leader(merits)
        entry = [*merits[name], event["epoch"], name]
        keep = self.settings.best if self.settings.average == "best" else 1
        rows = int((self.job.valid.weight > 0).sum())
        place = sum(1 for known in self.progress.best if not beats(entry, known, rows))
        better = place == 0
        if place < keep:
            self.progress.best.insert(place, entry)
            self.best.insert(place, {k: v.detach().clone() for k, v in state.items()})
            del self.progress.best[keep:], self.best[keep:]
        self.progress.stale = 0 if better and not is_done(self.job.task.kind, entry) else self.progress.stale + 1
        self.progress.stopped = self.progress.stale >= int(self.settings.early_stopping or 10**9)
        event["seconds"] = time.monotonic() - began

    def _measured(self, name: str, outputs: np.ndarray[Any, Any]) -> dict[str, float]:
        """Metrics of raw outputs [N, K] on the validation rows; a decoder also writes the text of a few of them."""
        task, valid = self.job.task, self.job.valid
        if hasattr(task, "measured"):  # several targets: each has metrics of its own
            several: dict[str, float] = task.measured(outputs, valid.target)
            return several
        if not self.judged.decodes:
            return scores(task.kind, valid.target, valid.weight, task.predictions(outputs))
        few = valid.pick(np.arange(min(getattr(task, "judged_rows", WRITTEN), len(valid))))
        raw = self.outputs(self.judged, few, known=False)[name]
        written = task.predictions(task.sized(raw, few.features.gather(few.index)) if task.kind == "boxes" else raw)
        return {**task.validation(outputs, valid.weight), **scores(task.kind, few.target, few.weight, written)}

    @torch.no_grad()
    def outputs(self, network: Multimodal, part: Part, known: bool = True) -> dict[str, np.ndarray[Any, Any]]:
        """Candidate name → raw outputs [N, K] on a part, in evaluation mode; a decoder is told the target if
        `known`."""
        found: dict[str, list[Tensor]] = {}
        for positions in slices(len(part), getattr(self.job.task, "at_once", EVALUATION_BATCH)):
            batch = ready(self.job.task, part.batch(positions, self.fabric.device, self.network.fixed), training=False)
            with self.fabric.autocast():
                outputs = network(batch.inputs, None, batch.target if known else None)
            for name, logits in (outputs.candidates or {network.candidates[0]: outputs.logits}).items():
                found.setdefault(name, []).append(logits.float().cpu())
        return {name: torch.cat(parts).numpy() for name, parts in found.items()}

    @property
    def chosen(self) -> str:
        return str(self.progress.best[0][-1]) if self.progress.best else self.network.candidates[0]

    def _finish(self) -> None:
        """Load the chosen weights and drop the fusion candidates that lost."""
        chosen = self.chosen
        same = [s for s, b in zip(self.best, self.progress.best, strict=True) if b[-1] == chosen]
        if same:
            load_tensors(self.network, mean_of(same))
        elif self.settings.average == "ema":
            load_tensors(self.network, self.average.shadow)
        self.network.select(chosen)
        self.network.eval()

    @property
    def _path(self) -> Path:
        return self.job.folder / f"{self.job.name}.safetensors"

    def _save(self) -> None:
        if self.rank > 0:
            return
        self.progress.averaged = self.average.updates
        self.progress.loss_sum = float(self.loss_sum)
        states = {
            "model": tensors(self.network),
            "optimizer": optimizer_tensors(self.optimizer),
            "average": self.average.shadow,
            **{f"best{i}": state for i, state in enumerate(self.best)},
        }
        write_states(self._path, states, asdict(self.progress))
        self.saved_at = time.monotonic()

    def _resume(self) -> None:
        if not self._path.exists():
            return
        states, meta = read_states(self._path)
        self.progress = Progress(**meta)
        self.loss_sum.fill_(self.progress.loss_sum)
        load_tensors(self.network, states["model"])
        restore_optimizer(self.optimizer, states.get("optimizer", {}))
        for name, value in states["average"].items():
            self.average.shadow[name].copy_(value)
        self.average.updates = self.progress.averaged
        self.best = [states[f"best{i}"] for i in range(len(self.progress.best))]


def seed_step(device: torch.device, seed: int) -> None:
    """Seed what a step draws at random. `torch.manual_seed` looks for every kind of device there may be, which takes a
    millisecond: half a step of a small network on a processor."""
    if device.type == "cpu":
        torch.default_generator.manual_seed(seed)
    else:
        torch.manual_seed(seed)


def ready(task: Any, batch: Batch, training: bool) -> Batch:
    """The batch as the task wants it: one that finds boxes changes images and boxes together."""
    prepared: Batch = task.ready(batch, training) if hasattr(task, "ready") else batch
    return prepared


def signed(metric: str, value: float) -> float:
    """Larger is better; an undefined metric is the worst."""
    if not np.isfinite(value):
        return -np.inf
    return value if HIGHER_IS_BETTER.get(metric, True) else -value


def leader(merits: dict[str, list[float]]) -> str:
    """The fusion candidate of the best metric, ties broken."""
    return max(merits, key=lambda name: merits[name])


def beats(a: list[Any], b: list[Any], rows: int) -> bool:
    """Whether checkpoint a ([metric, tie-breaker, …], larger is better) is better than b.

    Two shares or areas that lie within one standard error on `rows` validation rows cannot be told apart: then the
    tie-breaker decides, which is less noisy than the count of right answers.
    """
    error = math.sqrt(max(b[0] * (1 - b[0]), 0.0) / max(rows, 1)) if 0 <= b[0] <= 1 else 0.0
    if abs(a[0] - b[0]) > error or not np.isfinite(a[1]) or not np.isfinite(b[1]):
        return bool(a[0] > b[0])
    return bool(a[1] > b[1])


def is_done(kind: str, entry: list[Any]) -> bool:
    """Whether a checkpoint leaves nothing to gain: every validation row is told right, and surely."""
    return TIE_BREAKERS[kind] == "log_loss" and entry[0] >= 1.0 and -entry[1] < SURE


def chosen_metric(name: str | None, task: Any) -> str:
    """The metric that picks checkpoints.

    Raises:
        InputError: when the task has no such metric.
    """
    from consilience.core.errors import nearest

    if name is None or name == getattr(task, "picks", None):
        return str(getattr(task, "picks", task.primary))
    known = METRICS.get(task.kind, (task.primary,))
    if name not in known:
        raise InputError(f"{task.kind} has no metric {name!r}", where="train.metric", fix=nearest(name, known))
    return name
