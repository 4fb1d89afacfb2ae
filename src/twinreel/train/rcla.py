"""Trains RCLA on labelled videos.

Every video is compared with *seed videos*, one of each event, as the paper has it (section 3.1, equations 7 and 8).
Its formulas are lost in the text that this was made from; what is left speaks of a video's vector, a seed's vector, the
number of seeds, the video's label and a measure of similarity. The loss here is the one that is made of just these:

    -log( exp(s(v, seed of v's event) / T) / sum over seeds of exp(s(v, seed) / T) ),  s: cosine similarity

that is, a video is classified among the seeds by a softmax of its similarities: a prototypical network with one
example a class (Snell, Swersky & Zemel, NeurIPS 2017, equation 2, with cosine for distance), or the N-pair loss of Sohn
(NeurIPS 2016). Unlike a contrastive or triplet loss it needs neither margin nor a choice of hard pairs. Seeds are
described by the network as it stands, so both sides learn.

The seed is an event's first video. A batch is held against the seeds of its own events and as many others. Of each
video a random stretch is shown, half or more of it. Every fifth event is held out: the weights that are kept are those
with the lowest loss there, each held-out video classified among the seeds of all events, and training ends where it has
not fallen for a while. mAP on the held-out events is told as well, but it does not choose: of so few videos it stays
where it is, or jumps, while their loss goes on falling and other clips are found better.

All that is random in an epoch follows from the seed and its number, and a checkpoint is written after every epoch, so
that a training which was stopped ends with the same weights, to the last bit, as one that was not.
"""

from __future__ import annotations

import copy
import csv
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xxhash
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from twinreel.errors import UserError
from twinreel.evaluate.labelled import measure, same_event
from twinreel.networks.rcla import FEATURES, Rcla
from twinreel.networks.weights import read_file
from twinreel.networks.whole import kept
from twinreel.types import Float32

HELD_OUT = 5
"""Of so many events one is held out."""
CLIP = 5.0
"""Norm that a gradient is cut to."""
CHECKPOINT, WEIGHTS, CURVES = "checkpoint.pt", "rcla.pt", "curves.csv"
HEADER = ("epoch", "loss", "held-out loss", "held-out mAP")


@dataclass(frozen=True, slots=True)
class Configuration:
    """All that the weights depend on, besides the videos and the starting weights."""

    seed: int = 7
    batch: int = 32
    """Videos a step; as many seeds again, and their own, are held against them."""
    rate: float = 3e-3
    weight_decay: float = 1e-4
    temperature: float = 0.1
    stretch: float = 0.5
    """Share of a video that is shown at least."""
    patience: int = 20
    """Epochs without a lower loss on the held-out events after which training ends."""


FULL = Configuration(batch=4, rate=1e-4)
"""Of the whole network, from pixels on: as many frames as a batch of it has are dear."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A video to learn from."""

    event: str
    frames: NDArray[Any]
    """(t, d) unit vectors or (t, h, w, 3) uint8, t is 1 or more."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of a training."""

    epochs: int
    best: int
    """Epoch whose weights were kept; 0 are the starting ones."""
    untrained: float
    """mAP on the held-out events, before ..."""
    map: float
    """... and of the weights that were kept."""
    loss_first: float
    """Of the first epoch and ..."""
    loss_last: float
    """... of the last."""


@dataclass(slots=True)
class _State:
    """A training between two epochs."""

    network: Rcla
    optimiser: torch.optim.Optimizer
    best: dict[str, Tensor]
    curve: list[tuple[float, float, float]]
    """(loss, held-out loss, held-out mAP) of every epoch so far; the loss of epoch 0 is NaN."""

    @property
    def epoch(self) -> int:
        return len(self.curve) - 1

    @property
    def best_epoch(self) -> int:
        return int(np.argmin([held_out for _, held_out, _ in self.curve]))


def train_rcla(
    examples: Sequence[Example],
    frames: str,
    trunk: nn.Module | None,
    hidden: int,
    config: Configuration,
    epochs: int,
    folder: Path,
    say: Callable[[str], None],
) -> tuple[Trained, Rcla]:
    """Trains a network that takes frames through a trunk or, without one, vectors of a describer; see ``train``.

    frames: what it takes, as its file says it. The starting weights, but for the trunk's, follow from the seed; the
    network that comes with the figures has its best ones.
    """
    torch.manual_seed(config.seed)
    network = Rcla(FEATURES if trunk is not None else examples[0].frames.shape[-1], hidden, trunk)
    made = train(examples, network, config, epochs, folder, kept(network, frames), say)
    return made, network


def train(
    examples: Sequence[Example],
    network: Rcla,
    config: Configuration,
    epochs: int,
    folder: Path,
    about: dict[str, Any],
    say: Callable[[str], None],
) -> Trained:
    """Trains a network in place, or goes on where a checkpoint in the folder stands; writes the checkpoint, the curves
    and the best weights there, after every epoch. The network has the best weights in the end.

    about: what the file of weights says beside them. UserError where too few events have two videos, or the checkpoint
    is one of other videos or settings.
    """
    events = sorted({one.event for one in examples})
    order = np.random.default_rng([config.seed]).permutation(len(events))
    held = {events[number] for number in order[::HELD_OUT]}
    learnt, tried = ([one for one in examples if (one.event in held) is side] for side in (False, True))
    for what, part in (("to learn from", learnt), ("held out", tried)):
        count = int(same_event([one.event for one in part]).any(axis=1).sum()) if part else 0
        if not count:
            raise UserError(f"of the videos {what} no two show the same event; more labelled videos are needed")
    seeds = _seeds(examples)

    def held_out() -> tuple[float, float]:
        return _held_out_loss(network, tried, seeds, config.temperature), _map(network, tried)

    state = _begin(network, config, folder, _key(examples, config, network))
    if state.epoch < 0:
        state.curve.append((float("nan"), *held_out()))
        state.best = copy.deepcopy(network.state_dict())
    while state.epoch < epochs and state.epoch - state.best_epoch < config.patience:
        loss = _epoch(network, state.optimiser, learnt, config, state.epoch + 1)
        state.curve.append((loss, *held_out()))
        if state.best_epoch == state.epoch:
            state.best = copy.deepcopy(network.state_dict())
        _write(state, folder, _key(examples, config, network), about)
        _, other, found = state.curve[-1]
        say(f"epoch {state.epoch} of {epochs}: loss {loss:.3f}, held out {other:.3f}, held-out mAP {found:.3f}")
    _write(state, folder, _key(examples, config, network), about)
    network.load_state_dict(state.best)
    network.eval()
    losses, _, maps = zip(*state.curve, strict=True)
    best = maps[state.best_epoch]
    return Trained(state.epoch, state.best_epoch, maps[0], best, losses[min(1, state.epoch)], losses[-1])


def seed_loss(vectors: Tensor, seeds: Tensor, own: Tensor, temperature: float) -> Tensor:
    """Vectors (b, d) classified among seeds (s, d), ``own`` (b,) of which are right: a number."""
    return F.cross_entropy(vectors @ seeds.T / temperature, own)


def described(network: Rcla, frames: Sequence[NDArray[Any]]) -> Float32:
    """Vectors (n, hidden) of videos, one by one."""
    network.eval()
    with torch.no_grad():
        made = [network(*_batch([one])).numpy()[0] for one in frames]
    return np.stack(made)


def _epoch(
    network: Rcla, optimiser: torch.optim.Optimizer, examples: Sequence[Example], config: Configuration, number: int
) -> float:
    """Shows every video that is no seed once; the mean of the losses."""
    rng = np.random.default_rng([config.seed, number])
    seeds = _seeds(examples)
    names = list(seeds)
    videos = [one for one in examples if seeds[one.event] is not one]
    network.train()
    losses = []
    order = rng.permutation(len(videos))
    for start in range(0, len(order), config.batch):
        shown = [videos[row] for row in order[start : start + config.batch]]
        own = list(dict.fromkeys(one.event for one in shown))
        others = [name for name in rng.permutation(names).tolist() if name not in own]
        chosen = own + others[: 2 * config.batch - len(own)]
        cut = [_stretch(one.frames, config.stretch, rng) for one in [*shown, *(seeds[name] for name in chosen)]]
        vectors = network(*_batch(cut))
        right = torch.tensor([chosen.index(one.event) for one in shown])
        loss = seed_loss(vectors[: len(shown)], vectors[len(shown) :], right, config.temperature)
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        optimiser.step()
        losses += [float(loss.detach())] * len(shown)
    return float(np.mean(losses))


def _seeds(examples: Sequence[Example]) -> dict[str, Example]:
    """The first video of each event."""
    seeds: dict[str, Example] = {}
    for one in examples:
        seeds.setdefault(one.event, one)
    return seeds


def _held_out_loss(network: Rcla, examples: Sequence[Example], seeds: dict[str, Example], temperature: float) -> float:
    """Whole videos of held-out events, but for their seeds, classified among the seeds of all events."""
    videos = [one for one in examples if seeds[one.event] is not one]
    right = torch.tensor([list(seeds).index(one.event) for one in videos])
    shown, known = (
        torch.from_numpy(described(network, [one.frames for one in some])) for some in (videos, list(seeds.values()))
    )
    return float(seed_loss(shown, known, right, temperature))


def _stretch(frames: NDArray[Any], least: float, rng: np.random.Generator) -> NDArray[Any]:
    count = len(frames)
    length = int(rng.integers(max(1, int(np.ceil(least * count))), count + 1))
    start = int(rng.integers(0, count - length + 1))
    return frames[start : start + length]


def _batch(videos: Sequence[NDArray[Any]]) -> tuple[Tensor, Tensor]:
    """Filled up to the longest with zeros; how long each is."""
    lengths = [len(one) for one in videos]
    filled = np.zeros((len(videos), max(lengths), *videos[0].shape[1:]), videos[0].dtype)
    for row, one in zip(filled, videos, strict=True):
        row[: len(one)] = one
    return torch.from_numpy(filled), torch.tensor(lengths)


def _map(network: Rcla, examples: Sequence[Example]) -> float:
    vectors = described(network, [one.frames for one in examples]).astype(np.float64)
    return measure(vectors @ vectors.T, same_event([one.event for one in examples]), 1).map


def _key(examples: Sequence[Example], config: Configuration, network: Rcla) -> str:
    """Names videos, settings and kind of network: a checkpoint goes with no other."""
    digest = xxhash.xxh3_64(repr((asdict(config), [(k, v.shape) for k, v in network.state_dict().items()])).encode())
    for one in examples:
        digest.update(one.event.encode() + b"\0" + one.frames.tobytes())
    return digest.hexdigest()


def _begin(network: Rcla, config: Configuration, folder: Path, key: str) -> _State:
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.rate, weight_decay=config.weight_decay)
    state = _State(network, optimiser, {}, [])
    path = folder / CHECKPOINT
    if path.exists():
        held = read_file(path)
        if held.get("key") != key:
            raise UserError(f"{path} is of other videos or settings: give the same, or another folder with --out")
        network.load_state_dict(held["network"])
        optimiser.load_state_dict(held["optimiser"])
        state.best, state.curve = held["best"], [tuple(row) for row in held["curve"]]
    return state


def _write(state: _State, folder: Path, key: str, about: dict[str, Any]) -> None:
    """Each file is whole, or as it was before, at any moment; the checkpoint comes last."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [(epoch, *(f"{value:.6f}" for value in row)) for epoch, row in enumerate(state.curve)]
    with (folder / f".{CURVES}").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([HEADER, *rows])
    torch.save({**about, "model": state.best}, folder / f".{WEIGHTS}")
    checkpoint = {
        "key": key,
        "network": state.network.state_dict(),
        "optimiser": state.optimiser.state_dict(),
        "best": state.best,
        "curve": [list(row) for row in state.curve],
    }
    torch.save(checkpoint, folder / f".{CHECKPOINT}")
    for name in (CURVES, WEIGHTS, CHECKPOINT):
        os.replace(folder / f".{name}", folder / name)  # noqa: PTH105 both are in one folder
