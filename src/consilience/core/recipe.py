"""Everything the user chose. Nothing learned from data is in here.

A field left at None is filled by `core.policy.resolve` from the table's shape; a resolved recipe is complete and
can be written, edited and given back.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from consilience.core.config import Choice, Config, validate
from consilience.core.errors import InputError


class Group(Config):
    """A named set of columns of one modality that share an encoder."""

    columns: tuple[str, ...]
    """Column names."""
    modality: str | None = None
    """Modality name; detected when None."""
    encoder: Choice | None = None
    """Encoder of the group; the policy's choice when None."""


class Split(Config):
    """How rows are divided into training, validation and test rows."""

    method: Literal["auto", "random", "group", "time", "column"] = "auto"
    """auto: `column` when `column` is set, else `group` when `group` is set, else `time` when `time` is set, else
    random (stratified by class)."""
    column: str | None = None
    """Column holding the names train, valid (or validation, dev) and test."""
    group: str | None = None
    """Column (patient, speaker) whose values never stand on both sides."""
    time: str | None = None
    """Date or number column: later rows are validation, the latest are test."""
    valid: float | None = Field(None, gt=0, lt=0.5)
    """Share of the training rows held out for validation; 0.1 to 0.2 by size when None."""
    test: float = Field(0.2, ge=0, lt=0.9)
    """Share of the table held out for the test when no test table is given; 0 = no test rows, no evaluation."""
    folds: int | None = Field(None, ge=1, le=20)
    """Cross-validation folds inside the training rows: one network a fold, averaged. 1 = a single network."""


class Prepare(Config):
    """Limits and canonical forms of the feature cache."""

    max_pixels: int = Field(64_000_000, gt=0)
    """Images with more pixels are refused before decoding (unit: pixels)."""
    image_size: int | None = Field(None, ge=8, le=1024)
    """Longest side of the canonical image, pixels; by effort when None."""
    keep_size: bool = False
    """Also keep each image's own height and width: boxes are told in its own pixels. Set by the detection task."""
    """Longest side of the canonical image or video frame, pixels; by effort when None."""
    max_seconds: float | None = Field(None, gt=0)
    """Longest audio kept, seconds; the 99th percentile of the training rows, at most 10, when None."""
    sample_rate: int | None = Field(None, ge=1000, le=192_000)
    """Rate audio is resampled to, Hz; the training rows' median, at most 16,000, when None."""
    frames: int | None = Field(None, ge=1, le=128)
    """Frames of a video that are kept, evenly spaced over its time; by effort when None."""
    max_video_seconds: float = Field(14_400.0, gt=0)
    """Videos that last longer are refused before decoding, seconds."""
    vocabulary: int = Field(8000, ge=64, le=200_000)
    """Largest sub-word vocabulary trained on the training rows' text."""
    tokenizer: str | None = None
    """Path of a `tokenizer.json` to cut texts with; sub-words of the training rows' own when None. A pretrained
    encoder brings its own."""
    pieces: Literal["subwords", "words"] = "subwords"
    """words: a text is a list of words parted by blanks, each an entry of the vocabulary as it stands, for texts that
    are codes. The encoder `token_history` sets it for its own columns."""
    max_tokens: int | None = Field(None, ge=4, le=8192)
    """Longest text kept, sub-words; the 98th percentile of the training rows, at most 256, when None."""
    max_steps: int | None = Field(None, ge=1, le=100_000)
    """Newest steps kept of a series; the 99th percentile of the training rows, at most 1,024, when None."""
    max_letters: int | None = Field(None, ge=4, le=65_536)
    """Longest sequence kept, letters; the 99th percentile of the training rows, at most 1,024, when None."""
    unreadable: Literal["error", "missing"] = "error"
    """Training with media that cannot be read: stop and name them, or treat them as missing. Prediction always
    treats them as missing, and counts them."""
    workers: int | None = Field(None, ge=0)
    """Processes that decode; 0 = in this process; by table size when None."""


class Train(Config):
    """The training loop's settings."""

    epochs: int | None = Field(None, ge=1)
    networks: int | None = Field(None, ge=1, le=20)
    """Networks trained from different seeds and averaged, in each fold if there are folds; by policy when None."""
    batch_size: int | None = Field(None, ge=1)
    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    learning_rate: float | None = Field(None, gt=0)
    weight_decay: float = Field(0.01, ge=0)
    momentum: float = Field(0.9, ge=0, lt=1)
    """Of SGD."""
    schedule: Literal["one_cycle", "cosine", "constant"] = "one_cycle"
    warmup: float = Field(0.15, ge=0, lt=1)
    """Share of the steps spent warming up."""
    clip: float | None = Field(1.0, gt=0)
    """Largest gradient norm; None = no clipping."""
    dropout: float | None = Field(None, ge=0, lt=1)
    """Dropout in fusion and in every encoder whose own option is left out."""
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    class_weights: Literal["none", "balanced"] = "none"
    early_stopping: int | None = Field(None, ge=1)
    """Evaluations without a better metric before stopping; by policy when None."""
    metric: str | None = None
    """Metric that picks checkpoints and fusion; the task's primary metric when None."""
    average: Literal["ema", "best", "none"] | None = None
    """Weights kept: moving average, average of the best checkpoints, or the single best."""
    best: int = Field(3, ge=1, le=20)
    """Checkpoints averaged by `average: best`."""
    ema_decay: float = Field(0.99, gt=0, lt=1)
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """auto: bfloat16 where the processor has it and the network convolves images or audio, or trains a large body."""
    channels_last: bool = True
    augment: bool = True
    modality_dropout: float = Field(0.3, ge=0, le=0.9)
    """Share of rows that train on a random subset of their groups, reached at the end of the ramp."""
    helper_weight: float = Field(0.1, ge=0)
    """Loss weight of each group's helper head."""
    evaluate_every: int = Field(1, ge=1)
    """Epochs between evaluations on the validation rows."""
    threads: int | None = Field(None, ge=1)
    devices: int = Field(1, ge=1, le=64)
    """Processes that train each network together, each with its part of every batch: one a GPU, or of the processor."""
    track: tuple[str, ...] = ()
    """Trackers that read the run's events beside TensorBoard (`consilience list tracker`)."""
    device: str = "auto"
    """auto, cpu, cuda, mps …: what Lightning Fabric calls an accelerator."""


class Report(Config):
    """What the report looks into, and how it is written. Nothing in here changes the model."""

    language: Literal["en", "zh"] = "en"
    """English or Chinese."""
    cluster: str | None = None
    """Column (patient, speaker, day) whose rows are not independent: intervals draw all rows of a value together.
    `split.group` when None, else the id of `history`."""
    slices: tuple[str, ...] = ()
    """Parts of the test rows to look at, as conditions: "age>60 & sex==F"."""
    fairness: tuple[str, ...] = ()
    """Columns whose values are compared as groups of people; chosen by name (sex, age, ethnicity …) when empty."""
    abstain: float | None = Field(None, gt=0, lt=1)
    """Largest error rate wanted: the report says from which confidence on to predict, and when to refer a row."""
    costs: tuple[tuple[float, ...], ...] | None = None
    """Cost of each mistake: a row an actual class, a column a predicted one, in the order of the classes."""
    too_low: float = Field(1.0, ge=0)
    """Regression: cost of each unit by which a prediction is too low."""
    too_high: float = Field(1.0, ge=0)
    """Regression: cost of each unit by which a prediction is too high."""
    retrain: bool = False
    """Check the contribution of each discipline by training again without it (slow)."""
    analyses: tuple[str, ...] | None = None
    """Analyses to make (`consilience list analysis`); all when None."""
    examples: int = Field(6, ge=0, le=50)
    """Rows explained one by one."""
    alone: bool = Field(False, exclude_if=lambda value: not value)
    """With several targets: train each of them alone too, and say whether learning them together helped (slow)."""


class Relation(Config):
    """Two entities of a text whose relation is the target: they are marked in the text (`data.entity_marks`)."""

    text: str
    """Text column that both entities stand in."""
    head: str | None = None
    """Column with the first entity: as it stands in the text, or its place ("12:17", characters from 0, end
    exclusive). None: the texts are marked already: [E1] … [/E1] and [E2] … [/E2]."""
    tail: str | None = None
    """Column with the second entity, as `head`."""


class SeriesWindows(Config):
    """A table of steps in time, cut into windows: one row a forecast origin (`data.windows`). The target is what
    follows the origin."""

    time: str | None = None
    """Date or number column that orders the steps; the order of the rows when None."""
    id: str | None = None
    """Column that names the entity (stock, patient, shop) of a long table; None = a wide table, one row a step."""
    values: tuple[str, ...] = ()
    """Columns whose past is read; every column of numbers that has no other role when empty. Targets are among them."""
    targets: tuple[str, ...] = ()
    """Columns forecast; when empty the recipe's `target`, which is "*" for all values."""
    past: int = Field(96, ge=1, le=100_000)
    """Steps before and at the origin that are read; fewer where it is left out and the series are short."""
    horizon: int = Field(24, ge=1, le=100_000)
    """Steps after the origin that are forecast."""
    step: int | None = Field(None, ge=1)
    """Steps between origins; 1, or more where all windows would not fit memory, when None."""
    known: tuple[str, ...] = ()
    """Columns known ahead, of numbers or categories (prices planned, a holiday's name): their values after the origin
    are read."""
    static: tuple[str, ...] = ()
    """Columns that never change within an entity."""
    calendar: bool = True
    """Read hour, weekday and season of the steps to forecast, as they fit the frequency."""
    frequency: str | None = None
    """Distance of two steps: "15m", "1h", "1d", "1b" (working days), "1w", "1mo"; inferred when None."""
    season: int | None = Field(None, ge=1)
    """Steps of a season (24 for hours of a day); chosen on the training steps when None."""


class History(Config):
    """What is known of the earlier rows of the same id (student, machine), told to each row (`data.history`)."""

    id: str
    """Column whose rows belong together."""
    order: str | None = None
    """Column of numbers or dates that says which row is earlier; the order of the table when None. Rows of equal order
    do not see one another."""
    columns: tuple[str, ...] = Field(min_length=1)
    """Columns whose earlier cells are told; the target may be one. A column that is known only after the target is left
    out as evidence with `ignore`, and may stand here all the same."""
    by: tuple[str, ...] = ()
    """Columns known beforehand (skill, product): earlier rows with the row's own value are counted apart."""
    numbers: tuple[str, ...] | None = None
    """Those of `columns` that are averaged; those that hold numbers and do not stand in `by` when None."""
    past: int = Field(50, ge=1, le=1000)
    """Earlier rows told one by one."""
    into: str = Field("history", min_length=1)
    """Name of the column made, and the beginning of the names of the figures."""


class Recipe(Config):
    """The whole of a user's choices; see the module's docstring."""

    version: Literal[1] = 1
    target: str
    """Name of the target column; a list of names for several targets learned by one network."""
    targets: tuple[str, ...] = Field((), exclude=True)
    """All targets where there are several, the first of them is `target`; written as `target: [label, age]`."""
    target_weights: Literal["equal", "learned"] | dict[str, float] = Field(
        "equal", exclude_if=lambda value: value == "equal"
    )
    """Of several targets: weight of each one's loss (1 where none is given), or learned (Kendall et al. 2018)."""
    effort: int = Field(3, ge=1, le=5)
    """The one dial: width, depth, epochs, image size."""
    seed: int = Field(0, ge=0, lt=2**31)
    task: Choice | None = None
    """Detected from the target when None."""
    relation: Relation | None = None
    """Mark two entities in a text; None = no relation between entities is asked for."""
    series: SeriesWindows | None = None
    """Cut a table of steps in time into windows and forecast; None = every row stands for itself."""
    history: History | None = None
    """Tell each row the past of its id; None = rows know nothing of one another."""
    ignore: tuple[str, ...] = ()
    """Columns left out."""
    columns: dict[str, str] = {}
    """Column → modality, where detection should be overruled; `ignore` leaves a column out."""
    groups: dict[str, Group] = {}
    """Group name → columns; columns in no group join the group of their modality."""
    disciplines: dict[str, tuple[str, ...]] = {}
    """Discipline name → columns, of any modality: what the report says the contribution of. Columns in none are a
    discipline for each group."""
    encoders: dict[str, Choice] = {}
    """Modality or group name → encoder."""
    fusion: Choice = Choice(type="auto")
    width: int | None = Field(None, ge=4, le=4096)
    """Width of the fused vector."""
    objectives: tuple[Choice, ...] = (Choice(type="supervised"),)
    split: Split = Split()
    prepare: Prepare = Prepare()
    train: Train = Train()
    references: tuple[str, ...] = ("linear", "trees")
    """Reference models trained beside the network."""
    stack: bool = True
    """Predict with network and references combined; False = the network alone."""
    report: Report = Report()

    @model_validator(mode="before")
    @classmethod
    def _read_targets(cls, values: Any) -> Any:
        """`target: [label, age]` → the first of them, and all. A list of one is a single target."""
        if not isinstance(values, dict):
            return values
        if "targets" in values:
            raise InputError("unknown field 'targets'", where="recipe", fix="Write several as a list: target: [a, b]")
        if not isinstance(values.get("target"), (list, tuple)):
            return values
        names = list(values["target"])
        if not names or not all(isinstance(name, str) for name in names):
            raise InputError(f"a target is a column name or a list of them, received {names!r}", where="target")
        if len(set(names)) < len(names):
            raise InputError(f"a target is named twice: {', '.join(map(repr, names))}", where="target")
        return {**values, "target": names[0], "targets": tuple(names) if len(names) > 1 else ()}

    @model_serializer(mode="wrap")
    def _write_targets(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        found: dict[str, Any] = write(self)
        return {**found, "target": list(self.targets)} if self.targets else found


def read_recipe(path: Path) -> dict[str, Any]:
    """The mapping in a recipe file (YAML).

    Raises:
        InputError: when the file is missing or is not a mapping.
    """
    if not path.exists():
        raise InputError("recipe file not found", where=str(path))
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise InputError(f"not readable as YAML: {' '.join(str(error).split())}", where=str(path)) from None
    if not isinstance(values, dict):
        raise InputError(f"a recipe is a mapping of fields, received {type(values).__name__}", where=str(path))
    return values


def make_recipe(values: dict[str, Any], settings: tuple[str, ...] = (), where: str = "recipe") -> Recipe:
    """`values` with `a.b=c` settings laid over them, validated.

    Example:
        >>> make_recipe({"target": "y"}, ("train.learning_rate=3e-4",)).train.learning_rate
        0.0003
    """
    merged = dict(values)
    for setting in settings:
        path, equals, text = setting.partition("=")
        if not equals or not path.strip():
            raise InputError(f"--set takes field=value, received {setting!r}")
        block = merged
        *parents, last = path.strip().split(".")
        for parent in parents:
            child = block.get(parent)
            block[parent] = dict(child) if isinstance(child, dict) else {}
            block = block[parent]
        block[last] = _scalar(text)
    return validate(Recipe, merged, where)


def _scalar(text: str) -> Any:
    value = yaml.safe_load(text) if text.strip() else None
    if isinstance(value, str):  # YAML 1.1 reads 3e-4 as a string
        try:
            return float(value)
        except ValueError:
            return value
    return value


def dump_recipe(recipe: Recipe) -> str:
    """The recipe as YAML, fields in the order of the class."""
    return yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
