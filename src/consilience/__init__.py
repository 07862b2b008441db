"""Consilience: one table of mixed data in, one fused model out, and what joining the sources brought.

Public names are loaded on first use (PEP 562): importing the package costs nothing and loads no torch.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

_LAZY = {
    "Bundle": "consilience.artifacts.bundle:Bundle",
    "InputError": "consilience.core.errors:InputError",
    "Model": "consilience.model:Model",
    "MultimodalClassifier": "consilience.estimators:MultimodalClassifier",
    "MultimodalRegressor": "consilience.estimators:MultimodalRegressor",
    "Recipe": "consilience.core.recipe:Recipe",
    "DataWarning": "consilience.model:DataWarning",
    "check": "consilience.evaluation.checks.look:check_run",
    "design": "consilience.api:design",
    "distill": "consilience.api:distill",
    "fit": "consilience.api:fit",
    "inspect": "consilience.data.inspection:inspect",
    "load": "consilience.model:load",
    "models": "consilience.api:models",
    "prune": "consilience.api:prune",
    "register_encoder": "consilience.encoders.module:register_encoder",
    "resume": "consilience.api:resume",
    "resume_search": "consilience.api:resume_search",
    "search": "consilience.api:search",
}
__all__ = list(_LAZY)


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from consilience.core.registry import load as load_target

        return load_target(_LAZY[name])
    raise AttributeError(f"module 'consilience' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


class _Package(ModuleType):
    """The first use of `search` imports the package of that name, and Python would then put it in the function's place:
    a second `consilience.search(...)` would call a module."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _LAZY and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
