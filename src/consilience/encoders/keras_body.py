"""A Keras 3 model (torch backend) as a PyTorch module whose weights are its own.

Keras names its variables by counting the models of a process, and keeps them itself; here they are parameters in the
model's order, handed to `stateless_call`, so that copies, averages, checkpoints and bundles treat them like all others.
"""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor, nn

from consilience.core.errors import InputError


class KerasBody(nn.Module):
    """[N, ...] → what the model gives, images in Keras's own order of axes.

    Args:
        model: a Keras model; it is built on `example` where it is not built yet.
    """

    def __init__(self, model: Any, example: Tensor) -> None:
        import keras

        super().__init__()
        backend = keras.config.backend()
        if backend != "torch":
            raise InputError(
                f"the Keras model runs on {backend}", fix="Set KERAS_BACKEND=torch before Keras is imported"
            )
        self.last = example.ndim == 4 and keras.config.image_data_format() == "channels_last"
        self.model = _Shared(model)
        if not model.built:
            model(self.ordered(example))
        self.learned = nn.ParameterList(nn.Parameter(_own(v)) for v in model.trainable_variables)
        self.kept = len(model.non_trainable_variables)
        for i, variable in enumerate(model.non_trainable_variables):  # running statistics, states of dropout
            self.register_buffer(f"kept_{i}", _own(variable))

    def forward(self, x: Tensor) -> Tensor:
        fixed = [getattr(self, f"kept_{i}") for i in range(self.kept)]
        call = self.model.value.stateless_call
        out, changed = call(list(self.learned), fixed, self.ordered(x), training=self.training)
        if self.training:
            with torch.no_grad():
                for own, value in zip(fixed, changed, strict=True):
                    own.copy_(value)
        found: Tensor = out
        return found

    def ordered(self, x: Tensor) -> Tensor:
        return x.permute(0, 2, 3, 1) if self.last else x


class _Shared:
    """Holds the model outside of PyTorch's tree of modules; copies share it, because it keeps no state."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


def _own(variable: Any) -> Tensor:
    value: Tensor = variable.value
    return value.detach().cpu().clone()
