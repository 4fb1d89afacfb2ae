"""Numbers and names as text for people, safe to show on any terminal."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime

from twinreel.errors import UserError

_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the order of what stands around them: a name must not be able to disguise itself."""
_UNSAFE = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Control characters (escape sequences, new lines), bytes that are not valid UTF-8, line and paragraph separators."""
_UNITS = ("B", "KB", "MB", "GB", "TB", "PB")


def safe(text: str) -> str:
    """The text with whatever could steer a terminal, or not be encoded, written as ``\\x1b``.

    Bytes that are not valid UTF-8, which ``os.fsdecode`` hides in lone surrogates, come as the bytes that they are.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(c) if c in _DIRECTIONS or unicodedata.category(c) in _UNSAFE else c for c in text)


def _escaped(character: str) -> str:
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:
        number -= 0xDC00
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def clock(seconds: float) -> str:
    """``0:12:34.5``: hours, minutes, seconds."""
    tenths = round(max(seconds, 0.0) * 10)
    minutes, rest = divmod(tenths, 600)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest // 10:02d}.{rest % 10}"


def span(start: float, stop: float) -> str:
    """``0:00:03.0-0:00:09.5``, or ``0:00:03.0`` where that is all, as for a still image."""
    first, last = clock(start), clock(stop)
    return first if first == last else f"{first}-{last}"


def size(number: float) -> str:
    """Bytes as ``1.2 GB``, in powers of 1000 as drives are sold."""
    unit = 0
    while number >= 999.5 and unit < len(_UNITS) - 1:
        number, unit = number / 1000, unit + 1
    return f"{number:.0f} {_UNITS[unit]}" if unit == 0 or number >= 99.95 else f"{number:.1f} {_UNITS[unit]}"


def day(seconds: float) -> str:
    """A date, of seconds since 1970."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 file``, ``1,200 files``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def percent(share: float) -> str:
    """A share as ``35%``; what is not everything is never 100%, what is not nothing never 0%."""
    if 0 < share < 0.01:
        return "<1%"
    return f"{min(int(share * 100 + 0.5), 99) if share < 0.999 else 100}%"


def parse_size(text: str) -> int:
    """``500M``, ``2G``, ``1.5 GB``, ``1048576`` in bytes; as memory is counted, in powers of 1024. UserError."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?)(?:I?B)?", text.strip().upper())
    if found is None:
        raise UserError(f"{text!r} is not a size: give bytes, or a number with K, M, G or T, for example 2G")
    return int(float(found[1]) * 1024 ** " KMGT".index(found[2] or " "))
