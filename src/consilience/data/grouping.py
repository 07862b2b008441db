"""Does a column hold together rows of one patient, speaker or device? Measured, not guessed from its name
alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from consilience.data.predictive import codes_of
from consilience.modalities.cells import as_number, as_text

ENTITY = re.compile(
    r"patient|subject|proband|person|people|participant|speaker|talker|singer|writer|author|rater|annotator|reviewer|"
    r"user|customer|client|member|student|pupil|teacher|driver|player|rescuer|owner|donor|animal|mouse|household|"
    r"famil|session|recording|scanner|device|sensor|machine|hospital|clinic|school|site_?id|plot|field_?id|batch|"
    r"patiënt|sprecher|teilnehmer|nutzer|kunde|schüler|versuchsperson|locuteur|sujet|élève|utilisateur|personne|"
    r"paciente|hablante|sujeto|usuario|cliente|alumno|paziente|soggetto|parlante|utente|falante|aluno|"
    r"пациент|диктор|пользовател|клиент|испытуем|患者|病人|病例|病历|受试|被试|说话人|話者|被験者|用户|用戶|利用者|客户|客戶|"
    r"会员|学生|作者|家庭|住院|환자|화자|피험자|사용자|고객|مريض|متحدث",
)
"""Words for somebody or something that yields several rows, in names of columns, lower case."""
ID = re.compile(r"(^|[^a-z])(id|ids|uid|code|nr|no|key)([^a-z]|$)|id$|编号|号$|番号|번호|номер|nummer|número|numéro")
LEAST_ROWS = 40
MANY_GROUPS = 30
LIKE = 0.5
"""Kappa of equal values within groups, from which another column is held together by the group."""
LABEL_LIKE = 0.1
BINS = 8

Array = np.ndarray[Any, Any]


class Evidence(NamedTuple):
    """groups: distinct values; size: mean rows of a value; repeated: share of rows whose value repeats;
    alike: columns the same within a group; label: kappa of the target within groups; points: see `weigh`."""

    groups: int
    size: float
    repeated: float
    alike: tuple[str, ...]
    label: float
    points: int
    named: bool


def weigh(name: str, codes: Array, opaque: bool, others: Mapping[str, Array], label: Array | None) -> Evidence | None:
    """The evidence that column `name` groups rows, or None when its values hardly repeat.

    codes: [N] int, 0 = missing. others: codes of the other columns. label: codes of the target, or None.

    A name that says so counts 2 (an "id" 1), codes 1, many small groups 1, one column held together 1,
    half of the columns 2, a target alike within groups 1.
    """
    known = codes > 0
    counts = np.bincount(codes[known])
    counts = counts[counts > 0]
    groups = len(counts)
    repeated = float(counts[counts > 1].sum() / max(counts.sum(), 1))
    if counts.sum() < max(LEAST_ROWS, 0.5 * len(codes)) or groups < 3 or repeated < 0.2 or groups > 0.95 * counts.sum():
        return None
    kappas = {other: likeness(codes, values) for other, values in others.items()}
    alike = tuple(other for other, kappa in kappas.items() if kappa >= LIKE)
    label_kappa = likeness(codes, label) if label is not None else 0.0
    lowered = name.lower()
    named = bool(ENTITY.search(lowered))
    points = 2 * named or int(bool(ID.search(lowered)))
    points += opaque
    points += groups >= MANY_GROUPS and counts.mean() <= 50
    points += 2 if len(alike) >= 2 and len(alike) >= len(kappas) / 2 else bool(alike)
    points += label_kappa >= LABEL_LIKE
    return Evidence(groups, float(counts.mean()), repeated, alike, label_kappa, int(points), named)


def likeness(group: Array, values: Array) -> float:
    """Cohen's kappa of two rows of one group having equal values, against two rows of the table: 1 =
    always equal within groups, 0 = no more than by chance. group, values: [N] int, 0 = missing."""
    known = (group > 0) & (values > 0)
    group, values = group[known], values[known]
    if not len(group):
        return 0.0
    shares = np.bincount(values) / len(values)
    chance = float((shares**2).sum())
    if chance > 0.98:
        return 0.0
    size = np.bincount(group)
    both = np.unique(group * (int(values.max()) + 1) + values, return_counts=True)
    pairs = np.bincount(both[0] // (int(values.max()) + 1), weights=both[1] * (both[1] - 1.0), minlength=len(size))
    several = size > 1
    if not several.any():
        return 0.0
    agree = pairs[several] / (size[several] * (size[several] - 1.0))
    within = float((agree * size[several]).sum() / size[several].sum())
    return (within - chance) / (1 - chance)


def binned(column: pl.Series, modality: str) -> Array:
    """[N] codes for `likeness`: a number with many values by its quantiles, all else by value; 0 =
    missing."""
    if modality == "number":
        number = as_number(column)
        if number.n_unique() > 3 * BINS:
            edges = np.quantile(number.drop_nulls().to_numpy(), np.arange(1, BINS) / BINS)
            codes = 1 + np.searchsorted(np.unique(edges), number.fill_null(0).to_numpy(), side="right")
            return np.where(number.is_null().to_numpy(), 0, codes)
    return codes_of(column, number=False)


def opaque(column: pl.Series) -> bool:
    """Are the values codes: one token with digits and letters, or long hexadecimals, or whole numbers of ≥
    4 digits?"""
    values = as_text(column).drop_nulls().unique().sort()
    values = values.gather_every(max(1, len(values) // 1000))
    if not len(values):
        return False
    coded = values.str.contains(r"^[\w./:#-]*\d[\w./:#-]*$") & values.str.contains(r"[^\d.eE+-]")
    plain = values.str.contains(r"^\d{4,}$")
    return max(int(coded.sum()), int(plain.sum())) > 0.9 * len(values)
