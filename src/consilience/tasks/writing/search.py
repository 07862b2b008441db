"""The search for a text, sub-word by sub-word: greedy, beam search, or drawn by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from pydantic import Field

from consilience.core.config import Config

if TYPE_CHECKING:
    from torch import Generator, Tensor

NEVER = -1e9


class Decoding(Config):
    """How a text is searched for; can be changed after training."""

    method: Literal["greedy", "beam", "sample"] = "beam"
    """greedy: the likeliest next sub-word; beam: the likeliest of several texts at once; sample: drawn by chance."""
    beams: int = Field(4, ge=1, le=32)
    """Texts that `beam` keeps at once."""
    length_penalty: float = Field(1.0, ge=0, le=5)
    """beam: log-probabilities are divided by length to this power (Wu et al. 2016, arXiv 1609.08144)."""
    no_repeat: int = Field(3, ge=0, le=20)
    """No run of so many sub-words comes twice in a text (Paulus et al. 2018, arXiv 1705.04304); 0 = may repeat."""
    temperature: float = Field(1.0, gt=0, le=10)
    """sample: below 1 likelier sub-words are preferred more."""
    top_p: float = Field(0.9, gt=0, le=1)
    """sample: from the likeliest sub-words that hold this share (Holtzman et al. 2020, arXiv 1904.09751)."""
    seed: int = Field(0, ge=0, lt=2**31)
    """sample: same seed, table and model, same texts."""
    max_length: int | None = Field(None, ge=1)
    """Most sub-words written; the longest of the training targets when None, and never more than that."""


class Speaker(Protocol):
    """A language model with a memory of the row: state → what may come next."""

    def following(self, ids: Tensor, state: Any) -> tuple[Tensor, Any]:
        """ids int64 [R, T], the newest sub-words → logits [R, V] of the next one, and the state after them."""
        ...

    def reorder(self, state: Any, rows: Tensor) -> Any:
        """The state of these texts (int64 [R'], may repeat): a row's texts stand side by side, and stay in their
        row."""
        ...


class Signs(NamedTuple):
    """Ids: what opens a text, what ends it, and those never written. length: most sub-words, the end included."""

    begin: int
    end: int
    never: tuple[int, ...]
    length: int


def write(speaker: Speaker, state: Any, rows: int, options: Decoding, signs: Signs) -> Tensor:
    """int64 [rows, signs.length]: ids of the texts, −1 after the end."""
    import torch

    signs = signs._replace(length=min(options.max_length or signs.length, signs.length))
    with torch.no_grad():
        if options.method == "beam" and options.beams > 1:
            return _beam(speaker, state, rows, options, signs)
        return _one(speaker, state, rows, options, signs)


def _device(state: Any) -> Any:
    return state.device


def _one(speaker: Speaker, state: Any, rows: int, options: Decoding, signs: Signs) -> Tensor:
    """One text a row: the likeliest sub-word each time, or one drawn."""
    import torch

    device = _device(state)
    drawn = torch.Generator(device).manual_seed(options.seed) if options.method == "sample" else None
    last = torch.full((rows, 1), signs.begin, dtype=torch.int64, device=device)
    text = last[:, :0]
    done = torch.zeros(rows, dtype=torch.bool, device=device)
    for _ in range(signs.length):
        logits, state = speaker.following(last, state)
        logits = _allowed(logits.float(), text, options, signs)
        chosen = logits.argmax(-1) if drawn is None else _draw(logits, options, drawn)
        text = torch.cat([text, chosen.masked_fill(done, -1)[:, None]], 1)
        last = chosen.masked_fill(done, signs.end)[:, None]
        done = done | (chosen == signs.end)
        if bool(done.all()):
            break
    return _padded(text, signs.length)


def _draw(logits: Tensor, options: Decoding, drawn: Generator) -> Tensor:
    """A sub-word of the smallest set whose probabilities add up to top_p, by its share."""
    import torch

    shares, order = torch.softmax(logits / options.temperature, -1).sort(dim=-1, descending=True)
    outside = shares.cumsum(-1) - shares >= options.top_p  # the first always stays
    place = torch.multinomial(shares.masked_fill(outside, 0.0), 1, generator=drawn)
    return order.gather(1, place).squeeze(1)


def _beam(speaker: Speaker, state: Any, rows: int, options: Decoding, signs: Signs) -> Tensor:
    """The best of several texts a row; those that have ended stay in the race with their score."""
    import torch

    beams, device = options.beams, _device(state)
    first = torch.arange(rows, device=device)
    state = speaker.reorder(state, first.repeat_interleave(beams))
    total = torch.full((rows, beams), NEVER, device=device)
    total[:, 0] = 0.0  # all beams begin alike: only one of them may go on
    last = torch.full((rows * beams, 1), signs.begin, dtype=torch.int64, device=device)
    text, done = last[:, :0], torch.zeros(rows * beams, dtype=torch.bool, device=device)
    size = torch.zeros(rows, beams, device=device)
    for _ in range(signs.length):
        logits, state = speaker.following(last, state)
        said = torch.log_softmax(_allowed(logits.float(), text, options, signs), -1)
        stays = torch.full_like(said, NEVER)
        stays[:, signs.end] = 0.0
        said = torch.where(done[:, None], stays, said).reshape(rows, beams, -1)
        sums = total[:, :, None] + said
        grown = size + (~done).reshape(rows, beams)
        merit = (sums / grown[:, :, None] ** options.length_penalty).flatten(1)
        place = merit.topk(beams, dim=1).indices
        words = said.shape[-1]
        source = (first[:, None] * beams + place // words).flatten()
        chosen = (place % words).flatten()
        total, size = sums.flatten(1).gather(1, place), grown.flatten()[source].reshape(rows, beams)
        ended = done[source]
        text = torch.cat([text[source], chosen.masked_fill(ended, -1)[:, None]], 1)
        done = ended | (chosen == signs.end)
        if bool(done.all()):
            break
        state, last = speaker.reorder(state, source), chosen[:, None]
    best = (total / size.clamp(min=1) ** options.length_penalty).argmax(1)
    return _padded(text[first * beams + best], signs.length)


def _allowed(logits: Tensor, text: Tensor, options: Decoding, signs: Signs) -> Tensor:
    """Logits [R, V] without signs that are never written and without what would repeat a run of sub-words."""
    import torch

    logits = logits.clone()
    logits[:, list(signs.never)] = NEVER
    n = options.no_repeat
    if n == 0 or text.shape[1] < n:
        return logits
    runs = text.unfold(1, n, 1)  # [R, W, n]
    tail = text[:, text.shape[1] - n + 1 :]
    again = (runs[:, :, : n - 1] == tail[:, None]).all(-1) & (runs[:, :, -1] >= 0)
    banned = torch.zeros(logits.shape, dtype=torch.int64, device=logits.device)
    banned = banned.scatter_add(1, runs[:, :, -1].clamp(min=0), again.long())
    return logits.masked_fill(banned > 0, NEVER)


def _padded(text: Tensor, length: int) -> Tensor:
    from torch.nn.functional import pad

    return pad(text, (0, length - text.shape[1]), value=-1)
