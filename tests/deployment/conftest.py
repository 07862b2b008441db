"""One small run of a table with every modality, exported once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.conftest import mixed_table

import consilience as cs
from consilience.deployment.export import export


@pytest.fixture(scope="session")
def mixed_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run folder; its test table lies beside it."""
    folder = tmp_path_factory.mktemp("deployed")
    mixed_table(160, seed=1).write_parquet(folder / "train.parquet")
    mixed_table(70, seed=2).write_parquet(folder / "test.parquet")
    settings = ["train.epochs=2", "train.networks=2"]
    cs.fit(
        folder / "train.parquet", "sick", test=folder / "test.parquet", run=folder / "run", effort=1, settings=settings
    )
    return folder / "run"


@pytest.fixture(scope="session")
def exported(mixed_run: Path) -> tuple[Path, dict[str, Any]]:
    """The bundle folder and what the export told."""
    folder = mixed_run.parent / "bundle"
    return folder, export(mixed_run, folder)
