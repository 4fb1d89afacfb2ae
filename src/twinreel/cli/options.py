"""Options that several commands take, each said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

LibraryFile = Annotated[
    Path | None,
    typer.Option(
        "--library",
        metavar="FILE",
        envvar="TWINREEL_LIBRARY",
        show_default=False,
        help="The library: one file, by default in your data folder. Not on a network drive.",
    ),
]
LibraryToMake = Annotated[
    Path | None,
    typer.Option(
        "--library",
        metavar="FILE",
        show_default=False,
        help="The library to make, or to go on with. By default one that is not kept.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, of the shape given in docs/cli.md.")]
MinScore = Annotated[
    float | None,
    typer.Option(
        "--min-score",
        metavar="S",
        min=0.0,
        max=1.0,
        show_default=False,
        help="Report what reaches this score; 0: everything that was kept. By default the operating point, which "
        "`twinreel doctor` prints.",
    ),
]
Describer = Annotated[
    str | None,
    typer.Option(
        "--describer",
        metavar="NAME",
        show_default=False,
        help="What turns frames into vectors: a name of `twinreel describers list`, the path of an .onnx file or of a "
        "published folder, FAMILY:FILE, or hub:OWNER/NAME. By default that of the last scan.",
    ),
]
SamplingText = Annotated[
    str | None,
    typer.Option(
        "--sampling",
        metavar="MODE[:SECONDS]",
        show_default=False,
        help="Which frames are looked at: auto, keyframes, cascade, dense, shots or anchors, and how far apart. By "
        "default that of the last scan, at first auto:1.",
    ),
]
Aligner = Annotated[
    str | None,
    typer.Option(
        "--aligner",
        metavar="NAME",
        show_default=False,
        help="What finds the common stretches of two videos: network, hough, dtw (time that runs unevenly), dp, or "
        "clusters of frames that align in time: dbscan or hdbscan (need the extra clusters). By default that of the "
        "last scan, at first network.",
    ),
]
Index = Annotated[
    str | None,
    typer.Option(
        "--index",
        metavar="NAME",
        show_default=False,
        help="What candidates are searched with: auto, exact, ivfpq, milvus:FILE.db or milvus:http://HOST:PORT (needs "
        "the extra milvus). By default that of the last scan, at first auto: exact for small libraries.",
    ),
]
Verify = Annotated[
    str | None,
    typer.Option(
        "--verify",
        metavar="NAME",
        show_default=False,
        help="Look at matching pairs again, by the regions of all their frames: chamfer (nothing else needed), visil, "
        "dns, dns-binary or s2vs (need --weights and the extra networks), or none. By default that of the last scan, "
        "at first none.",
    ),
]
Weights = Annotated[
    Path | None,
    typer.Option(
        "--weights",
        metavar="FOLDER",
        show_default=False,
        help="Folder of the files that the authors of visil, dns or s2vs publish; docs/networks.md names them. By "
        "default that of the last scan.",
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", "-j", metavar="N", min=1, show_default=False, help="Worker processes. By default one a core."
    ),
]
Memory = Annotated[
    str, typer.Option("--memory", metavar="SIZE", help="Memory that each worker may use, for example 500M or 2G.")
]
ReadersPerDrive = Annotated[
    int | None,
    typer.Option(
        "--readers-per-drive",
        metavar="N",
        min=1,
        show_default=False,
        help="Workers that read from one drive at a time. By default all, but on a hard disk two for what is reading "
        "rather than decoding: headers, digests, keyframes.",
    ),
]
Hardware = Annotated[
    str,
    typer.Option(
        "--hardware",
        metavar="NAME",
        help="What decodes, where that is more than keyframes: auto (a device, such as a graphics card, where one is "
        "measured to be faster), off, or a type of device that `twinreel doctor` lists.",
    ),
]
