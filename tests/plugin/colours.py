"""Somebody else's package: two modalities that Consilience has never heard of, and the least that they need.

A colour is a cell like "#a1b2c3"; a swatch is a file of colours. Nothing here is known to the house but by the entry
points of the package, see `test_plugin.py`.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

import numpy as np
import polars as pl
import torch
from torch import nn

from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder
from consilience.modalities.base import Arrays, Columns, Facts, Guess, Prepared, Problem
from consilience.modalities.cells import as_text
from consilience.modalities.form import Form
from consilience.modalities.problems import count_problem

PATTERN = "^#[0-9a-f]{6}$"
MAGIC = b"SWATCH"


@final
class Colour:
    """rgb float32 [N, C, 3] in 0..1, mask bool [N, C]."""

    media: ClassVar[bool] = False
    form: ClassVar[Form] = Form({"type": ["string", "null"], "pattern": PATTERN}, distinct=True)

    @staticmethod
    def score(column: pl.Series) -> Guess:
        if column.dtype != pl.String:
            return Guess(0.0, "no text")
        return Guess(0.97 * float(column.str.contains(PATTERN).mean() or 0.0), "colours as #rrggbb")

    @staticmethod
    def learn(columns: Columns, settings: Any) -> Facts:
        return {"columns": list(columns)}

    @staticmethod
    def arrays(columns: Columns, facts: Facts) -> Prepared:
        rows = len(next(iter(columns.values())))
        rgb, mask = np.zeros((rows, len(columns), 3), np.float32), np.zeros((rows, len(columns)), bool)
        problems: list[Problem] = []
        for place, name in enumerate(facts["columns"]):
            text = as_text(columns[name])
            good = text.str.contains(PATTERN).fill_null(False).to_numpy()
            mask[:, place] = good
            for row in np.flatnonzero(good):
                rgb[row, place] = np.frombuffer(bytes.fromhex(text[int(row)][1:]), np.uint8) / np.float32(255)
            bad = ~good & text.is_not_null().to_numpy()
            problems += count_problem("no_colour", name, "cell is no colour and counts as missing", bad, text)
        return Prepared({"rgb": rgb, "mask": mask}, problems)

    @staticmethod
    def trim(arrays: Arrays) -> Arrays:
        return arrays


@final
class Swatch:
    """rgb float32 [N, C, 3] in 0..1, the mean of the file's colours; mask bool [N, C]."""

    media: ClassVar[bool] = True

    @staticmethod
    def score(column: pl.Series) -> Guess:
        if column.dtype != pl.Binary:
            return Guess(0.0, "no bytes")
        return Guess(float(column.bin.starts_with(MAGIC).mean() or 0.0), "files of colours")

    @staticmethod
    def learn(columns: Columns, settings: Any) -> Facts:
        return {"columns": list(columns)}

    @staticmethod
    def arrays(columns: Columns, facts: Facts) -> Prepared:
        rows = len(next(iter(columns.values())))
        rgb, mask = np.zeros((rows, len(columns), 3), np.float32), np.zeros((rows, len(columns)), bool)
        for place, name in enumerate(facts["columns"]):
            for row, cell in enumerate(columns[name]):
                if cell is not None and cell[:6] == MAGIC and len(cell) >= 9:
                    rgb[row, place] = np.frombuffer(cell[6:9], np.uint8) / np.float32(255)
                    mask[row, place] = True
        return Prepared({"rgb": rgb, "mask": mask}, [])

    @staticmethod
    def trim(arrays: Arrays) -> Arrays:
        return arrays


class _Mixed(Encoder):
    """Abstract. A line from red, green and blue."""

    class Config(Encoder.Config):
        width: int = 16

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        self.width = config.width
        self.line = nn.Linear(3, config.width)

    def forward(self, inputs: dict[str, torch.Tensor]) -> Tokens:
        mask = inputs["mask"]
        return Tokens(self.line(inputs["rgb"].float()) * mask.unsqueeze(-1), mask)


class MixedColour(_Mixed):
    """A colour as a token."""

    modality = "colour"


class MixedSwatch(_Mixed):
    """A swatch as a token."""

    modality = "swatch"


@final
class ColourReading:
    """Red, green and blue, for models that read tables."""

    costly: ClassVar[bool] = False

    @staticmethod
    def width(facts: Facts) -> int:
        return 3

    @staticmethod
    def read(arrays: Arrays, facts: Facts) -> np.ndarray[Any, Any]:
        rgb = np.where(arrays["mask"][..., None], arrays["rgb"], np.float32(np.nan))
        return rgb.reshape(len(rgb), -1)


@final
class ColourFigures:
    """How red a colour is."""

    @staticmethod
    def read(cell: Any) -> dict[str, Any]:
        return {"red": int(str(cell)[1:3], 16) / 255}
