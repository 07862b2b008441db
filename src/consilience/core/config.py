"""Frozen, typo-proof configuration blocks; a block with a registry name becomes the Config of the named class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from consilience.core.errors import InputError, nearest

C = TypeVar("C", bound=BaseModel)


class Config(BaseModel):
    """A frozen block of choices. An unknown field is an error that names the nearest known one."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Choice(Config):
    """`{"type": name, ...options}`: the options are checked against the named class's `Config` when built."""

    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)

    type: str
    """Name in the registry."""

    @property
    def options(self) -> dict[str, Any]:
        return dict(self.model_extra or {})

    def configured(self, kind: str) -> tuple[Any, Any]:
        """The registered class and its validated Config."""
        from consilience.core.registry import get, preset_options

        component = get(kind, self.type)
        options = {**preset_options(kind, self.type), **self.options}
        return component, validate(component.Config, options, f"{kind} {self.type!r}")

    def complete(self, kind: str) -> Choice:
        """The same choice with every option written out, defaults included."""
        _, config = self.configured(kind)
        return Choice(type=self.type, **config.model_dump(mode="json"))

    def build(self, kind: str, *facts: Any) -> Any:
        """`Component(config, *facts)`: training and loading rebuild a component with this one call."""
        component, config = self.configured(kind)
        return component(config, *facts)


def validate(block: type[C], values: Mapping[str, Any], where: str) -> C:
    """Validate `values` as `block`; a failure is one InputError line with path, value received and nearest name.

    Raises:
        InputError: on an unknown field, a wrong type or a value out of range.
    """
    try:
        return block.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(p) for p in first["loc"])
        if first["type"] == "extra_forbidden":
            raise InputError(
                f"unknown field {path!r} (value {first['input']!r})",
                where=where,
                fix=nearest(str(first["loc"][-1]), _fields(block, first["loc"][:-1])),
            ) from None
        received = f"received {first['input']!r}" if first["type"] != "missing" else "nothing was received"
        raise InputError(f"field {path!r}: {first['msg']}; {received}", where=where) from None


def _fields(block: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Field names of the nested block that `path` leads to."""
    current: Any = block
    for step in path:
        field = getattr(current, "model_fields", {}).get(step)
        if field is None:
            continue  # a key of a mapping: the block is the mapping's value type
        current = _inner_block(field.annotation)
    return list(getattr(current, "model_fields", {}))


def _inner_block(annotation: Any) -> Any:
    """The Config class inside `X`, `X | None`, `dict[str, X]` or `list[X]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _inner_block(argument)
        if found is not None:
            return found
    return None
