"""What a search found, as plain JSON values: trials, importance of fields, the best values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from consilience.search.space import Choices, Space
from consilience.search.study import counted
from consilience.search.trial import Bench

if TYPE_CHECKING:
    from optuna import Study

STATES = {"COMPLETE": "finished", "PRUNED": "pruned", "FAIL": "failed"}


def outcome(study: Study, bench: Bench, space: Space) -> dict[str, Any]:
    """{"metric", "higher_is_better", "trials": [{number, state, value, values, seconds, course, error}], "best": a
    trial or None, "first": the policy's own or None, "importances": {field: share}}.

    value: the metric on validation rows. course: [[step, metric so far], …].
    """
    trials: list[dict[str, Any]] = [
        {
            "number": trial.number,
            "state": STATES[trial.state.name],
            "value": trial.value if trial.state.name == "COMPLETE" else None,
            "values": {path: _meant(space, path, value) for path, value in trial.params.items()},
            "seconds": trial.user_attrs.get("seconds"),
            "course": [[step, value] for step, value in sorted(trial.intermediate_values.items())],
            "error": trial.user_attrs.get("error"),
        }
        for trial in counted(study)
    ]
    finished = [trial for trial in trials if trial["state"] == "finished"]
    sign = 1 if bench.higher_is_better else -1
    best = max(finished, key=lambda trial: sign * trial["value"]) if finished else None
    return {
        "metric": bench.metric,
        "higher_is_better": bench.higher_is_better,
        "trials": trials,
        "best": best,
        "first": trials[0] if trials else None,
        "importances": _importances(study, len(finished)),
    }


def _meant(space: Space, path: str, value: Any) -> Any:
    block = space[path]
    return block.labelled()[value] if isinstance(block, Choices) else value


def _importances(study: Study, finished: int) -> dict[str, float]:
    """Field → share of the variance of the metric over the space; empty where too few trials differ."""
    import optuna

    if finished < 4:
        return {}
    try:
        return dict(optuna.importance.get_param_importances(study))
    except RuntimeError as error:  # all finished trials have the same value
        if "zero total variance" not in str(error):
            raise
        return {}
