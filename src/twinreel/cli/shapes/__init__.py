"""The shapes of all JSON that the command line prints: docs/cli.md is made from here, and tests hold output to it.

Times are seconds, sizes bytes, scores and coverages in [0, 1]. A path that is not valid Unicode is a ``file:`` URI, as
in exports. Shapes may gain keys from one version to the next, and lose none.
"""

from __future__ import annotations

from typing import Any

from twinreel.cli.shapes.bench import BenchMakeShape, BenchReportShape, RunShape
from twinreel.cli.shapes.commands import (
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
from twinreel.cli.shapes.installation import DescriberShape, DoctorShape
from twinreel.cli.shapes.library import FailureShape, GroupShape, MatchShape, SharedShape
from twinreel.cli.shapes.measures import EvaluateShape, TrainShape

OUTPUTS: dict[str, Any] = {
    "scan": ScanShape,
    "search": list[SearchShape],
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
    "import": JoinedShape,
    "merge": JoinedShape,
    "describers list": list[DescriberShape],
    "doctor": DoctorShape,
    "evaluate": EvaluateShape,
    "bench make": BenchMakeShape,
    "bench run": RunShape,
    "bench report": BenchReportShape,
    "hashes export": list[HashedShape],
    "hashes match": ScreeningShape,
    "train descriptor": TrainShape,
}
"""What each command prints with ``--json``."""
