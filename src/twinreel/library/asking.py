"""What is asked about clips and files, whether they are part of the library or not."""

from __future__ import annotations

# Names of files may hold any bytes, and stay text here from the walk to the catalogue.
# ruff: noqa: PTH100
import os
from collections.abc import Iterable

from twinreel.engine.anchoring import anchors_of
from twinreel.engine.comparing import Comparing
from twinreel.engine.repeating import find_repeats
from twinreel.engine.scan import open_pool
from twinreel.engine.settings import Resources
from twinreel.engine.taking import Taken, look_at, take
from twinreel.engine.verifying import region_maps
from twinreel.errors import MediaError, UserError
from twinreel.library.opened import AnyPath, Opened, least_score
from twinreel.library.results import AnchorFrames, Comparison, Found, Repeats
from twinreel.library.verifiers import PLAIN, load_verification
from twinreel.match.pair import MIN_SCORE
from twinreel.match.verify import RegionMaps
from twinreel.media.remote import absolute
from twinreel.media.source import readable
from twinreel.pooling.anchored import PIXELS
from twinreel.types import Match, State, Video


class Asking(Opened):
    """Clips, and pairs of files."""

    def search(self, clip: AnyPath, top: int = 10, *, min_score: float | None = None) -> list[Found]:
        """Where a clip, or a still image, has been seen; best first. The clip is not added.

        A single frame matches where one looks nearly the same; its score stays low unless that is near perfect.

        min_score: None for the operating point. ``shared_content`` carries no weight, as in ``matches``. Raises
        MediaError where the clip cannot be used.
        """
        (result,) = self.search_many([clip], top, min_score=min_score).values()
        if isinstance(result, MediaError):
            raise result
        return result

    def search_many(
        self,
        clips: Iterable[AnyPath],
        top: int = 10,
        *,
        min_score: float | None = None,
        jobs: int | None = None,
    ) -> dict[str, list[Found] | MediaError]:
        """The same for many clips, by their paths as given; a clip that cannot be used has its error as the answer."""
        least = least_score(min_score)
        asked = {os.fspath(clip): absolute(os.fspath(clip)) for clip in clips}
        recipe, searcher, shared = self._recipe(), self._search(), self._reported.weightless()
        with open_pool(recipe.describer.image_size, Resources(jobs)) as pool:
            looks = look_at(pool, list(asked.values()))
            usable = [(look, recipe.sampling.full) for look in looks.values() if isinstance(look, Taken)]
            results = {**looks, **take(pool, recipe.describer, usable)}
        answers: dict[str, list[Found] | MediaError] = {}
        for clip, path in asked.items():
            result = results[path]
            if isinstance(result, MediaError):
                answers[clip] = result
                continue
            matches = searcher.search(result, max(200, top))
            seen = self._reported.of_clip(result.content, result.probe.duration, matches, shared, least)
            answers[clip] = self._found(seen, top, least)
        return answers

    def compare(self, a: AnyPath, b: AnyPath) -> Comparison:
        """One pair of files explained, whether they are part of the library or not.

        Raises MediaError where one cannot be used.
        """
        paths = [absolute(os.fspath(path)) for path in (a, b)]
        recipe = self._recipe()
        with open_pool(recipe.describer.image_size, Resources(jobs=2)) as pool:
            looks = look_at(pool, paths)
            first, second = (_usable(path, looks[path]) for path in paths)
            pair = Comparing(pool, recipe, self._search(), self.aligner).compare(first, second)
        match = pair.match
        if match is not None:
            shared, duration = self._reported.weightless(), first.probe.duration
            (match,) = self._reported.of_clip(first.content, duration, [match], shared, MIN_SCORE)
        a_video, b_video = (self._catalogue.videos.get(taken.content) or _outside(taken) for taken in (first, second))
        return Comparison(a_video, b_video, pair.times_a, pair.times_b, pair.similarity, match, pair.stages)

    def region_maps(self, a: AnyPath, b: AnyPath, *, verify: str = PLAIN, weights: AnyPath | None = None) -> RegionMaps:
        """How alike two files are by the regions of a frame a second, and what a network's comparator makes of that.

        verify, weights: as the constructor's. Raises MediaError where one cannot be used, UserError for ``none``.
        """
        verification = load_verification(verify, os.fspath(weights) if weights is not None else self.weights)
        if verification is None:
            raise UserError(f"the verifier {verify!r} looks at nothing; choose one that does, for example {PLAIN}")
        return region_maps(verification, (os.path.abspath(os.fspath(a)), os.path.abspath(os.fspath(b))))

    def anchors(self, path: AnyPath, count: int | None = None) -> AnchorFrames:
        """The anchor frames of a file, whether it is part of the library or not, chosen by 50x50 colour pixels.

        count: how many, if there are as many that differ; by default as few as leave 5 % unexplained.
        Raises MediaError.
        """
        path = os.path.abspath(os.fspath(path))
        with open_pool(PIXELS, Resources(jobs=1)) as pool:
            taken = _usable(path, look_at(pool, [path])[path])
            times, found = anchors_of(pool, taken, count)
        video = self._catalogue.videos.get(taken.content) or _outside(taken)
        return AnchorFrames(video, times[found.indices], found.errors)

    def repeats(self, path: AnyPath) -> Repeats:
        """Footage that a file shows twice or more often, whether it is part of the library or not.

        Raises MediaError where the file cannot be used.
        """
        path = absolute(os.fspath(path))
        recipe = self._recipe()
        with open_pool(recipe.describer.image_size, Resources(jobs=1)) as pool:
            taken = _usable(path, look_at(pool, [path])[path])
            found = find_repeats(pool, recipe, self._search(), self.aligner, taken)
        return Repeats(self._catalogue.videos.get(taken.content) or _outside(taken), tuple(found))

    def _found(self, matches: Iterable[Match], top: int, least: float) -> list[Found]:
        found: list[Found] = []
        for match in matches:
            video = self._catalogue.videos.get(match.b)
            if match.score >= least and video is not None and video.state is not State.GONE and len(found) < top:
                found.append(Found(video, match))
        return found


def _usable(path: str, result: Taken | MediaError) -> Taken:
    """The file, or an error that names it: of two files one may be wrong."""
    if isinstance(result, MediaError):
        raise type(result)(f"{path}: {result.reason}", result.stage) from result
    return result


def _outside(taken: Taken) -> Video:
    """A file that is not part of the library."""
    with readable(taken.path, "identify") as (_, size):
        pass
    return Video(taken.content, taken.path, (taken.path,), State.PRESENT, size, taken.probe)
