"""`consilience export`: the bundle that leaves the house, written whole or not at all, and only when proved equal."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from consilience.artifacts.bundle import Bundle
from consilience.artifacts.forecasts import windows_to_judge
from consilience.artifacts.manifest import MANIFEST, sha256
from consilience.artifacts.onnx_writer import open_exported
from consilience.artifacts.run_folder import RunFolder, find_bundle
from consilience.artifacts.several import with_exported
from consilience.artifacts.signing import sign
from consilience.artifacts.store import GRAPH, REFERENCE, load_bundle, seal, write_parts, write_weights, write_whole
from consilience.core.errors import InputError
from consilience.core.events import Listener, nobody
from consilience.core.files import read_json, write_json, write_text
from consilience.core.recipe import dump_recipe
from consilience.data.features import Features, in_memory
from consilience.data.history import add_history
from consilience.data.table import Table, read_table
from consilience.deployment.precision import Precision, check_drop, compare, write_lower
from consilience.deployment.proof import prove_all
from consilience.deployment.samples import write_samples
from consilience.watching import audit, embedding
from consilience.watching.reference import make_reference

PROOF_ROWS = 256
MOST_ROWS = 5_000
"""Labelled rows on which a smaller precision is judged."""
FLOAT = "network-float.onnx"


class Options(NamedTuple):
    """precision: of the graph; None = as trained. max_drop: loss of the primary metric that is accepted. weights: also
    the PyTorch weights. samples: also a few rows. sign: private key."""

    precision: Precision | None = None
    max_drop: float = 0.01
    weights: bool = False
    samples: bool = True
    sign: Path | None = None


def export(
    run: Path, folder: Path, rows: Any = None, options: Options | None = None, listener: Listener = nobody
) -> dict[str, Any]:
    """Write `folder`, a bundle that ONNX Runtime serves; returns what was proved and measured.

    Args:
        rows: table for the proof, the samples and the accuracy of a smaller precision; the run's test table when None,
            else its validation or training table.
    Raises:
        InputError: when the run is not finished or its tables are gone, or `folder` holds something else.
        NotEqualError: when the exported model does not say what the trained one says.
        LossError: when a smaller precision costs more than `max_drop`.
    """
    chosen = options or Options()
    _check_target(folder)
    bundle = _lean(load_bundle(find_bundle(run)))
    if bundle.exported is not None:
        raise InputError("this model is exported already", where=str(run), fix="Give the run folder that it came from")
    if bundle.task.kind == "text" and chosen.precision is not None:
        what = "a model that writes texts is exported as trained: a small error early changes the rest of a text"
        raise InputError(what, where=f"--{chosen.precision}", fix="Leave it out")
    given, _ = windows_to_judge(bundle, read_table(rows) if rows is not None else _table_of(run))
    table, _ = add_history(given, bundle.recipe.history)
    told: dict[str, Any] = {"rows_from": table.name}

    def write(temporary: Path) -> None:
        _note(listener, "export")
        write_parts(bundle, temporary)
        told.update(_graph(bundle, table, temporary, chosen, listener))
        _companions(run, bundle, table, temporary, chosen)
        _reference(_exported(bundle, temporary / GRAPH, told["onnx"]), table, temporary)
        seal(bundle, temporary, told)
        if chosen.sign is not None:
            sign(temporary, chosen.sign)

    write_whole(folder, write)
    chain = audit.beside(folder)
    if not chain.is_file():
        audit.append(chain, "train", {"run": str(run), **_trained(run)})
    facts = {"manifest": sha256(folder / MANIFEST), "largest_difference": told["proof"]["largest"]}
    audit.append(chain, "export", {"run": str(run), **facts})
    return {"bundle": str(folder), **told, "bytes": sum(f.stat().st_size for f in folder.iterdir())}


def _trained(run: Path) -> dict[str, Any]:
    """When the run was made and the digest of its result."""
    path = RunFolder(run).metrics
    if not path.is_file():
        return {}
    return {"created": read_json(path).get("created"), "metrics": sha256(path)}


def _lean(bundle: Bundle) -> Bundle:
    """The bundle without references that no rule gives weight to."""
    rules = bundle.rules.trimmed()
    used = {name for rule in rules.rules.values() for name in rule.weights}
    references = {n: r for n, r in bundle.references.items() if n in used}
    views = {target: _lean(view) for target, view in bundle.views.items()}
    return replace(bundle, rules=rules, references=references, views=views)


def _graph(bundle: Bundle, table: Table, folder: Path, options: Options, listener: Listener) -> dict[str, Any]:
    """network.onnx, its description, proof and, for a smaller precision, comparison."""
    adapted, _ = bundle.adapt(table.take(np.arange(min(4, table.rows))))
    features = in_memory(adapted, bundle.facts["groups"], bundle.recipe.prepare)
    graph = folder / GRAPH
    description = _written(bundle, features, graph)
    _note(listener, "prove")
    exact = _exported(bundle, graph, description)
    told: dict[str, Any] = {
        "onnx": description,
        "proof": prove_all(bundle, exact, table.take(np.arange(min(table.rows, PROOF_ROWS)))),
    }
    if options.precision is None:
        return told
    _note(listener, options.precision)
    wide = graph.rename(folder / FLOAT)
    write_lower(wide, graph, options.precision)
    sizes = (wide.stat().st_size, graph.stat().st_size)
    lower = _exported(bundle, graph, description)
    found = _compared(exact, lower, table.spread(MOST_ROWS), sizes, options)
    wide.unlink()
    return {**told, "precision": {"kind": options.precision, **found}}


def _written(bundle: Bundle, features: Features, graph: Path) -> dict[str, Any]:
    """The graph, of a model that writes texts also its decoder; returns the description that loads them."""
    if bundle.task.kind == "text":
        from consilience.artifacts.onnx_texts import write_text_onnx

        return write_text_onnx(bundle, features, graph)
    from consilience.artifacts.onnx_export import write_onnx

    return write_onnx(bundle, features, graph)


def _compared(exact: Bundle, lower: Bundle, table: Table, sizes: tuple[int, int], options: Options) -> dict[str, Any]:
    """What a smaller precision costs; of several targets what each pays, beneath the first of them.

    Raises:
        LossError: when any target pays more than is accepted.
    """
    assert options.precision is not None, "only asked of a smaller precision"
    if not exact.views:
        found = compare(exact, lower, table, sizes)
        check_drop(found, options.max_drop, options.precision)
        return found
    every = {target: compare(view, lower.views[target], table, sizes) for target, view in exact.views.items()}
    for told in every.values():
        check_drop(told, options.max_drop, options.precision)
    return {**next(iter(every.values())), "targets": every}


def _exported(bundle: Bundle, graph: Path, description: dict[str, Any]) -> Bundle:
    """The same bundle with the graph in place of its networks."""
    exported = open_exported(graph, description, bundle.task)
    if bundle.views:
        return with_exported(bundle, exported)
    return replace(bundle, networks=[], exported=exported)


def _companions(run: Path, bundle: Bundle, table: Table, folder: Path, options: Options) -> None:
    """Recipe, metrics, card; weights and rows where wanted."""
    write_text(folder / "recipe.yaml", dump_recipe(bundle.recipe))
    source = RunFolder(run)
    for path in (source.metrics, source.card):
        if path.is_file():
            shutil.copyfile(path, folder / path.name)
    if options.weights:
        write_weights(bundle, folder)
    if options.samples:
        write_samples(bundle, table, folder)


def _reference(exported: Bundle, table: Table, folder: Path) -> None:
    """What drift is measured against, as the graph that serves sees it: a smaller precision sees a little otherwise."""
    if exported.views:
        every = {target: make_reference(view, table) for target, view in exported.views.items()}
        reference = next(iter(every.values()))  # what the encoders see is the same for all
        write_json(folder / REFERENCE, {"targets": {target: found.summary for target, found in every.items()}})
    else:
        reference = make_reference(exported, table)
        write_json(folder / REFERENCE, reference.summary)
    embedding.save(reference.projections, folder)


def _table_of(run: Path) -> Table:
    """A table of the run: its test rows, else its validation rows, else those that it was given to train."""
    start = RunFolder(run).start
    known = read_json(start)["tables"] if start.is_file() else {}
    paths = [known[name]["path"] for name in ("test", "valid", "train") if known.get(name, {}).get("path")]
    for path in paths:
        if Path(path).exists():
            return read_table(path)
    raise InputError(
        "the tables of this run are not where they were, and the export is proved on rows",
        where=str(run),
        fix="Give a table: --rows TABLE",
    )


def _check_target(folder: Path) -> None:
    if folder.is_file():
        raise InputError("a file of this name stands there", where=str(folder), fix="Give another folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MANIFEST).is_file():
        raise InputError("the folder is not empty and holds no bundle", where=str(folder), fix="Give another folder")


def _note(listener: Listener, step: str) -> None:
    listener({"event": "step", "name": step})
