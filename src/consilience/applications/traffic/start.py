"""From what a user writes to the options of `watch`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from consilience.applications.traffic.crossing import Line, read_line
from consilience.applications.traffic.detections import Detections, Detector, Frame
from consilience.applications.traffic.ground import Ground, calibrate, read_calibration
from consilience.applications.traffic.signals import Junction
from consilience.applications.traffic.torchvision_detector import TorchvisionDetector
from consilience.applications.traffic.trained_detector import TrainedDetector
from consilience.applications.traffic.watch import Options
from consilience.core.errors import InputError


def make_options(
    calibration: str | Path | Mapping[str, Any] | None,
    line: str | Sequence[float] | None,
    detector: Any,
    signal: tuple[float, float],
) -> Options:
    """See `api.traffic`.

    Raises:
        InputError: when one of them cannot be used.
    """
    if calibration is None:
        ground = Ground()
    elif isinstance(calibration, Mapping):
        ground = calibrate(calibration)
    else:
        ground = read_calibration(Path(calibration))
    written = line if line is None or isinstance(line, str) else ",".join(str(v) for v in line)
    chosen: Line | None = None if written is None else read_line(written)
    return Options(chosen, ground, make_detector(detector), junction=Junction(*signal))


def make_detector(given: Any) -> Detector | None:
    """None for motion alone. A folder is a run or bundle, another text a network of torchvision.

    Raises:
        InputError: for an unknown name, weights that are not on this machine, or a model that finds no boxes.
    """
    if given is None or given == "motion":
        return None
    if isinstance(given, Path) or (isinstance(given, str) and _a_place(given)):
        return TrainedDetector(Path(given))
    return TorchvisionDetector(given) if isinstance(given, str) else checked(given)


def _a_place(given: str) -> bool:
    """Whether a text means a folder: names of networks hold no separator."""
    return Path(given).exists() or len(Path(given).parts) > 1


def checked(detector: Any) -> Detector:
    """Somebody's callable, whose answers are brought to one form and looked at.

    Raises:
        InputError: when it cannot be called; when called: when it answers in another form.
    """
    if not callable(detector):
        raise InputError(f"a detector is a name or a callable, received {type(detector).__name__}", where="detector")

    def detect(frame: Frame) -> Detections:
        boxes, scores, classes = detector(frame)
        boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
        scores = np.asarray(scores, np.float32).reshape(-1)
        if not len(boxes) == len(scores) == len(classes) or not np.isfinite(boxes).all():
            raise InputError(
                f"{len(boxes)} boxes, {len(scores)} scores and {len(classes)} classes",
                where="detector",
                fix="A detector gives (boxes [n, 4] of left, top, right, bottom; scores [n]; n classes)",
            )
        return Detections(boxes, scores, [str(c) for c in classes])

    return detect
