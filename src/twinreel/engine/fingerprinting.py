"""Fingerprints of the videos that lack one. A video is done when its fingerprint is stored, in one transaction."""

from __future__ import annotations

from twinreel.engine.describing import Described, described
from twinreel.engine.progress import Meter
from twinreel.engine.state import Recipe, Scan
from twinreel.engine.streams import same_streams
from twinreel.engine.tasks import SampleTask
from twinreel.media.walk import Found
from twinreel.types import FailureKind


class Fingerprinting:
    """Makes the fingerprints that a scan lacks."""

    def __init__(self, scan: Scan, recipe: Recipe, files: dict[str, Found]) -> None:
        """files: content id -> where it lies, of the videos that lack a fingerprint."""
        self._scan, self._recipe, self._files = scan, recipe, files
        self._catalogue = scan.catalogue
        self._durations: dict[str, float] = {}
        """Path -> seconds of the video."""
        self._contents = {found.path: content for content, found in files.items()}
        self._followers: dict[str, list[str]] = {}
        """Content id -> those with the same stream, which take over its fingerprint."""

    def run(self) -> None:
        if not self._files:
            return
        pending = self._without_remuxes()
        videos = {content: self._catalogue.videos.get(content) for content in pending}
        tasks, probes = [], {}
        for content, video in videos.items():
            if video is not None:
                path, probe = self._files[content].path, video.probe
                probes[path] = probe
                self._durations[path] = probe.duration
                size = self._recipe.describer.image_size
                tasks.append(SampleTask(path, self._recipe.sampling, size, probe.duration_at_most))
        sizes = {found.path: found.size for found in self._files.values()}
        tasks.sort(key=lambda task: -sizes[task.path])  # no worker ends long after the others
        meter = Meter(self._scan.progress, "describe", len(tasks), sum(sizes[task.path] for task in tasks))
        tasks = self._scan.devices.assign(tasks, probes)
        readers = self._scan.readers
        limit = readers.reading if self._recipe.sampling.first.mode == "keyframes" else readers.decoding
        made = described(self._scan.pool, self._recipe.describer, tasks, limit=limit)
        for one in made:
            self._store(one)
            path = one.task.path
            meter.advance(seconds=self._durations[path], bytes=sizes[path])

    def _store(self, made: Described) -> None:
        task, gathering = made.task, made.gathering
        content, tally = self._contents[task.path], self._scan.tally
        followers = self._followers.get(content, [])
        found = self._files[content]
        with self._catalogue.transaction():
            if made.failed is not None:
                for same in [content, *followers] if made.failed.kind is FailureKind.BAD_FILE else [content]:
                    self._scan.fail(self._files[same], made.failed)
                return
            fingerprint = gathering.fingerprint(self._recipe)
            self._catalogue.fingerprints.put(content, fingerprint)
            for follower in followers:
                self._catalogue.fingerprints.copy(content, follower)
            duration = self._durations[task.path]
            damage = made.damage(duration)
            if damage is not None:
                self._scan.record(damage, found)
            else:
                self._catalogue.failures.clear([task.path])
        tally.decoded += 1
        tally.frames += sum(len(times) for times in gathering.times)
        tally.seconds_of_video += duration

    def _without_remuxes(self) -> list[str]:
        """The videos to decode: without those whose stream another has, which take over its fingerprint."""
        groups = same_streams(self._scan, {content: found.path for content, found in self._files.items()})
        have = set(self._catalogue.videos.numbers()) - set(self._catalogue.fingerprints.missing(*self._recipe.key))
        pending = dict.fromkeys(self._files)
        for group in groups:
            lacking = [content for content in group if content in pending]
            leader = next((content for content in group if content in have), None)
            with self._catalogue.transaction():
                if leader is None and lacking:
                    leader, *lacking = lacking
                    self._followers[leader] = lacking
                elif leader is not None:
                    for content in lacking:
                        self._catalogue.fingerprints.copy(leader, content)
            for content in lacking:
                del pending[content]
        return list(pending)
