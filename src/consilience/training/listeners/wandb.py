"""Events as a Weights & Biases run: offline, in the run folder, unless WANDB_MODE says otherwise."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from consilience.core.errors import MissingExtraError
from consilience.core.events import Event
from consilience.training.listeners.scalars import scalars_of


class WandB:
    """A listener that writes `folder/wandb/offline-run-…`, which `wandb sync` uploads.

    Metrics: those of TensorBoard, as <network>/<name>. The recipe is the run's configuration.

    Args:
        folder: the run folder. recipe: plain JSON values.
    Raises:
        MissingExtraError: when wandb is not installed.
    """

    name = "wandb"

    def __init__(self, folder: Path, recipe: dict[str, Any]) -> None:
        try:
            import wandb
        except ModuleNotFoundError:
            raise MissingExtraError("wandb", "track", "writing for Weights & Biases") from None
        folder.mkdir(parents=True, exist_ok=True)
        self._run = wandb.init(
            project="consilience",
            name=folder.name,
            dir=folder,
            config=recipe,
            mode=os.environ.get("WANDB_MODE", "offline"),  # type: ignore[arg-type]
            settings=wandb.Settings(
                silent=True,
                console="off",
                x_disable_stats=True,
                x_save_requirements=False,
                disable_git=True,
                disable_code=True,
            ),
        )
        self._step = 0

    def __call__(self, event: Event) -> None:
        network, step, found = scalars_of(event)
        if found:
            self._step += 1  # W&B has one step for all networks: theirs stand beside the values
            self._run.log({f"{network}/{tag}": value for tag, value in {**found, "step": step}.items()}, self._step)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run.finish(exit_code=0 if kind is None else 1)
