"""Results in words, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from twinreel.cli.output import row, table, tell, tell_table
from twinreel.cli.text import clock, count, day, percent, size, span
from twinreel.cli.view import Member, View, across, members
from twinreel.match.calibration import MIN_SCORE
from twinreel.types import Failure, Match, Relation, ScanReport, Segment, SharedContent, State, Video

if TYPE_CHECKING:
    from twinreel.library import Found, Returned

VERBS = {
    Relation.IDENTICAL: "is the same file as",
    Relation.REMUX: "has the same stream as",
    Relation.DUPLICATE: "is a duplicate of",
    Relation.CONTAINS: "contains",
    Relation.OVERLAPS: "overlaps",
    Relation.SHARED: "shares footage with",
}
_HEADINGS = {
    Relation.CONTAINS: "Contained clips",
    Relation.OVERLAPS: "Overlaps",
    Relation.SHARED: "Shared content",
}
_SAME_SPEED = 0.02
"""Speeds nearer to 1 than that are not worth a word."""
_OTHER = "Duplicates of members of several groups"


def tell_groups(seen: View) -> None:
    """Each group with its files; the representative, which stands for it, comes first."""
    between = seen.between
    for number, group in enumerate(seen.groups, 1):
        files = members(group, seen.videos, between)
        kinds = Counter(file.relation.value for file in files[1:] if file.relation)
        words = ", ".join(f"{times} {kind}" for kind, times in kinds.items())
        tell(f"Group {number}: {count(len(files), 'file')} ({words})", "bold")
        for file in files:
            tell(f"  {file.path}")
            tell(f"    {_member(file, group.reason)}", "dim")


def _member(file: Member, reason: str) -> str:
    probe = file.video.probe
    facts = [clock(probe.duration), f"{probe.width}x{probe.height}", size(file.video.size)]
    if file.relation is None and file.score:
        return f"{', '.join(facts)}, representative: {reason}"
    if file.relation is None:
        return f"{', '.join(facts)}, by way of others"
    score = f" {file.score:.2f}" if file.relation is Relation.DUPLICATE else ""
    return f"{', '.join(facts)}, {file.relation.value}{score}"


def tell_returned(found: Iterable[Returned]) -> None:
    """Points out what was removed once and is there again."""
    for one in found:
        what = {"file": "this file", "stream": "its stream", "footage": "a copy of it"}[one.how]
        tell(f"seen before, {what} was removed on {day(one.removed.decided_at)}: {one.video.path}", "yellow")


def tell_matches(matches: Iterable[Match], videos: Mapping[str, Video]) -> None:
    for match in matches:
        tell_match(match, videos[match.a].path, videos[match.b].path)


def verb(match: Match) -> str:
    """What a is to b; where the score is under the operating point, no more than that they are alike."""
    if match.score < MIN_SCORE:
        return "is most alike, but not enough to be taken for the same footage, in these stretches of"
    if match.relation is Relation.CONTAINS and match.coverage_a > match.coverage_b:
        return "is contained in"
    return VERBS[match.relation]


def tell_match(match: Match, a: str, b: str) -> None:
    """Both names, and each common stretch on a line of its own."""
    tell(f"  {a}")
    tell(f"    {verb(match)} {b}")
    for segment in match.segments:
        tell(f"      {stretch(segment)}")
    shares = f"{percent(match.coverage_a)} of the first and {percent(match.coverage_b)} of the second are common"
    tell(f"      score {match.score:.2f}, {shares}", "dim")


def stretch(segment: Segment) -> str:
    """``0:12:34.0-0:17:33.5 is 0:00:00.0-0:04:59.5, mirrored, 1.25 times as fast``: a seen from b."""
    words = f"{span(segment.a_start, segment.a_stop)} is {span(segment.b_start, segment.b_stop)}"
    return ", ".join([words, *_manner(segment.mirrored, segment.speed)])


def _manner(mirrored: bool, speed: float) -> list[str]:
    """How a stretch differs from the one it is compared with; speed: seconds of that in a second of it."""
    words = [*["mirrored"] * mirrored, *["backwards"] * (speed < 0)]
    return words if abs(abs(speed) - 1) < _SAME_SPEED else [*words, f"{abs(speed):.2f} times as fast"]


def tell_shared(found: Sequence[SharedContent], videos: Mapping[str, Video]) -> None:
    """Each piece of shared content with the seconds of every video, the example first."""
    for number, one in enumerate(found, 1):
        tell(f"Shared content {number}: {count(one.videos, 'video')}, {clock(one.seconds)} in all", "bold")
        for place in one.occurrences:
            tell(f"  {videos[place.content].path}")
            tell(f"      {span(place.start, place.stop)}")


def tell_report(seen: View, shared: int) -> None:
    """Groups, contained clips, overlaps and shared content: all that a scan found; ``shared``: stretches of the last
    that many videos have in common.
    """
    tell_groups(seen)
    rest, more = across(seen.matches, seen.groups)
    for heading, matches in _by_heading(rest):
        tell(f"{heading} ({len(matches)})", "bold")
        tell_matches(matches, seen.videos)
    if more:
        tell(f"{count(more, 'more match', 'more matches')} between duplicates of these: twinreel matches", "dim")
    if shared:
        tell(f"{count(shared, 'stretch', 'stretches')} that many videos share: twinreel shared", "dim")


def _by_heading(matches: Sequence[Match]) -> list[tuple[str, list[Match]]]:
    found: dict[str, list[Match]] = {heading: [] for heading in (*_HEADINGS.values(), _OTHER)}
    for match in matches:
        found[_HEADINGS.get(match.relation, _OTHER)].append(match)
    return [(heading, of_kind) for heading, of_kind in found.items() if of_kind]


def summary(report: ScanReport, seen: View) -> str:
    """A scan in one line."""
    words = [f"{count(report.files, 'file')} looked at"]
    for number, what in ((report.added, "new"), (report.moved, "moved"), (report.gone, "gone")):
        if number:
            words.append(f"{number:,} {what}")
    if report.decoded:
        words.append(f"{clock(report.seconds_of_video)} of video read")
    if report.verified:
        looks = f"{count(report.verified, 'pair')} looked at again"
        words.append(f"{looks} by the regions of {count(report.regions, 'more video')}")
    words.append(count(len(seen.groups), "group of duplicates", "groups of duplicates"))
    rest, _ = across(seen.matches, seen.groups)
    words.append(count(len(rest), "other match", "other matches"))
    if report.failed:
        words.append(f"{count(report.failed, 'file')} could not be used: twinreel failures")
    if damaged := len(report.failures) - report.failed:
        words.append(f"{count(damaged, 'file')} only in part")
    return ", ".join(words)


def tell_failures(failures: Sequence[Failure]) -> None:
    """Worst kinds together, each file with its reason."""
    made = table("file", "what", "why")
    for failure in sorted(failures, key=lambda failure: (failure.kind.value, failure.path)):
        row(made, failure.path, failure.kind.value, failure.reason)
    tell_table(made)


def tell_found(clip: str, found: Sequence[Found]) -> None:
    """Where a clip has been seen."""
    if not found:
        tell(f"{clip}: not seen")
        return
    tell(f"{clip}: seen in {count(len(found), 'video')}", "bold")
    for hit in found:
        share = percent(hit.match.coverage_a)
        state = "" if hit.video.state is State.PRESENT else f", {hit.video.state.value}"
        tell(f"  {hit.video.path}")
        for segment in hit.match.segments:
            tell(f"      {_sighting(segment)}")
        tell(f"      score {hit.match.score:.2f}, {share} of the clip{state}", "dim")


def _sighting(segment: Segment) -> str:
    """``0:12:34.0-0:17:33.5 shows 0:00:00.0-0:04:59.5 of the clip``."""
    words = f"{span(segment.b_start, segment.b_stop)} shows {span(segment.a_start, segment.a_stop)} of the clip"
    return ", ".join([words, *_manner(segment.mirrored, 1 / segment.speed if segment.speed else 1.0)])


def tell_repeats(path: str, segments: Sequence[Segment]) -> None:
    """Each stretch with where it is seen again."""
    if not segments:
        tell(f"{path}: nothing is repeated")
        return
    tell(f"{path}: {count(len(segments), 'repeat')}", "bold")
    for segment in segments:
        again = f"{span(segment.a_start, segment.a_stop)} is seen again at {span(segment.b_start, segment.b_stop)}"
        words = [again, *_manner(segment.mirrored, 1 / segment.speed), f"score {segment.score:.2f}"]
        tell(f"  {', '.join(words)}")


def tell_video(video: Video) -> None:
    """What is known of one video, a fact a line."""
    probe = video.probe
    fps = probe.fps_average or probe.fps_real
    facts = {
        "state": video.state.value,
        "content id": video.content,
        "size": size(video.size),
        "duration": clock(probe.duration),
        "picture": f"{probe.width}x{probe.height}" + (f", rotated {probe.rotation}°" if probe.rotation else ""),
        "codec": f"{probe.codec} in {probe.container}" + (", HDR" if probe.hdr else ""),
        "frames a second": f"{fps:.3f}".rstrip("0").rstrip(".") if fps else "unknown",
        "bit rate": f"{probe.bit_rate / 1e6:.2f} Mbit/s" if probe.bit_rate else "unknown",
        "sound": ", ".join(probe.audio_languages) or "none",
        "subtitles": ", ".join(probe.subtitle_languages) or "none",
    }
    tell(video.path, "bold")
    for path in video.paths[1:]:
        tell(f"also at {path}")
    width = max(map(len, facts))
    for name, value in facts.items():
        tell(f"  {name:<{width}}  {value}")
