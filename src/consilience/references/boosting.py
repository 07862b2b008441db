"""Training gradient-boosted trees within a bound of work: how many rounds, how fast, on how many columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]

WORK = 1.2e9
"""Most rows × columns tried a tree × trees: bounds the training time to some ten seconds on one core."""
MEDIA_WORK = 0.15e9
"""The same where images or sounds are read, for which a network does better anyway."""
FULL_RATE_ROUNDS = 80
"""With fewer rounds than this allowed, the learning rate rises in proportion, to at most RATE_LIMIT."""
RATE_LIMIT = 0.3
COLUMNS_TRIED = 60
"""About so many columns are offered to each tree: on wide tables fewer make trees quicker and better."""
CELLS_A_THREAD = 4_000_000
"""Rows × columns tried that a second thread needs: on less, waiting for one another costs threads more than they
gain, and on a machine that is busy otherwise up to forty times as much (measured)."""
SMALL = 1_000
"""Rows below which the rounds come from cross-validation and trees have few leaves."""
MIDDLING = 5_000
FINE_LEAVES, FINE_ROWS = 4, 5
"""Fine trees have so many times as many leaves, of this many rows at least; they are tried beside plain ones on
held-out rows: where a pair of columns decides (this molecule on that protein), plain trees are too coarse."""
FINE_BELOW = 100_000
"""Rows beyond which fine trees are not tried: there the bound of work leaves few rounds, and coarse trees learn more in
them."""
LEAST_GAIN = 0.01
"""Share of the held-out loss by which fine trees must be better: they cost more to predict with."""
FEWEST = 5
"""Rows below which nothing is learned."""


class Plan(NamedTuple):
    """How to boost.

    objective: LightGBM's name. classes: scores a row (1 but for several classes). boosters: models that share
    the work. rate: learning rate. rounds: most boosting rounds. leaves: most leaves. work: see WORK. fine: see
    FINE_LEAVES.
    """

    objective: str
    classes: int
    boosters: int
    rate: float
    rounds: int
    leaves: int
    work: float
    seed: int
    threads: int
    fine: bool = False


class Table(NamedTuple):
    """features: float32 [N, D], NaN where missing. label, weight: float64 [N]. coded: category columns."""

    features: Array
    label: Array
    weight: Array
    coded: list[int]

    def take(self, index: Array) -> Table:
        return Table(self.features[index], self.label[index], self.weight[index], self.coded)


def settle(table: Table, plan: Plan) -> tuple[Plan, int]:
    """The plan, fine where fine trees have the lower held-out loss, and the rounds of the lowest loss (0 = nothing to
    learn): five folds below SMALL rows, one held-out fifth above."""
    rows, columns = table.features.shape
    if _nothing(table):
        return plan, 0
    most = most_rounds(rows, columns, plan)
    loss, rounds = _choose_rounds(table, make_settings(rows, columns, most, plan), most)
    if not MIDDLING <= rows <= FINE_BELOW or plan.boosters * plan.classes > 1 or plan.work < WORK:
        return plan, rounds
    finer = plan._replace(fine=True)
    fine_loss, fine_rounds = _choose_rounds(table, make_settings(rows, columns, most, finer), most)
    return (finer, fine_rounds) if fine_loss < (1 - LEAST_GAIN) * loss else (plan, rounds)


def boost(table: Table, plan: Plan, rounds: int = 0) -> tuple[str, int]:
    """The model as LightGBM's text (empty when there is nothing to learn) and its rounds, trained on all rows.

    Rounds that are given are not searched for.
    """
    import lightgbm

    rows, columns = table.features.shape
    if _nothing(table):
        return "", 0
    if not rounds:
        plan, rounds = settle(table, plan)
    settings = make_settings(rows, columns, most_rounds(rows, columns, plan), plan)
    return lightgbm.train(settings, _dataset(table, settings), rounds).model_to_string(), rounds


def _nothing(table: Table) -> bool:
    """True where there is nothing to learn."""
    return table.features.shape[1] == 0 or len(table.label) < FEWEST or len(np.unique(table.label)) < 2


def most_rounds(rows: int, columns: int, plan: Plan) -> int:
    """Rounds that the bound of work allows, 8 at least."""
    cost = max(rows, 2_000) * columns * _share_tried(columns) * max(plan.boosters, plan.classes)
    return int(max(8, min(plan.rounds, plan.work / cost)))


def make_settings(rows: int, columns: int, most: int, plan: Plan) -> dict[str, Any]:
    """LightGBM's parameters; deterministic for a seed and a number of threads."""
    rate = plan.rate / (2 if rows < SMALL else 1)
    leaves = plan.leaves * (FINE_LEAVES if plan.fine else 1)
    tried = _share_tried(columns)
    hurry = max(1.0, min(plan.rounds, FULL_RATE_ROUNDS) / most)
    return {
        "objective": plan.objective,
        **({"num_class": plan.classes} if plan.classes > 1 else {}),
        "learning_rate": max(rate, min(rate * hurry, RATE_LIMIT)),
        "num_leaves": min(leaves, 7 if rows < SMALL else 15 if rows < MIDDLING else 255),
        "min_data_in_leaf": max(2, min(FINE_ROWS if plan.fine else 20, rows // 40)),
        "feature_fraction": tried,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 3.0,
        "max_bin": 127,
        "cat_smooth": 20.0,
        "verbose": -1,
        "seed": plan.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": max(1, min(plan.threads, int(rows * columns * tried / CELLS_A_THREAD))),
    }


def _share_tried(columns: int) -> float:
    return min(1.0, max(COLUMNS_TRIED / max(columns, 1), 0.05))


def _choose_rounds(table: Table, settings: dict[str, Any], most: int) -> tuple[float, int]:
    """The lowest held-out loss, and its rounds."""
    import lightgbm

    rows = len(table.label)
    curves = []
    for inner, held in _parts(table.label, settings["seed"], 5 if rows < SMALL else 1):
        train = _dataset(table.take(inner), settings)
        valid = _dataset(table.take(held), settings, train)
        history: dict[str, Any] = {}
        calls = [lightgbm.record_evaluation(history)]
        if rows >= SMALL:
            calls.append(lightgbm.early_stopping(max(10, most // 10), verbose=False))
        lightgbm.train(settings, train, most, [valid], ["held"], callbacks=calls)
        curves.append(next(iter(history["held"].values())))
    curve = np.mean(curves, axis=0)
    return float(curve.min()), int(np.argmin(curve)) + 1


def _dataset(table: Table, settings: dict[str, Any], like: Any = None) -> Any:
    import lightgbm

    return lightgbm.Dataset(
        table.features,
        table.label,
        weight=table.weight,
        reference=like,
        categorical_feature=table.coded,
        params={key: settings[key] for key in ("verbose", "max_bin", "num_threads", "force_row_wise")},
    )


def _parts(label: Array, seed: int, folds: int) -> Iterator[tuple[Array, Array]]:
    """(rows to fit, rows to judge), labels dealt evenly over fifths."""
    order = np.random.default_rng(seed).permutation(len(label))
    order = order[np.argsort(label[order], kind="stable")]
    fold = np.arange(len(order)) % 5
    for held in range(folds):
        yield np.sort(order[fold != held]), np.sort(order[fold == held])
