"""What a medium falls into for an explanation: words, regions of a picture, moments and bands of a
sound, stretches of a series.

Every piece has a gate: 1 leaves it as it is, 0 puts something uninformative in its place, values between lie on the
straight line. So one function of the gates serves integrated gradients, occlusion, and the curves that test them.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
from torch import Tensor, nn

from consilience.explanation.subject import Subject

Array = np.ndarray[Any, Any]


class Pieces(Protocol):
    """The pieces of one group of n rows."""

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
    from consilience.explanation.image_pieces import ImagePieces
    from consilience.explanation.series_pieces import SeriesPieces
    from consilience.explanation.sound_pieces import SoundPieces
    from consilience.explanation.text_pieces import TextPieces

    modality = subject.bundle.recipe.groups[group].modality
    kinds: dict[str, Any] = {"text": TextPieces, "image": ImagePieces, "audio": SoundPieces, "series": SeriesPieces}
    if modality not in kinds:
        return None
    found: Pieces = kinds[modality](subject, group)
    return found
