"""A detector of torchvision with the weights that lie on this machine; nothing is downloaded, and no pickle is read.

Ren et al. 2015, "Faster R-CNN" (arXiv 1506.01497) and its kin, trained on COCO (Lin et al. 2014, arXiv 1405.0312).
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, final

import numpy as np

from consilience.applications.traffic.detections import Detections, Frame
from consilience.core.errors import InputError, nearest

VEHICLES = ("bicycle", "car", "motorcycle", "bus", "truck", "train")
LEAST_SCORE = 0.2
"""Unsure detections too: the tracker goes on with them, but begins none."""


@final
class TorchvisionDetector:
    """See `detections.Detector`.

    Args:
        name: a detection network of torchvision, fasterrcnn_mobilenet_v3_large_320_fpn for example.
        classes: of COCO that count.
    Raises:
        InputError: when torchvision or the weights are not on this machine, or the name is unknown.
    """

    def __init__(self, name: str, classes: tuple[str, ...] = VEHICLES) -> None:
        if find_spec("torchvision") is None:
            raise InputError("this detector needs torchvision", fix='pip install "consilience[pretrained]"')
        import torch
        from torchvision.models import detection as networks
        from torchvision.models import get_model, get_model_weights, list_models

        known = list_models(module=networks)
        if name not in known:
            raise InputError(
                f"no detector is named {name!r}", where="--detector", fix=nearest(name, ["motion", *known])
            )
        weights: Any = get_model_weights(name).DEFAULT
        self._torch, self._network = torch, get_model(name, weights=None, weights_backbone=None).eval()
        load_weights(self._network, Path(torch.hub.get_dir()) / "checkpoints" / Path(str(weights.url)).name, name)
        self._names = list(weights.meta["categories"])
        self._wanted = set(classes)

    def __call__(self, frame: Frame) -> Detections:
        pixels = self._torch.from_numpy(np.ascontiguousarray(frame[:, :, ::-1])).permute(2, 0, 1).float() / 255
        with self._torch.no_grad():
            found = self._network([pixels])[0]
        classes = [self._names[int(i)] for i in found["labels"]]
        scores = found["scores"].numpy()
        kept = [i for i, name in enumerate(classes) if name in self._wanted and scores[i] >= LEAST_SCORE]
        every = Detections(found["boxes"].numpy().astype(np.float32), scores.astype(np.float32), classes)
        return every.at(np.asarray(kept, np.int64))


def load_weights(network: Any, published: Path, name: str) -> None:
    """Give a network the weights of `published`, torchvision's own file, written once as safetensors beside it.

    Raises:
        InputError: when there is no such file, it cannot be read, or it holds the weights of another network.
    """
    from consilience.encoders.networks.weight_file import read_weights

    file = published.with_suffix(".safetensors")
    if not file.is_file():
        convert = f"save_file(torchvision.models.get_model({name!r}, weights='DEFAULT').state_dict(), {str(file)!r})"
        raise InputError(
            f"the weights of {name} are not on this machine",
            where=str(file),
            fix=f"Write them once, where torchvision's own file is trusted: {convert}; or use motion",
        )
    try:
        network.load_state_dict(read_weights(str(file), name))
    except RuntimeError as error:
        raise InputError(
            f"not the weights of {name}: {str(error).splitlines()[0]}", where=str(file), fix="Write the file anew"
        ) from None
