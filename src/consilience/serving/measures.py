"""Prometheus metrics of a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from consilience.watching.log_process import LogProcess

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


@final
class Measures:
    """One registry a server, so that two in one process don't mix."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._known: dict[str, tuple[Histogram, Counter]] = {}
        self.seconds = Histogram(
            "consilience_latency_seconds", "From request to answer", ["model"], buckets=SECONDS, registry=registry
        )
        self.batch = Histogram(
            "consilience_batch_rows",
            "Rows of one call of a model",
            ["model"],
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
            registry=registry,
        )
        self.waiting = Gauge("consilience_queue_requests", "Requests that wait", ["model"], registry=registry)
        self.rows = Counter("consilience_rows", "Rows answered", ["model"], registry=registry)
        self.missing = Counter("consilience_missing", "Rows without the group", ["model", "group"], registry=registry)
        self.repairs = Counter("consilience_repairs", "Cells repaired", ["model", "code"], registry=registry)
        self.errors = Counter("consilience_refused", "Requests refused or failed", ["status"], registry=registry)

    def told(self, model: str, answers: Sequence[Mapping[str, Any]], seconds: float) -> None:
        """Count one answered request."""
        latency, rows = self._of(model)
        latency.observe(seconds)
        rows.inc(len(answers))
        for answer in answers:
            for group, given in answer["given"].items():
                if not given:
                    self.missing.labels(model, group).inc()
            for repair in answer["repairs"]:
                self.repairs.labels(model, repair["code"]).inc()

    def _of(self, model: str) -> tuple[Histogram, Counter]:
        """Found once a model: to look for a label takes longer than to count."""
        found = self._known.get(model)
        if found is None:
            found = self._known[model] = (self.seconds.labels(model), self.rows.labels(model))
        return found

    def watch(self, log: LogProcess) -> None:
        """Tell how the log stands: a row that is counted as logged is on the disk."""
        told = {
            "consilience_logged_rows": ("Rows that the prediction log has committed", lambda: log.written),
            "consilience_log_lost": ("Rows and audit lines that could not be written", lambda: log.lost),
            "consilience_log_waiting": ("Requests that wait to be written", lambda: log.waiting),
        }
        for name, (what, figure) in told.items():
            Gauge(name, what, registry=self.registry).set_function(figure)

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self.registry)
