"""The benchmarks by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from twinreel.errors import UserError
from twinreel.evaluate import cc_web_video, evve, fivr, svd, vcdb, vcsl, vsc
from twinreel.evaluate.base import Benchmark

ALIASES = {"fivr": "fivr-200k"}
READERS: Mapping[str, Callable[[Sequence[Path]], Benchmark]] = {
    "fivr-200k": fivr.read_200k,
    "fivr-5k": fivr.read_5k,
    "cc-web-video": cc_web_video.read,
    "evve": evve.read,
    "svd": svd.read,
    "vcdb": vcdb.read,
    "vsc2022": vsc.read,
    "vcsl": vcsl.read,
}


def proper_name(name: str) -> str:
    """The name of a benchmark in full. UserError where there is none of that name."""
    known = ALIASES.get(name.lower(), name.lower())
    if known not in READERS:
        raise UserError(f"there is no data set {name!r}; there are {', '.join(READERS)}")
    return known


def read_benchmark(name: str, files: Sequence[Path]) -> Benchmark:
    """Reads the annotations of a benchmark. UserError where the name, or a file, is not as it should be."""
    return READERS[proper_name(name)](files)
