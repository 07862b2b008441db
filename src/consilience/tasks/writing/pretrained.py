"""A pretrained language model that writes about a row: GPT-2 with the tokens as a prefix, T5 or BART with
cross-attention to them.

Radford et al. 2019 (GPT-2), Raffel et al. 2020 (arXiv 1910.10683, T5), Lewis et al. 2020 (arXiv 1910.13461, BART). The
folder is what `save_pretrained` of `transformers` writes, with a tokenizer.json; nothing is downloaded. The library is
imported on first use. Architecture and tokenizer become facts, so that a bundle loads where the folder is gone.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from consilience.core.errors import InputError, MissingExtraError
from consilience.core.files import read_json
from consilience.core.tokens import Fused, Tokens
from consilience.tasks.writing.decoder import spread
from consilience.tasks.writing.losses import row_losses
from consilience.tasks.writing.search import Decoding, Signs, write

DROPPED = ("encoder", "model.encoder")
"""The model's own encoder: rows are read by ours."""


class State(NamedTuple):
    """cache: keys and values of what was read and written. mask: [R, S] bool, real tokens of the prefix and the text
    (of an encoder–decoder: of the memory). memory: [R, M, D], projected tokens; with a prefix, empty once read."""

    cache: Any
    mask: Tensor
    memory: Tensor

    @property
    def device(self) -> torch.device:
        return self.mask.device


def describe(folder: Path, *, prefix: bool) -> dict[str, Any]:
    """Facts of the model in a folder: tokenizer, vocabulary, begin, end, never, architecture.

    Raises:
        InputError: when a file is missing, or the model cannot be used in the way asked for.
    """
    for name in ("config.json", "tokenizer.json"):
        if not (folder / name).is_file():
            raise InputError(
                f"no {name} in the folder of the pretrained decoder",
                where=str(folder),
                fix="Give a folder that `save_pretrained` of model and fast tokenizer wrote",
            )
    config = read_json(folder / "config.json")
    pair = bool(config.get("is_encoder_decoder"))
    if pair == prefix:
        kind = "an encoder–decoder" if pair else "a decoder alone"
        raise InputError(
            f"{config.get('model_type')} is {kind}",
            where=str(folder),
            fix=f"Use --set task.decoder={'cross' if pair else 'prefix'}",
        )
    end = _first(config.get("eos_token_id"))
    opening = ("decoder_start_token_id", "bos_token_id", "pad_token_id") if pair else ("bos_token_id", "eos_token_id")
    begin = next((found for name in opening if (found := _first(config.get(name))) is not None), None)
    if begin is None or end is None:
        raise InputError("the configuration names no token that begins or ends a text", where=str(folder))
    never = {begin, _first(config.get("pad_token_id")), _first(config.get("bos_token_id"))} - {end, None}
    return {
        "tokenizer": (folder / "tokenizer.json").read_text(encoding="utf-8"),
        "vocabulary": int(config["vocab_size"]),
        "begin": begin,
        "end": end,
        "never": sorted(never),
        "architecture": config,
    }


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) else value


def _transformers() -> Any:
    """
    Raises:
        MissingExtraError: when `transformers` is not installed.
    """
    try:
        import transformers
    except ModuleNotFoundError:
        raise MissingExtraError("transformers", "pretrained", "A pretrained decoder") from None
    return transformers


def _class(architecture: dict[str, Any]) -> Any:
    library = _transformers()
    return library.AutoModelForSeq2SeqLM if architecture.get("is_encoder_decoder") else library.AutoModelForCausalLM


def _built(architecture: dict[str, Any]) -> Any:
    config = copy.deepcopy({k: v for k, v in architecture.items() if k not in ("model_type", "transformers_version")})
    made = _transformers().AutoConfig.for_model(architecture["model_type"], **config)
    return _class(architecture).from_config(made)


class PretrainedDecoder(nn.Module):
    """Fused (and, in training, target ids) in; losses [B, 3] or ids [B, L] out, as `decoder.TextDecoder`.

    Args:
        width: D of the fused tokens. facts: see `describe`. source: folder of the weights, and the share of the
            learning rate that they get. signs: special ids and L.
    """

    def __init__(self, width: int, facts: dict[str, Any], source: tuple[Path, float], signs: Signs) -> None:
        super().__init__()
        self.folder, self.rate = source
        self.signs, self.smoothing, self.decoding = signs, 0.0, Decoding()
        self.out_features = signs.length
        self.caching = True
        self.architecture = facts["architecture"]
        self.pair = bool(self.architecture.get("is_encoder_decoder"))
        self.model = _without_encoder(_built(self.architecture))
        self.shared = _second_names(self.model)
        self.cached = "cache" if "cache" in inspect.signature(self.model.forward).parameters else "past_key_values"
        """What this version of `transformers` calls keys and values."""
        inner = int(self.model.get_input_embeddings().weight.shape[1])
        self.memory = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, inner), nn.LayerNorm(inner))

    def state_dict(self, *args: Any, **options: Any) -> Any:
        """Without the second name of a tensor that has two: input and output vectors are one, and are saved once."""
        found = super().state_dict(*args, **options)
        prefix = str(options.get("prefix", ""))
        for name in self.shared:
            found.pop(prefix + name, None)
        return found

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *more: Any) -> None:
        for name, first in self.shared.items():
            if prefix + first in state_dict:
                state_dict[prefix + name] = state_dict[prefix + first]
        super()._load_from_state_dict(state_dict, prefix, *more)

    def begin(self) -> None:
        """Load the pretrained weights.

        Raises:
            InputError: when the folder is gone or its weights are no safetensors of this model.
        """
        try:
            loaded = _class(self.architecture).from_pretrained(self.folder, use_safetensors=True, local_files_only=True)
        except (OSError, ValueError) as error:
            line = " ".join(str(error).split())[:200]
            raise InputError(f"the pretrained weights cannot be read: {line}", where=str(self.folder)) from None
        self.model.load_state_dict(_without_encoder(loaded).state_dict())

    def rates(self) -> dict[str, float]:
        """Pretrained weights learn slower."""
        return {f"model.{name}": self.rate for name, _ in self.model.named_parameters()}

    def forward(self, fused: Fused, target: Tensor | None = None) -> Tensor:
        """As `TextDecoder.forward`."""
        state = self.read(fused)
        if target is None:
            return write(self, state, len(state.mask), self.decoding, self.signs).float()
        wanted = target[:, : self.signs.length].long() - 1
        longest = max(1, int((wanted >= 0).sum(1).max()))
        wanted = wanted[:, :longest]
        given = F.pad(wanted[:, :-1].clamp(min=0), (1, 0), value=self.signs.begin)
        logits, _ = self._advance(given, state, keep=False)
        return row_losses(logits[wanted >= 0], wanted, self.smoothing)

    def read(self, fused: Fused) -> State:
        """The state before the first sub-word."""
        return self.open(self.keep(spread(fused)))

    def keep(self, given: Tokens) -> Tokens:
        """As `TextDecoder.keep`."""
        return Tokens(self.memory(given.x.masked_fill(~given.mask.unsqueeze(-1), 0.0)), given.mask)

    def open(self, given: Tokens) -> State:
        """The state before the first sub-word, from `keep`."""
        return State(None, given.mask, given.x)

    def following(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """See `search.Speaker`."""
        logits, state = self._advance(ids, state, keep=self.caching)
        return logits[:, -1], state

    @contextmanager
    def traced(self) -> Iterator[None]:
        """Inside, a step is a plain function that can be traced: no keys and values are kept, and attention is written
        out, as the exporter takes PyTorch's own apart into shapes that T5 cannot view."""
        before = self.model.config._attn_implementation
        choose = getattr(self.model, "set_attn_implementation", lambda _: None)  # before it came, T5 had no other
        self.caching = False
        choose("eager")
        try:
            yield
        finally:
            self.caching = True
            choose(before)

    def reorder(self, state: State, rows: Tensor) -> State:
        """See `search.Speaker`."""
        if state.cache is not None:
            state.cache.reorder_cache(rows)
        return State(state.cache, state.mask[rows], state.memory[rows])

    def _advance(self, ids: Tensor, state: State, *, keep: bool) -> tuple[Tensor, State]:
        """Logits [R, T, V] of what follows each of the ids."""
        if self.pair:
            return self._across(ids, state, keep)
        vectors = self.model.get_input_embeddings()(ids)
        length = ids.shape[1]
        mask = F.pad(state.mask, (0, length), value=True)
        places = (mask.long().cumsum(1) - 1).clamp(
            min=0
        )  # padding of a prefix takes no place: rows do not depend on it
        given = torch.cat([state.memory, vectors], 1)
        out = self.model(
            inputs_embeds=given,
            attention_mask=mask.long(),
            position_ids=places[:, -given.shape[1] :],
            use_cache=keep,
            **{self.cached: state.cache},
        )
        return out.logits[:, -length:], State(getattr(out, self.cached, None), mask, state.memory[:, :0])

    def _across(self, ids: Tensor, state: State, keep: bool) -> tuple[Tensor, State]:
        from transformers.modeling_outputs import BaseModelOutput

        out = self.model(
            encoder_outputs=BaseModelOutput(last_hidden_state=state.memory),
            attention_mask=state.mask.long(),
            decoder_input_ids=ids,
            use_cache=keep,
            **{self.cached: state.cache},
        )
        return out.logits, State(getattr(out, self.cached, None), state.mask, state.memory)


def _second_names(model: nn.Module) -> dict[str, str]:
    """Second name → first name, as `model.…`, of tensors that stand in a model twice."""
    first: dict[tuple[int, torch.Size], str] = {}
    found: dict[str, str] = {}
    for name, tensor in model.state_dict().items():
        known = first.setdefault((tensor.data_ptr(), tensor.shape), f"model.{name}")
        if known != f"model.{name}":
            found[f"model.{name}"] = known
    return found


def _without_encoder(model: Any) -> Any:
    """The model with the blocks of its own encoder dropped: they would be saved, and never used."""
    for path in DROPPED:
        parent, _, name = path.rpartition(".")
        holder = model.get_submodule(parent) if parent and hasattr(model, parent) else model if not parent else None
        if holder is not None and hasattr(holder, name):
            setattr(holder, name, nn.Identity())
    return model
