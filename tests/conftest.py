"""Fixtures for every test: a cache of its own, one thread, and small mixed tables with a known truth."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import polars as pl
import pytest
import soundfile

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a process a core runs tests: threads of their own would only wait


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file's tests stay in one process, those of the exported run in the same one; slow ones start first."""
    for item in items:
        shares = {"mixed_run", "exported"} & set(getattr(item, "fixturenames", ()))
        item.add_marker(pytest.mark.xdist_group("exported" if shares else str(item.path)))
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONSILIENCE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("COLUMNS", "140")
        yield


def png(image: np.ndarray[Any, Any]) -> bytes:
    """The image as PNG bytes."""
    ok, data = cv2.imencode(".png", image)
    assert ok
    return data.tobytes()


def wav(wave: np.ndarray[Any, Any], rate: int = 8000) -> bytes:
    """The wave (float, -1..1) as WAV bytes."""
    file = io.BytesIO()
    soundfile.write(file, wave, rate, format="WAV")
    return file.getvalue()


def mixed_table(rows: int, seed: int = 0, media: bool = True) -> pl.DataFrame:
    """A table whose binary target `sick` shows in every modality, with missing cells everywhere."""
    random = np.random.default_rng(seed)
    sick = random.random(rows) < 0.5

    def holes(values: list[Any], share: float = 0.1) -> list[Any]:
        return [None if random.random() < share else v for v in values]

    words = np.where(sick, "fever cough 发烧咳嗽", "well rested 一切正常")
    frame = pl.DataFrame(
        {
            "age": holes([float(round(random.normal(60 if s else 45, 8), 1)) for s in sick]),
            "dose": holes([float(random.normal(0, 1)) for _ in sick]),
            "city": holes([str(random.choice(["rome", "lima", "oslo"])) for _ in sick]),
            "visit": holes([f"2024-{random.integers(1, 13):02d}-{random.integers(1, 29):02d}" for _ in sick]),
            "note": holes([f"{w} {random.integers(100)} noted by the ward" for w in words]),
        }
    )
    if media:
        images = [png((random.random((12, 12)) * 120 + (90 if s else 0)).astype(np.uint8)) for s in sick]
        tones = [
            wav(0.3 * np.sin(2 * np.pi * (900 if s else 400) * np.arange(1600) / 8000) + random.normal(0, 0.05, 1600))
            for s in sick
        ]
        frame = frame.with_columns(
            pl.Series("scan", holes(images), dtype=pl.Binary), pl.Series("voice", holes(tones), dtype=pl.Binary)
        )
    return frame.with_columns(pl.Series("sick", ["yes" if s else "no" for s in sick]))


@pytest.fixture
def make_table() -> Callable[..., pl.DataFrame]:
    return mixed_table


@pytest.fixture
def table_file(tmp_path: Path) -> Path:
    """A small mixed table (no media) as a CSV file."""
    path = tmp_path / "table.csv"
    mixed_table(240, media=False).write_csv(path)
    return path


@pytest.fixture(scope="session")
def mixed_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run folder; its test table lies beside it."""
    import consilience as cs

    folder = tmp_path_factory.mktemp("deployed")
    mixed_table(160, seed=1).write_parquet(folder / "train.parquet")
    mixed_table(70, seed=2).write_parquet(folder / "test.parquet")
    settings = ["train.epochs=2", "report.analyses=[abstention]"]
    cs.fit(
        folder / "train.parquet", "sick", test=folder / "test.parquet", run=folder / "run", effort=1, settings=settings
    )
    return folder / "run"


@pytest.fixture(scope="session")
def exported(mixed_run: Path) -> tuple[Path, dict[str, Any]]:
    """The bundle folder and what the export told."""
    from consilience.deployment.export import export

    folder = mixed_run.parent / "bundle"
    return folder, export(mixed_run, folder)
