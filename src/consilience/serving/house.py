"""The models of a server, each with its queue; a model is swapped for its newer version without losing a request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, final

from consilience.core.errors import InputError, nearest
from consilience.serving.batching import Batcher
from consilience.serving.hosted import Asked, Hosted
from consilience.serving.measures import Measures
from consilience.serving.refused import RefusedError
from consilience.serving.rows import Row
from consilience.serving.settings import Settings

Record = Callable[[Hosted, Sequence[Row], Sequence[Mapping[str, Any]], float], list[str]]
"""Told of each answered request: model, rows, answers, seconds; returns the ids of the rows. Must return at once."""


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
        measures.waiting.labels(name).set_function(lambda: self.batcher.waiting)


@final
class House:
    """Args: models: name → run or bundle folder. record: see `Record`; None = nothing is recorded."""

    def __init__(self, models: Mapping[str, Path], settings: Settings, record: Record | None = None) -> None:
        if not models:
            raise InputError("no model is given")
        self.settings, self.measures, self.record = settings, Measures(), record
        self._served = {name: Served(Hosted(name, path), settings, self.measures) for name, path in models.items()}
        self.ready = True

    @property
    def names(self) -> list[str]:
        return list(self._served)

    def of(self, name: str) -> Hosted:
        """
        Raises:
            RefusedError: 404 for an unknown model.
        """
        return self._find(name).hosted

    async def answer(self, name: str, asked: list[Asked]) -> list[dict[str, Any]]:
        """Answers of the rows, in order; counted, timed and recorded."""
        served, began = self._find(name), time.perf_counter()
        answers = await served.batcher.answer(asked)
        seconds = time.perf_counter() - began
        self.measures.told(name, answers, seconds)
        if self.record is not None:
            ids = self.record(served.hosted, [a.row for a in asked], answers, seconds)
            answers = [{"id": i, **answer} for i, answer in zip(ids, answers, strict=True)]
        return answers

    async def reload(self, name: str) -> Hosted:
        """Load the folder again beside the old model, then swap: waiting requests are answered by the old one.

        Raises:
            InputError: when the folder holds no sound model; the old one stays.
        """
        old = self._find(name)
        hosted = await asyncio.to_thread(Hosted, name, old.hosted.path)
        self._served[name] = Served(hosted, self.settings, self.measures)
        await old.batcher.close()
        return hosted

    async def close(self) -> None:
        """Answer what waits and stop."""
        self.ready = False
        for served in self._served.values():
            await served.batcher.close()

    def _find(self, name: str) -> Served:
        if name not in self._served:
            raise RefusedError(404, f"no model {name[:80]!r}; {nearest(name, self._served)}")
        return self._served[name]
