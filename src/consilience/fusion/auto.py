"""Several fusions trained side by side on the same encoders; validation rows pick one.

No fusion wins everywhere, and which one does cannot be known before (Liang et al. 2021, "MultiBench",
arXiv 2107.07502).
"""

from __future__ import annotations

from typing import cast

from pydantic import Field
from torch import nn

from consilience.core.config import Choice
from consilience.core.errors import InputError, nearest
from consilience.core.tokens import Fused, Tokens
from consilience.fusion.base import Fusion


class AutoFusion(Fusion):
    """`forward_all` gives every candidate's Fused; `forward` the active one's.

    Raises:
        InputError: when a candidate is no registered fusion, or is `auto` itself.
    """

    class Config(Fusion.Config):
        candidates: tuple[str, ...] = Field(("concat", "gated"), min_length=1)
        """Names of the fusions to choose between."""

    def __init__(self, config: Config, widths: dict[str, int], width: int) -> None:
        super().__init__()
        if "auto" in config.candidates:
            raise InputError("`auto` cannot be its own candidate", where="fusion.candidates")
        self.members = nn.ModuleDict(
            {
                name: Choice.model_validate({"type": name, "dropout": config.dropout}).build("fusion", widths, width)
                for name in config.candidates
            }
        )

    @property
    def names(self) -> list[str]:
        """Candidates left."""
        return list(self.members)

    @property
    def active(self) -> str:
        """The candidate that `forward` uses: the selected one, the first before that."""
        return self.names[0]

    def select(self, name: str) -> None:
        """Keep only this candidate.

        Raises:
            InputError: when there is no such candidate.
        """
        if name not in self.members:
            raise InputError(f"no fusion candidate {name!r}", fix=nearest(name, self.names))
        self.members = nn.ModuleDict({name: self.members[name]})

    def forward_all(self, tokens: dict[str, Tokens]) -> dict[str, Fused]:
        return {name: member(tokens) for name, member in self.members.items()}

    def forward(self, tokens: dict[str, Tokens]) -> Fused:
        return cast(Fused, self.members[self.active](tokens))
