"""A result like the one that a run leaves in metrics.json, and events like those in events.jsonl."""

from __future__ import annotations

import copy
import json
import math
from typing import Any

from consilience.evaluation.confidence.calibration import Calibration
from consilience.evaluation.confidence.coverage import Coverage
from tests.evaluation.confidence.fake_evidence import evidence

CLASSES = [str(digit) for digit in range(10)]


def score(value: float, half: float) -> dict[str, float]:
    return {"value": value, "low": value - half, "high": value + half}


def scores(accuracy: float) -> dict[str, dict[str, float]]:
    return {
        "accuracy": score(accuracy, 0.02),
        "balanced_accuracy": score(accuracy - 0.001, 0.02),
        "f1_macro": score(accuracy - 0.003, 0.021),
        "f1_weighted": score(accuracy - 0.002, 0.021),
        "roc_auc": score(min(0.9985, accuracy + 0.04), 0.001),
        "pr_auc": score(min(0.99, accuracy + 0.02), 0.006),
        "log_loss": score(2.3 * (1 - accuracy) + 0.02, 0.05),
        "brier": score(1.3 * (1 - accuracy), 0.03),
    }


def pair(value: float, half: float, verdict: str, metric: str = "accuracy") -> dict[str, Any]:
    found = {"metric": metric, "value": value, "low": value - half, "high": value + half}
    return {**found, "verdict": verdict, "sentence": f"by {value}"}


def matrix() -> list[list[int]]:
    rows = [[0] * 10 for _ in range(10)]
    for i in range(10):
        rows[i][i] = 29 - i % 3
        rows[i][(i * 3 + 1) % 10] += 1 + i % 3
    return rows


def problems() -> list[dict[str, Any]]:
    broken = {
        "code": "unreadable_image",
        "column": "image",
        "message": "cannot be decoded; treated as missing",
    }
    unseen = {"code": "not_a_number", "column": "age", "message": "not a number; treated as missing"}
    return [
        {**broken, "table": "train", "count": 3, "rows": [4, 90, 411], "examples": ["'scan_0004.png'"]},
        {
            **unseen,
            "table": "test",
            "count": 1204,
            "rows": [0, 1, 2, 3, 4],
            "examples": ["'n/a (see notes)'", "'?'"],
        },
    ]


def findings() -> list[dict[str, Any]]:
    return [
        {
            "code": "near_duplicate_image",
            "severity": "warning",
            "title": "Near-duplicate images on both sides of the split",
            "message": "4 test images nearly equal a training image: rows 12, 40, 77, 130.",
            "columns": ["image"],
            "rows": [12, 40, 77, 130],
            "details": {"across": {"the test rows": 4}, "of": {"the test rows": 300}},
        },
        {
            "code": "target_leak",
            "severity": "error",
            "title": "A column knows the target",
            "message": "Column “final_diagnosis” alone predicts the target with accuracy 0.999.",
            "columns": ["final_diagnosis"],
            "rows": [],
        },
        {
            "code": "constant_column",
            "severity": "info",
            "title": "Constant column",
            "message": "Column “site” holds one value.",
            "columns": ["site"],
            "rows": [],
        },
    ]


def groups() -> dict[str, Any]:
    sizes = {"tokens": 16, "width": 96, "parameters": 184_320, "flops": 24_500_000}
    return {
        "image": {"modality": "image", "columns": ["image"], "encoder": "conv_image", **sizes},
        "audio": {
            "modality": "audio",
            "columns": ["audio"],
            "encoder": "mel_audio",
            **sizes,
            "flops": 61_200_000,
        },
        "record": {
            "modality": "number",
            "columns": [
                "age",
                "temperature",
                "pulse",
                "weight",
                "height",
                "saturation",
                "days since admission",
            ],
            "encoder": "number_periodic",
            "tokens": 7,
            "width": 32,
            "parameters": 9_216,
            "flops": 18_400,
        },
    }


def contribution() -> dict[str, Any]:
    """Image and audio help; the record brings nothing."""
    names = ("image", "audio", "record")
    alone = {"image": 0.833, "audio": 0.717, "record": 0.12}
    subsets = [{"groups": [name], "accuracy": score(alone[name], 0.03)} for name in names]
    return {
        "speaks_of": "stack",
        "metric": "accuracy",
        "exact": True,
        "best_single": "image",
        "rows": 300,
        "of": 300,
        "disciplines": {name: [name] for name in names},
        "subsets": [
            {"groups": [], "accuracy": score(0.1, 0.02)},
            *subsets,
            {"groups": list(names), "accuracy": score(0.963, 0.02)},
        ],
        "shapley": {"image": score(0.45, 0.05), "audio": score(0.4, 0.05), "record": score(0.01, 0.02)},
        "shares": {"image": score(0.52, 0.05), "audio": score(0.47, 0.05), "record": score(0.01, 0.03)},
        "unique": {"image": score(0.2, 0.05), "audio": score(0.1, 0.05), "record": score(0.0, 0.02)},
        "synergy": score(0.124, 0.038),
        "pairs": [],
        "verdict": "helps",
        "sentence": "image + audio beat image alone by 12.4 points (95 % interval 8.6 to 16.2).",
        "members": 3,
        "per_member": [0.12, 0.13, 0.11],
    }


def calibration(ece: float, half: float) -> dict[str, Any]:
    """What the analysis gives, with another error."""
    found = json.loads(json.dumps(Calibration().measure(evidence("multiclass", 300, slope=2.0))))
    return {**found, "method": "temperature", "ece": score(ece, half)}


def coverage(value: float, half: float) -> dict[str, Any]:
    """What the analysis gives, with another coverage."""
    found = json.loads(json.dumps(Coverage().measure(evidence("multiclass", 300))))
    return {**found, "overall": {**found["overall"], "coverage": score(value, half)}}


def recipe() -> dict[str, Any]:
    train = {"epochs": 12, "batch_size": 32, "optimizer": "adamw", "learning_rate": 0.002, "metric": None}
    return {
        "version": 1,
        "target": "digit",
        "effort": 3,
        "seed": 0,
        "fusion": {"type": "auto"},
        "train": train,
    }


def classification() -> dict[str, Any]:
    return copy.deepcopy(
        {
            "version": 1,
            "task": "multiclass",
            "task_reason": "10 distinct whole numbers, each in at least 120 rows",
            "primary": "accuracy",
            "target": "digit",
            "classes": CLASSES,
            "predictor": "stack",
            "rows": {"train": 1080, "valid": 120, "test": 300, "unlabelled": 4},
            "split": {
                "method": "random",
                "sentence": "The test table was given; 10 % of the other rows are validation rows.",
                "folds": 1,
            },
            "test": scores(0.963),
            "network": scores(0.957),
            "stack": {"weights": {"network": 0.83, "linear": 0.0, "trees": 0.17}},
            "references": {"linear": scores(0.61), "trees": scores(0.742), "majority": scores(0.1)},
            "alone": {"image": scores(0.833), "audio": scores(0.717), "record": scores(0.12)},
            "valid": {"accuracy": 0.958},
            "comparison": {
                "network_linear": pair(0.347, 0.045, "better"),
                "default_linear": pair(0.353, 0.044, "better"),
                "fused_single": {**pair(0.124, 0.038, "better"), "single": "image"},
            },
            "confusion": {"labels": CLASSES, "matrix": matrix()},
            "scatter": None,
            "groups": groups(),
            "fusion": "gated",
            "networks": 1,
            "findings": findings(),
            "problems": problems(),
            "ignored": {"patient_id": "identifier"},
            "warnings": ["train.csv: encoding GB18030"],
            "seconds": {"prepare": 3.21, "train": 48.7, "evaluate": 2.4, "total": 254.3},
            "parameters": 412_345,
            "seed": 0,
            "threads": 2,
            "versions": {"python": "3.12.1", "consilience": "0.1.0", "numpy": "2.4.6", "torch": "2.13.0"},
            "data": {
                "train": {
                    "name": "train.parquet",
                    "path": "/home/x/train.parquet",
                    "rows": 1204,
                    "sha256": "ab" * 32,
                },
                "test": {"name": "test.parquet", "path": None, "rows": 300, "sha256": "0f" * 32},
            },
            "recipe": recipe(),
            "created": "2030-01-02T03:04:05+00:00",
        }
    )


def regression() -> dict[str, Any]:
    """Without a stack; the network loses to the linear reference and joining brings nothing."""
    result = classification()

    def errors(mae: float) -> dict[str, dict[str, float]]:
        return {
            "rmse": score(mae * 1.3, 90),
            "mae": score(mae, 60),
            "median_absolute_error": score(mae * 0.7, 50),
            "r2": score(1 - mae / 4000, 0.03),
        }

    actual = [1000 + 37.0 * i + 400 * math.sin(i) for i in range(200)]
    return {
        **result,
        "task": "regression",
        "primary": "rmse",
        "target": "price (€)",
        "classes": None,
        "predictor": "network",
        "test": errors(812.4),
        "network": errors(812.4),
        "stack": {"weights": {"network": 1.0}},
        "references": {"linear": errors(640.1), "trees": errors(655.0), "majority": errors(2310.0)},
        "alone": {"image": errors(1800.0), "record": errors(806.0)},
        "comparison": {
            "network_linear": pair(-224.0, 70.0, "worse", "rmse"),
            "default_linear": pair(-224.0, 70.0, "worse", "rmse"),
            "fused_single": {**pair(-8.3, 30.0, "no difference", "rmse"), "single": "record"},
        },
        "confusion": None,
        "scatter": {
            "actual": actual,
            "predicted": [a + 500 * math.cos(1.7 * i) for i, a in enumerate(actual)],
        },
    }


def events(
    networks: tuple[str, ...] = ("network",), epochs: int = 12, metric: str = "accuracy"
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"event": "stage", "name": "train"}]
    for number, network in enumerate(networks):
        found.append({"event": "start", "network": network, "parameters": 9, "rows": 9, "epochs": epochs, "steps": 9})
        for epoch in range(epochs):
            share = 1 - math.exp(-(epoch + 1) / (3 + number))
            valid = {metric: 0.1 + 0.85 * share + 0.01 * math.sin(5 * epoch + number), "log_loss": 2 - share}
            loss = 2.3 - 2 * share + 0.02 * math.cos(epoch)
            found.append({"event": "evaluation", "network": network, "epoch": epoch, "loss": loss, "valid": valid})
        found.append({"event": "end", "network": network, "best": [[0.95, -0.2, epochs - 2, "gated"]], "seconds": 3.0})
    return found
