"""Several trials under way at a time: asked and told here, trained by workers.

A trial's value is the same function of its values as with one at a time. What is asked is not: the sampler draws a
trial before those under way have ended, so it knows fewer results. The trials that it draws at random, the first third,
are the same.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from consilience.search.crew import RayCrew, Work, ray_crew
from consilience.search.study import (
    Ending,
    Sitting,
    ask_values,
    checkpoints_of,
    counted,
    end_trial,
    shown,
    steps_of,
    told_outcome,
)

if TYPE_CHECKING:
    from optuna import Study, Trial

MOST_LOST = 2
"""A trial whose worker died so often has failed."""


class _Under(NamedTuple):
    """A trial under way. heard: the steps whose value the study knows. lost: how often its worker died."""

    trial: Trial
    work: Work
    heard: set[int]
    lost: list[str]


def run_at_once(study: Study, sitting: Sitting) -> None:
    """`search.study.run_trials` with `limits.at_once` trials under way at a time.

    Raises:
        MissingExtraError: when Ray is not installed.
        InputError: when no cluster answers, or a worker cannot read what the search needs.
    """
    limits = sitting.limits
    if len(counted(study)) >= limits.trials:
        return
    began = time.monotonic()
    under: dict[int, _Under] = {}
    sitting.bench.prepare(sitting.listener)
    with ray_crew(sitting) as crew:
        while True:
            late = limits.minutes is not None and time.monotonic() - began > 60 * limits.minutes
            while not late and len(under) < limits.at_once and len(counted(study)) + len(under) < limits.trials:
                _begin(study, sitting, crew, under)
            if not under:
                return
            number, message = crew.wait()
            _heard(study, sitting, crew, (under, number), message)


def _begin(study: Study, sitting: Sitting, crew: RayCrew, under: dict[int, _Under]) -> None:
    trial = study.ask()
    values = ask_values(trial, sitting.space)
    place = len(counted(study)) + len(under) + 1
    sitting.listener({"event": "stage", "name": f"Trial {place} of {sitting.limits.trials}: {shown(values)}"})
    work = Work(trial.number, values, checkpoints_of(trial, sitting.folder))
    under[trial.number] = _Under(trial, work, set(), [])
    crew.begin(work)


def _heard(
    study: Study, sitting: Sitting, crew: RayCrew, of: tuple[dict[int, _Under], int], message: dict[str, Any]
) -> None:
    under, number = of
    here = under[number]
    if message["kind"] == "step":
        crew.go_on(number, _further(here, sitting, int(message["step"]), float(message["value"])))
        return
    if message["kind"] == "lost":
        here.lost.append(str(message["error"]))
        here.trial.set_user_attr("lost", here.lost)
        if len(here.lost) < MOST_LOST:
            said = f"the worker of trial {number} died ({here.lost[-1]}): the trial is tried once more"
            sitting.listener({"event": "warning", "code": "crew", "message": said})
            crew.begin(here.work)
            return
        message = {"error": f"its worker died {len(here.lost)} times: {here.lost[-1]}"}
    ending = Ending(message.get("value"), message.get("error"), message.get("seconds"))
    end_trial(study, here.trial, ending, here.work.checkpoints)
    del under[number]
    steps = steps_of(sitting.bench)
    sitting.listener({"event": "progress", "name": f"trial {number}", "done": steps, "total": steps})
    sitting.listener({"event": "stage", "name": f"  trial {number}: {told_outcome(study, number)}"})


def _further(here: _Under, sitting: Sitting, step: int, value: float) -> bool:
    """Note a trial's value → whether it may train further. One that is tried again tells its first steps twice."""
    if step not in here.heard:
        here.heard.add(step)
        here.trial.report(value, step)
    steps = steps_of(sitting.bench)
    done = min(step + 1, steps - 1)
    sitting.listener({"event": "progress", "name": f"trial {here.trial.number}", "done": done, "total": steps})
    return not here.trial.should_prune()
