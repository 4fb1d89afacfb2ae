"""twinreel train: descriptor, rcla

What trains takes PyTorch, which only the extra ``train`` installs, and seconds to import: both wait until it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from twinreel.cli import options, output
from twinreel.cli.open import library_or_passing
from twinreel.cli.progress import shown
from twinreel.cli.shapes.measures import RclaShape, TrainShape
from twinreel.errors import UserError
from twinreel.store.exports import path_to_text

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Train a describer on material of your own.")


@app.callback()
def group() -> None:
    """Train a describer on material of your own."""


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

    Learns from edited views of each photograph; see docs/descriptor.md. Takes about an hour on two processor cores,
    less on more or where PyTorch finds a graphics card, and writes default.onnx, default.toml, default.npz and
    training.csv, the log, to FOLDER. Needs the extra train.

    \b
    Examples:
      twinreel train descriptor ~/Photographs --out mine
      twinreel train descriptor ~/Photographs --out mine --steps 9000 --size 192
    """
    if size % 32:
        raise UserError(f"--size is {size}; a multiple of 32 is expected, for example 160")
    with _extra():
        from twinreel.train.run import train_descriptor
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


@app.command()
def rcla(
    labels: Annotated[
        Path,
        typer.Argument(
            metavar="LABELS", show_default=False, help="A CSV file of path,event, or a folder with a folder an event."
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="FOLDER", show_default=False, help="Where weights and curves go.")],
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            help="Train the whole network, from pixels on. Without it, what follows the frames' features, on the "
            "vectors of the library's describer: minutes on a processor.",
        ),
    ] = False,
    backbone: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", show_default=False, help="With --full: torchvision's weights of a ResNet-34 to begin with."
        ),
    ] = None,
    epochs: Annotated[int, typer.Option(metavar="N", min=1, help="At most so many times through all videos.")] = 200,
    patience: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="Stop after so many epochs without a lower loss on the held-out events."),
    ] = 20,
    hidden: Annotated[int, typer.Option(metavar="N", min=1, help="Numbers of a video's vector.")] = 16,
    batch: Annotated[
        int | None,
        typer.Option(metavar="N", min=2, show_default=False, help="Videos a step: 32, or 4 with --full."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Another number gives other weights.")] = 7,
    library: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="A library that holds the videos, or will. By default one that is not kept.",
        ),
    ] = None,
    json: options.Json = False,
    jobs: options.Jobs = None,
) -> None:
    """Train RCLA, one vector a video, on labelled videos.

    Learns to tell each video's event among others by its likeness to their first videos; see docs/rcla.md. Writes
    rcla.pt, the weights, curves.csv, loss, held-out loss and held-out mAP of every epoch, and checkpoint.pt to FOLDER.
    After Ctrl-C the same command goes on, to the same weights. Needs the extra train.

    \b
    Examples:
      twinreel train rcla labels.csv --out mine
      twinreel train rcla VCDB --out mine --full --backbone resnet34-b627a593.pth
      twinreel train rcla labels.csv --out mine --library films.sqlite --epochs 400
    """
    if backbone is not None and not full:
        raise UserError("--backbone is of use with --full only: without it there is no ResNet to begin with")
    from twinreel.engine.settings import Resources
    from twinreel.evaluate.labelled import read_labels

    with _extra():
        from twinreel.networks.rcla import CbamResNet34
        from twinreel.networks.whole import PIXELS
        from twinreel.train.examples import frame_examples, vector_examples
        from twinreel.train.rcla import FULL, WEIGHTS, Configuration, train_rcla
    labelled = read_labels(labels)
    usual = FULL if full else Configuration()
    config = replace(usual, seed=seed, batch=batch or usual.batch, patience=patience)
    trunk = CbamResNet34.seeded(seed, backbone) if full else None
    if full:
        frames, examples = PIXELS, frame_examples(labelled, Resources(jobs))
    else:
        with library_or_passing(library) as opened, shown() as progress:
            opened.add([one.path for one in labelled], jobs=jobs, progress=progress)
            frames, examples = vector_examples(opened, labelled)
    made, _ = train_rcla(examples, frames, trunk, hidden, config, epochs, out, output.say)
    if json:
        output.tell_json(
            RclaShape(
                weights=path_to_text(str(out / WEIGHTS)),
                videos=len(examples),
                epochs=made.epochs,
                best=made.best,
                map=made.map,
                untrained=made.untrained,
                loss_first=made.loss_first,
                loss_last=made.loss_last,
            )
        )
        return
    output.tell(f"held-out mAP {made.map:.3f} after epoch {made.best}, untrained {made.untrained:.3f}")
    output.say(f"use it with `twinreel videos search CLIP --by rcla --weights {out / WEIGHTS}`")


@contextmanager
def _extra() -> Iterator[None]:
    """Imports that need what only an extra installs."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UserError(f'training needs {error.name}: pip install "twinreel[train]"') from error
