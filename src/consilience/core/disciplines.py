"""Which groups of columns make up a discipline: radiology, the record, the note."""

from __future__ import annotations

from consilience.core.recipe import Recipe


def disciplines_of(recipe: Recipe) -> dict[str, tuple[str, ...]]:
    """Discipline → its groups, in the recipe's order; of a resolved recipe.

    Every group belongs to one discipline. A discipline of several modalities has a group for each, since an encoder
    reads one modality. Groups outside the named disciplines (all, by default) are a discipline each.
    """
    found: dict[str, list[str]] = {}
    home = {column: name for name, columns in recipe.disciplines.items() for column in columns}
    for name, group in recipe.groups.items():
        found.setdefault(home.get(group.columns[0], name), []).append(name)
    return {name: tuple(groups) for name, groups in found.items()}
