"""Green times from flows: Webster 1958, "Traffic Signal Settings" (Road Research Technical Paper 39, HMSO)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from consilience.core.errors import InputError

SATURATION = 1800.0
"""Vehicles an hour of green and lane, a usual figure."""
LOST_SECONDS = 4.0
"""Lost in each phase, starting and clearing."""
LEAST_CYCLE, LONGEST_CYCLE = 25.0, 180.0
"""Seconds; shorter cycles lose too much, longer ones people do not wait for."""


class Junction(NamedTuple):
    """saturation: vehicles an hour of green. lost: seconds a phase. least, longest: of the cycle, seconds."""

    saturation: float = SATURATION
    lost: float = LOST_SECONDS
    least: float = LEAST_CYCLE
    longest: float = LONGEST_CYCLE


def suggest_signal(flows: Mapping[str, float], junction: Junction | None = None) -> dict[str, Any]:
    """The cycle of least delay, (1.5 L + 5) / (1 − Y), its effective green shared out by flow ratio.

    Args:
        flows: phase → vehicles an hour of its critical approach; each flow gets a phase of its own.

    Returns:
        {"cycle", "lost", "ratio" (Y), "phases": {name: {"flow", "ratio", "green", "saturation", "delay"}}}: seconds,
        vehicles an hour; saturation: share of the phase's capacity in use; delay: mean seconds a vehicle (Webster's
        formula; None where a phase would be over-saturated).
    Raises:
        InputError: when there is no flow, or the flow ratios sum to 1 or more: no cycle can serve them.
    """
    junction = junction or Junction()
    if junction.saturation <= 0 or junction.lost < 0:
        raise InputError("saturation flow must be above 0 and lost time not below", where="signal")
    flows = {name: float(flow) for name, flow in flows.items() if flow > 0}
    if not flows:
        raise InputError("no vehicle was counted, so there is nothing to time", where="signal")
    ratios = {name: flow / junction.saturation for name, flow in flows.items()}
    whole, lost = sum(ratios.values()), junction.lost * len(flows)
    if whole >= 1:
        raise InputError(
            f"the flow ratios sum to {whole:.2f}: {', '.join(f'{n} {r:.2f}' for n, r in ratios.items())}; "
            "from 1 on no cycle can serve them",
            where="signal",
            fix="More lanes (a higher saturation flow), or flows that share a phase",
        )
    best = (1.5 * lost + 5) / (1 - whole)
    cycle = min(max(best, junction.least), junction.longest)
    phases = {}
    for name, ratio in ratios.items():
        green = (cycle - lost) * ratio / whole
        load = ratio * cycle / green if green > 0 else math.inf
        delay = average_delay(cycle, green / cycle, flows[name] / 3600, load)
        phases[name] = {"flow": flows[name], "ratio": ratio, "green": green, "saturation": load, "delay": delay}
    return {"cycle": cycle, "lost": lost, "ratio": whole, "phases": phases}


def average_delay(cycle: float, share: float, flow: float, load: float) -> float | None:
    """Webster's mean delay, seconds a vehicle; None from a degree of saturation of 1 on.

    Args:
        share: green divided by cycle. flow: vehicles a second. load: degree of saturation.
    """
    if load >= 1 or flow <= 0:
        return None
    uniform = cycle * (1 - share) ** 2 / (2 * (1 - share * load))
    random = load**2 / (2 * flow * (1 - load))
    corrected: float = 0.65 * (cycle / flow**2) ** (1 / 3) * load ** (2 + 5 * share)
    return max(0.0, uniform + random - corrected)
