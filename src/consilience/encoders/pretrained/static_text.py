"""Text as the mean of static vectors of its sub-words: a table and an average, the fastest of all pretrained encoders.

Tables of this kind are distilled from sentence encoders (Tulkens & van Dongen 2024, model2vec) or trained as such
(StaticEmbedding of sentence-transformers). A folder holds tokenizer.json and one matrix as safetensors.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from consilience.core.errors import InputError
from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder
from consilience.encoders.columns import ColumnTokens
from consilience.encoders.pretrained.locate import locate, weight_files
from consilience.encoders.pretrained.weights import digest_of, shapes_of
from consilience.encoders.text_input import folded

if TYPE_CHECKING:
    from consilience.core.recipe import Prepare

INNER = "0_StaticEmbedding"
"""Folder in which sentence-transformers saves the table."""
WEIGHTS = "weights"
"""Name of a vector with one factor a sub-word, as newer model2vec folders have it beside the matrix."""


class StaticText(Encoder):
    """One token a column.

    inputs: ids int [B, C, L], mask bool [B, C, L], of the table's own tokenizer. facts: table {rows, width}.
    """

    modality = "text"

    class Config(Encoder.Config):
        model: str = Field(min_length=1)
        """A folder, `org/name` in the Hugging Face cache, or an installed package."""
        pretrained: bool = True
        """Begin with the saved vectors; False: with random ones."""
        trainable: bool = False
        """Let the vectors train."""
        rate: float = Field(0.1, gt=0)
        """Factor of the learning rate for the vectors."""
        dropout: float = Field(0.1, ge=0, lt=1)
        """Dropout of the mean vector."""

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        self.options, self.source = config, dict(facts.get("source") or {})
        self.width = int(facts["table"]["width"])
        self.vectors = nn.Embedding(int(facts["table"]["rows"]), self.width)
        nn.init.normal_(self.vectors.weight, std=0.1)
        self.vectors.requires_grad_(config.trainable)
        self.columns = ColumnTokens(len(facts["columns"]), self.width)
        self.dropout = nn.Dropout(config.dropout)

    @classmethod
    def settings(cls, config: Config, prepare: Prepare) -> Prepare:
        return prepare.model_copy(update={"tokenizer": str(_folder(config.model) / "tokenizer.json")})

    @classmethod
    def learn(cls, config: Config, facts: Mapping[str, Any]) -> dict[str, Any]:
        folder = _folder(config.model)
        name, (rows, width) = _matrix(folder)
        if int(facts.get("vocabulary", 0)) > rows:
            what = f"its tokenizer knows {facts['vocabulary']:,} sub-words, its table {rows:,} ({name})"
            raise InputError(what, where=str(folder), fix="Give a folder whose tokenizer and table belong together")
        source = {"name": config.model, "digest": digest_of(folder) if config.pretrained else None}
        return {"table": {"rows": rows, "width": width}, "source": source}

    def begin(self) -> None:
        if not self.options.pretrained:
            return
        from safetensors.torch import load_file

        folder = _folder(self.options.model)
        if self.source.get("digest") not in (None, digest_of(folder)):
            fix = "Start a new run, or put the earlier weights back"
            raise InputError("the vectors have changed since the run was planned", where=str(folder), fix=fix)
        saved = {name: value for path in weight_files(folder) for name, value in load_file(path).items()}
        matrix = saved[_matrix(folder)[0]].float()
        if WEIGHTS in saved and saved[WEIGHTS].shape == matrix.shape[:1]:
            matrix = matrix * saved[WEIGHTS].float().unsqueeze(1)
        with torch.no_grad():
            self.vectors.weight.copy_(matrix)

    def rates(self) -> dict[str, float]:
        return {"vectors.weight": self.options.rate} if self.options.trainable else {}

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        ids, mask = folded(inputs, 1)
        real = mask.unsqueeze(-1).float()
        mean = (self.vectors(ids).float() * real).sum(1) / real.sum(1).clamp(min=1)
        tokens: Tokens = self.columns(self.dropout(mean).unsqueeze(1), mask.any(1, keepdim=True))
        return tokens


def _folder(model: str) -> Path:
    """The folder with the table: the model's own, or the one in it that sentence-transformers makes."""
    try:
        return locate(model).folder
    except InputError:
        inner = Path(model).expanduser() / INNER
        if not inner.is_dir():
            raise
        return locate(str(inner)).folder


def _matrix(folder: Path) -> tuple[str, tuple[int, int]]:
    """Name and shape of the table.

    Raises:
        InputError: when the folder holds no single matrix.
    """
    shapes = {name: shape for path in weight_files(folder) for name, shape in shapes_of(path).items()}
    matrices = {name: shape for name, shape in shapes.items() if len(shape) == 2}
    if len(matrices) != 1:
        what = f"a table of static vectors is one matrix, the folder holds {len(matrices)}"
        raise InputError(what, where=str(folder), fix="A network is read by the encoder hf_text")
    (name, shape), *_ = matrices.items()
    return name, (shape[0], shape[1])
