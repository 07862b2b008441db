"""The search for a text in NumPy: what `tasks.writing.search` does, for a model that is served without PyTorch.

Greedy and beam search choose as the PyTorch ones do. A drawn text follows the same shares but another chance: NumPy's,
and the same for every row, so that a row's text depends on its seed and not on the rows beside it.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from consilience.tasks.writing.search import NEVER, Decoding, Signs

Array = np.ndarray[Any, Any]


class Memory(NamedTuple):
    """What of B rows is looked at while they are written about: x float32 [B, M, D], mask bool [B, M]."""

    x: Array
    mask: Array

    def at(self, rows: Array) -> Memory:
        """Some of the rows (positions, or bool [B])."""
        return Memory(self.x[rows], self.mask[rows])

    def trimmed(self) -> Memory:
        """Real tokens first, in their order, and as many as the row with most of them has."""
        order = np.argsort(~self.mask, axis=1, kind="stable")[:, : int(self.mask.sum(1).max(initial=1))]
        rows = np.arange(len(order))[:, None]
        return Memory(self.x[rows, order], self.mask[rows, order])


class Speaker(Protocol):
    """A language model that reads everything anew at each step."""

    def following(self, memory: Memory, ids: Array) -> Array:
        """ids int64 [B, N, T], N begun texts of each row → logits float32 [B, N, V] of what comes next."""
        ...


def write(speaker: Speaker, memory: Memory, options: Decoding, signs: Signs) -> Array:
    """int64 [B, signs.length]: ids of the texts, −1 after the end."""
    longest = min(options.max_length or signs.length, signs.length)
    rows = len(memory.x)
    found = np.full((rows, signs.length), -1, dtype=np.int64)
    if rows:
        beam = options.method == "beam" and options.beams > 1
        made = (_beam if beam else _one)(speaker, memory, options, signs._replace(length=longest))
        found[:, : made.shape[1]] = made
    return found


def _one(speaker: Speaker, memory: Memory, options: Decoding, signs: Signs) -> Array:
    """One text a row: the likeliest sub-word each time, or one drawn. Rows that have ended are not asked again."""
    drawn = np.random.default_rng(options.seed) if options.method == "sample" else None
    text = np.full((len(memory.x), 0), -1, dtype=np.int64)
    going = np.arange(len(memory.x))
    for _ in range(signs.length):
        begun = text[going]
        logits = _allowed(speaker.following(memory, _opened(begun[:, None], signs))[:, 0], begun, options, signs)
        chosen = logits.argmax(1) if drawn is None else _draw(logits, options, float(drawn.random()))
        text = np.pad(text, ((0, 0), (0, 1)), constant_values=-1)
        text[going, -1] = chosen
        on = chosen != signs.end
        if not on.any():
            break
        if not on.all():
            going, memory = going[on], memory.at(on)
    return text


def _draw(logits: Array, options: Decoding, point: float) -> Array:
    """A sub-word of the smallest set whose probabilities add up to top_p, by its share; point: 0..1, of all rows."""
    shares = np.exp(log_softmax(logits / options.temperature).astype(np.float64))
    order = np.argsort(-shares, axis=1, kind="stable")
    shares = np.take_along_axis(shares, order, 1)
    shares[shares.cumsum(1) - shares >= options.top_p] = 0.0  # the first always stays
    sums = shares.cumsum(1)
    place = (sums <= point * sums[:, -1:]).sum(1).clip(max=shares.shape[1] - 1)
    return np.asarray(order[np.arange(len(order)), place])


class _Race(NamedTuple):
    """Several texts of each of R rows: text [R, N, T] (−1 after the end), done bool, total and size float32 [R, N]."""

    text: Array
    done: Array
    total: Array
    size: Array

    def at(self, rows: Array) -> _Race:
        return _Race(*(part[rows] for part in self))


def _beam(speaker: Speaker, memory: Memory, options: Decoding, signs: Signs) -> Array:
    """The best of several texts a row; those that have ended stay in the race with their score."""
    rows, beams = len(memory.x), options.beams
    best = np.full((rows, signs.length), -1, dtype=np.int64)
    total = np.full((rows, beams), NEVER, np.float32)
    total[:, 0] = 0.0  # all beams begin alike: only one of them may go on
    race = _Race(np.zeros((rows, beams, 0), np.int64), np.zeros((rows, beams), bool), total, np.zeros_like(total))
    going = np.arange(rows)
    for _ in range(signs.length):
        race = _advanced(speaker.following(memory, _opened(race.text, signs)), race, options, signs)
        on = np.asarray(~race.done.all(1))
        if on.all():
            continue
        best[going[~on], : race.text.shape[2]] = _winners(race.at(~on), options)
        going, memory, race = going[on], memory.at(on), race.at(on)
        if not len(going):
            break
    best[going, : race.text.shape[2]] = _winners(race, options)
    return best


def _advanced(logits: Array, race: _Race, options: Decoding, signs: Signs) -> _Race:
    """The race one sub-word on."""
    rows, beams, words = logits.shape
    text = race.text.reshape(rows * beams, -1)
    said = log_softmax(_allowed(logits.reshape(-1, words), text, options, signs)).reshape(logits.shape)
    said[race.done] = NEVER
    said[race.done, signs.end] = 0.0
    sums = race.total[:, :, None] + said
    grown = race.size + ~race.done
    merit = (sums / _penalised(grown, options)[:, :, None]).reshape(rows, -1)
    place = _highest(merit, beams)
    row, source, chosen = np.arange(rows)[:, None], place // words, place % words
    ended = race.done[row, source]
    text = np.concatenate([race.text[row, source], np.where(ended, -1, chosen)[:, :, None]], 2)
    total = np.take_along_axis(sums.reshape(rows, -1), place, 1)
    return _Race(text, ended | (chosen == signs.end), total, grown[row, source].astype(np.float32))


def _winners(race: _Race, options: Decoding) -> Array:
    merit = race.total / _penalised(race.size.clip(min=1), options)
    return np.asarray(race.text[np.arange(len(merit)), merit.argmax(1)])


def _penalised(size: Array, options: Decoding) -> Array:
    return np.asarray(size, np.float32) ** np.float32(options.length_penalty)


def _highest(merit: Array, count: int) -> Array:
    """Places of the `count` largest of each row, the largest first; of equals the first."""
    count = min(count, merit.shape[1])
    some = np.sort(np.argpartition(-merit, count - 1, axis=1)[:, :count], axis=1)
    order = np.argsort(-np.take_along_axis(merit, some, 1), axis=1, kind="stable")
    return np.take_along_axis(some, order, 1)


def _opened(text: Array, signs: Signs) -> Array:
    """Begun texts [B, N, T] as the model reads them: the opening sign first, the end again after the end."""
    begun = np.where(text < 0, signs.end, text)
    return np.pad(begun, ((0, 0), (0, 0), (1, 0)), constant_values=signs.begin)


def _allowed(logits: Array, text: Array, options: Decoding, signs: Signs) -> Array:
    """Logits [R, V] without signs that are never written and without what would repeat a run of sub-words."""
    logits = np.array(logits, dtype=np.float32)
    logits[:, list(signs.never)] = NEVER
    n = options.no_repeat
    if n == 0 or text.shape[1] < n:
        return logits
    runs = np.lib.stride_tricks.sliding_window_view(text, n, axis=1)  # [R, W, n]
    tail = text[:, text.shape[1] - n + 1 :]
    again = (runs[:, :, : n - 1] == tail[:, None]).all(-1) & (runs[:, :, -1] >= 0)
    row, place = np.nonzero(again)
    logits[row, runs[row, place, -1]] = NEVER
    return logits


def log_softmax(logits: Array) -> Array:
    """Natural logarithm of the probabilities of the last axis, float32.

    Example:
        >>> log_softmax(np.zeros((1, 2), np.float32)).round(3).tolist()
        [[-0.6930000185966492, -0.6930000185966492]]
    """
    given = logits - logits.max(-1, keepdims=True)
    return np.asarray(given - np.log(np.exp(given).sum(-1, keepdims=True)), np.float32)
