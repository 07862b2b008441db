"""The models of a server, each with its queue; a model is swapped for its newer version without losing a request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import random
from typing import Any, NamedTuple, final

from consilience.artifacts.run_folder import find_bundle
from consilience.artifacts.signing import verify
from consilience.core.errors import InputError, nearest
from consilience.serving.batching import Batcher
from consilience.serving.hosted import Asked, Hosted
from consilience.serving.measures import Measures
from consilience.serving.refused import RefusedError
from consilience.serving.repository import models_of, versions_of
from consilience.serving.rows import Row
from consilience.serving.settings import Settings
from consilience.watching.prediction_log import Told

Record = Callable[[Hosted, Sequence[Row], Sequence[Mapping[str, Any]], float, Told | None], list[str]]
"""Told of each answered request: model, rows, answers, seconds, whom to tell that it is kept; returns the ids of the
rows. Must return at once."""

EMBEDDED = 0.25
"""Share of the rows whose embeddings are recorded: drift needs hundreds, not all."""
A_SECOND, AT_ONCE = 20.0, 200
"""Rows a second that are embedded at most, and at once after a rest."""


class Answers(NamedTuple):
    """rows: one answer a row. version: of the model that gave them."""

    version: str
    rows: list[dict[str, Any]]


@final
class Served:
    """A model and the queue before it."""

    def __init__(self, hosted: Hosted, settings: Settings, measures: Measures) -> None:
        self.hosted = hosted
        name = hosted.name
        self.batcher: Batcher[Asked, dict[str, Any]] = Batcher(
            hosted.answer,
            settings.max_batch,
            settings.queue,
            settings.deadline,
            measures.batch.labels(name).observe,
            lambda asked: not asked.explain,
        )


@final
class House:
    """Args: models: name → run or bundle folder, or folders of versions, the latest last. record: see `Record`; None =
    nothing is recorded. loaded: told of every model that takes its place, at the start and after a reload.

    Attributes: added: told the name of a model that a reload brought.

    Raises:
        InputError: when a folder holds no sound model, or two versions of a name are the same.
    """

    def __init__(
        self,
        models: Mapping[str, Path | Sequence[Path]],
        settings: Settings,
        record: Record | None = None,
        loaded: Callable[[Hosted], None] = lambda _: None,
    ) -> None:
        self.settings, self.measures, self.record, self._loaded = settings, Measures(), record, loaded
        self.added: Callable[[str], None] = lambda _: None
        self._folders = {name: [found] if isinstance(found, Path) else list(found) for name, found in models.items()}
        if settings.repository is not None:
            self._folders = {**models_of(settings.repository), **self._folders}
        if not self._folders:
            raise InputError("no model is given")
        self._served: dict[str, dict[str, Served]] = {}
        for name in self._folders:
            self._place(name, self._load(name))
        self._changing = asyncio.Lock()
        self._next_embedded = 0.0
        self.ready = True

    @property
    def names(self) -> list[str]:
        return list(self._served)

    def versions(self, name: str) -> list[str]:
        """Versions of a model, the latest last.

        Raises:
            RefusedError: 404 for an unknown model.
        """
        self._find(name)
        return list(self._served[name])

    def of(self, name: str, version: str | None = None) -> Hosted:
        """A version of a model; the latest when None.

        Raises:
            RefusedError: 404 for an unknown model or version.
        """
        return self._find(name, version).hosted

    async def answer(self, name: str, asked: list[Asked], version: str | None = None, caller: object = None) -> Answers:
        """Answers of the rows, in order; counted, timed and recorded. caller: the connection, where it is known.

        Raises:
            RefusedError: 404 for an unknown model or version, 503 when the answer had to be logged and could not be.
            InputError: when the model cannot tell what was asked for: see `Hosted.check`.
        """
        served, began = self._find(name, version), time.perf_counter()
        hosted = served.hosted
        hosted.check(asked)  # refused before it can spoil a batch
        if self.record is not None and hosted.projections:
            asked = [a._replace(embed=True) if self._embeds(began) else a for a in asked]
        rows = await served.batcher.answer(asked, caller)
        seconds = time.perf_counter() - began
        self.measures.told(name, rows, seconds)
        if self.record is not None:
            kept = asyncio.get_running_loop().create_future() if self.settings.log_sync else None
            told = None if kept is None else _teller(kept)
            ids = self.record(hosted, [a.row for a in asked], rows, seconds, told)
            if kept is not None and not await kept:
                raise RefusedError(503, "the answer could not be logged", retry=5)
            rows = [{"id": i, **row} for i, row in zip(ids, rows, strict=True)]
            for row in rows:
                row.pop("embedded", None)
        return Answers(hosted.version, rows)

    def _embeds(self, now: float) -> bool:
        """Whether one more row is embedded."""
        if now < self._next_embedded or random() >= EMBEDDED:
            return False
        self._next_embedded = max(now - AT_ONCE / A_SECOND, self._next_embedded) + 1 / A_SECOND
        return True

    async def reload(self, name: str) -> Hosted:
        """Load the folders again beside the old models, then swap: waiting requests are answered by the old ones. A
        name that is not served yet is looked for in the repository.

        Returns:
            the latest version.
        Raises:
            InputError: when a folder holds no sound model; the old ones stay.
            RefusedError: 404 for an unknown model.
        """
        async with self._changing:
            new = name not in self._served
            if new:
                repository = self.settings.repository
                known = {} if repository is None else await asyncio.to_thread(models_of, repository)
                if name not in known:
                    raise RefusedError(404, f"no model {name[:80]!r}; {nearest(name, {*self._served, *known})}")
                self._folders[name] = known[name]
            found = await asyncio.to_thread(self._load, name)
            old = list(self._served.get(name, {}).values())
            self._place(name, found)
            if new:
                self.added(name)
            for served in old:
                await served.batcher.close()
            return found[-1]

    async def close(self) -> None:
        """Answer what waits and stop."""
        self.ready = False
        for versions in self._served.values():
            for served in versions.values():
                await served.batcher.close()

    def _load(self, name: str) -> list[Hosted]:
        """All versions, the latest last."""
        folders = [version for folder in self._folders[name] for version in versions_of(folder) or [folder]]
        if self.settings.trust is not None:
            for folder in folders:
                verify(find_bundle(folder), self.settings.trust)
        return [Hosted(name, folder) for folder in folders]

    def _place(self, name: str, found: Sequence[Hosted]) -> None:
        versions = {hosted.version: Served(hosted, self.settings, self.measures) for hosted in found}
        if len(versions) < len(found):
            where = ", ".join(str(hosted.path) for hosted in found)
            raise InputError(f"two versions of {name!r} are the same model", where=where)
        for hosted in found:
            self._loaded(hosted)
        self._served[name] = versions
        waiting = self.measures.waiting.labels(name)
        waiting.set_function(lambda: sum(s.batcher.waiting for s in versions.values()))

    def _find(self, name: str, version: str | None = None) -> Served:
        if name not in self._served:
            raise RefusedError(404, f"no model {name[:80]!r}; {nearest(name, self._served)}")
        versions = self._served[name]
        if version is None:
            return next(reversed(versions.values()))
        if version not in versions:
            raise RefusedError(404, f"no version {version[:80]!r} of {name!r}; {nearest(version, versions)}")
        return versions[version]


def _teller(future: asyncio.Future[bool]) -> Told:
    """Carries the word of the log's thread to the loop that waits for it."""
    loop = future.get_loop()

    def settle(sound: bool) -> None:
        if not future.done():  # the caller may have gone
            future.set_result(sound)

    def told(sound: bool) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, sound)

    return told
