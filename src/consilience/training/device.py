"""Device, precision and threads, through Lightning Fabric."""

from __future__ import annotations

import logging
import warnings
from datetime import timedelta
from typing import Any

import torch

from consilience.core.config import Choice
from consilience.core.recipe import Recipe, Train
from consilience.core.registry import get
from consilience.training.nodes import fabric_options, launched


def make_fabric(recipe: Recipe) -> Any:
    """A launched Fabric for one process and device, on the threads the recipe asks for.

    With `train.devices` > 1 this process is one of several, and the environment says which (see `training.team`,
    and `training.nodes` where `torchrun` started it).
    """
    with warnings.catch_warnings():  # its imports warn of their own deprecations, which no user can act on
        warnings.simplefilter("ignore")
        from lightning_fabric import Fabric
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    if recipe.train.threads:
        torch.set_num_threads(recipe.train.threads)
    precision: Any = "bf16-mixed" if chosen_precision(recipe) == "bf16" else "32-true"
    device = recipe.train.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    options: dict[str, Any] = {"devices": recipe.train.devices}
    if launched() > 1:
        options = fabric_options()
    elif recipe.train.devices > 1:
        options |= _together()
    fabric = Fabric(accelerator=device, precision=precision, **options)
    fabric.launch()
    return fabric


def _together() -> dict[str, Any]:
    """Options of a Fabric whose processes are started by `training.team`."""
    from lightning_fabric.plugins.environments.lightning import LightningEnvironment
    from lightning_fabric.strategies.ddp import DDPStrategy

    # the first process fits references and evaluates between two networks, while the others wait
    return {"strategy": DDPStrategy(timeout=timedelta(days=7)), "plugins": [LightningEnvironment()]}


def chosen_precision(recipe: Recipe) -> str:
    """bf16 or fp32; `auto` takes bfloat16 for convolutions, and for large bodies that are trained, where the processor
    multiplies it in hardware."""
    settings: Train = recipe.train
    if settings.precision != "auto":
        return settings.precision
    if not any(_multiplies(group.encoder) for group in recipe.groups.values() if group.encoder):
        return "fp32"
    if settings.device in ("auto", "cuda") and torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    return "bf16" if cpu_has_bf16() else "fp32"


def _multiplies(chosen: Choice) -> bool:
    """True where an encoder's work in training is products of matrices large enough for bfloat16 to pay."""
    encoder = get("encoder", chosen.type)
    return bool(encoder.convolves or (encoder.costly and chosen.options.get("tune") != "frozen"))


def cpu_has_bf16() -> bool:
    """True where the processor multiplies bfloat16 tiles (AMX).

    AVX-512 BF16 alone does not pay: small convolutions were measured 1.3 times slower with it than in float32.
    """
    test = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return bool(test and test())
