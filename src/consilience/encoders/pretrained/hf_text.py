"""Text through a network of the `transformers` library: BERT, RoBERTa, DistilBERT, XLM-R, ELECTRA, MiniLM, GPT-2 …

Devlin et al. 2019, "BERT" (arXiv 1810.04805), and its relatives; a causal model (Radford et al. 2019, GPT-2) is read
the same way. Weights come from this machine only: a folder, the Hugging Face cache or an installed package.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn

from consilience.core.errors import InputError
from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder
from consilience.encoders.columns import ColumnTokens, on_present
from consilience.encoders.pretrained.locate import locate
from consilience.encoders.pretrained.pooling import Pooling, causal_or_mean, pooled, pooling_of, real_prefix
from consilience.encoders.pretrained.scratch import ARCHITECTURES, scratch_architecture
from consilience.encoders.pretrained.transformers_body import build_body, load_body, read_architecture
from consilience.encoders.pretrained.tune import TuneConfig, body_rates, set_training
from consilience.encoders.pretrained.weights import digest_of
from consilience.modalities.text import LONGEST

if TYPE_CHECKING:
    from consilience.core.recipe import Prepare

SHIFTED = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet", "longformer", "roberta-prelayernorm")
"""Architectures that number positions from one past their padding id on."""
MADE = ("x", "mask")


class HfText(Encoder):
    """One token a column, or one a sub-word.

    inputs: ids int [B, C, L], mask bool [B, C, L], of the model's own tokenizer; or what `before` made of them: x
    [B, C, T, D], mask [B, C, T]. facts: network (the architecture), pooling, padding, unknown, length.
    """

    modality = "text"
    costly = True

    class Config(TuneConfig):
        model: str = Field("auto", min_length=1)
        """A folder, `org/name` in the Hugging Face cache, or an installed package; auto: the model of this machine
        whose vectors tell the target best (LogME). With `pretrained: false` also bert, distilbert, electra, gpt2,
        roberta or xlm_roberta: the architecture alone, over sub-words of the table's own."""
        size: Literal["tiny", "small", "base"] = "small"
        """Of such an architecture: 128 wide and 2 blocks deep, 256 and 4, or 768 and 12."""
        pooling: Literal["auto", "mean", "first", "last"] = "auto"
        """How a column's vector is made of its sub-words'; auto: as the model's folder says."""
        tokens: Literal["column", "word"] = "column"
        """column: one token a column; word: one token a sub-word."""
        dropout: float = Field(0.1, ge=0, lt=1)
        """Dropout of the vectors that leave the encoder."""
        word_dropout: float = Field(0.0, ge=0, lt=1)
        """Share of sub-words hidden in training; not with `tune: frozen`."""

        @model_validator(mode="after")
        def _fits(self) -> HfText.Config:
            if self.tune == "frozen" and self.word_dropout > 0:
                raise ValueError("frozen reads cached vectors, which word_dropout cannot change: use tune: head")
            if not self.pretrained and self.tune != "full":
                raise ValueError("without weights to begin with everything has to train: use tune: full")
            return self

        @property
        def from_scratch(self) -> bool:
            """True where `model` names an architecture and no weights are wanted."""
            return not self.pretrained and self.model in ARCHITECTURES and not Path(self.model).is_dir()

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        self.options, self.source = config, dict(facts.get("source") or {})
        self.padding, self.unknown = int(facts.get("padding", 0)), int(facts.get("unknown", 1))
        self.how: Pooling = facts["pooling"]
        self.architecture = json.dumps(facts["network"], sort_keys=True)
        self.body: nn.Module = build_body(facts["network"], config)
        self.width = int(self.body.config.hidden_size)  # type: ignore[union-attr, arg-type]
        self.fixed = config.tune == "frozen"
        self.columns = ColumnTokens(len(facts["columns"]), self.width)
        self.dropout = nn.Dropout(config.dropout)

    @classmethod
    def settings(cls, config: Config, prepare: Prepare) -> Prepare:
        if config.from_scratch:
            return prepare
        folder = _folder(config)
        most = positions_of(read_architecture(folder))
        limit = prepare.max_tokens or LONGEST
        update = {"tokenizer": str(folder / "tokenizer.json"), "max_tokens": min(limit, most or limit)}
        return prepare.model_copy(update=update)

    @classmethod
    def learn(cls, config: Config, facts: Mapping[str, Any]) -> dict[str, Any]:
        if config.from_scratch:
            network = scratch_architecture(config.model, config.size, int(facts["vocabulary"]), int(facts["length"]))
            how = causal_or_mean(network) if config.pooling == "auto" else config.pooling
            return {"network": network, "pooling": how, "source": {"name": config.model, "digest": None}}
        folder = _folder(config)
        network = read_architecture(folder)
        known = int(network.get("vocab_size") or facts.get("vocabulary", 0))
        if int(facts.get("vocabulary", 0)) > known:
            what = f"its tokenizer knows {facts['vocabulary']:,} sub-words, its network {known:,}"
            raise InputError(what, where=str(folder), fix="Give the tokenizer.json that the network was trained with")
        how = pooling_of(folder, network) if config.pooling == "auto" else config.pooling
        source = {"name": config.model, "digest": digest_of(folder) if config.pretrained else None}
        return {"network": network, "pooling": how, "source": source}

    def begin(self) -> None:
        if not self.options.pretrained:
            return
        folder = _folder(self.options)
        if self.source.get("digest") not in (None, digest_of(folder)):
            fix = "Start a new run, or put the earlier weights back"
            raise InputError("the weights have changed since the run was planned", where=str(folder), fix=fix)
        load_body(self.body, folder)

    def rates(self) -> dict[str, float]:
        return body_rates(self.body, self.options, "body")

    def train(self, mode: bool = True) -> HfText:
        super().train(mode)
        set_training(self.body, self.options, mode)
        return self

    def before(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """A column at a time, each as long as its own longest text: titles need not be as long as reviews."""
        ids, mask = inputs["ids"], inputs["mask"]
        width, longest = (mask.shape[-1], mask.sum(-1).amax(0).clamp(min=1).tolist()) if len(mask) else (1, [])
        parts = []
        for column, length in enumerate(longest or [1] * mask.shape[1]):
            x = self._vectors(ids[:, column, :length].long(), mask[:, column, :length], skip=True)
            parts.append(F.pad(x, (0, 0, 0, width - length)) if self.options.tokens == "word" else x)
        shown = mask if self.options.tokens == "word" else mask.any(-1, keepdim=True)
        return {"x": torch.stack(parts, 1), "mask": shown}

    def fixed_by(self) -> str:
        return f"{self.how} {self.options.tokens} {self.padding} {self.architecture}"

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        if "x" in inputs:
            x, mask = inputs["x"], inputs["mask"]
        elif self.training:
            x, mask = (self.before(inputs)[name] for name in MADE)
        else:  # all columns at once: no shape may depend on the values where a graph is traced
            shown = inputs["mask"]
            flat = self._vectors(inputs["ids"].long().flatten(0, 1), shown.flatten(0, 1), skip=False)
            x, mask = flat, (shown if self.options.tokens == "word" else shown.any(-1, keepdim=True))
        tokens: Tokens = self.columns(self.dropout(x.reshape(-1, *x.shape[-2:])), mask.flatten(0, 1))
        return tokens

    def _vectors(self, ids: Tensor, mask: Tensor, skip: bool) -> Tensor:
        """ids int64 [N, L], mask bool [N, L] → [N, 1, D], or [N, L, D] of every sub-word."""
        ids = self._hidden(torch.where(mask, ids, self.padding), mask)
        length = 1 if self.options.tokens == "column" else ids.shape[1]
        return on_present(self._read, mask.any(1), (length, self.width), ids, mask, skip=skip)

    def _hidden(self, ids: Tensor, mask: Tensor) -> Tensor:
        """A share of the sub-words of a text hidden in training (Iyyer et al. 2015)."""
        share = self.options.word_dropout
        if not self.training or share == 0:
            return ids
        return ids.masked_fill((torch.rand(ids.shape, device=ids.device) < share) & mask, self.unknown)

    def _read(self, ids: Tensor, mask: Tensor) -> Tensor:
        said: Tensor = self.body(input_ids=ids, attention_mask=real_prefix(mask).long()).last_hidden_state
        return pooled(said, mask, self.how).unsqueeze(1) if self.options.tokens == "column" else said.float()


def _folder(config: HfText.Config) -> Path:
    """
    Raises:
        InputError: when the model is not on this machine.
    """
    try:
        return locate(config.model).folder
    except InputError as error:
        if config.model not in ARCHITECTURES:
            raise
        fix = f"{error.fix}; pretrained: false with tune: full trains a small {config.model} from scratch"
        raise InputError(error.what, fix=fix) from None


def positions_of(network: Mapping[str, Any]) -> int | None:
    """Sub-words that an architecture has positions for; None where it has no such limit."""
    most = network.get("max_position_embeddings") or network.get("n_positions")
    if not most or int(most) <= 0:
        return None
    shifted = network.get("model_type") in SHIFTED
    return int(most) - (int(network.get("pad_token_id") or 0) + 1 if shifted else 0)
