"""twinreel train: descriptor

What trains takes PyTorch, which only the extra ``train`` installs, and seconds to import: both wait until it is needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twinreel.cli import options, output
from twinreel.cli.shapes.measures import TrainShape
from twinreel.errors import UserError
from twinreel.store.exports import path_to_text

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Train a describer on photographs of your own.")


@app.callback()
def group() -> None:
    """Train a describer on photographs of your own."""


@app.command()
def descriptor(
    photographs: Annotated[
        Path,
        typer.Argument(metavar="PHOTOGRAPHS", show_default=False, help="Folder of photographs, a thousand or more."),
    ],
    out: Annotated[Path, typer.Option(metavar="FOLDER", show_default=False, help="Where the describer is written to.")],
    steps: Annotated[
        int, typer.Option(metavar="N", min=0, help="Batches to learn from; 0 only fits the projection.")
    ] = 4500,
    size: Annotated[int, typer.Option(metavar="PIXELS", min=64, help="Sides of the frames, a multiple of 32.")] = 160,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Another number draws other edits.")] = 7,
    json: options.Json = False,
) -> None:
    """Train the descriptor that ships with the package anew, on any photographs.

    Learns from edited views of each photograph; see docs/descriptor.md. Takes about an hour on two processor cores and
    writes default.onnx, default.toml, default.npz and training.csv, the log, to FOLDER. Needs the extra train.

    \b
    Examples:
      twinreel train descriptor ~/Photographs --out mine
      twinreel train descriptor ~/Photographs --out mine --steps 9000 --size 192
    """
    if size % 32:
        raise UserError(f"--size is {size}; a multiple of 32 is expected, for example 160")
    try:
        from twinreel.train.run import train_descriptor
    except ModuleNotFoundError as error:
        raise UserError(f'training needs {error.name}: pip install "twinreel[train]"') from error
    found = train_descriptor(photographs, out, steps=steps, size=size, seed=seed, say=output.say)
    if json:
        output.tell_json(
            TrainShape(
                model=path_to_text(str(out / "default.onnx")),
                steps=steps,
                ap=found.ap,
                recall_p99=found.recall_p99,
                nearest=found.nearest,
            )
        )
        return
    output.tell(f"ap {found.ap:.3f}, recall at a precision of 0.99 {found.recall_p99:.3f}, on held-out photographs")
    output.say(f"use it with --describer {out / 'default.onnx'}")
