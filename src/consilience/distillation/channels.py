"""Channels removed from the part of an encoder that convolves, all layers that share them together.

Which layers those are is found by Torch-Pruning (Fang et al. 2023, "DepGraph: Towards Any Structural Pruning",
arXiv 2301.12900), the one file that uses it. A channel counts as much as the loss would change without it, to first
order (Molchanov et al. 2019, arXiv 1906.10771), or as its weights are large (Li et al. 2017, arXiv 1608.08710).
"""

from __future__ import annotations

import copy
import warnings
from typing import Any, Literal

import torch
from torch import Tensor, nn

from consilience.core.errors import InputError, MissingExtraError
from consilience.encoders.base import Encoder, Trunk
from consilience.encoders.masked_norm import MaskedBatchNorm

Importance = Literal["taylor", "magnitude"]
IMPORTANCES: tuple[Importance, ...] = ("taylor", "magnitude")
KINDS = (nn.Conv1d, nn.Conv2d)
LEAST = 1e-4
"""Largest difference between a pruned encoder and the same built anew from its widths."""


def cut_channels(encoder: Encoder, share: float, importance: Importance) -> str | None:
    """Remove a share of the channels of every layer that convolves, in place; the width of the tokens stays.

    Args:
        encoder: in evaluation mode; for "taylor" with gradients of the loss in its parameters.
        share: of the channels, 0 < share < 1.
    Returns:
        None, or why nothing of this encoder can be removed.
    Raises:
        MissingExtraError: when Torch-Pruning is not installed.
    """
    trunk = None if encoder.fixed else encoder.trunk()
    if trunk is None:
        return "no part of it convolves and trains"
    before = _parameters(encoder)
    tracing = _Ended(encoder, trunk)
    layers = [m for m in encoder.modules() if isinstance(m, KINDS)]
    if not layers:
        return "it has no convolutions"
    problem = _cut(tracing, share, importance)
    if problem is None and _parameters(encoder) == before:
        return "every convolution of it is tied to the width of its tokens"
    return problem


def _cut(tracing: _Ended, share: float, importance: Importance) -> str | None:
    try:
        import torch_pruning
    except ModuleNotFoundError:
        raise MissingExtraError("torch-pruning", "prune", "pruning a run") from None
    kinds = {
        "taylor": torch_pruning.importance.TaylorImportance,
        "magnitude": torch_pruning.importance.GroupMagnitudeImportance,
    }
    expected = tracing.run().shape
    try:
        with warnings.catch_warnings():  # of layers that it does not know: what it makes is checked below
            warnings.simplefilter("ignore")
            pruner = torch_pruning.pruner.BasePruner(
                tracing,
                tracing.trunk.example,
                importance=kinds[importance](),
                pruning_ratio=share,
                ignored_layers=[tracing.end],
                root_module_types=list(KINDS),
                customized_pruners={MaskedBatchNorm: _normal(torch_pruning)},
                forward_fn=lambda model, _: model(),
            )
            # the library looks at outputs only: what feeds a tied layer must stay too
            groups = pruner.DG.get_all_groups(ignored_layers=pruner.ignored_layers, root_module_types=list(KINDS))
            tied = tracing.tied()
            bound = [g[0].dep.target.module for g in groups if any(dep.target.module in tied for dep, _ in g)]
            pruner.ignored_layers += bound
            pruner.step()
        found = tracing.run()
    except (RuntimeError, ValueError, AssertionError, IndexError, KeyError, AttributeError, TypeError) as error:
        return f"its layers could not be followed ({' '.join(str(error).split())[:120]})"
    if found.shape != expected or not torch.isfinite(found).all():
        return "it gives something else without them"
    return None


class _Ended(nn.Module):
    """A trunk with a layer at its end that may not change: so its tokens keep their width."""

    def __init__(self, encoder: Encoder, trunk: Trunk) -> None:
        super().__init__()
        self.encoder, self.trunk = encoder, trunk
        self.end = nn.Linear(self.run().shape[-1], 1)

    def tied(self) -> set[nn.Module]:
        """Layers whose inputs stay as they are: the end, and the encoder's own dense layers, which see whole maps."""
        return {self.end, *(child for child in self.encoder.children() if isinstance(child, nn.Linear))}

    def run(self) -> Tensor:
        with torch.no_grad():
            return self.trunk.run(*self.trunk.example)

    def forward(self) -> Tensor:
        found: Tensor = self.end(self.trunk.run(*self.trunk.example))
        return found


def _normal(torch_pruning: Any) -> Any:
    """What Torch-Pruning needs to narrow a `MaskedBatchNorm`."""

    class Pruner(torch_pruning.function.BasePruningFunc):  # type: ignore[misc]
        def prune_out_channels(self, layer: MaskedBatchNorm, indices: list[int]) -> MaskedBatchNorm:
            kept = sorted(set(range(len(layer.weight))) - set(indices))
            for name in ("weight", "bias"):
                setattr(layer, name, self._prune_parameter_and_grad(getattr(layer, name), kept, 0))
            layer.mean, layer.variance = layer.mean[kept], layer.variance[kept]
            return layer

        prune_in_channels = prune_out_channels

        def get_out_channels(self, layer: MaskedBatchNorm) -> int:
            return len(layer.weight)

        get_in_channels = get_out_channels

    return Pruner()


def _parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def check_share(share: float, importance: str) -> Importance:
    """
    Raises:
        InputError: for a share that is none, or an unknown importance.
    """
    from consilience.core.errors import nearest

    if not 0 < share < 1:
        raise InputError(f"the share of channels to remove lies between 0 and 1, received {share:g}", where="share")
    known = next((name for name in IMPORTANCES if name == importance), None)
    if known is None:
        raise InputError(f"no importance is named {importance!r}", fix=nearest(importance, IMPORTANCES))
    return known


def same_when_built(encoder: Encoder, built: Encoder) -> bool:
    """Whether an encoder that was built from widths says the same once it has the weights."""
    built = copy.deepcopy(built).eval()
    built.load_state_dict(encoder.state_dict())
    first, second = encoder.trunk(), built.trunk()
    assert first is not None, "what was pruned has a trunk"
    assert second is not None, "the same encoder has a trunk"
    with torch.no_grad():
        return bool((first.run(*first.example) - second.run(*first.example)).abs().max() < LEAST)
