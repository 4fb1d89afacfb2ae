"""The shapes of all JSON that the command line prints: docs/cli.md is made from here, and tests hold output to it.

Times are seconds, sizes bytes, scores and coverages in [0, 1]. A path that is not valid Unicode is a ``file:`` URI, as
in exports. Shapes may gain keys from one version to the next, and lose none.
"""

from __future__ import annotations

from typing import Any

from twinreel.cli.shapes.bench import BenchMakeShape, BenchReportShape, RunShape
from twinreel.cli.shapes.cleaning import ApplyShape, DecidedShape, DecisionShape, PlanShape, ReportPageShape, UndoShape
from twinreel.cli.shapes.commands import (
    ArrivalShape,
    CompareShape,
    ExportShape,
    JoinedShape,
    RemovedShape,
    RepeatsShape,
    ScanShape,
    SearchShape,
    ShowShape,
)
from twinreel.cli.shapes.hashes import HashedShape, ScreeningShape
from twinreel.cli.shapes.installation import AddedShape, DescriberShape, DoctorShape, TestedShape
from twinreel.cli.shapes.library import FailureShape, GroupShape, MatchShape, SharedShape
from twinreel.cli.shapes.meaning import SeenShape, TaggedShape
from twinreel.cli.shapes.measures import EvaluateShape, RclaShape, TrainShape
from twinreel.cli.shapes.pictures import PictureShape
from twinreel.cli.shapes.videos import LabelledShape, SimilarToShape, VectorsShape

OUTPUTS: dict[str, Any] = {
    "scan": ScanShape,
    "search": list[SearchShape] | list[SeenShape],
    "tags": list[TaggedShape],
    "watch": ArrivalShape,
    "compare": CompareShape,
    "repeats": RepeatsShape,
    "groups": list[GroupShape],
    "matches": list[MatchShape],
    "shared": list[SharedShape],
    "show": ShowShape,
    "failures": list[FailureShape],
    "export": ExportShape,
    "forget": RemovedShape,
    "prune": RemovedShape,
    "plan": PlanShape,
    "apply": ApplyShape,
    "undo": UndoShape,
    "report": ReportPageShape,
    "decisions add": DecidedShape,
    "decisions revoke": DecidedShape,
    "decisions list": list[DecisionShape],
    "decisions export": ExportShape,
    "decisions import": DecidedShape,
    "import": JoinedShape,
    "merge": JoinedShape,
    "describers list": list[DescriberShape],
    "describers add": AddedShape,
    "describers remove": AddedShape,
    "describers test": TestedShape,
    "doctor": DoctorShape,
    "evaluate": EvaluateShape,
    "bench make": BenchMakeShape,
    "bench run": RunShape,
    "bench report": BenchReportShape,
    "hashes export": list[HashedShape],
    "hashes match": ScreeningShape,
    "picture map": PictureShape,
    "picture strip": PictureShape,
    "picture search": PictureShape,
    "picture anchors": PictureShape,
    "train descriptor": TrainShape,
    "train rcla": RclaShape,
    "videos search": list[SimilarToShape],
    "videos export": VectorsShape,
    "videos evaluate": LabelledShape,
}
"""What each command prints with ``--json``."""
