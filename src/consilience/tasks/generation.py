"""Generation: the target is a text, which a decoder writes from the tokens of all groups."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from consilience.core.config import Config as Block
from consilience.core.errors import InputError
from consilience.modalities.base import Guess
from consilience.modalities.cells import as_text
from consilience.modalities.text_codes import from_codes, to_codes
from consilience.tasks.answers import Answers
from consilience.tasks.base import Array, Targets
from consilience.tasks.writing.search import Decoding, Signs
from consilience.tasks.writing.vocabulary import from_ids, lengths, to_ids, train_vocabulary

if TYPE_CHECKING:
    from torch import Tensor, nn

LONGEST = 128
"""Most sub-words of a target unless the configuration says more."""
COVERED = 0.98
"""Share of the training targets that are learned whole."""
ROOM = 1.5
"""Characters kept of a target, as a multiple of the longest training target."""
MOST_CHARACTERS = 4_000


@final
class Generation:
    """One text a row. Targets are sub-word ids and, beside them, the characters that metrics compare with.

    Facts: tokenizer (JSON), vocabulary (its size), length (sub-words, end included), characters (of a text), begin and
    end (ids), never (ids that are not written); with a pretrained decoder also its architecture.
    """

    name: ClassVar[str] = "generation"
    answers: ClassVar[Answers] = Answers(
        no_probabilities="model that writes texts",
        no_bounds="a written text has no set or interval that holds the truth",
        no_shares="texts are not explained: they have no class or value that is shared out",
        no_causes="the model writes texts: it has no class or value whose causes could be shown",
        no_chapters="the target is a text: it has no classes, no unit and no probability",
        chapter="of_texts",
        mixed=False,
    )

    class Config(Block):
        decoder: Literal["cross", "prefix"] = "cross"
        """How the decoder reads a row: by cross-attention to its tokens, or with them as a prefix of the text."""
        pretrained: str | None = None
        """Folder of a pretrained decoder: GPT-2 (with prefix), T5 or BART (with cross). None = trained from scratch."""
        width: int = Field(128, ge=4)
        """Width of a decoder trained from scratch; a multiple of `heads`."""
        depth: int = Field(2, ge=1, le=24)
        """Its transformer blocks."""
        heads: int = Field(4, ge=1)
        """Its attention heads."""
        dropout: float = Field(0.1, ge=0, lt=1)
        """Its dropout."""
        rate: float = Field(0.05, gt=0, le=1)
        """Learning rate of pretrained weights, as a share of `train.learning_rate`."""
        vocabulary: int = Field(8000, ge=64, le=200_000)
        """Largest sub-word vocabulary trained on the training targets."""
        max_length: int | None = Field(None, ge=2, le=2048)
        """Longest target learned and written, sub-words; the 98th percentile of the training rows, at most 128, when
        None."""
        smoothing: float = Field(0.1, ge=0, lt=1)
        """Label smoothing, in the loss only."""
        decoding: Decoding = Decoding()
        """How a text is searched for."""

        @model_validator(mode="after")
        def _divides(self) -> Generation.Config:
            if self.width % self.heads:
                raise ValueError(f"width {self.width} is no multiple of heads {self.heads}")
            return self

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        self.config, self.facts = config, facts
        self.outputs = self.length = int(facts["length"])
        self.kind = "text"
        self.primary = "rouge_l"
        self.picks = "log_loss"
        """Metric that picks checkpoints: the loss a sub-word, plain, on validation rows."""
        self.signs = Signs(int(facts["begin"]), int(facts["end"]), tuple(facts["never"]), self.length)

    @staticmethod
    def score(values: pl.Series) -> Guess:
        """Never chosen by itself: a free text is no target unless the user says so."""
        return Guess(0.0, "texts are written only when asked for: --task generation")

    @staticmethod
    def learn(values: pl.Series) -> dict[str, Any]:
        """Facts: characters kept of a text.

        Raises:
            InputError: when the rows hold fewer than two texts.
        """
        texts = as_text(values).drop_nulls()
        if texts.n_unique() < 2:
            raise InputError(
                f"the training rows hold {texts.n_unique()} distinct texts, at least 2 are needed",
                where=f"target column {values.name!r}",
            )
        longest = int(texts.str.len_chars().max() or 1)  # type: ignore[arg-type]
        return {"characters": min(MOST_CHARACTERS, int(ROOM * longest) + 50)}

    @staticmethod
    def settle(values: pl.Series, config: Config) -> dict[str, Any]:
        """The facts that depend on the configuration: vocabulary, length, special ids."""
        texts = as_text(values).drop_nulls().to_list()
        if config.pretrained is not None:
            from consilience.tasks.writing.pretrained import describe

            facts = describe(Path(config.pretrained), prefix=config.decoder == "prefix")
        else:
            tokenizer = train_vocabulary(texts, config.vocabulary)
            from consilience.modalities.subwords import read_tokenizer

            size = read_tokenizer(tokenizer).get_vocab_size()
            facts = {"tokenizer": tokenizer, "vocabulary": size, "begin": 2, "end": 3, "never": [0, 1, 2]}
        usual = int(np.ceil(np.quantile(lengths(facts["tokenizer"], texts), COVERED))) + 1
        return {**facts, "length": config.max_length or max(2, min(LONGEST, usual))}

    def encode(self, values: pl.Series) -> Targets:
        """Cells → float32 [N, length + characters]: ids + 1 (0 after the end), then characters (`text_codes`); weight
        float32 [N], 0 where missing."""
        text = as_text(values)
        known = text.is_not_null().to_numpy()
        texts = text.fill_null("").to_list()
        ids = to_ids(self.facts["tokenizer"], texts, self.signs.end, self.length)
        codes = to_codes(texts, int(self.facts["characters"]))
        return Targets(np.hstack([(ids + 1).astype(np.float32), codes]), known.astype(np.float32))

    def loss(self, outputs: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Weighted mean over sub-words; outputs float [B, 3] as the decoder gives them in training."""
        return (outputs[:, 0] * weight).sum() / (outputs[:, 2] * weight).sum().clamp_min(1e-8)

    def validation(self, outputs: Array, weight: Array) -> dict[str, float]:
        """Plain loss a sub-word (natural logarithm) from the decoder's outputs [N, 3] where the target was known."""
        return {"log_loss": float((outputs[:, 1] @ weight) / max(float(outputs[:, 2] @ weight), 1e-8))}

    def predictions(self, outputs: Array) -> Array:
        """Ids [N, length] → the texts' characters, float32 [N, characters]."""
        return to_codes(from_ids(self.facts["tokenizer"], outputs, self.signs.end), int(self.facts["characters"]))

    def said(self, predictions: Array) -> Array:
        """The texts, object [N]."""
        return np.array(from_codes(predictions), dtype=object)

    def decode(self, predictions: Array) -> dict[str, Any]:
        """{"prediction": texts [N]}."""
        return {"prediction": self.said(predictions)}

    def decoder(self, width: int) -> nn.Module:
        """The module that reads Fused of this width and writes."""
        options, prefix = self.config, self.config.decoder == "prefix"
        if options.pretrained is not None:
            from consilience.tasks.writing.pretrained import PretrainedDecoder

            made: Any = PretrainedDecoder(width, self.facts, (Path(options.pretrained), options.rate), self.signs)
            made.smoothing = options.smoothing
        else:
            from consilience.tasks.writing.decoder import Size, TextDecoder

            size = Size(int(self.facts["vocabulary"]), options.width, options.depth, options.heads, options.dropout)
            made = TextDecoder(width, size, prefix, self.signs, options.smoothing)
        made.decoding = options.decoding
        return made  # type: ignore[no-any-return]
