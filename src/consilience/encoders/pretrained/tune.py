"""How much of a pretrained network trains, and how fast: shared by encoders of text, images and sound.

| tune | what trains | when |
|---|---|---|
| frozen | nothing of the body; its output is computed once a row and kept in the cache | few rows, slow processor |
| head | nothing of the body, but it runs in every step, so that augmentation and dropout reach it | few rows, time |
| last_n | the last blocks and what follows them | middle |
| lora | small matrices beside every linear layer (Hu et al. 2022, LoRA, arXiv 2106.09685) | little memory |
| full | everything, slowly, lower layers slower still where asked | many rows |

Lower layers learn slower by a constant factor a block: layer-wise decay (Howard & Ruder 2018, ULMFiT, arXiv 1801.06146;
Clark et al. 2020, ELECTRA, arXiv 2003.10555).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from consilience.core.errors import InputError, MissingExtraError
from consilience.encoders.base import Encoder

RATES = {"frozen": 1.0, "head": 1.0, "last_n": 0.025, "lora": 0.15, "full": 0.02}
"""Factor of the recipe's learning rate for a body of LARGE parameters: 2e-3 becomes 4e-5 (full), 5e-5 (last_n) and 3e-4
(lora)."""
LARGE, MOST = 100e6, 5.0
"""A smaller body learns faster in proportion, up to MOST times: on the validation rows of SST-2, MiniLM (22 million)
was best at 4 to 10 times the usual rates of BERT, fully tuned and with adapters alike."""
ADAPTER = "default"
BASE = ".base_layer."
"""What peft puts into the names of the weights that an adapter stands beside."""


class TuneConfig(Encoder.Config):
    """Abstract. Options of every encoder with a pretrained body."""

    pretrained: bool = True
    """Begin with the weights that the model was saved with; False: the same architecture from scratch."""
    tune: Literal["frozen", "head", "last_n", "lora", "full"] = "frozen"
    """What of the body trains: nothing, its output cached (frozen); nothing, run anew in every step (head); the last
    blocks (last_n); small matrices beside its layers (lora); everything (full)."""
    last: int = Field(2, ge=1)
    """Blocks that `last_n` trains."""
    lora_rank: int = Field(8, ge=1, le=512)
    """Rank of the matrices that `lora` trains."""
    lora_alpha: float = Field(16.0, gt=0)
    """Scale of what they add: lora_alpha / lora_rank."""
    rate: float | None = Field(None, gt=0)
    """Factor of the learning rate for the body; by `tune` and size when None: of a BERT 2e-3 becomes 4e-5 (full) or
    3e-4 (lora), of a network of 20 million parameters five times as much."""
    layer_decay: float = Field(1.0, gt=0, le=1)
    """Factor of the learning rate from each block to the one below it."""
    checkpointing: bool = False
    """Compute the blocks again in the backward pass: less memory, a third more time."""


def check_tune(options: TuneConfig, name: str) -> None:
    """
    Raises:
        InputError: when a network that was never trained is to stay as it is.
    """
    if not options.pretrained and options.tune != "full":
        raise InputError(
            f"tune: {options.tune} of a network that begins at random numbers",
            where=f"encoder {name!r}",
            fix="Set pretrained: true or tune: full",
        )


def prepare_body(body: nn.Module, options: TuneConfig) -> None:
    """Freeze what does not train and put in what trains beside it; call it once, before the weights are loaded.

    Raises:
        InputError: when `last` asks for more blocks than there are.
        MissingExtraError: when peft is not installed and `tune` is lora.
    """
    if options.tune == "full":
        return
    body.requires_grad_(False)
    if options.tune == "last_n":
        for parameter in _from_block(body, options.last):
            parameter.requires_grad_(True)
    if options.tune == "lora":
        _add_adapters(body, options)


def set_training(body: nn.Module, options: TuneConfig, training: bool) -> None:
    """The body's mode: frozen, it stays in evaluation mode; else its own dropout and statistics follow."""
    body.train(training and options.tune != "frozen")


def body_rates(body: nn.Module, options: TuneConfig, prefix: str) -> dict[str, float]:
    """Parameter name (with `prefix`) → factor of the learning rate, of every parameter of the body that trains.

    A body from scratch learns at the rate of `lora`, its lower blocks no slower than the rest.
    """
    size = sum(p.numel() for name, p in body.named_parameters() if ".lora_" not in name)
    small = min(MOST, max(1.0, LARGE / max(size, 1))) if options.tune in ("last_n", "lora", "full") else 1.0
    default = RATES[options.tune] * small if options.pretrained else RATES["lora"]
    rate = options.rate if options.rate is not None else default
    names = [name for name, parameter in body.named_parameters() if parameter.requires_grad]
    if options.layer_decay == 1:
        return {f"{prefix}.{name}": rate for name in names}
    return {f"{prefix}.{name}": rate * options.layer_decay**below for name, below in _depths(body, names).items()}


def fill(body: nn.Module, weights: Mapping[str, Tensor], where: str) -> None:
    """Copy a saved model's weights into the body, adapters or not.

    Raises:
        InputError: when a weight is missing or of another shape.
    """
    own = body.state_dict()
    for name, live in own.items():
        if ".lora_" in name:
            continue
        saved = weights.get(name.replace(BASE, "."))
        if saved is None or saved.shape != live.shape:
            found = "is missing" if saved is None else f"has shape {tuple(saved.shape)}, not {tuple(live.shape)}"
            raise InputError(
                f"the weight {name.replace(BASE, '.')!r} {found}", where=where, fix="Is the folder complete?"
            )
        with torch.no_grad():
            live.copy_(saved)


def blocks_of(body: nn.Module) -> tuple[str, list[nn.Module]]:
    """Name and members of the longest run of equal blocks: the layers of a transformer, the stages of a network.

    Raises:
        InputError: when the network has no such run.
    """
    best: tuple[str, list[nn.Module]] = ("", [])
    for name, module in body.named_modules():
        if isinstance(module, (nn.ModuleList, nn.Sequential)):
            members = list(module)
            if len(members) > len(best[1]) and len({type(member) for member in members}) == 1:
                best = (name, members)
    if not best[1]:
        raise InputError(
            f"{type(body).__name__} has no list of blocks", where="tune", fix="Use tune: full, or layer_decay: 1"
        )
    return best


def _from_block(body: nn.Module, last: int) -> list[nn.Parameter]:
    """Parameters of the last blocks and of what is registered after them (a closing norm)."""
    name, blocks = blocks_of(body)
    if last > len(blocks):
        raise InputError(f"last: {last} of {len(blocks)} blocks", where="tune: last_n", fix=f"At most {len(blocks)}")
    chosen = {id(p) for block in blocks[-last:] for p in block.parameters()}
    found, begun = [], False
    for parameter_name, parameter in body.named_parameters():
        inside = parameter_name.startswith(f"{name}.")
        begun = begun or inside
        if id(parameter) in chosen or (begun and not inside):
            found.append(parameter)
    return found


def _depths(body: nn.Module, names: list[str]) -> dict[str, int]:
    """Parameter name → number of steps of `layer_decay`: 0 after the blocks, 1 in the last, one more a block below."""
    prefix, blocks = blocks_of(body)
    every = [name for name, _ in body.named_parameters()]
    first = next(i for i, name in enumerate(every) if name.startswith(f"{prefix}."))
    place = {name: i for i, name in enumerate(every)}
    depths = {}
    for name in names:
        if name.startswith(f"{prefix}."):
            depths[name] = len(blocks) - int(name.removeprefix(f"{prefix}.").split(".")[0])
        else:
            depths[name] = len(blocks) + 1 if place[name] < first else 0
    return depths


def _add_adapters(body: nn.Module, options: TuneConfig) -> None:
    if find_spec("peft") is None:
        raise MissingExtraError("peft", "pretrained", "tune: lora")
    from peft import LoraConfig, inject_adapter_in_model

    linear = [name for name, module in body.named_modules() if isinstance(module, nn.Linear)]
    turned = [name for name, module in body.named_modules() if type(module).__name__ == "Conv1D"]  # GPT-2's linear
    if not linear and not turned:
        raise InputError(f"{type(body).__name__} has no linear layer", where="tune: lora", fix="Use tune: full")
    settings: dict[str, Any] = {"r": options.lora_rank, "lora_alpha": options.lora_alpha, "lora_dropout": 0.0}
    with warnings.catch_warnings():  # peft warns of kinds of layers that it then treats rightly
        warnings.simplefilter("ignore")
        config = LoraConfig(target_modules=[*linear, *turned], fan_in_fan_out=bool(turned), **settings)
        inject_adapter_in_model(config, body, adapter_name=ADAPTER)
