"""What a medium falls into for an explanation: words, regions of a picture, moments and bands of a sound, stretches of
a series, frames of a video.

Every piece has a gate: 1 leaves it as it is, 0 puts something uninformative in its place, values between lie on the
straight line. So one function of the gates serves integrated gradients, occlusion, and the curves that test them.

Registered under the modality's name (kind "pieces"). Cells of a modality without pieces are explained whole, as those
of a table; files without pieces by their group's share only.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from torch import Tensor, nn

from consilience.core.registry import find, names
from consilience.explanation.subject import Subject

Array = np.ndarray[Any, Any]
Kind = Literal["texts", "images", "sounds", "series", "videos"]


class Pieces(Protocol):
    """The pieces of one group of n rows. Built as `Pieces(subject, group)`."""

    kind: ClassVar[Kind]
    """How they are shown, and what they must tell beside this contract: see the function of that kind in `media`."""

    @property
    def group(self) -> str: ...

    @property
    def present(self) -> Array:
        """[n, P] bool: the pieces that each row has."""
        ...

    def smooth(self, encoder: nn.Module, inputs: dict[str, Tensor]) -> bool:
        """Whether gates between 0 and 1 reach this encoder, so that it can be differentiated by them."""
        ...

    def gated(
        self, encoder: nn.Module, inputs: dict[str, Tensor], rows: Tensor, gates: Tensor, between: bool
    ) -> AbstractContextManager[dict[str, Tensor]]:
        """Inside the context the encoder, given the arrays that it yields, sees the rows with their pieces gated.

        Args:
            inputs: the group's arrays of the rows `rows` int64 [b] (0..n-1). gates: [b, P].
            between: gates other than 0 and 1 occur.
        """
        ...


def pieces_of(subject: Subject, group: str) -> Pieces | None:
    """The pieces of a group by its modality; None where the modality has none (tables have cells)."""
    cut = find("pieces", str(subject.bundle.recipe.groups[group].modality))
    found: Pieces | None = None if cut is None else cut(subject, group)
    return found


def pieced_groups(subject: Subject) -> list[str]:
    """The groups that have pieces, in the recipe's order."""
    return subject.groups(*names("pieces"))
