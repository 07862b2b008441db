"""The encoding of a text file: UTF-8 is checked in a streaming way, anything else is turned into it."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import charset_normalizer

from consilience.data.file_kind import Content, wide_codec

CHUNK = 1 << 22
SAMPLE = 200_000
"""Bytes of lines beyond ASCII that decide between encodings."""
BROKEN_SHARE = 0.05
"""A file whose sequences beyond ASCII are UTF-8 but for this share is UTF-8 with broken bytes."""
BYTE_ORDER_MARKS = (  # UTF-32 before UTF-16: its little-endian mark begins with the one of UTF-16
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with BOM"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
OTHER_SCRIPTS = [
    *(
        "cp1251",
        "cp1253",
        "cp1255",
        "cp1256",
        "koi8_r",
        "iso8859_5",
        "big5",
        "cp949",
        "cp932",
        "euc_jp",
        "tis_620",
    )
]
"""Encodings that charset-normalizer may answer, for text in other scripts that is neither UTF nor GB18030."""
_WELL_FORMED = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_ACCENTS = re.compile(rb"[\x80-\xff]+")


class Encoding(NamedTuple):
    """A Python codec, what messages call it, and how broken bytes are met ("strict" or "replace")."""

    codec: str
    name: str
    errors: str = "strict"


def detect_encoding(content: Content) -> Encoding:
    """The encoding of a whole file; byte order marks first, then strict attempts, then statistics."""
    for mark, codec, name in BYTE_ORDER_MARKS:
        if content[: len(mark)] == mark:
            return Encoding(codec, name)
    wide = wide_codec(content[:4096])
    if wide:
        return Encoding(wide, wide.upper())
    if _decodes(content, "utf-8"):
        return Encoding("utf-8", "UTF-8")
    sample = _lines_beyond_ascii(content)
    if _nearly_utf8(sample):
        return Encoding("utf-8", "UTF-8", "replace")
    if _looks_chinese(sample) and _decodes(content, "gb18030"):
        return Encoding("gb18030", "GB18030")
    return _one_byte_or_other(content, sample)


def as_utf8(content: Content) -> tuple[Content, tuple[str, ...]]:
    """The content as UTF-8 bytes (itself when it is UTF-8 already) and what to say to the user about it."""
    encoding = detect_encoding(content)
    if encoding.codec == "utf-8-sig" and _decodes(content, "utf-8"):
        return content[len(codecs.BOM_UTF8) :], (f"encoding {encoding.name}",)
    if encoding.codec == "utf-8" and encoding.errors == "strict":
        return content, ()
    decoder = codecs.getincrementaldecoder(encoding.codec)(encoding.errors)
    parts: list[bytes] = []
    marks = 0
    for chunk, last in _chunks(content):
        text = decoder.decode(chunk, last)
        marks += text.count("�") if encoding.errors == "replace" else 0
        parts.append(text.encode("utf-8", "replace"))
    note = f"encoding {encoding.name}"
    if encoding.errors == "replace":
        note += f", {marks:,} broken characters read as '�'"
    return b"".join(parts), (note,)


def _chunks(content: Content) -> Iterator[tuple[bytes, bool]]:
    for start in range(0, len(content), CHUNK):
        yield bytes(content[start : start + CHUNK]), start + CHUNK >= len(content)


def _decodes(content: Content, codec: str) -> bool:
    decoder = codecs.getincrementaldecoder(codec)("strict")
    try:
        for chunk, last in _chunks(content):
            decoder.decode(chunk, last)
    except UnicodeDecodeError:
        return False
    return True


def _lines_beyond_ascii(content: Content) -> bytes:
    """Up to SAMPLE bytes of the lines that hold bytes beyond ASCII."""
    found: list[bytes] = []
    size = 0
    rest = b""
    for chunk, last in _chunks(content):
        lines = (rest + chunk).split(b"\n")
        rest = b"" if last else lines.pop()
        for line in lines:
            if not line.isascii():
                found.append(line[:SAMPLE])
                size += len(found[-1])
        if size >= SAMPLE:
            break
    return b"\n".join(found)


def _nearly_utf8(sample: bytes) -> bool:
    """True when all but a few bytes beyond ASCII stand in well-formed UTF-8 sequences."""
    beyond = sum(byte >= 0x80 for byte in sample)
    inside = sum(len(match) for match in _WELL_FORMED.findall(sample))
    return beyond >= 20 and inside >= (1 - BROKEN_SHARE) * beyond


def _looks_chinese(sample: bytes) -> bool:
    """Whether text that decodes as GB18030 is Chinese, not another language's bytes that happen to fit.

    GB 2312 keeps its 3,755 common characters in rows B0..D7, ordered by pinyin, and punctuation in A1..A3.
    Latin accents pair with ASCII letters and Big5 with low trail bytes (neither is in GB 2312), Korean keeps
    to rows B0..C8, Japanese EUC is full of kana (rows A4, A5).
    """
    try:
        text = sample.decode("gb18030")
    except UnicodeDecodeError as error:
        if error.end < len(sample):
            return False
        text = sample[: error.start].decode("gb18030")  # the sample cut a character in two
    common = punctuation = kana = late = total = 0
    for character, count in Counter(re.findall(r"[^\x00-\x7f]", text)).items():
        pair = character.encode("gb18030", "replace")
        total += count
        if len(pair) != 2 or pair[1] < 0xA1:
            continue
        common += count * (0xB0 <= pair[0] <= 0xD7)
        late += count * (0xC9 <= pair[0] <= 0xD7)
        punctuation += count * (0xA1 <= pair[0] <= 0xA3)
        kana += count * (pair[0] in (0xA4, 0xA5))
    if not total or not common:
        return False
    korean = common >= 20 and late < 0.08 * common
    return (common + punctuation) >= 0.75 * total and common >= 0.4 * total and kana <= 0.1 * total and not korean


def _one_byte_or_other(content: Content, sample: bytes) -> Encoding:
    """Windows Latin where accents stand alone among ASCII letters, else what charset-normalizer says."""
    runs = _ACCENTS.findall(sample)
    if sum(map(len, runs)) >= 2.5 * max(len(runs), 1):
        best = charset_normalizer.from_bytes(sample, cp_isolation=OTHER_SCRIPTS, threshold=0.4).best()
        candidates = [best.encoding] if best is not None else []
    else:
        candidates = ["cp1250"] if _looks_east_european(sample) else []
    for codec in [*candidates, "cp1252"]:
        if codec in _SPOKEN and _decodes(content, codec):
            return Encoding(codec, _SPOKEN[codec])
    return Encoding("latin-1", "Latin-1")


def _looks_east_european(sample: bytes) -> bool:
    """Polish letters are signs in Western text (ł is ³), and no Western language has both ø and ì (ř, ě)."""
    signs = len(re.findall(rb"(?<=[A-Za-z])[\xa5\xb3\xb9\xbf\x9f\x8c\xbc\xbe](?=[A-Za-z\x80-\xff])", sample))
    beyond = sum(byte >= 0x80 for byte in sample)
    return signs > 0.05 * beyond or (b"\xf8" in sample and b"\xec" in sample)


_SPOKEN = {
    "cp1252": "Windows-1252 (Latin)",
    "cp1250": "Windows-1250",
    "cp1251": "Windows-1251",
    "big5": "Big5",
    "cp949": "CP949 (Korean)",
    "cp932": "Shift-JIS",
    "cp1253": "Windows-1253 (Greek)",
    "cp1255": "Windows-1255 (Hebrew)",
    "cp1256": "Windows-1256 (Arabic)",
    "euc_jp": "EUC-JP",
    "iso8859_5": "ISO 8859-5",
    "koi8_r": "KOI8-R",
    "tis_620": "TIS-620 (Thai)",
}
