"""The head that reads boxes from the pyramid's tokens: a score a class and a box at every position.

FCOS (Tian et al. 2019, arXiv 1904.01355) without anchors; the score is learned to be the overlap with the truth, the
quality focal loss of Li et al. 2020 (arXiv 2006.04388), and boxes by their generalised overlap (Rezatofighi et al.
2019, arXiv 1902.09630).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from consilience.core.tokens import Fused, Tokens
from consilience.tasks.boxes.assigning import Places, assign, make_places

PRIOR = 0.01
"""Score of every class before training (Lin et al. 2017, arXiv 1708.02002)."""
UNIT = 4.0
"""Side of a box, in strides, where the network says 0."""
FLOOR = 0.3
"""Least overlap that a position of a box is taught: so that it learns before its boxes fit."""
BOX_WEIGHT = 2.0
"""Loss of the boxes beside that of the scores."""


class Sight(NamedTuple):
    """levels: (height, width, stride) of each map. height, width: of the prepared image. group: whose tokens are read.
    classes: C."""

    levels: list[tuple[int, int, int]]
    height: int
    width: int
    group: str
    classes: int


class BoxHead(nn.Module):
    """Tokens of the pyramid [B, T, E] and the fused vector in; losses [B, 2] or scores and boxes [B, L × (C + 4)] out.

    Args:
        inside: E. fused: width of the fused vector, which shifts every position alike: what the other columns say.
        width: channels of the head.
    """

    wants_tokens = True

    def __init__(self, inside: int, fused: int, width: int, sight: Sight) -> None:
        super().__init__()
        self.sight = sight
        self.group = sight.group
        self.out_features = sum(h * w for h, w, _ in sight.levels) * (sight.classes + 4)
        self.told = nn.Linear(fused, inside)
        nn.init.zeros_(self.told.weight)
        nn.init.zeros_(self.told.bias)
        self.shared = _Tower(inside, width, len(sight.levels))
        self.scoring = _Tower(width, width, len(sight.levels))
        self.boxing = _Tower(width, width, len(sight.levels))
        self.score = nn.Conv2d(width, sight.classes, 1)
        self.box = nn.Conv2d(width, 4, 1)
        nn.init.normal_(self.score.weight, std=0.01)
        assert self.score.bias is not None
        assert self.box.bias is not None
        nn.init.constant_(self.score.bias, -math.log((1 - PRIOR) / PRIOR))
        nn.init.normal_(self.box.weight, std=0.01)
        nn.init.zeros_(self.box.bias)
        places = make_places(sight.levels)
        self.register_buffer("centre", places.centre, persistent=False)
        self.register_buffer("stride", places.stride, persistent=False)

    centre: Tensor
    stride: Tensor

    def begin(self) -> None:
        """Nothing was learned elsewhere."""

    def forward(self, fused: Fused, target: Tensor | None, tokens: Tokens) -> Tensor:
        """target: [B, M × 5], corners in pixels of the prepared image and class + 1, 0 where there is no box.

        Returns:
            with target: [B, 2], the loss of each row and the positions that learn a box; without: see `said`.
        """
        logits, boxes = self.look(fused, tokens)
        there = tokens.present
        if target is None:
            return self.said(logits, boxes, there)
        return torch.stack([self._row(logits[i], boxes[i], target[i], there[i]) for i in range(len(target))])

    def look(self, fused: Fused, tokens: Tokens) -> tuple[Tensor, Tensor]:
        """Logits [B, L, C] and boxes [B, L, 4] in pixels of the prepared image; of a group of several columns, those of
        the first image."""
        count = len(self.stride)
        x = tokens.x[:, :count] * tokens.mask[:, :count].unsqueeze(-1)
        x = x + self.told(fused.pooled).unsqueeze(1)
        logits, shapes, start = [], [], 0
        for number, (height, width, _) in enumerate(self.sight.levels):
            maps = x[:, start : start + height * width].transpose(1, 2).reshape(-1, x.shape[-1], height, width)
            start += height * width
            seen = self.shared(maps, number)
            logits.append(self.score(self.scoring(seen, number)).flatten(2).transpose(1, 2))
            shapes.append(self.box(self.boxing(seen, number)).flatten(2).transpose(1, 2))
        form = torch.cat(shapes, 1).float()
        stride = self.stride[None, :, None]
        middle = self.centre + form[..., :2] * stride
        half = UNIT / 2 * stride * form[..., 2:].clamp(-6.0, 6.0).exp()
        return torch.cat(logits, 1).float(), torch.cat([middle - half, middle + half], -1)

    def said(self, logits: Tensor, boxes: Tensor, there: Tensor) -> Tensor:
        """[B, L × (C + 4)]: scores 0..1 [L, C], then boxes [L, 4] as shares of the prepared image; 0 without one."""
        sides = torch.tensor([self.sight.width, self.sight.height] * 2, dtype=boxes.dtype, device=boxes.device)
        both = torch.cat([logits.sigmoid().flatten(1), (boxes / sides).clamp(0, 1).flatten(1)], 1)
        return both * there.unsqueeze(1)

    def _row(self, logits: Tensor, boxes: Tensor, target: Tensor, there: Tensor) -> Tensor:
        wanted = target.reshape(-1, 5)
        wanted = wanted[wanted[:, 4] > 0]
        number = assign(wanted[:, :4], Places(self.centre, self.stride))
        taught = (number >= 0).nonzero().squeeze(1)
        aim = torch.zeros_like(logits)
        loss = logits.new_zeros(())
        if len(taught):
            truth = wanted[number[taught]]
            overlap = generalised_overlap(boxes[taught], truth[:, :4])
            loss = BOX_WEIGHT * (1 - overlap).sum()
            aim[taught, truth[:, 4].long() - 1] = overlap.detach().clamp(FLOOR, 1.0)
        error = F.binary_cross_entropy_with_logits(logits, aim, reduction="none")
        loss = loss + ((aim - logits.sigmoid()).square() * error).sum() * 2
        return torch.stack([loss, loss.new_tensor(float(len(taught)))]) * there


def generalised_overlap(a: Tensor, b: Tensor) -> Tensor:
    """GIoU of boxes [n, 4] pairwise, −1..1."""
    size_a, size_b = (a[:, 2:] - a[:, :2]).prod(1), (b[:, 2:] - b[:, :2]).prod(1)
    common = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(1)
    union = (size_a + size_b - common).clamp(min=1e-6)
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(1).clamp(min=1e-6)
    return common / union - (hull - union) / hull


class _Tower(nn.Module):
    """One 3×3 convolution that all maps share, with batch statistics of each map's own (Ghiasi et al. 2019, arXiv
    1904.07392)."""

    def __init__(self, inside: int, outside: int, maps: int) -> None:
        super().__init__()
        self.body = nn.Conv2d(inside, outside, 3, 1, 1, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(outside) for _ in range(maps))

    def forward(self, x: Tensor, number: int) -> Tensor:
        return torch.relu(self.norms[number](self.body(x)))


def as_sight(facts: dict[str, Any], classes: int) -> Sight:
    """From the task's facts about the image: levels, height, width, group."""
    levels = [(int(h), int(w), int(s)) for h, w, s in facts["levels"]]
    return Sight(levels, int(facts["height"]), int(facts["width"]), str(facts["group"]), classes)
