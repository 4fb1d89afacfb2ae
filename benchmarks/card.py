"""The accuracy card of the default settings, for the documentation.

    python benchmarks/card.py CLIPS [--out docs]

Makes a collection of the clips in CLIPS with the default settings of ``twinreel bench make``, runs twinreel over it,
and writes card.html and card.md to the folder --out. The page shows frames of the clips: their licence has to
allow that.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import bench


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, help="folder of clips")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder that the card goes to")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="twinreel-") as work:
        collection = Path(work) / given.clips.resolve().name
        html, markdown = given.out / "card.html", given.out / "card.md"
        for words in (
            ("make", given.clips, collection),
            ("run", collection),
            ("report", collection, "--html", html, "--markdown", markdown),
        ):
            print(f"bench {words[0]}: {bench.run('bench', *words):.1f} s")
    print(f"{html}, {markdown}")


if __name__ == "__main__":
    main()
