"""The networks to train as files, for other processes to read: JSON and safetensors, nothing is pickled."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from consilience.core.config import validate
from consilience.core.files import read_json, write_json
from consilience.core.recipe import Recipe
from consilience.data.features import Features, open_features
from consilience.training.batches import Part, Taught
from consilience.training.loop import Job

FIELDS = ("index", "target", "weight")


def write_jobs(jobs: Sequence[Job], folder: Path) -> None:
    """Jobs of one recipe into an empty folder; parts and features that several of them share are written once.

    Raises:
        InputError: when features lie in memory.
    """
    features: list[Features] = []
    parts: list[Part] = []
    listed = []
    for job in jobs:
        for part in (job.train, job.valid):
            if not any(part.features is known for known in features):
                features.append(part.features)
            if not any(part is known for known in parts):
                parts.append(part)
        place = {"train": _place(parts, job.train), "valid": _place(parts, job.valid)}
        listed.append({"name": job.name, "seed": job.seed, "folder": str(job.folder.resolve()), **place})
    arrays = {f"{name}{i}": np.ascontiguousarray(getattr(p, name)) for i, p in enumerate(parts) for name in FIELDS}
    for i, part in enumerate(parts):
        taught = {} if part.taught is None else part.taught._asdict()
        arrays |= {f"{name}{i}": np.ascontiguousarray(a) for name, a in taught.items() if a is not None}
    save_file(arrays, folder / "parts.safetensors")
    content = {
        "recipe": jobs[0].recipe.model_dump(mode="json"),
        "facts": jobs[0].facts,
        "features": [known.described() for known in features],
        "parts": [_place(features, part.features) for part in parts],
        "jobs": listed,
    }
    write_json(folder / "jobs.json", json.loads(json.dumps(content)))


def read_jobs(folder: Path) -> list[Job]:
    """What `write_jobs` wrote, in the same order."""
    content = read_json(folder / "jobs.json")
    arrays = load_file(folder / "parts.safetensors")
    features = [open_features(described) for described in content["features"]]
    parts = [
        Part(features[number], arrays[f"index{i}"], arrays[f"target{i}"], arrays[f"weight{i}"], _taught(arrays, i))
        for i, number in enumerate(content["parts"])
    ]
    recipe = validate(Recipe, content["recipe"], str(folder / "jobs.json"))
    assert recipe.task is not None, "jobs hold a resolved recipe"
    task = recipe.task.build("task", content["facts"]["task"])
    return [
        Job(
            recipe,
            content["facts"],
            task,
            parts[job["train"]],
            parts[job["valid"]],
            Path(job["folder"]),
            job["name"],
            job["seed"],
        )
        for job in content["jobs"]
    ]


def _taught(arrays: dict[str, Any], part: int) -> Taught | None:
    soft = arrays.get(f"soft{part}")
    return None if soft is None else Taught(soft, arrays.get(f"fused{part}"))


def _place(known: Sequence[Any], wanted: Any) -> int:
    return next(i for i, one in enumerate(known) if one is wanted)
