"""Hashes videos with vPDQ, on all cores, and prints the seconds that it took and the number of hashes, as JSON.

    python rival_vpdq.py JOBS FILE...

For a Python that has PyPI's ``vpdq`` installed; needs nothing else. ``speed.py`` runs it. One PDQ hash a second of
video, which is vpdq's default and what its authors recommend. Processes are started before the clock is.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor


def hashes(path: str) -> int:
    """Number of hashes of a video; 0 where vpdq cannot read it, for which it has only a bare Exception."""
    import vpdq

    try:
        return len(vpdq.computeHash(path))
    except Exception as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 0


def main() -> None:
    jobs, *files = sys.argv[1:]
    with ProcessPoolExecutor(int(jobs)) as pool:
        list(pool.map(time.sleep, [0.2] * int(jobs)))
        start = time.perf_counter()
        count = sum(pool.map(hashes, files))
        seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "hashes": count}))


if __name__ == "__main__":
    main()
