"""A batch made ready for the head: boxes laid into the prepared image, and in training changed with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from consilience.modalities.image_placing import placing
from consilience.tasks.boxes.augmenting import Change, change


def make_ready(batch: Any, image: dict[str, Any], config: Any | None) -> Any:
    """The batch with targets [B, M × 5] in pixels of the prepared image, cut at its edges.

    Args:
        batch: inputs[group]["pixels"] [B, C, H, W, K], ["size"] [B, C, 2]; target [B, M × 5] in own pixels. The first
            column's image is the one that the boxes are in.
        image: facts: group, height, width, fill. config: of the task, whose changes are made; None = no change.
    """
    arrays = batch.inputs[image["group"]]
    sizes = arrays["size"][:, 0]
    scale, offset = (
        torch.from_numpy(part.astype(np.float32)).to(batch.target.device)
        for part in placing(sizes.cpu().numpy(), image["height"], image["width"])
    )
    boxes = batch.target.reshape(len(batch.target), -1, 5)
    low = offset
    high = offset + sizes.flip(1) * scale
    corners = boxes[..., :4].reshape(*boxes.shape[:2], 2, 2) * scale[:, None, None] + offset[:, None, None]
    placed = torch.cat([corners.flatten(-2), boxes[..., 4:]], -1)
    placed = _within(placed, low, high)
    if config is None or not len(boxes):
        return batch._replace(target=placed.flatten(1))
    how = Change(config.zoom, config.move, config.mirror, config.mosaic)
    pixels = arrays["pixels"]
    fill = torch.tensor(image["fill"], dtype=torch.float32, device=pixels.device)
    changed, moved = change(pixels[:, 0], placed, fill, how)
    rest = pixels[:, 1:].float()
    inputs = {**batch.inputs, image["group"]: {**arrays, "pixels": torch.cat([changed.unsqueeze(1), rest], 1)}}
    return batch._replace(inputs=inputs, target=moved.flatten(1))


def _within(boxes: torch.Tensor, low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
    """Boxes cut at the image's edges; class 0 where nothing is left."""
    start = torch.maximum(boxes[..., :2], low[:, None])
    end = torch.minimum(boxes[..., 2:4], high[:, None])
    left = ((end - start) > 0).all(-1, keepdim=True)
    return torch.cat([start, end, boxes[..., 4:]], -1) * left
