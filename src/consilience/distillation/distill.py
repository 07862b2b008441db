"""The whole distillation: a student's recipe, the teacher's word on its rows, an ordinary run, a comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from consilience.artifacts.run_folder import RunFolder
from consilience.core.errors import InputError
from consilience.core.events import Listener
from consilience.core.files import write_json
from consilience.core.recipe import Recipe
from consilience.data.table import Table
from consilience.distillation.compare import compare_models
from consilience.distillation.student import Lesson
from consilience.distillation.teacher import Teacher, splits_of
from consilience.model import Model
from consilience.pipeline import run_pipeline

RESULT = "distill.json"


class Distilled(NamedTuple):
    """model: the student. result: the content of `distill.json` in its run folder."""

    model: Model
    result: dict[str, Any]


class Task(NamedTuple):
    """teacher: a finished run. recipe: of the student. tables, described: those that the teacher was trained on."""

    teacher: Model
    recipe: Recipe
    lesson: Lesson
    tables: dict[str, Table]
    described: dict[str, Any]


def run_distillation(task: Task, folder: RunFolder, watch: tuple[Listener, str | None, float]) -> Distilled:
    """
    Args:
        folder: of the student's run. watch: see `pipeline.run_pipeline`.
    Raises:
        InputError: when the teacher has no networks or no test rows, or the student's rows are not the teacher's.
    """
    bundle, listener = task.teacher.bundle, watch[0]
    if not bundle.networks:
        raise InputError("an exported model cannot teach: it holds no networks", fix="Give the run folder")
    splits = splits_of(bundle, task.tables)
    test = task.tables["test"] if "test" in task.tables else task.tables["train"].take(splits.test)
    if not test.rows:
        raise InputError("the teacher's run has no test rows, on which the student could be compared")
    teacher = Teacher(bundle, splits, task.lesson, listener)
    student = run_pipeline(task.recipe, dict(task.tables), task.described, folder, watch, teacher)
    listener({"event": "stage", "name": "Comparing student and teacher"})
    result: dict[str, Any] = {
        "version": 1,
        **compare_models((task.teacher, task.lesson.voice), student, test, listener),
        **task.lesson._asdict(),
        "fused_matched": teacher.matched,
        "rows": test.rows,
    }
    write_json(folder.path / RESULT, result)
    return Distilled(student, result)


def student_folder(teacher: Path, out: Path | None) -> Path:
    """Where a student goes when nothing is said: beside its teacher."""
    return out or teacher.with_name(f"{teacher.name}-student")
