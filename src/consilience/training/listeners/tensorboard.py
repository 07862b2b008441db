"""Events as TensorBoard scalars, one TensorBoard run for each network; written without torch."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from consilience.core.errors import MissingExtraError
from consilience.core.events import Event
from consilience.training.listeners.scalars import scalars_of


class TensorBoard:
    """A listener that writes `folder/<network>/events.out.tfevents…`.

    Scalars: see `listeners.scalars`. Files appear with the first event that holds a scalar.

    Raises:
        MissingExtraError: when tensorboard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            import tensorboard.summary.writer.event_file_writer  # noqa: F401
        except ModuleNotFoundError:
            raise MissingExtraError("tensorboard", "train", "writing TensorBoard files") from None
        self._folder = folder
        self._writers: dict[str, Any] = {}

    def __call__(self, event: Event) -> None:
        from tensorboard.compat.proto.event_pb2 import Event as Record
        from tensorboard.compat.proto.summary_pb2 import Summary

        network, step, found = scalars_of(event)
        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in found.items()]
        if values:
            record = Record(wall_time=time.time(), step=step, summary=Summary(value=values))
            self._writer(network).add_event(record)

    def _writer(self, network: str) -> Any:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        if network not in self._writers:
            self._writers[network] = EventFileWriter(str(self._folder / network))
        return self._writers[network]

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
