"""Words in a text column that say the class: the class's own name, or any word that stands for it by
itself."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from consilience.data.wording import quoted, share
from consilience.modalities.cells import as_text

BALANCED = 0.97
"""Held-out balanced accuracy of a single word from which it is said to know the class."""
NAMED = 0.2
"""Share of the texts that name exactly one class from which the names matter."""
AGREE = 0.97
"""Share of those texts whose class is the one they name."""
SAID, SAID_ROWS = 0.1, 20
"""Share and number of the texts that hold a word of the target's name, at least."""
SURE = 0.95
"""Share of one class among them; and at most half of the other classes' usual share."""
GENERIC = ("label", "target", "class", "outcome", "result", "score", "rating", "value", "type", "category", "status")
MOST_CLASSES = 20
VOCABULARY = 20_000

Array = np.ndarray[Any, Any]


class Word(NamedTuple):
    """What the texts say: the words, how well they tell the class (0..1), and the reader's sentence."""

    words: tuple[str, ...]
    score: float
    sentence: str


def telling_words(column: pl.Series, member: Array, classes: list[str], fold: Array, target: str = "") -> Word | None:
    """The words that tell the class, or None; member [N, K] bool, fold [N] int, target: name of its column."""
    texts = as_text(column).fill_null("").str.to_lowercase()
    return (
        _class_names(texts, member, classes)
        or _target_name(texts, member, classes, target)
        or _single_words(texts, member, classes, fold)
    )


def _target_name(texts: pl.Series, member: Array, classes: list[str], target: str) -> Word | None:
    """Do texts that hold a word of the target's own name (covid) nearly all belong to one class?"""
    given = (texts.str.len_bytes() > 0).to_numpy()
    for name in re.findall(r"[^\W\d_]{2,}", target.lower()):
        if len(name) < (4 if name.isascii() else 2) or name in GENERIC:
            continue
        holds = texts.str.contains(rf"\b{name}" if name.isascii() else name).to_numpy() & given
        if holds.sum() < SAID_ROWS or holds.sum() < SAID * given.sum():
            continue
        shares, base = member[holds].mean(0), member[given].mean(0)
        best = int(shares.argmax())
        if 1 - shares[best] <= min(1 - SURE, (1 - base[best]) / 2):
            told = f"{share(int(holds.sum()), int(given.sum()))} hold the word {name!r}, and "
            told += f"{share(int(member[holds, best].sum()), int(holds.sum()))} of these are {classes[best]!r}"
            return Word((name,), float(shares[best]), told)
    return None


def _class_names(texts: pl.Series, member: Array, classes: list[str]) -> Word | None:
    """Do texts hold the name of their own class, and hardly ever another's?"""
    names = [c.lower() for c in classes]
    if len(names) > 200 or any(len(n) < 2 or not re.search(r"[^\W\d_]{2}", n) for n in names):
        return None  # 0/1, a/b, 1..5: such "names" stand in texts by chance
    holds = np.stack([texts.str.contains(_whole(n)).to_numpy() for n in names], 1)
    one = holds.sum(1) == 1
    agree = holds[one].argmax(1) == member[one].argmax(1)
    if one.mean() < NAMED or not agree.size or agree.mean() < AGREE:
        return None
    base = float(member.mean(0).max())
    if base > AGREE - 0.1:
        return None
    named = tuple(classes[k] for k in np.flatnonzero(holds[one].any(0))[:5])
    told = f"{share(int(one.sum()), len(one))} name exactly one class ({quoted(named)}), "
    return Word(
        named,
        float(agree.mean()),
        told + f"and it is theirs in {share(int(agree.sum()), len(agree))} of these",
    )


def _whole(name: str) -> str:
    """A pattern for the name as a word of its own; scripts without blanks have no word borders."""
    escaped = re.escape(name)
    return rf"\b{escaped}\b" if name.isascii() else escaped


def _single_words(texts: pl.Series, member: Array, classes: list[str], fold: Array) -> Word | None:
    """For every class, the best word of the other folds, judged on the fold left out (balanced accuracy)."""
    if len(classes) > MOST_CLASSES or len(texts) < 100:
        return None
    from sklearn.feature_extraction.text import CountVectorizer

    ideographs = int(texts.str.contains(r"\p{Han}").sum()) > 0.3 * len(texts)
    cut = {"analyzer": "char", "ngram_range": (2, 3)} if ideographs else {"token_pattern": r"(?u)\b\w\w+\b"}
    vectorizer = CountVectorizer(binary=True, max_features=VOCABULARY, min_df=5, dtype=np.float32, **cut)
    try:
        counts = vectorizer.fit_transform(texts.to_list())
    except ValueError:  # no word stands in five texts
        return None
    words = vectorizer.get_feature_names_out()
    scores, best = [], []
    for k in range(1, 2) if len(classes) == 2 else range(len(classes)):
        score, word = _best_word(counts, member[:, k], fold)
        scores.append(score)
        best.append(str(words[word]))
    if min(scores) < BALANCED:
        return None
    several = len(best) > 1
    told = f"the {'words' if several else 'word'} {quoted(best)} alone {'tell' if several else 'tells'} "
    told += f"the class with a balanced accuracy of {min(scores):.1%} or more on rows held out"
    return Word(tuple(best), float(min(scores)), told)


def _best_word(counts: Any, positive: Array, fold: Array) -> tuple[float, int]:
    """(balanced accuracy on held-out folds of the word that was best on the rest, the last such word)."""
    right, wrong, word = 0.0, 0.0, 0
    for part in range(int(fold.max()) + 1):
        rest = fold != part
        with_yes = np.asarray(counts[rest & positive].sum(0)).ravel() / max((rest & positive).sum(), 1)
        with_no = np.asarray(counts[rest & ~positive].sum(0)).ravel() / max((rest & ~positive).sum(), 1)
        word = int(np.abs(with_yes - with_no).argmax())
        sign = with_yes[word] >= with_no[word]
        said = (counts[fold == part][:, word].toarray().ravel() > 0) == sign
        right += (said & positive[fold == part]).sum()
        wrong += (said & ~positive[fold == part]).sum()
    return float((right / max(positive.sum(), 1) + 1 - wrong / max((~positive).sum(), 1)) / 2), word
