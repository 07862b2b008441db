"""The trials of a search in Optuna: asked one by one, kept in SQLite, pruned, queued again where they were cut off.

Optuna: Akiba et al. 2019 (KDD); its tree-structured Parzen estimator: Bergstra et al. 2011; Hyperband: Li et al. 2018
(JMLR 18); importances by functional ANOVA: Hutter et al. 2014 (ICML).
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from consilience.core.errors import ConsilienceError, InputError, MissingExtraError, nearest
from consilience.core.events import Listener
from consilience.search.folder import SearchFolder
from consilience.search.space import Choices, Space, label
from consilience.search.trial import Bench

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.pruners import BasePruner
    from optuna.trial import FrozenTrial

Pruner = Literal["median", "hyperband", "none"]
PRUNERS: tuple[Pruner, ...] = ("median", "hyperband", "none")
STUDY = "search"
WARM = 4
"""Trials that finish before the median of the others may end one."""
CONTINUES = "continues"
"""Attribute of a trial that goes on with one that was cut off: that one's number."""


@dataclass(frozen=True)
class Limits:
    """trials: how many in all, those of earlier sittings counted. minutes: of this sitting; a trial under way is
    finished. pruner: what ends a trial early. at_once: trials under way at a time, in workers of their own where there
    are several or `cluster` names the address of a Ray cluster."""

    trials: int = 30
    minutes: float | None = None
    pruner: Pruner = "median"
    at_once: int = 1
    cluster: str | None = None


class Sitting(NamedTuple):
    """One process's part of a search: what is tried, how long, where, and who watches."""

    bench: Bench
    space: Space
    limits: Limits
    folder: SearchFolder
    listener: Listener


def make_limits(
    trials: int, minutes: float | None, pruner: str, at_once: int | None = None, cluster: str | None = None
) -> Limits:
    """
    Args:
        at_once: 1 when None.
    Raises:
        InputError: for a number below 1, minutes that are none, or an unknown pruner.
    """
    if at_once is not None and at_once < 1:
        raise InputError(f"{at_once} trials at once were asked for, 1 is the least", where="at_once")
    if trials < 1:
        raise InputError(f"{trials} trials were asked for, 1 is the least", where="trials")
    if minutes is not None and not minutes > 0:
        raise InputError(f"minutes must be more than 0, received {minutes:g}", where="minutes")
    known = next((name for name in PRUNERS if name == pruner), None)
    if known is None:
        raise InputError(f"no pruner is named {pruner!r}", fix=nearest(pruner, PRUNERS))
    return Limits(trials, minutes, known, at_once or 1, cluster)


def open_study(folder: SearchFolder, bench: Bench, limits: Limits) -> Study:
    """The study of the folder, new or as it was left; trials that were cut off are queued again.

    Raises:
        MissingExtraError: when Optuna is not installed.
    """
    try:
        import optuna
    except ModuleNotFoundError:
        raise MissingExtraError("optuna", "search", "searching recipes") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    folder.path.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        storage=f"sqlite:///{folder.storage.resolve()}",
        study_name=STUDY,
        direction="maximize" if bench.higher_is_better else "minimize",
        load_if_exists=True,
    )
    done = len(study.get_trials(deepcopy=False))
    # seeded by the number of trials: a search that goes on must not draw the same values again
    startup = min(10, max(3, limits.trials // 3))
    study.sampler = optuna.samplers.TPESampler(seed=bench.given.seed + done, n_startup_trials=startup)
    study.pruner = _pruner(limits.pruner, bench.epochs)
    _queue_again(study)
    return study


def _pruner(name: Pruner, epochs: int) -> BasePruner:
    from optuna.pruners import HyperbandPruner, MedianPruner, NopPruner

    if name == "median":
        return MedianPruner(n_startup_trials=WARM, n_warmup_steps=max(1, epochs // 5))
    if name == "hyperband":
        return HyperbandPruner(min_resource=1, max_resource=max(2, epochs), reduction_factor=3)
    return NopPruner()


def _queue_again(study: Study) -> None:
    """Trials that a killed process left running: the same values are tried next, from their checkpoint on."""
    from optuna.trial import TrialState

    for cut in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        values = {**cut.system_attrs.get("fixed_params", {}), **cut.params}
        if values:
            study.enqueue_trial(values, user_attrs={CONTINUES: cut.user_attrs.get(CONTINUES, cut.number)})
        study.tell(cut.number, state=TrialState.FAIL)


def counted(study: Study) -> list[FrozenTrial]:
    """The trials that came to an end, by number: not those that were cut off and queued again, which failed without an
    error of their own."""
    from optuna.trial import TrialState

    ended = (TrialState.COMPLETE, TrialState.PRUNED)
    return [t for t in study.get_trials(deepcopy=False) if t.state in ended or "error" in t.user_attrs]


def run_trials(study: Study, sitting: Sitting) -> None:
    """Ask, train and tell until the limits are reached; a trial that breaks is told as failed."""
    limits, listener = sitting.limits, sitting.listener
    began = time.monotonic()
    while (done := len(counted(study))) < limits.trials:
        if limits.minutes is not None and time.monotonic() - began > 60 * limits.minutes:
            return
        trial = study.ask()
        values = ask_values(trial, sitting.space)
        listener({"event": "stage", "name": f"Trial {done + 1} of {limits.trials}: {shown(values)}"})
        _one(study, trial, values, sitting)
        listener({"event": "stage", "name": f"  {told_outcome(study, trial.number)}"})


def ask_values(trial: Trial, space: Space) -> dict[str, Any]:
    """A value for each field of the space."""
    found: dict[str, Any] = {}
    for path, block in space.items():
        if isinstance(block, Choices):
            known = block.labelled()
            found[path] = known[trial.suggest_categorical(path, list(known))]
        elif block.whole:
            found[path] = trial.suggest_int(path, int(block.low), int(block.high), log=block.log)
        else:
            found[path] = trial.suggest_float(path, float(block.low), float(block.high), log=block.log)
    return found


def enqueue_first(study: Study, values: Mapping[str, Any], space: Space) -> None:
    """Try the policy's own recipe first, as far as the space holds its values."""
    held = {path: label(value) for path, value in values.items() if space[path].holds(value)}
    if not study.get_trials(deepcopy=False):
        study.enqueue_trial(held)


class Ending(NamedTuple):
    """How a trial ended: with a value, pruned (neither value nor error), or failed with an error."""

    value: float | None = None
    error: str | None = None
    seconds: float | None = None


def end_trial(study: Study, trial: Trial, ending: Ending, checkpoints: Path) -> None:
    """Tell the study; the checkpoints go: what is interrupted keeps them, as it does not come here."""
    from optuna.trial import TrialState

    if ending.seconds is not None:
        trial.set_user_attr("seconds", ending.seconds)
    if ending.error is not None:
        trial.set_user_attr("error", ending.error)
        study.tell(trial, state=TrialState.FAIL)
    elif ending.value is None:
        study.tell(trial, state=TrialState.PRUNED)
    else:
        study.tell(trial, ending.value)
    shutil.rmtree(checkpoints, ignore_errors=True)


def checkpoints_of(trial: Trial, folder: SearchFolder) -> Path:
    """The checkpoints of a trial, or of the one that was cut off and that it goes on with."""
    return folder.checkpoints / str(trial.user_attrs.get(CONTINUES, trial.number))


def steps_of(bench: Bench) -> int:
    """Values that a trial tells before it ends."""
    return bench.epochs + max(0, len(bench.plan.folds) - 1)


def _one(study: Study, trial: Trial, values: Mapping[str, Any], sitting: Sitting) -> None:
    import optuna
    import torch

    bench, listener = sitting.bench, sitting.listener
    here, steps = checkpoints_of(trial, sitting.folder), steps_of(bench)
    name = f"trial {trial.number}"

    def tell(step: int, value: float) -> None:
        trial.report(value, step)
        listener({"event": "progress", "name": name, "done": min(step + 1, steps - 1), "total": steps})
        if trial.should_prune():
            raise optuna.TrialPruned

    began = time.monotonic()
    try:
        value = bench.judge(values, here, tell, listener)
        ending = Ending(value, seconds=time.monotonic() - began)
    except optuna.TrialPruned:
        ending = Ending(seconds=time.monotonic() - began)
    except (ConsilienceError, torch.OutOfMemoryError) as error:
        ending = Ending(error=str(error))
    end_trial(study, trial, ending, here)
    listener({"event": "progress", "name": name, "done": steps, "total": steps})


def shown(values: Mapping[str, Any]) -> str:
    """ "learning_rate=0.0021 batch_size=32", by the last part of each path that tells it apart."""
    return " ".join(f"{short(path)}={brief(value)}" for path, value in values.items())


def short(path: str) -> str:
    """The path without "train." and ".type"."""
    return path.removeprefix("train.").removesuffix(".type")


def brief(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else "own" if value is None else str(value)


def told_outcome(study: Study, number: int) -> str:
    """How a trial ended, in words."""
    from optuna.trial import TrialState

    trial = study.get_trials(deepcopy=False)[number]
    if trial.state == TrialState.PRUNED:
        return "ended early"
    if trial.state == TrialState.FAIL:
        return f"failed: {trial.user_attrs.get('error')}"
    return f"{trial.value:.4g} (best {study.best_value:.4g}, trial {study.best_trial.number})"
