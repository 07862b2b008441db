"""What a model reads and says, for people and for OpenAPI: every column with a real example."""

from __future__ import annotations

from typing import Any

from consilience.modalities.form import form_of
from consilience.serving.hosted import Hosted


def described(hosted: Hosted) -> dict[str, Any]:
    """Name, version, task, classes, columns with modality and example, metrics with intervals."""
    task = hosted.bundle.task
    metrics = hosted.model.metrics.get("test", {})
    several = {
        target: {"task": m.bundle.task.kind, "classes": m.classes, "metrics": m.metrics.get("test", {})}
        for target, m in hosted.models.items()
        if hosted.bundle.views
    }
    return {
        "name": hosted.name,
        "version": hosted.version,
        "task": task.kind,
        "target": hosted.bundle.recipe.target,
        "classes": hosted.model.classes,
        "columns": hosted.columns,
        "example": hosted.examples,
        "metrics": metrics,
        **({"targets": several} if several else {}),
    }


def predict_schema(hosted: Hosted) -> dict[str, Any]:
    """The request body of `predict` in OpenAPI 3.1."""
    example = hosted.examples
    properties = {
        column: {**form_of(modality).schema, **({"examples": [example[column]]} if column in example else {})}
        for column, modality in hosted.columns.items()
    }
    row = {"type": "object", "properties": properties, "additionalProperties": False, "minProperties": 1}
    body = {
        "type": "object",
        "required": ["rows"],
        "properties": {
            "rows": {"type": "array", "items": row, "minItems": 1},
            "level": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            "abstain": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            "explain": {"type": "boolean"},
            "version": {"type": "string"},
        },
    }
    certain = {"level": 0.9} if hosted.bounded else {}
    content = {"application/json": {"schema": body, "example": {"rows": [example], **certain}}}
    return {"requestBody": {"required": True, "content": content}}
