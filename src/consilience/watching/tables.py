"""The tables of the prediction log."""

from __future__ import annotations

from sqlalchemy import JSON, Column, DateTime, Float, MetaData, String, Table, Text

metadata = MetaData()
predictions = Table(
    "consilience_predictions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("time", DateTime(timezone=True), index=True, nullable=False),
    Column("model", String(80), index=True, nullable=False),
    Column("version", String(64), nullable=False),
    Column("inputs", JSON, nullable=False),
    Column("prediction", Text, nullable=False),
    Column("probabilities", JSON),
    Column("given", JSON, nullable=False),
    Column("milliseconds", Float, nullable=False),
)
embeddings = Table(  # of a sample of the predictions: group → a few numbers, see watching.embedding
    "consilience_embeddings",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("embedded", JSON, nullable=False),
)
feedback = Table(
    "consilience_feedback",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("label", Text, nullable=False),
)
