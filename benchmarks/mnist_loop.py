"""Our training loop beside a raw PyTorch loop over a preloaded tensor: same network, batch size, epochs, precision.

    CONSILIENCE_DATA=… python benchmarks/mnist_loop.py [--epochs 2]

Must reach: wall time of the training stage ≤ 1.05 × the raw loop's. The raw loop has channels_last, fused AdamW and
bfloat16 where the processor has it; both augment alike (the encoder does it). They run in turn, A B A B.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import data_folder, report, workspace


def raw_loop(plan: Any, images: torch.Tensor, target: torch.Tensor, fabric_precision: str) -> float:
    """Seconds of the epochs, nothing else: no validation, average, checkpoint or event."""
    from consilience.fusion.model import assemble

    torch.manual_seed(0)
    network = assemble(plan.recipe, plan.facts, plan.task.outputs).to(memory_format=torch.channels_last)
    settings = plan.recipe.train
    optimizer = torch.optim.AdamW(network.parameters(), settings.learning_rate, fused=True)
    mask = torch.ones(settings.batch_size, 1, dtype=torch.bool)
    group = network.groups[0]
    network.train()
    began = time.perf_counter()
    for _ in range(settings.epochs):
        for rows in torch.randperm(len(target)).split(settings.batch_size):
            with torch.autocast("cpu", torch.bfloat16, enabled=fabric_precision == "bf16"):
                outputs = network({group: {"pixels": images[rows], "mask": mask[: len(rows)]}})
                loss = torch.nn.functional.cross_entropy(outputs.logits.float(), target[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
    return time.perf_counter() - began


def our_loop(plan: Any, data: Any) -> float:
    """Seconds of the same epochs in the framework's loop, with its average, events and checkpoints; the validation
    part is one row, because the raw loop has none."""
    from consilience.training.device import make_fabric
    from consilience.training.loop import Job, Loop

    source, train = data.rows(plan, "train")
    part = source.part(train)
    with tempfile.TemporaryDirectory() as folder:
        job = Job(plan.recipe, plan.facts, plan.task, part, part.pick(train[:1] * 0), Path(folder), "network", 0)
        loop = Loop(job, make_fabric(plan.recipe))
        began = time.perf_counter()
        for _ in loop.run():
            pass
        return time.perf_counter() - began


def main() -> None:
    from consilience.api import recipe_from
    from consilience.data.table import read_table
    from consilience.training.data import prepare_data
    from consilience.training.device import chosen_precision
    from consilience.training.plan import Given, make_plan

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--pairs", type=int, default=3)
    given = parser.parse_args()
    folder = data_folder("mnist")
    recipe = recipe_from("label", None, (f"train.epochs={given.epochs}",))
    with workspace():
        plan = make_plan(recipe, Given(read_table(folder / "train.parquet"), None, read_table(folder / "test.parquet")))
        data = prepare_data(plan)
        source, train = data.rows(plan, "train")
        group = next(iter(source.features.groups))
        images = torch.from_numpy(np.ascontiguousarray(source.features.whole(group)["pixels"][train]))
        target = torch.from_numpy(source.targets.target[train].argmax(1))
        precision = chosen_precision(plan.recipe)
        ours, raw = [], []
        for _ in range(given.pairs):
            raw.append(raw_loop(plan, images, target, precision))
            ours.append(our_loop(plan, data))
    ratio = statistics.median(a / b for a, b in zip(ours, raw, strict=True))
    report(
        "mnist_loop",
        ours=ours,
        raw=raw,
        ratio=ratio,
        reached=ratio <= 1.05,
        epochs=given.epochs,
        batch_size=plan.recipe.train.batch_size,
        precision=precision,
        threads=torch.get_num_threads(),
        seed=0,
    )


if __name__ == "__main__":
    main()
