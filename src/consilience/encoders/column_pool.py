"""Many columns → a few tokens: a small MLP over their concatenated embeddings.

Gorishniy et al. 2022, "On Embeddings for Numerical Features in Tabular Deep Learning" (arXiv 2203.05556),
feed the concatenated embeddings to an MLP; here its output is cut into tokens. One token a column would cost
a fusion over tokens time quadratic in the columns, and a mean over hundreds of tokens hides the few that
matter.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from consilience.core.tokens import Tokens


class ColumnPool(nn.Module):
    """Embeddings [B, C, E] with mask [B, C] → Tokens [B, T, D].

    Args:
        columns: C. embedding: E. width: D. tokens: T. dropout: of the concatenated embeddings and hidden
        units.
    """

    def __init__(self, columns: int, embedding: int, width: int, tokens: int, dropout: float) -> None:
        super().__init__()
        self.width, self.count = width, tokens
        hidden = 2 * width
        self.missing = nn.Parameter(torch.zeros(columns, embedding))
        self.net = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(columns * embedding, hidden),
            nn.LayerNorm(hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, tokens * width),
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tokens:
        """A missing column contributes its learned vector; a row without any column has no token."""
        filled = torch.where(mask.unsqueeze(-1), x, self.missing)
        out = self.net(filled.flatten(1)).reshape(-1, self.count, self.width)
        present = mask.any(1, keepdim=True).expand(-1, self.count)
        return Tokens(out * present.unsqueeze(-1), present)


def pooled(tokens: str, columns: int) -> bool:
    """Whether the option `tokens` (auto, column, pooled) pools this many columns."""
    return tokens == "pooled" or (tokens == "auto" and columns > 64)
