"""vPDQ files and matches of a size that can be counted by hand; hashing against the reference implementation of PDQ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pdqhash
import pytest
from hypothesis import given
from hypothesis import strategies as st

from describe.pictures import pictures
from twinreel.errors import BadFile
from twinreel.exchange.vpdq import Vpdq, VpdqHasher, format_vpdq, match_vpdq, parse_vpdq
from twinreel.types import UInt8

LINE = f"30,87,{'f' * 63}1,1.000\n"


def far_apart(count: int, seed: int = 0) -> UInt8:
    """Hashes (count, 32) of half their bits set, any two of which differ in 64 bits and more."""
    rng = np.random.default_rng(seed)
    bits = np.array([rng.permutation(256) < 128 for _ in range(count)])
    assert all((a != b).sum() > 64 for i, a in enumerate(bits) for b in bits[:i])
    return np.packbits(bits, axis=1)


def changed(hashes: UInt8, bits: int) -> UInt8:
    """The hashes with their first ``bits`` bits turned round."""
    mask = np.packbits(np.arange(256) < bits)
    return hashes ^ mask


def video(hashes: UInt8, qualities: Sequence[int] | None = None) -> Vpdq:
    n = len(hashes)
    quality = np.full(n, 100) if qualities is None else np.array(qualities)
    return Vpdq(np.arange(n) * 30, quality.astype(np.int64), hashes, np.arange(n, dtype=np.float64))


def test_a_line_is_a_frame() -> None:
    hashes = parse_vpdq(LINE.encode())
    assert (hashes.frames.tolist(), hashes.qualities.tolist(), hashes.times.tolist()) == ([30], [87], [1.0])
    bits = np.unpackbits(hashes.bits[0])
    assert bits[:252].all() and bits[252:].tolist() == [0, 0, 0, 1]
    assert format_vpdq(hashes) == LINE.encode()


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**9), st.integers(0, 100), st.binary(min_size=32, max_size=32), st.integers(0, 10**9)
        ),
        min_size=1,
    )
)
def test_what_is_written_is_read_again(rows: list[tuple[int, int, bytes, int]]) -> None:
    text = "".join(f"{frame},{quality},{bits.hex()},{ms / 1000:.3f}\n" for frame, quality, bits, ms in rows).encode()
    hashes = parse_vpdq(text)
    assert format_vpdq(hashes) == text
    assert [bits.tobytes() for bits in hashes.bits] == [row[2] for row in rows]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty|the file is empty"),
        (LINE.encode()[:-1], "cut short"),
        ((LINE + LINE[:40]).encode(), "line 2 is '30,87,f.*vPDQ line is expected"),
        (LINE.replace("87", "101").encode(), "quality up to 100"),
        (LINE.replace("f", "g").encode(), "64 hex digits"),
        (b"0,100," + b"f" * 64 + b"\n", "seconds with three decimals"),
        (b"\0\xff\n", r"line 1 is '\\x00\\\\xff'"),
        (b"path,score\na,1\n", "line 1 is 'path,score'"),
    ],
)
def test_what_is_no_vpdq_file_is_refused_with_the_reason(content: bytes, why: str) -> None:
    with pytest.raises(BadFile, match=why):
        parse_vpdq(content)


def test_percentages_count_frames_that_look_like_any_of_the_other() -> None:
    """Of a 3 of 4 frames, of b 3 of 5: two of them look like one frame of a, in another order."""
    ours, theirs = far_apart(4, 1), far_apart(3, 2)
    b = video(np.concatenate([theirs[:1], ours[2:3], ours[:1], changed(ours[:1], 4), theirs[1:2]]))
    found = match_vpdq(video(np.concatenate([ours[:3], theirs[2:]])), b)
    assert (found.percent_a, found.percent_b) == (50.0, 60.0)
    assert found.spans_a == ((0.0, 1.0), (2.0, 3.0)) and found.spans_b == ((1.0, 4.0),)


@pytest.mark.parametrize(("bits", "percent"), [(0, 100.0), (30, 100.0), (31, 100.0), (32, 0.0)])
def test_hashes_match_up_to_31_bits(bits: int, percent: float) -> None:
    hashes = far_apart(3)
    found = match_vpdq(video(hashes), video(changed(hashes, bits)))
    assert (found.percent_a, found.percent_b) == (percent, percent)


def test_frames_of_low_quality_do_not_count() -> None:
    hashes = far_apart(4)
    found = match_vpdq(video(hashes, [100, 49, 50, 0]), video(hashes[:2]))
    assert (found.percent_a, found.percent_b) == (50.0, 50.0)
    assert found.spans_a == ((0.0, 1.0),)
    assert match_vpdq(video(hashes, [0, 0, 49, 0]), video(hashes)).percent_b == 0.0
    assert match_vpdq(video(hashes, [0] * 4), video(hashes), quality=0).percent_a == 100.0


def test_a_match_is_the_same_seen_from_the_other_side_and_in_any_order() -> None:
    hashes = far_apart(30)
    a, b = video(hashes[:20]), video(changed(hashes[10:], 20))
    found, turned = match_vpdq(a, b), match_vpdq(b, a)
    assert (found.percent_a, found.percent_b) == (turned.percent_b, turned.percent_a) == (50.0, 50.0)
    assert (found.spans_a, found.spans_b) == (turned.spans_b, turned.spans_a) == (((10.0, 20.0),), ((0.0, 10.0),))
    order = np.random.default_rng(3).permutation(20)
    assert match_vpdq(video(hashes[:20][order]), b).percent_a == 50.0


def test_many_frames_are_compared_part_by_part_with_the_same_result() -> None:
    """More distances than are held at a time: every second frame of the long one is one of the short one's."""
    rng = np.random.default_rng(5)
    long = np.packbits(rng.random((3000, 256)) < 0.5, axis=1)
    found = match_vpdq(video(long), video(long[::2]))
    assert (found.percent_a, found.percent_b) == (50.0, 100.0)


def test_frames_are_hashed_as_the_reference_implementation_does() -> None:
    images = pictures(5, (72, 128), seed=8)
    hasher = VpdqHasher(29.97)
    for number, image in enumerate(images):
        hasher.add(29 * number, image)
    hashes = hasher.result()
    for image, bits, quality in zip(images, hashes.bits, hashes.qualities, strict=True):
        theirs, theirs_quality = pdqhash.compute(np.ascontiguousarray(image))
        assert (np.unpackbits(bits) != theirs).sum() <= 2  # see tests/describe/test_hashes.py
        assert abs(int(quality) - theirs_quality) <= 1
    assert hashes.frames.tolist() == [0, 29, 58, 87, 116]
    assert hashes.times == pytest.approx([0, 0.96763, 1.93527, 2.9029, 3.87054], abs=1e-5)


def test_arrays_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"3 frames, but qualities \(3,\), bits \(2, 32\)"):
        Vpdq(np.arange(3), np.arange(3), far_apart(2), np.arange(3.0))
