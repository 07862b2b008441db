"""The course of training, read from a run's events."""

from __future__ import annotations

from collections.abc import Sequence

from consilience.core.events import Event


def history_of(events: Sequence[Event]) -> dict[str, list[Event]]:
    """Network → its evaluation events by epoch; of an epoch that a resumed run repeated, the last one."""
    found: dict[str, dict[int, Event]] = {}
    for event in events:
        if event.get("event") == "evaluation":
            found.setdefault(str(event.get("network", "network")), {})[int(event["epoch"])] = event
    return {name: [epochs[e] for e in sorted(epochs)] for name, epochs in found.items()}


def best_epochs(events: Sequence[Event]) -> dict[str, int]:
    """Network → epoch (from 1) of its best score; "best" in an end event: [[score, tie-breaker, epoch, fusion], …]."""
    return {
        str(event["network"]): int(event["best"][0][2]) + 1
        for event in events
        if event.get("event") == "end" and event.get("best")
    }
