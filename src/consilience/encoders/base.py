"""What an encoder is: the arrays of one group of columns in, tokens out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from torch import Tensor, nn

from consilience.core.config import Config as Block
from consilience.core.tokens import Tokens

if TYPE_CHECKING:
    from consilience.core.recipe import Prepare


class Trunk(NamedTuple):
    """A part that convolves. example: tensors of two rows. run: what it makes of them, [N, T, D]; D must stay."""

    example: tuple[Tensor, ...]
    run: Callable[..., Tensor]


class Encoder(nn.Module):
    """Abstract. Built as `Encoder(config, facts)` with `facts` of the group's modality.

    inputs: the modality's arrays as tensors (`{"value": [B, C], "mask": [B, C]}` for numbers, and so on); the
    forward pass casts integers itself. Returns Tokens in the encoder's own `width`.
    Contract (tests/contracts): rows are independent, values under a False mask and padding never matter, every
    parameter gets a gradient, save and load are equal, ONNX export gives equal numbers, batch of one row works.
    """

    modality: ClassVar[str]
    """Name of the modality whose arrays this encoder reads."""
    convolves: ClassVar[bool] = False
    """True where bfloat16 and channels_last pay (two-dimensional convolutions)."""

    folded: ClassVar[bool] = False
    """True where one network a fold is work enough: the policy then plans no several seeds of each."""

    costly: ClassVar[bool] = False
    """True where one network is work enough: the policy then plans neither folds nor several seeds."""

    channel_tokens: ClassVar[bool] = False
    """True where token k tells of channel k of the group's first column: a forecast then reads each channel's own."""

    adapts: ClassVar[int] = 0
    """Most training rows whose arrays `adapt` wants to see before a training begins; 0 = none."""

    class Config(Block):
        """Options; nested in the class it configures."""

    width: int
    fixed: bool = False
    """True where the costly first part never changes in training: `before` is computed once a row, into the cache."""

    narrowed: bool = False
    """True where channels were removed (`consilience prune`): its weights come from a bundle or checkpoint only."""

    @classmethod
    def settings(cls, config: Any, prepare: Prepare) -> Prepare:
        """How the cells of its group must be prepared: the recipe's settings, with what this encoder needs (its own
        tokenizer, image size, sampling rate) laid over them.

        Raises:
            InputError: when what the configuration names is not on this machine.
        """
        return prepare

    @classmethod
    def learn(cls, config: Any, facts: Mapping[str, Any]) -> dict[str, Any]:
        """More JSON facts of the group, with which the encoder can be built where its source is absent: the
        architecture of a pretrained network, for example. Asked once, when a run is planned."""
        return {}

    def begin(self) -> None:
        """Load what was learned elsewhere: called once, before a training begins; never where a bundle is loaded."""

    def adapt(self, inputs: dict[str, Tensor]) -> None:
        """Set buffers that depend on the data (a centre, directions) from up to `adapts` training rows, evenly spaced:
        called once, before a training begins. They are saved with the weights; a resumed training loads them."""

    def before(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """With `fixed`: the arrays [B, …] of the unchanging part, "mask" among them, that `forward` takes in place of
        the modality's arrays."""
        return inputs

    def fixed_by(self) -> str:
        """What the output of `before` depends on beside arrays and weights: options, and facts that change it."""
        return ""

    def trunk(self) -> Trunk | None:
        """The part whose channels can be removed; None where there is none."""
        return None

    def rates(self) -> dict[str, float]:
        """Parameter name → factor of the learning rate; 1.0 where a name is left out."""
        return {}

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        raise NotImplementedError
