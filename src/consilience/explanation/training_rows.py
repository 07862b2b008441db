"""The rows that a run was trained on, read again from the table that its folder names."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from consilience.artifacts.bundle import Bundle
from consilience.artifacts.run_folder import RunFolder, describe_table
from consilience.core.errors import InputError
from consilience.core.events import Listener, nobody
from consilience.core.recipe import make_recipe
from consilience.data.align import align
from consilience.data.features import prepare
from consilience.data.table import read_table
from consilience.evaluation.evidence import Rows
from consilience.modalities.cells import as_text
from consilience.training.plan import Given, make_plan
from consilience.training.plan_several import make_plans


def training_rows(run: Path | None, bundle: Bundle, listener: Listener = nobody) -> tuple[Rows | None, str]:
    """The training rows, or None and the reason why they are not at hand (the table moved, changed, was in memory).

    The split is drawn again from the run's own recipe, so rows that validated or tested the model are left out.
    """
    if run is None:
        return None, "the model stands alone, without its run folder"
    try:
        start = RunFolder(run).read_start()
        tables = {}
        for name, known in start["tables"].items():
            if known["path"] is None:
                return None, f"the {name} table was given in memory"
            tables[name] = read_table(known["path"])
            if name == "train" and describe_table(tables[name], known["path"])["sha256"] != known["sha256"]:
                return None, f"{known['path']} was changed since the training"
        recipe, given = make_recipe(start["recipe"], (), str(run)), Given(**tables)
        plan = make_plans(recipe, given).joint if recipe.targets else make_plan(recipe, given)
        aligned, _ = align(plan.tables["train"], bundle.columns)
        features = prepare(aligned, bundle.facts["groups"], bundle.recipe.prepare, listener=listener)
    except InputError as error:
        return None, str(error)
    texts = pl.DataFrame([as_text(aligned.frame[c]) for c in bundle.text_columns])
    index = plan.splits.train
    return Rows(features, texts, index, plan.tables["train"].frame[index]), ""
