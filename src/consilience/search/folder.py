"""The folder that a search leaves: where each file lies, what it was started with, and one search at a time in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from consilience.core.errors import InputError, MissingExtraError
from consilience.core.files import read_json, write_json


@dataclass(frozen=True)
class SearchFolder:
    """Paths inside a search folder."""

    path: Path

    @property
    def start(self) -> Path:
        """What the search was started with: recipe as given, space, tables and their digests."""
        return self.path / "search.json"

    @property
    def storage(self) -> Path:
        """Every trial, in SQLite, as Optuna keeps it."""
        return self.path / "trials.db"

    @property
    def lock(self) -> Path:
        return self.path / "search.lock"

    @property
    def checkpoints(self) -> Path:
        """Checkpoints of the trial under way."""
        return self.path / "checkpoints"

    @property
    def best(self) -> Path:
        """The best recipe: `consilience train --recipe` takes it."""
        return self.path / "best.yaml"

    @property
    def run(self) -> Path:
        """The run folder of the best recipe."""
        return self.path / "run"

    @property
    def result(self) -> Path:
        return self.path / "result.json"

    @property
    def page(self) -> Path:
        return self.path / "search.html"

    def read_start(self) -> dict[str, Any]:
        """
        Raises:
            InputError: when the folder holds no search.
        """
        if not self.start.is_file():
            raise InputError("not a search folder: it holds no search.json", where=str(self.path))
        return dict(read_json(self.start))

    def write_start(self, content: dict[str, Any]) -> None:
        write_json(self.start, content)


def new_search_folder(wanted: Path | None, table: str) -> SearchFolder:
    """An empty folder for a search.

    Raises:
        InputError: when the folder holds something, an earlier search perhaps.
    """
    if wanted is None:
        wanted = Path("searches") / f"{Path(table).name.split('.')[0] or 'table'}-{datetime.now():%Y%m%d-%H%M%S}"
    folder = SearchFolder(wanted)
    if folder.start.is_file():
        fix = f"Go on with it: consilience search --resume {wanted}; or give another --out folder"
        raise InputError("an earlier search stands there", where=str(wanted), fix=fix)
    if wanted.exists() and (not wanted.is_dir() or any(wanted.iterdir())):
        raise InputError("the folder is not empty", where=str(wanted), fix="Give another --out folder")
    return folder


@contextmanager
def locked(folder: SearchFolder) -> Iterator[None]:
    """One search at a time in a folder; the lock goes with the process, however it ends.

    Raises:
        InputError: when another process searches here.
    """
    try:
        from filelock import FileLock, Timeout
    except ModuleNotFoundError:
        raise MissingExtraError("filelock", "search", "searching recipes") from None
    folder.path.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise InputError("another process searches in this folder", where=str(folder.path)) from None
    try:
        yield
    finally:
        lock.release()
