"""Recipe + facts → the network: encoders → fusion → head, with a helper head a group. Knows no modality by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from torch import Tensor, nn

from consilience.core.recipe import Recipe
from consilience.core.tokens import Fused, Tokens
from consilience.fusion.balance import Balance
from consilience.fusion.base import masked_mean
from consilience.fusion.narrow import narrow

Inputs = Mapping[str, Mapping[str, Tensor]]
WINDOW = "window"
"""Key of the series itself among the tokens, where a head reads it."""


class Direct(NamedTuple):
    """Heads that read a series itself beside the fused vector: forecasts.

    group: whose series. head: fused width → the module (pooled, window, tokens of the group or None) → outputs. alone:
    (width, whether it is the group's own) → a helper head (mean, window) → outputs. own: whether the encoder of the
    group gives a token for each channel.
    """

    group: str
    head: Callable[[int], nn.Module]
    alone: Callable[[int, bool], nn.Module]
    own: bool


class Outputs(NamedTuple):
    """What the network says of a batch.

    logits: [B, K] of the chosen fusion; what the decoder gives where a task brings one. fused: its Fused. candidates:
    fusion name → logits [B, K], in training with several candidates. helpers: group → stand-alone logits [B, K] (empty
    with a single group or a decoder). has: group → [B] bool, the rows that came with the group (before
    modality dropout). log_variances: [T], of several targets whose weights are learned; see `fusion.balance`.
    """

    logits: Tensor
    fused: Fused
    candidates: dict[str, Tensor]
    helpers: dict[str, Tensor]
    has: dict[str, Tensor]
    log_variances: Tensor | None = None


class Multimodal(nn.Module):
    """encoders → fusion → head.

    Args:
        encoders: group → encoder, in the order of the recipe.
        fusion: a Fusion; with `forward_all` its candidates are trained together and one is selected.
        width: D of the fused vector.
        outputs: K of the head.
        decoder: makes the module (fused, target or None) → outputs that stands in place of a linear head; there are no
            helper heads then. A module with an attribute `group` is also given that group's own tokens, which fusion
            has not touched.
        direct: heads that read a series itself, in place of linear ones.
            helper heads then.
        balanced: number of targets whose weights are learned along.
    """

    def __init__(
        self,
        encoders: dict[str, nn.Module],
        fusion: nn.Module,
        width: int,
        outputs: int,
        decoder: Callable[[int], nn.Module] | None = None,
        direct: Direct | None = None,
        balanced: int = 0,
    ) -> None:
        super().__init__()
        self.groups = list(encoders)
        self.keys = {group: safe_key(i, group) for i, group in enumerate(encoders)}
        self.encoders = nn.ModuleDict({self.keys[g]: e for g, e in encoders.items()})
        self.fusion = fusion
        self.decodes = decoder is not None
        self.direct = direct
        head = decoder or (direct.head if direct else lambda wide: nn.Linear(wide, outputs))
        self.heads = nn.ModuleDict({name: head(width) for name in self.candidates})
        self.costly = tuple(group for group, encoder in encoders.items() if getattr(encoder, "costly", False))
        self.fixed: dict[str, str] = {}
        """Group → key under which prepared features may hold what its unchanging part makes of them."""
        many = len(encoders) > 1 and decoder is None
        widths = {g: int(e.width) for g, e in encoders.items() if many}  # type: ignore[arg-type]
        self.helpers = nn.ModuleDict(
            {
                self.keys[g]: direct.alone(wide, g == direct.group) if direct else _helper(wide, outputs)
                for g, wide in widths.items()
            }
        )
        self.balance = Balance(balanced) if balanced else None

    def begin(self) -> None:
        """Let every encoder and decoder load what was learned elsewhere, before a training."""
        for part in (*self.encoders.values(), *(self.heads.values() if self.decodes else ())):
            if not getattr(part, "narrowed", False):  # what was learned elsewhere has more channels
                part.begin()

    def adapts(self) -> dict[str, int]:
        """Group → training rows that its encoder wants to `adapt` to before a training."""
        encoders = {group: self.encoders[key] for group, key in self.keys.items()}
        return {group: int(getattr(e, "adapts", 0)) for group, e in encoders.items() if getattr(e, "adapts", 0)}

    def adapt(self, group: str, inputs: dict[str, Tensor]) -> None:
        """Let the encoder of a group set its buffers from training rows, [n, …]."""
        self.encoders[self.keys[group]].adapt(inputs)  # type: ignore[operator]

    @property
    def candidates(self) -> list[str]:
        return list(getattr(self.fusion, "names", None) or ["only"])

    @property
    def fusion_name(self) -> str:
        """The fusion that predicts: the selected candidate, or the class's own name."""
        active = getattr(self.fusion, "active", None)
        return str(active) if active else type(self.fusion).__name__.removesuffix("Fusion").lower()

    def encode(self, inputs: Inputs) -> dict[str, Tokens]:
        """group → Tokens, keyed by `self.keys[group]`; with `direct` also the series itself under WINDOW."""
        tokens = {self.keys[g]: self.encoders[self.keys[g]](dict(inputs[g])) for g in self.groups}
        return {**tokens, **self.window(inputs)}

    def window(self, inputs: Inputs) -> dict[str, Tokens]:
        """{WINDOW: the first series of the group that heads read: x [B, L, K], mask [B, L, K]}; {} without one."""
        if self.direct is None:
            return {}
        arrays = inputs[self.direct.group]
        return {WINDOW: Tokens(arrays["value"][:, 0], arrays["observed"][:, 0])}  # its group holds no other column

    def forward(self, inputs: Inputs, keep: Tensor | None = None, target: Tensor | None = None) -> Outputs:
        """inputs[group][name] [B, …]; keep [B, M] bool, False hides a group from fusion (modality dropout); target
        [B, K], read by a decoder only."""
        return self.join(self.encode(inputs), keep, target)

    def join(self, tokens: dict[str, Tokens], keep: Tensor | None = None, target: Tensor | None = None) -> Outputs:
        """Everything after the encoders, which are the costly part: the same tokens can be joined under many masks."""
        has = {g: tokens[k].present for g, k in self.keys.items()}
        window = tokens.get(WINDOW)
        helpers = {
            g: self.helpers[k](masked_mean(tokens[k]), window)
            if self.direct
            else self.helpers[k](masked_mean(tokens[k]))
            for g, k in self.keys.items()
            if k in self.helpers
        }
        return self.fuse(self.masked(tokens, keep), helpers, has, target)

    def masked(self, tokens: dict[str, Tokens], keep: Tensor | None) -> dict[str, Tokens]:
        """Encoded tokens as fusion is given them: those of hidden groups are not real; keep [B, M] bool, None = all."""
        if keep is None:
            return tokens
        places = {k: i for i, k in enumerate(self.keys.values())}
        masked = {k: Tokens(tokens[k].x, tokens[k].mask & keep[:, i : i + 1]) for k, i in places.items()}
        window = tokens.get(WINDOW)
        if window is not None and self.direct is not None:
            place = self.groups.index(self.direct.group)
            masked[WINDOW] = Tokens(window.x, window.mask & keep[:, place].reshape(-1, 1, 1))
        return masked

    def fused(self, tokens: dict[str, Tokens]) -> Fused:
        """What the selected fusion makes of encoded (and possibly masked) tokens, without any head.

        Raises:
            AssertionError: while there are several candidates.
        """
        assert len(self.candidates) == 1, "one fusion is selected when training ends"
        found: Fused = self.fusion({key: of_group for key, of_group in tokens.items() if key != WINDOW})
        return found

    def fuse(
        self,
        tokens: dict[str, Tokens],
        helpers: dict[str, Tensor],
        has: dict[str, Tensor],
        target: Tensor | None = None,
    ) -> Outputs:
        """Fusion and heads on encoded (and possibly masked) tokens."""
        active = getattr(self.fusion, "active", None) or self.candidates[0]
        balance = None if self.balance is None else self.balance()
        tokens = dict(tokens)
        window = tokens.pop(WINDOW, None)
        if len(self.candidates) > 1:
            every = self.fusion.forward_all(tokens)  # type: ignore[operator]
            logits = {name: self._said(name, fused, target, tokens, window) for name, fused in every.items()}
            return Outputs(logits[active], every[active], logits, helpers, has, balance)
        fused = self.fusion(tokens)
        said = self._said(active, fused, target, tokens, window)
        return Outputs(said, fused, {}, helpers, has, balance)

    def _said(
        self, name: str, fused: Fused, target: Tensor | None, tokens: dict[str, Tokens], window: Tokens | None
    ) -> Tensor:
        head = self.heads[name]
        if self.direct is not None:
            channels = tokens[self.keys[self.direct.group]] if self.direct.own else None
            said: Tensor = head(fused.pooled, window, channels)
            return said
        own = (tokens[self.keys[str(head.group)]],) if hasattr(head, "group") else ()
        found: Tensor = head(fused, target, *own) if self.decodes else head(fused.pooled)
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
    decoder = _decoder(recipe, facts, {name: int(e.width) for name, e in encoders.items()})
    direct = _direct(recipe, facts, encoders)
    return Multimodal(encoders, fusion, width, outputs, decoder, direct, _balanced(recipe))


def _balanced(recipe: Recipe) -> int:
    """How many targets' weights are learned along."""
    if recipe.task is None:
        return 0
    component, config = recipe.task.configured("task")
    return int(component.balanced(config)) if hasattr(component, "balanced") else 0


def _decoder(recipe: Recipe, facts: Mapping[str, Any], widths: dict[str, int]) -> Callable[[int], nn.Module] | None:
    """What makes the task's own decoder; None where a linear head will do."""
    if recipe.task is None or not hasattr(recipe.task.configured("task")[0], "decoder"):
        return None
    task = recipe.task.build("task", facts["task"])
    made: Callable[[int], nn.Module] = partial(task.decoder, inside=widths) if task.kind == "boxes" else task.decoder
    return made


def _direct(recipe: Recipe, facts: Mapping[str, Any], encoders: Mapping[str, nn.Module]) -> Direct | None:
    """The heads of a task that reads a series itself; None of all other tasks."""
    if recipe.task is None or not hasattr(recipe.task.configured("task")[0], "direct"):
        return None
    column = facts["task"]["column"]
    group = next(name for name, each in recipe.groups.items() if column in each.columns)
    known = facts["groups"][group]
    place = known["columns"].index(column)
    units = tuple([known[part][place][channel] for channel in facts["task"]["places"]] for part in ("mean", "std"))
    own = bool(getattr(encoders[group], "channel_tokens", False))
    task = recipe.task.build("task", facts["task"])
    wide = int(encoders[group].width) if own else 0  # type: ignore[arg-type]
    return Direct(
        group,
        lambda width: task.direct(width, units, wide),
        lambda width, window: task.alone(width, units, window),
        own,
    )
