"""The rules of the house as tests: arrows point down, light packages stay light, sizes stay small."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import consilience
from consilience.core.registry import BUILTIN, get, names

SOURCE = Path(consilience.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))
LAYERS = (
    ("core",),
    ("modalities",),
    ("data",),
    ("encoders", "fusion", "tasks", "references"),
    ("artifacts",),
    ("training",),
    ("evaluation",),
    ("explanation",),
    ("model",),
    ("watching",),
    ("serving",),
    ("deployment",),
    ("pipeline",),
    ("several",),
    ("search", "distillation", "applications"),
    ("api",),
    ("cli", "estimators"),
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
LONG_FUNCTIONS: set[str] = set()
MAXIMA = {"function lines": 60, "parameters": 7, "file lines": 500, "class lines": 300, "methods": 15}


def imported(tree: ast.AST) -> Iterator[str]:
    """Second parts of every `consilience.x` import, those inside functions too."""
    for node in ast.walk(tree):
        modules = []
        if isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
            if node.module == "consilience":
                modules = [f"consilience.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        yield from (m.split(".")[1] for m in modules if m.startswith("consilience."))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_point_down(path: Path) -> None:
    here = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    if here in ("__init__", "__main__", "demo"):
        return
    for there in imported(ast.parse(path.read_text(encoding="utf-8"))):
        if there == "demo":
            continue  # package data: only files
        assert here == there or RANK[there] < RANK[here], f"{here} may not import {there}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_sizes_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAXIMA["file lines"]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = (node.end_lineno or 0) - node.lineno
            assert lines <= MAXIMA["function lines"] or node.name in LONG_FUNCTIONS, node.name
            given = [a for a in [*node.args.posonlyargs, *node.args.args] if a.arg not in ("self", "cls")]
            assert len(given) <= MAXIMA["parameters"] or node.name == "command", node.name
        if isinstance(node, ast.ClassDef):
            assert (node.end_lineno or 0) - node.lineno <= MAXIMA["class lines"], node.name
            methods = [n for n in node.body if isinstance(n, ast.FunctionDef)]
            assert len(methods) <= MAXIMA["methods"], node.name


LIGHT = (
    "import consilience",
    "import consilience as cs; cs.Recipe; cs.InputError",
    "import consilience.cli.app",
    "from consilience.data.table import read_table; read_table({'a': [1, 2]})",
    "from consilience.data.inspection import inspect; inspect({'a': ['1', '2', '3'] * 20, 'b': [1.5] * 60}, fast=True)",
    "from consilience.core.policy import resolve",
    "from consilience.encoders.pretrained.inventory import inventory; inventory()",
    "from consilience.evaluation.intervals import with_intervals",
    "from consilience.references.linear import Linear; from consilience.references.trees import Trees",
    "import consilience.tasks.classification, consilience.tasks.regression, consilience.tasks.multilabel",
)


@pytest.mark.parametrize("code", LIGHT)
def test_light_imports_load_no_torch(code: str) -> None:
    heavy = "import sys; print([m for m in ('torch', 'sklearn', 'lightgbm') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{heavy}"], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in BUILTIN for name in names(kind)])
def test_every_registered_name_loads(kind: str, name: str) -> None:
    assert isinstance(get(kind, name), type)
    assert get(kind, name).__doc__, "a registered class says what it is"


def test_no_concrete_class_has_subclasses() -> None:
    parents: dict[str, str] = {}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                for base in node.bases:
                    parents[node.name] = ast.unparse(base).split("[")[0].split(".")[-1]
    abstract = {"Encoder", "Fusion", "Config", "Protocol", "NamedTuple", "ConsilienceError", "_Multimodal"}
    own = set(parents)
    for child, parent in parents.items():
        if (
            parent in own and parent not in abstract and child not in (parent, "Config") and parent != "Block"
        ):  # the alias of core.config.Config
            docstring = f"{child} inherits from the concrete class {parent}"
            assert "Abstract" in (find_docstring(parent) or ""), docstring


def find_docstring(name: str) -> str | None:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name == name:
                return ast.get_docstring(node)
    return None


def test_no_pickle_anywhere() -> None:
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        for word in ("import pickle", "joblib", "torch.save", "torch.load", "allow_pickle=True", "eval(", "exec("):
            clean = text.replace(".eval(", "").replace("_eval(", "")
            assert word not in clean, f"{path.name} holds {word!r}"
