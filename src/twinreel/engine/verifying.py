"""A second look at the pairs that a scan found: regions of their videos, and what a verifier makes of them.

Only videos that are part of a candidate pair with a match are decoded for it, once: their regions are kept. Pairs whose
files have the same stream need no second look. What could not be decoded stays unverified, and its pairs keep the score
that they have.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from twinreel.describe.regions import RegionDescriber
from twinreel.engine.pool import Done, Failed, Reply
from twinreel.engine.progress import Meter, Progress
from twinreel.engine.scan import open_pool
from twinreel.engine.settings import Resources
from twinreel.engine.tasks import SampleTask
from twinreel.match.verify import Verifier
from twinreel.media.sampling import Sampling
from twinreel.store.catalogue import Catalogue
from twinreel.store.verified import Pair
from twinreel.types import Float32, Relation, Samples, State

SAMPLING = Sampling("dense", 1.0)
"""Frames that regions are taken of: one a second, as ViSiL and its students were trained on."""
BLOCK = 64
"""Pairs whose similarities are stored together."""
CACHED = 20_000
"""Frames whose regions are kept in memory: 180 MB of the backbone's, 370 MB of the students'."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What pairs are looked at again with."""

    describer: RegionDescriber
    verifier: Verifier

    @property
    def regions(self) -> tuple[str, str]:
        """Describer and sampling, as regions are stored under them."""
        return f"{self.describer.name}@{self.describer.version}", str(SAMPLING)

    @property
    def key(self) -> str:
        """As similarities are stored under it."""
        return "|".join((f"{self.verifier.name}@{self.verifier.version}", *self.regions))


@dataclass(frozen=True, slots=True)
class Verifications:
    """What verifying did."""

    pairs: int = 0
    """Looked at, and not before."""
    videos: int = 0
    """Whose regions were computed for it."""


def verify_library(
    catalogue: Catalogue, verification: Verification, resources: Resources, progress: Progress | None
) -> Verifications:
    """Looks at the pairs of the current matches that this verifier has not seen yet. The caller holds the lock."""
    basis = catalogue.matches.current()
    if basis is None:
        return Verifications()
    seen = catalogue.verified.all(verification.key)
    pending = [
        pair
        for match in catalogue.matches.all(basis)
        if match.relation not in (Relation.IDENTICAL, Relation.REMUX)
        and (pair := (min(match.a, match.b), max(match.a, match.b))) not in seen
    ]
    having = catalogue.regions.having(*verification.regions)
    lacking = sorted({content for pair in pending for content in pair} - having)
    made = _describe(catalogue, verification, lacking, resources, progress) if lacking else 0
    return Verifications(_compare(catalogue, verification, sorted(pending), progress), made)


def _describe(
    catalogue: Catalogue,
    verification: Verification,
    contents: Iterable[str],
    resources: Resources,
    progress: Progress | None,
) -> int:
    """Stores the regions of videos, one by one; of how many."""
    videos = [video for content in contents if (video := catalogue.videos.get(content)) is not None]
    files = {video.path: video for video in videos if video.state is State.PRESENT}
    describer, count = verification.describer, 0
    meter = Meter(progress, "regions", len(files))
    gathered: dict[str, list[Float32]] = defaultdict(list)
    with open_pool(describer.image_size, resources) as pool:
        tasks = (SampleTask(path, SAMPLING, describer.image_size) for path in files)
        for event in pool.run(tasks):
            path = event.task.path
            match event:
                case Reply(_, Samples(part=0) as samples):
                    gathered[path].append(describer.describe_regions(samples.images))
                case Done():
                    none = np.zeros((0, describer.regions, describer.dimensions), np.float32)
                    vectors = np.concatenate([none, *gathered.pop(path, [])])
                    catalogue.regions.put(files[path].content, *verification.regions, vectors)
                    count += 1
                    meter.advance(seconds=files[path].probe.duration)
                case Failed():
                    gathered.pop(path, None)
                    meter.advance()
    return count


def _compare(catalogue: Catalogue, verification: Verification, pairs: list[Pair], progress: Progress | None) -> int:
    """Stores the similarities of pairs whose videos both have regions; how many."""
    held = _Held(catalogue, verification)
    meter = Meter(progress, "pairs", len(pairs))
    count = 0
    for start in range(0, len(pairs), BLOCK):
        found: dict[Pair, float] = {}
        for pair in pairs[start : start + BLOCK]:
            a, b = (held.regions(content) for content in pair)
            if len(a) and len(b):
                found[pair] = verification.verifier.similarity(a, b)
            meter.advance()
        catalogue.verified.put(verification.key, found)
        count += len(found)
    return count


class _Held:
    """Regions out of the catalogue, those of the last few videos in memory."""

    def __init__(self, catalogue: Catalogue, verification: Verification) -> None:
        self._catalogue, self._key = catalogue, verification.regions
        self._none = np.zeros((0, verification.describer.regions, verification.describer.dimensions), np.float32)
        self._cache: OrderedDict[str, Float32] = OrderedDict()

    def regions(self, content: str) -> Float32:
        """(t, r, d); t is 0 where there are none."""
        if content in self._cache:
            self._cache.move_to_end(content)
            return self._cache[content]
        found = self._catalogue.regions.get(content, *self._key)
        self._cache[content] = self._none if found is None else found
        while len(self._cache) > 2 and sum(map(len, self._cache.values())) > CACHED:
            self._cache.popitem(last=False)
        return self._cache[content]
