"""What a run is doing, as it happens: bars on a terminal, lines elsewhere, on standard error."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from consilience.core.events import Event, Listener, nobody

STAGES = {
    "inspect": "Looking at the table",
    "learn": "Learning from the training rows",
    "prepare": "Preparing",
    "train": "Training",
    "evaluate": "Evaluating",
}


@contextmanager
def live(console: Console | None = None, quiet: bool = False) -> Iterator[Listener]:
    """A listener that shows a run's events while the block runs.

    Args:
        console: where to draw; standard error when None. Bars are drawn on a terminal only; elsewhere one
            line a stage, a finished progress, an epoch.
        quiet: show nothing.
    """
    if quiet:
        yield nobody
        return
    console = console or Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _Lines(console)
        return
    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[words]}", markup=False),
        console=console,
        refresh_per_second=8,
    )
    with progress:
        yield _Bars(console, progress)


class _Networks:
    """What is known of each network in training: its start event, last rate, loss and validation metric."""

    def __init__(self) -> None:
        self.known: dict[str, dict[str, Any]] = {}

    def read(self, event: Event) -> dict[str, Any]:
        """The network's state after the event."""
        name = str(event.get("network", "network"))
        if event["event"] == "start":
            self.known[name] = {"step": event.get("step", 0), "epoch": 0, **event}
        state = self.known.setdefault(name, {"step": 0, "epoch": 0})
        if event["event"] == "step":
            state.update({k: event[k] for k in ("step", "epoch", "loss", "rate") if k in event})
        elif event["event"] == "evaluation":
            state.update(epoch=event["epoch"], loss=event.get("loss"), metric=judged(event))
            if state.get("epochs"):
                state["step"] = state.get("steps", 0) * (event["epoch"] + 1) // state["epochs"]
        return state


def judged(event: Event) -> tuple[str, float] | None:
    """(name, value) of the validation metric by which the epoch was judged; None where none was measured.

    The metric is the one that the event names, else the one that the fusion candidates were compared by; without them
    the first one measured.
    """
    valid = {k: v for k, v in (event.get("valid") or {}).items() if v is not None}
    if not valid:
        return None
    compared = set((event.get("fusion") or {}).values())
    named = str(event.get("metric"))
    name = named if named in valid else next((k for k, v in valid.items() if v in compared), next(iter(valid)))
    return name, float(valid[name])


def state_words(state: dict[str, Any], left: bool = True) -> str:
    """ "epoch 3/12 · 41 steps/s · loss 0.321 · accuracy 0.913 · 12 s left"."""
    parts = [f"epoch {int(state['epoch']) + 1}/{state.get('epochs', '?')}"]
    rate, loss, metric = state.get("rate"), state.get("loss"), state.get("metric")
    if rate:
        parts.append(f"{rate:.3g} steps/s")
    if loss is not None and math.isfinite(loss):
        parts.append(f"loss {loss:.3g}")
    if metric is not None and math.isfinite(metric[1]):
        parts.append(f"{metric[0]} {metric[1]:.4g}")
    if left and rate and state.get("steps"):
        parts.append(f"{clock((state['steps'] - state['step']) / rate)} left")
    return " · ".join(parts)


def clock(seconds: float) -> str:
    """12 s, 3:05, 1:02:03."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def end_words(event: Event, state: dict[str, Any]) -> str:
    """What a trained network is said to be."""
    parts = [f"{int(state['epoch']) + 1} epochs", clock(float(event.get("seconds") or 0))]
    if event.get("best"):
        parts.append(f"best at epoch {int(event['best'][0][2]) + 1}")
    if event.get("fusion"):
        parts.append(f"fusion {event['fusion']}")
    return " · ".join(parts)


def reference_words(event: Event) -> str:
    rows, seconds = int(event.get("rows") or 0), float(event.get("seconds") or 0)
    return f"{event['name']} reference · {rows:,} rows · {clock(seconds)}"


class _Lines:
    """Plain lines for logs: nothing is drawn over."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._networks = _Networks()

    def __call__(self, event: Event) -> None:
        kind = event["event"]
        if kind == "stage":
            self._say(STAGES.get(event["name"], str(event["name"])))
        elif kind == "warning":
            self._say(f"warning: {event['message']}")
        elif kind == "progress" and event["done"] >= event["total"] and not _is_check(event):
            self._say(f"  {event['name']} {event['done']:,}/{event['total']:,}")
        elif kind == "reference":
            self._say(f"  {reference_words(event)}")
        elif kind in ("start", "step", "evaluation"):
            state = self._networks.read(event)
            if kind == "evaluation":
                self._say(f"  {event.get('network', 'network')} {state_words(state)}")
        elif kind == "end" and event.get("network") in self._networks.known:
            self._say(f"  {event['network']} {end_words(event, self._networks.read(event))}")

    def _say(self, line: str) -> None:
        self._console.print(Text(line), soft_wrap=True)


class _Bars:
    """Progress bars; a finished network keeps its line, finished decoding vanishes."""

    def __init__(self, console: Console, progress: Progress) -> None:
        self._console, self._progress = console, progress
        self._networks = _Networks()
        self._tasks: dict[str, TaskID] = {}
        self._began: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        kind = event["event"]
        if kind == "stage":
            self._console.print(Text(STAGES.get(event["name"], str(event["name"])), style="bold"))
        elif kind == "warning":
            self._console.print(Text(f"warning: {event['message']}", style="yellow"))
        elif kind == "reference":
            self._console.print(Text(f"  {reference_words(event)}"))
        elif kind == "progress":
            self._advance(event)
        elif kind in ("start", "step", "evaluation"):
            self._train(event)
        elif kind == "end" and str(event.get("network")) in self._networks.known:
            self._finish(event)

    def _task(self, name: str, total: float) -> TaskID:
        if name not in self._tasks:
            self._began[name] = time.monotonic()
            self._tasks[name] = self._progress.add_task(f"  {name}", total=total, words="")
        return self._tasks[name]

    def _drop(self, name: str) -> None:
        self._progress.remove_task(self._tasks.pop(name))

    def _advance(self, event: Event) -> None:
        done, total = event["done"], event["total"]
        name = "checks" if _is_check(event) else str(event["name"])
        task = self._task(name, total)
        if done >= total:
            self._drop(name)
            return
        seconds = time.monotonic() - self._began[name]
        left = f" · {clock(seconds / done * (total - done))} left" if done and seconds > 1 else ""
        self._progress.update(task, completed=done, total=total, words=f"{done:,}/{total:,}{left}")

    def _train(self, event: Event) -> None:
        state = self._networks.read(event)
        task = self._task(str(event.get("network", "network")), state.get("steps") or 1)
        self._progress.update(task, completed=state["step"], words=state_words(state))

    def _finish(self, event: Event) -> None:
        name = str(event["network"])
        words = end_words(event, self._networks.read(event))
        if name in self._tasks:
            self._drop(name)
        self._console.print(Text(f"  {name} {words}"))


def _is_check(event: Event) -> bool:
    return str(event["name"]).startswith("check")
