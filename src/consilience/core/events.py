"""What happens during a run, as plain dictionaries: progress bars, run folders and trackers only read them.

Every event has "event" (its kind) and plain JSON values:

| event | fields |
|---|---|
| stage | name (prepare, train, evaluate, …) |
| progress | name, done, total |
| start | parameters, rows, epochs, steps, … |
| step | step, epoch, loss, rate (steps a second) |
| evaluation | epoch, loss, valid (metric → value), fusion, seconds |
| warning | code, message |
| end | seconds, best_epoch, … |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Event = dict[str, Any]
Listener = Callable[[Event], None]


def nobody(event: Event) -> None:
    """A listener that reads nothing: the default where no one watches."""
