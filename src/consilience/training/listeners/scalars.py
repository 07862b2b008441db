"""Which figures of an event a tracker draws as curves: one answer for all of them."""

from __future__ import annotations

import math

from consilience.core.events import Event


def scalars_of(event: Event) -> tuple[str, int, dict[str, float]]:
    """(network, step, {tag: value}); no tags for events without figures, and for values that are not finite.

    loss/train and valid/<metric> by epoch (1 = after the first); loss/step and speed/steps_per_second by step;
    learning_rate where an event has it.
    """
    kind, network = event["event"], str(event.get("network", "network"))
    rate = {"learning_rate": event.get("learning_rate")}
    if kind == "step":
        step = int(event["step"])
        given = {"loss/step": event.get("loss"), "speed/steps_per_second": event.get("rate"), **rate}
    elif kind == "evaluation":
        step = int(event["epoch"]) + 1
        valid = {f"valid/{name}": value for name, value in (event.get("valid") or {}).items()}
        given = {"loss/train": event.get("loss"), **valid, **rate}
    else:
        return network, 0, {}
    return network, step, {tag: float(v) for tag, v in given.items() if v is not None and math.isfinite(v)}
