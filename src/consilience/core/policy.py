"""The defaults, as data: what a field left at None becomes, given the table's shape and the effort.

The figures come from the benchmarks in `benchmarks/`; nothing here looks at a column's name or a file's name.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from consilience.core.box_policy import box_training
from consilience.core.config import Choice
from consilience.core.effort import ENCODER_OPTIONS
from consilience.core.errors import InputError, nearest
from consilience.core.recipe import Group, Recipe
from consilience.core.registry import get, names
from consilience.core.text_policy import fit_to_kind

DEFAULT_ENCODER = {
    "audio": "mel_audio",
    "category": "category_embed",
    "date": "cyclic_date",
    "image": "conv_image",
    "number": "number_periodic",
    "sequence": "conv_sequence",
    "series": "conv_series",
    "text": "conv_text",
    "video": "frames_video",
}
"""Of a modality that is not here (another package's), the first of the encoders that are registered for it."""
APART = frozenset({"sequence"})
"""Modalities whose columns get a group each: a drug and the protein it meets are two sources, in two alphabets."""
MOST_APART = 6
"""Columns of such a modality beyond which they share one group after all."""
WIDTH = {1: 32, 2: 64, 3: 96, 4: 128, 5: 256}
IMAGE_SIZE = {1: 28, 2: 48, 3: 64, 4: 96, 5: 128}
FRAMES = {1: 4, 2: 6, 3: 8, 4: 12, 5: 16}
"""Frames kept of a video."""
SAMPLES = {1: 60_000, 2: 150_000, 3: 330_000, 4: 1_200_000, 5: 4_000_000}
"""Rows seen in training, all epochs together, before the bounds below."""
SEEN_BY_CONVOLUTIONS = {3: 2.0, 4: 2.0, 5: 2.0}
"""Times as many where pictures or sounds are convolved: MNIST, 54,000 rows, 10 epochs 99.45 %, 12 epochs 99.52 %."""
EPOCHS = {1: (1, 12), 2: (3, 18), 3: (6, 25), 4: (8, 50), 5: (12, 100)}
"""Least and most epochs."""
TEXT_EPOCHS = {1: 2, 2: 4, 3: 6, 4: 10, 5: 16}
"""Most epochs of a table with texts: embeddings from scratch learn a few thousand texts by heart soon after."""
TEXT_SAMPLES = {1: 16_000, 2: 32_000, 3: 64_000, 4: 128_000, 5: 250_000}
"""Rows seen in training, all epochs together, that a small table with texts gets all the same."""
REPEATED = 4
"""Times as many rows are seen in training where sequences repeat (molecules × proteins): what is learned is how few
cells act on each other, and a step costs little, as cells that were met are remembered. Twice the epochs at most."""
REPEATED_OPTIONS = {"conv_sequence": {"dropout": 0.1}, "kmer_sequence": {"dropout": 0.1}}
"""Encoder options of such tables: every cell is met in hundreds of rows, and there is little to learn by heart."""
REPEATED_WIDTH = 128
"""Least width of such tables: a pair of cells is told by products of many directions (0.264 → 0.242 from 64 on)."""
REPEATED_RATE = 2.0
"""Factor of the learning rate of such tables (0.242 → 0.232 squared error on a validation fold of Davis)."""
LEAST_STEPS = {1: 200, 2: 400, 3: 800, 4: 1_500, 5: 3_000}
"""Optimiser steps that a few hundred rows get too, in at most 100 epochs."""
SEEN_STEPS, SEEN_BELOW = {1: 600, 2: 600}, 500
"""The same, in at most 200 epochs, below so many rows of pictures, sounds or videos without texts. Held-out rows of the
training part at effort 1, one seed: 300 rows of USPS 0.84 → 0.94 (12 → 40 epochs); 60 rows 0.77 → 0.86 (67 → 200)."""
ENSEMBLE_BELOW = 10_000
"""Labelled training rows under which a table with texts gets three networks (a fold): seeds differ most there."""
MOST_SAMPLES = {1: 1_000_000, 2: 2_000_000, 3: 6_000_000, 4: 12_000_000, 5: 20_000_000}
"""Rows seen in training that even the least epochs do not pass: millions of rows need few epochs."""
SEEDS = 3
"""Networks of a table with several disciplines, from effort 3 on: what joining brought is not judged by one seed."""
SEED_SHARE = {True: 1 / 3, False: 0.5}
"""Share of a single network's epochs that each of them gets, with texts and without: their mean is as good."""
FOLDS_BELOW = 1_000
"""Labelled training rows under which one network a fold is trained and averaged."""
PATIENCE = 0.3
"""Share of the epochs that may pass without gain."""
UNSTOPPED = 20
"""Epochs up to which pictures and sounds without texts are seen to the end. MNIST, 10 epochs: stopped after the seventh
99.34 %, as the fourth could not be told from better ones."""
BATCH = ((400, 16), (2_000, 32), (10_000, 64), (40_000, 128))
"""(rows below, batch size); 256 above."""


class Shape(NamedTuple):
    """What the policy may know of the data: labelled training rows, column → modality, the task's kind, and whether
    every sequence column holds few distinct cells for its rows."""

    rows: int
    modalities: Mapping[str, str]
    kind: str
    repeated: bool = False


def resolve(recipe: Recipe, shape: Shape) -> Recipe:
    """The recipe with every field filled: it can be written, edited and given back.

    Raises:
        InputError: when a group or encoder names an unknown column, modality or component.
    """
    recipe = fit_to_kind(recipe, shape.modalities, shape.kind)
    groups = {
        name: group.model_copy(update={"encoder": _encoder(recipe, name, group, shape.repeated)})
        for name, group in make_groups(recipe, shape.modalities).items()
    }
    fusion = recipe.fusion.complete("fusion")
    if recipe.train.dropout is not None and "dropout" not in recipe.fusion.options:
        fusion = Choice(**{**fusion.model_dump(), "dropout": recipe.train.dropout})
    if fusion.type == "auto" and len(groups) == 1:  # nothing to choose between: one group, one candidate
        fusion = Choice(**{**fusion.model_dump(), "candidates": ["concat"]})
    return recipe.model_copy(
        update={
            "groups": groups,
            "encoders": {},
            "columns": dict(shape.modalities),
            "fusion": fusion,
            "width": recipe.width or max(WIDTH[recipe.effort], REPEATED_WIDTH if shape.repeated else 0),
            "split": recipe.split.model_copy(update={"folds": recipe.split.folds or _folds(recipe, shape, groups)}),
            "prepare": recipe.prepare.model_copy(
                update={
                    "image_size": recipe.prepare.image_size or IMAGE_SIZE[recipe.effort],
                    "frames": recipe.prepare.frames or FRAMES[recipe.effort],
                }
            ),
            "train": _train(recipe, shape, groups),
        }
    )


def make_groups(recipe: Recipe, modalities: Mapping[str, str]) -> dict[str, Group]:
    """The user's groups first, then one group for each discipline and modality of the columns left over."""
    groups: dict[str, Group] = {}
    taken: dict[str, str] = {}
    home = _home(recipe, modalities)
    for name, group in recipe.groups.items():
        for column in group.columns:
            if column not in modalities:
                raise InputError(f"unknown column {column!r}", where=f"groups.{name}", fix=nearest(column, modalities))
            if column in taken:
                raise InputError(f"column {column!r} is in group {taken[column]!r} too", where=f"groups.{name}")
            taken[column] = name
        found = {group.modality or modalities[c] for c in group.columns}
        if len(found) != 1:
            raise InputError(
                f"columns of several modalities: {', '.join(sorted(found))}",
                where=f"groups.{name}",
                fix="A group holds one modality; set `modality` or make two groups",
            )
        if len({home.get(column) for column in group.columns}) > 1:
            raise InputError(
                f"its columns are in several disciplines: {', '.join(map(repr, group.columns))}",
                where=f"groups.{name}",
                fix="A discipline holds whole groups; make a group for each discipline",
            )
        groups[name] = group.model_copy(update={"modality": found.pop()})
    rest: dict[tuple[str, str, str], list[str]] = {}
    left = {column: modality for column, modality in modalities.items() if column not in taken}
    counts = Counter(left.values())
    for column, modality in left.items():
        apart = modality in APART and 1 < counts[modality] <= MOST_APART
        rest.setdefault((home.get(column, ""), modality, column if apart else ""), []).append(column)
    for (discipline, modality, own), columns in sorted(rest.items()):
        several = sum(d == discipline for d, _, _ in rest) > 1
        kind = own or modality
        name = kind if not discipline else f"{discipline} {kind}" if several else discipline
        name = name if name not in groups else f"{name}_other"
        groups[name] = Group(columns=tuple(columns), modality=modality)
    return groups


def _home(recipe: Recipe, modalities: Mapping[str, str]) -> dict[str, str]:
    """Column → discipline."""
    home: dict[str, str] = {}
    for name, columns in recipe.disciplines.items():
        for column in columns:
            if column not in modalities:
                where, fix = f"disciplines.{name}", nearest(column, modalities)
                raise InputError(f"unknown column {column!r}, or one that is left out", where=where, fix=fix)
            if column in home:
                raise InputError(f"column {column!r} is in {home[column]!r} too", where=f"disciplines.{name}")
            home[column] = name
    return home


def _encoder(recipe: Recipe, name: str, group: Group, repeated: bool) -> Choice:
    modality = str(group.modality)
    for key in recipe.encoders:
        if key not in {*names("modality"), *recipe.groups}:
            raise InputError(
                f"unknown modality or group {key!r}",
                where="encoders",
                fix=nearest(key, {*names("modality"), *recipe.groups}),
            )
    chosen = group.encoder or recipe.encoders.get(name) or recipe.encoders.get(modality)
    kind = chosen.type if chosen else _default_encoder(modality)
    component = get("encoder", kind)
    if component.modality != modality:
        raise InputError(
            f"encoder {kind!r} reads {component.modality}, the group's modality is {modality}",
            where=f"groups.{name}.encoder",
        )
    options: dict[str, Any] = dict(ENCODER_OPTIONS.get(kind, {}).get(recipe.effort, {}))
    options |= REPEATED_OPTIONS.get(kind, {}) if repeated else {}
    fields = component.Config.model_fields
    if recipe.train.dropout is not None and "dropout" in fields:
        options["dropout"] = recipe.train.dropout
    if not recipe.train.augment and "augment" in fields:
        options["augment"] = False
    return Choice(**{"type": kind, **options, **(chosen.options if chosen else {})}).complete("encoder")


def _default_encoder(modality: str) -> str:
    """
    Raises:
        InputError: when no encoder reads the modality.
    """
    if modality in DEFAULT_ENCODER:
        return DEFAULT_ENCODER[modality]
    readers = [name for name in names("encoder") if get("encoder", name).modality == modality]
    if not readers:
        raise InputError(
            f"no encoder reads {modality!r}", where="encoders", fix="Register one whose `modality` is this name"
        )
    return readers[0]


def _costly(groups: Mapping[str, Group]) -> bool:
    """True where an encoder is so large that one network is work enough, to train and to serve."""
    return any(get("encoder", group.encoder.type).costly for group in groups.values() if group.encoder)


def _folds(recipe: Recipe, shape: Shape, groups: Mapping[str, Group]) -> int:
    if _costly(groups):
        return 1
    return 5 if shape.rows < FOLDS_BELOW and recipe.effort >= 3 else 1


def _networks(recipe: Recipe, shape: Shape, groups: Mapping[str, Group], convolves: bool) -> int:
    if _costly(groups):
        return 1
    folded = convolves or any(get("encoder", g.encoder.type).folded for g in groups.values() if g.encoder)
    if folded and (recipe.split.folds or _folds(recipe, shape, groups)) > 1:
        return 1  # five folds of networks that see images, hear recordings or read series are work enough
    below = ENSEMBLE_BELOW if "text" in shape.modalities.values() else FOLDS_BELOW
    return 3 if shape.rows < below and recipe.effort >= 3 else 1


def _for_seeds(recipe: Recipe, shape: Shape, groups: Mapping[str, Group]) -> bool:
    """True where one network would do, but the verdict on joining asks for several trainings."""
    folds = recipe.split.folds or _folds(recipe, shape, groups)
    homes = {column: name for name, columns in recipe.disciplines.items() for column in columns}
    disciplines = {homes.get(group.columns[0], name) for name, group in groups.items()}
    if shape.kind == "text":
        return False
    return len(disciplines) > 1 and not _costly(groups) and folds == 1 and recipe.effort >= 3


def _epochs(recipe: Recipe, shape: Shape, batch: int, convolves: bool) -> int:
    low, high = EPOCHS[recipe.effort]
    rows = max(shape.rows, 1)
    if "text" in shape.modalities.values():
        high = min(high, max(TEXT_EPOCHS[recipe.effort], TEXT_SAMPLES[recipe.effort] // rows))
    low = max(1, min(low, MOST_SAMPLES[recipe.effort] // rows))
    samples: float = SAMPLES[recipe.effort] * (REPEATED if shape.repeated else 1)
    samples *= SEEN_BY_CONVOLUTIONS.get(recipe.effort, 1.0) if convolves else 1.0
    high *= 2 if shape.repeated else 1
    epochs = max(low, min(high, round(samples / rows)))
    least, most = LEAST_STEPS[recipe.effort], 100
    if convolves and rows < SEEN_BELOW and "text" not in shape.modalities.values():
        least, most = max(least, SEEN_STEPS.get(recipe.effort, 0)), 200 if recipe.effort in SEEN_STEPS else 100
    return max(epochs, min(most, -(-least // -(-rows // batch))))


def _train(recipe: Recipe, shape: Shape, groups: Mapping[str, Group]) -> Any:
    train = recipe.train
    batch = train.batch_size or next((size for below, size in BATCH if shape.rows < below), 256)
    convolves = any(get("encoder", g.encoder.type).convolves for g in groups.values() if g.encoder)
    patience = max((getattr(get("objective", o.type), "patience", 1) for o in recipe.objectives), default=1)
    epochs = _epochs(recipe, shape, batch, convolves) * patience
    if shape.kind == "boxes":
        return box_training(recipe, shape.rows)
    networks = _networks(recipe, shape, groups, convolves)
    if networks == 1 and train.networks is None and _for_seeds(recipe, shape, groups):
        fewer = round(epochs * SEED_SHARE["text" in shape.modalities.values()])
        if fewer >= 1:
            networks, epochs = SEEDS, fewer
    epochs = train.epochs or epochs
    return train.model_copy(
        update={
            "epochs": epochs,
            "networks": train.networks or networks,
            "batch_size": batch,
            "learning_rate": train.learning_rate or _learning_rate(train.optimizer, batch, convolves, shape.repeated),
            "early_stopping": train.early_stopping or _patience(epochs, convolves, shape),
            "average": train.average or "ema",
        }
    )


def _patience(epochs: int, convolves: bool, shape: Shape) -> int:
    """Evaluations without gain until the training ends. Pictures and sounds, changed at random in every epoch, are not
    learned by heart in a few; the last epochs, where the rate falls, bring the most."""
    if convolves and "text" not in shape.modalities.values() and epochs <= UNSTOPPED:
        return epochs
    return usual_patience(epochs)


def usual_patience(epochs: int) -> int:
    """The same where nothing else is known."""
    return max(3, round(epochs * PATIENCE))


def _learning_rate(optimizer: str, batch: int, convolves: bool, repeated: bool) -> float:
    if optimizer == "sgd":
        return 0.1
    base = (4e-3 if convolves else 2e-3) * (REPEATED_RATE if repeated else 1)
    return round(base * min(1.0, math.sqrt(batch / 128)), 6)
