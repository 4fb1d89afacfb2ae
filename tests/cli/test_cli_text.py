from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinreel.cli.text import clock, count, parse_size, percent, safe, size, span
from twinreel.errors import UserError

TURNING = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
anything = st.text(st.characters(exclude_categories=[]))


@given(anything)
def test_safe_text_cannot_steer_a_terminal(text: str) -> None:
    shown = safe(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in shown)
    assert not any(
        unicodedata.bidirectional(c) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "PDI") for c in shown
    )
    shown.encode()


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"])))
def test_names_in_any_script_are_shown_as_they_are(text: str) -> None:
    assert safe(text) == text


@given(st.integers(0x80, 0xFF), st.text("abc \u00e9\u6620"))
def test_bytes_that_are_not_text_are_shown_as_bytes(byte: int, rest: str) -> None:
    name = (bytes([byte]) + b"." + rest.encode()).decode(errors="surrogateescape")
    assert safe(name) == f"\\x{byte:02x}.{rest}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\nb", r"a\x0ab"), ("\x1b[31m", r"\x1b[31m"), ("\x9b", r"\x9b"), ("\u202e", r"\u202e"), ("\ud800", r"\ud800")],
)
def test_what_is_unsafe_is_escaped(text: str, shown: str) -> None:
    assert safe(text) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00:00.0"), (754.04, "0:12:34.0"), (59.96, "0:01:00.0"), (3599.99, "1:00:00.0"), (360_000, "100:00:00.0")],
)
def test_times_are_hours_minutes_seconds(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


@given(st.floats(0, 1e6))
def test_a_time_reads_back_to_a_twentieth(seconds: float) -> None:
    hours, minutes, rest = clock(seconds).split(":")
    assert int(minutes) < 60 and float(rest) < 60
    assert abs(int(hours) * 3600 + int(minutes) * 60 + float(rest) - seconds) <= 0.05 + 1e-9


def test_a_span_is_from_to() -> None:
    assert span(754, 1053.5) == "0:12:34.0-0:17:33.5"
    assert span(754, 754.04) == "0:12:34.0"


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (99_960, "100 KB"), (999_600, "1.0 MB"), (1.25e9, "1.2 GB")],
)
def test_sizes_have_a_unit(number: float, shown: str) -> None:
    assert size(number) == shown


@given(st.floats(0, 1))
def test_a_percentage_never_claims_all_or_nothing(share: float) -> None:
    shown = percent(share)
    assert (shown == "0%") == (share == 0)
    assert (shown == "100%") == (share >= 0.999)
    if shown not in ("<1%", "99%", "100%"):
        assert abs(int(shown[:-1]) / 100 - share) <= 0.005 + 1e-9


def test_counts_agree_with_their_noun() -> None:
    assert [count(n, "match", "matches") for n in (0, 1, 1200)] == ["0 matches", "1 match", "1,200 matches"]


@pytest.mark.parametrize(
    ("text", "number"),
    [("1048576", 2**20), ("2G", 2**31), ("1.5 gb", 3 * 2**29), ("500MiB", 500 * 2**20), (" 10k ", 10_240)],
)
def test_sizes_are_read(text: str, number: int) -> None:
    assert parse_size(text) == number


@pytest.mark.parametrize("text", ["", "G", "-1", "2X", "1,5G", "1e9"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="for example 2G"):
        parse_size(text)
