"""Events as an MLflow run: in the run folder, unless MLFLOW_TRACKING_URI says otherwise."""

from __future__ import annotations

import json
import logging
import os
import time
import warnings
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from consilience.core.errors import MissingExtraError
from consilience.core.events import Event
from consilience.training.listeners.scalars import scalars_of

LONGEST = 500
"""Letters of a parameter's value that MLflow keeps at least."""


class MLflow:
    """A listener that writes an MLflow run of the experiment "consilience" into `folder/mlflow.db` (SQLite).

    `mlflow ui --backend-store-uri sqlite:///FOLDER/mlflow.db` shows it.

    Metrics: those of TensorBoard, as <network>/<name>. Parameters: the recipe's fields, as a.b.c.

    Args:
        folder: the run folder. recipe: plain JSON values.
    Raises:
        MissingExtraError: when mlflow is not installed.
    """

    name = "mlflow"

    def __init__(self, folder: Path, recipe: dict[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        address = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(folder / 'mlflow.db').resolve()}"
        try:
            with warnings.catch_warnings():  # its own use of SQLAlchemy warns, which no user can act on
                warnings.simplefilter("ignore", DeprecationWarning)
                from mlflow.entities import Param
                from mlflow.tracking import MlflowClient

                logging.getLogger("mlflow").setLevel(logging.WARNING)
                self._client = MlflowClient(tracking_uri=address)
        except ModuleNotFoundError as error:
            raise MissingExtraError(error.name or "mlflow", "track", "writing for MLflow") from None
        known = self._client.get_experiment_by_name("consilience")
        experiment = known.experiment_id if known else self._client.create_experiment("consilience")
        self._run = self._client.create_run(experiment, run_name=folder.name).info.run_id
        parameters = [Param(name, value[:LONGEST]) for name, value in flat(recipe).items()]
        self._client.log_batch(self._run, params=parameters[:100])

    def __call__(self, event: Event) -> None:
        from mlflow.entities import Metric

        network, step, found = scalars_of(event)
        if found:
            now = int(time.time() * 1000)
            metrics = [Metric(f"{network}/{tag}", value, now, step) for tag, value in found.items()]
            self._client.log_batch(self._run, metrics=metrics)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.set_terminated(self._run, "FINISHED" if kind is None else "FAILED")


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested mappings as {"a.b.c": text}; None is left out, lists are JSON."""
    found: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{name}.")
        elif value is not None:
            found[f"{prefix}{name}"] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return found
