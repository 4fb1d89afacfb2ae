"""What inverted lists find of a real library: python benchmarks/proposed.py LIBRARY.sqlite [--videos 150]

Takes the matches that are reported of the first videos, by content id, that have any, and prints how many of them are
among the candidates that an exact index proposes for either video, how many of those ``ivfpq`` proposes too, and the
core-seconds that a search takes.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path

from labelled import Videos
from twinreel.engine.matching import fill_haystack
from twinreel.match.candidates import Haystack
from twinreel.match.pair import MIN_SCORE
from twinreel.store.catalogue import Catalogue


def proposed(videos: Videos, haystack: Haystack, asked: set[str]) -> tuple[set[frozenset[str]], float]:
    """Pairs of content ids, and core-seconds a search."""
    pairs: set[frozenset[str]] = set()
    started = time.process_time()
    for content in asked:
        view = videos.view(content)
        found = haystack.find(view.video, view.mirrored, exclude=videos.facts[content].number)
        pairs |= {frozenset((content, videos.by_number[one.number])) for one in found}
    return pairs, (time.process_time() - started) / len(asked)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--videos", type=int, default=150)
    options = parser.parse_args()
    with Catalogue.open(options.library, create=False) as catalogue:
        basis = catalogue.matches.current()
        if basis is None:
            raise SystemExit(f"{options.library} has no matches: scan it first")
        reported = defaultdict(set)
        for match in catalogue.matches.all(basis, min_score=MIN_SCORE):
            for content in (match.a, match.b):
                reported[content].add(frozenset((match.a, match.b)))
        videos = Videos(catalogue, options.library)
        chosen = sorted(reported.keys() & videos.facts.keys())[: options.videos]
        wanted = {pair for content in chosen for pair in reported[content]}
        asked = {content for pair in wanted for content in pair}
        answers = {}
        for index in ("exact", "ivfpq"):
            haystack = fill_haystack(catalogue, videos.recipe, videos.space, videos.facts, index)
            haystack.find(videos.view(chosen[0]).video)  # what an index puts off to the first search
            answers[index] = proposed(videos, haystack, asked)
        frames = catalogue.fingerprints.frames(*videos.recipe.key)
    (exact, exact_seconds), (lists, lists_seconds) = answers["exact"], answers["ivfpq"]
    print(f"{len(videos.contents)} videos, {frames} frames; {len(wanted)} matches of {len(chosen)} videos")
    print(f"exact proposes {len(wanted & exact)} of them, ivfpq {len(wanted & exact & lists)} of these")
    print(f"core-seconds a search: exact {exact_seconds:.4f}, ivfpq {lists_seconds:.4f}")


if __name__ == "__main__":
    main()
