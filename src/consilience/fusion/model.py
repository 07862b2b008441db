"""Recipe + facts → the network: encoders → fusion → head, with a helper head a group. Knows no modality by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from torch import Tensor, nn

from consilience.core.recipe import Recipe
from consilience.core.tokens import Fused, Tokens
from consilience.fusion.base import masked_mean
from consilience.fusion.narrow import narrow

Inputs = Mapping[str, Mapping[str, Tensor]]


class Outputs(NamedTuple):
    """What the network says of a batch.

    logits: [B, K] of the chosen fusion; what the decoder gives where a task brings one. fused: its Fused. candidates:
    fusion name → logits [B, K], in training with several candidates. helpers: group → stand-alone logits [B, K] (empty
    with a single group or a decoder). has: group → [B] bool, the rows that came with the group (before
    modality dropout).
    """

    logits: Tensor
    fused: Fused
    candidates: dict[str, Tensor]
    helpers: dict[str, Tensor]
    has: dict[str, Tensor]


class Multimodal(nn.Module):
    """encoders → fusion → head.

    Args:
        encoders: group → encoder, in the order of the recipe.
        fusion: a Fusion; with `forward_all` its candidates are trained together and one is selected.
        width: D of the fused vector.
        outputs: K of the head.
        decoder: makes the module (fused, target or None) → outputs that stands in place of a linear head; there are no
            helper heads then.
    """

    def __init__(
        self,
        encoders: dict[str, nn.Module],
        fusion: nn.Module,
        width: int,
        outputs: int,
        decoder: Callable[[int], nn.Module] | None = None,
    ) -> None:
        super().__init__()
        self.groups = list(encoders)
        self.keys = {group: safe_key(i, group) for i, group in enumerate(encoders)}
        self.encoders = nn.ModuleDict({self.keys[g]: e for g, e in encoders.items()})
        self.fusion = fusion
        self.decodes = decoder is not None
        self.heads = nn.ModuleDict(
            {name: decoder(width) if decoder else nn.Linear(width, outputs) for name in self.candidates}
        )
        self.fixed: dict[str, str] = {}
        """Group → key under which prepared features may hold what its unchanging part makes of them."""
        many = len(encoders) > 1 and decoder is None
        self.helpers = nn.ModuleDict(
            {self.keys[g]: _helper(int(e.width), outputs) for g, e in encoders.items() if many}  # type: ignore[arg-type]
        )

    def begin(self) -> None:
        """Let every encoder and decoder load what was learned elsewhere, before a training."""
        for part in (*self.encoders.values(), *(self.heads.values() if self.decodes else ())):
            if not getattr(part, "narrowed", False):  # what was learned elsewhere has more channels
                part.begin()

    @property
    def candidates(self) -> list[str]:
        return list(getattr(self.fusion, "names", None) or ["only"])

    @property
    def fusion_name(self) -> str:
        """The fusion that predicts: the selected candidate, or the class's own name."""
        active = getattr(self.fusion, "active", None)
        return str(active) if active else type(self.fusion).__name__.removesuffix("Fusion").lower()

    def encode(self, inputs: Inputs) -> dict[str, Tokens]:
        """group → Tokens, keyed by `self.keys[group]`."""
        return {self.keys[g]: self.encoders[self.keys[g]](dict(inputs[g])) for g in self.groups}

    def forward(self, inputs: Inputs, keep: Tensor | None = None, target: Tensor | None = None) -> Outputs:
        """inputs[group][name] [B, …]; keep [B, M] bool, False hides a group from fusion (modality dropout); target
        [B, K], read by a decoder only."""
        return self.join(self.encode(inputs), keep, target)

    def join(self, tokens: dict[str, Tokens], keep: Tensor | None = None, target: Tensor | None = None) -> Outputs:
        """Everything after the encoders, which are the costly part: the same tokens can be joined under many masks."""
        has = {g: tokens[k].present for g, k in self.keys.items()}
        helpers = {g: self.helpers[k](masked_mean(tokens[k])) for g, k in self.keys.items() if k in self.helpers}
        if keep is not None:
            tokens = {k: Tokens(t.x, t.mask & keep[:, i : i + 1]) for i, (k, t) in enumerate(tokens.items())}
        return self.fuse(tokens, helpers, has, target)

    def fuse(
        self,
        tokens: dict[str, Tokens],
        helpers: dict[str, Tensor],
        has: dict[str, Tensor],
        target: Tensor | None = None,
    ) -> Outputs:
        """Fusion and heads on encoded (and possibly masked) tokens."""
        active = getattr(self.fusion, "active", None) or self.candidates[0]
        if len(self.candidates) > 1:
            every = self.fusion.forward_all(tokens)  # type: ignore[operator]
            logits = {name: self._said(name, fused, target) for name, fused in every.items()}
            return Outputs(logits[active], every[active], logits, helpers, has)
        fused = self.fusion(tokens)
        return Outputs(self._said(active, fused, target), fused, {}, helpers, has)

    def _said(self, name: str, fused: Fused, target: Tensor | None) -> Tensor:
        found: Tensor = self.heads[name](fused, target) if self.decodes else self.heads[name](fused.pooled)
        return found

    def select(self, name: str) -> None:
        """Keep only the named fusion candidate and its head."""
        if len(self.candidates) > 1:
            self.fusion.select(name)  # type: ignore[operator]
            self.heads = nn.ModuleDict({name: self.heads[name]})


def _helper(width: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.LayerNorm(width), nn.Linear(width, outputs))


def safe_key(index: int, group: str) -> str:
    """A module name for a group: module names may hold no dot."""
    return f"{index}_{re.sub(r'[^0-9a-zA-Z]+', '_', group)}"


def assemble(recipe: Recipe, facts: Mapping[str, Any], outputs: int) -> Multimodal:
    """The network of a resolved recipe; training and loading call this and nothing else."""
    encoders = {
        name: group.encoder.build("encoder", facts["groups"][name])
        for name, group in recipe.groups.items()
        if group.encoder is not None
    }
    for name, found in (facts.get("narrow") or {}).items():
        narrow(encoders[name], found)
    widths = {safe_key(i, name): int(e.width) for i, (name, e) in enumerate(encoders.items())}
    width = int(recipe.width or 0)
    fusion = recipe.fusion.build("fusion", widths, width)
    return Multimodal(encoders, fusion, width, outputs, _decoder(recipe, facts))


def _decoder(recipe: Recipe, facts: Mapping[str, Any]) -> Callable[[int], nn.Module] | None:
    """What makes the task's own decoder; None where a linear head will do."""
    if recipe.task is None or not hasattr(recipe.task.configured("task")[0], "decoder"):
        return None
    made: Callable[[int], nn.Module] = recipe.task.build("task", facts["task"]).decoder
    return made
