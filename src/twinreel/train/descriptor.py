"""Trains the descriptor that ships with the package.

    twinreel train descriptor PHOTOGRAPHS --out FOLDER

Self-supervised, after SSCD (Pizzi et al., "A self-supervised descriptor for image copy detection", CVPR 2022): edited
views of a photograph should be described alike, and unlike all other photographs. What differs, so that hours on two
processor cores are enough and the network forgets nothing of what it knew:

- The network is EfficientNet-Lite0 with its first half frozen, its normalisation folded in, features of two
  resolutions (``lite0.LEVELS``) pooled by the generalised mean, and a projection that starts as their whitening.
- **Anchors.** The untrained network's whitened vectors of the unedited photographs, which never change: a view is
  classified among all of them (instance discrimination, Wu et al., CVPR 2018, equation 2, with a fixed memory). The
  student learns to see through edits, towards what the teacher, which is itself before training, makes of the original.
  A picture in a picture belongs to both originals by their shares.
- **InfoNCE** between two views of a photograph against the batch and a queue of earlier views (van den Oord et al.,
  2018, equation 4; He et al., "Momentum contrast", CVPR 2020), as a copy is compared with another copy as well.
- **Entropy regulariser** as in SSCD, equation 4 (Sablayrolles et al., "Spreading vectors", ICLR 2019): the nearest
  other photograph among batch and queue is pushed away.
- Edits grow in number and strength during the first fifth (``views``). The weights that are kept are an average over
  the steps.

A graphics card that PyTorch can use does all but the editing. Which views are drawn follows from the seed and from the
number of processes that draw them, which is that of the processors (``_batches``): on two, one, as for the descriptor
that ships.
"""

from __future__ import annotations

import copy
import csv
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from twinreel.networks.lite0 import Lite0, load_lite0
from twinreel.processors import cores
from twinreel.train.losses import anchored, contrast_and_entropy
from twinreel.train.network import Pooled, scaled
from twinreel.train.retrieval import Retrieval, examples, measure
from twinreel.train.views import HELD_OUT, Photographs, stretched, view
from twinreel.train.whitening import fit_whitening
from twinreel.types import Float32, UInt8

BATCH = 64
"""Frames that are described at a time where nothing is learnt from them."""
WARM_UP = 200
"""Steps until the learning rates are reached, from which they fall by a cosine to 0."""
CLIP = 5.0
"""Norm that a gradient is cut to."""
HEADER = ("step", "minutes", "anchored", "contrast", "entropy", "ap", "recall@p99", "nearest")
"""Of the log: means of the losses since the line before, and retrieval by the averaged weights."""


@dataclass(frozen=True)
class Configuration:
    """All that a training depends on, besides the photographs and the starting weights."""

    seed: int = 7
    size: int = 160
    dimensions: int = 256
    shrinkage: float = 0.5
    steps: int = 4500
    batch: int = 64
    """Views a step, two of each photograph."""
    queue: int = 4096
    temperature: float = 0.07
    rate: float = 2e-4
    head_rate: float = 4e-4
    weight_decay: float = 1e-4
    warm_up: float = 0.2
    """Share of the steps until edits are at full strength."""
    strength: float = 0.9
    contrast: float = 0.5
    """Weight of InfoNCE beside the anchors'."""
    entropy: float = 0.1
    averaging: float = 0.999
    every: int = 500
    """Steps between measurements."""


class Student(nn.Module):
    """What the frozen half gives (n, 80, h/16, w/16) -> unit vectors (n, d)."""

    def __init__(self, trunk: Lite0, projection: Float32, offset: Float32) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = nn.Linear(*projection.shape)
        with torch.no_grad():
            self.head.weight.copy_(torch.from_numpy(projection.T))
            self.head.bias.copy_(torch.from_numpy(offset))

    def forward(self, maps: Tensor) -> Tensor:
        return F.normalize(self.head(Pooled.pool(self.trunk.tail(maps))), dim=1)


class Views(IterableDataset[tuple[Tensor, Tensor, Tensor, Tensor]]):
    """Batches of edited views as ``seen``, without end.

    Each: what is seen of the views (b, ...), numbers of the first and the second photograph (b,), shares of the second
    (b,); rows i and i + b/2 are views of the same photograph. Of several workers each makes every so many-th batch.
    """

    def __init__(
        self,
        photographs: Photographs,
        numbers: list[int],
        seen: Callable[[UInt8], Tensor],
        config: Configuration,
    ) -> None:
        self._photographs, self._numbers, self._seen, self._config = photographs, numbers, seen, config

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)
        c, half = self._config, self._config.batch // 2
        worker = get_worker_info()
        step, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        rng = np.random.default_rng(c.seed if step == 0 else (c.seed, step))
        while True:
            order = rng.permutation(self._numbers)
            for at in range(0, len(order) - half + 1, half):
                strength = c.strength * min(1.0, 0.3 + 0.7 * step / max(1.0, c.warm_up * c.steps))
                chosen = np.tile(order[at : at + half], 2).tolist()
                views = [view(self._photographs, number, c.size, strength, rng) for number in chosen]
                yield (
                    self._seen(np.stack([one.frame for one in views])),
                    torch.tensor([one.first for one in views]),
                    torch.tensor([one.second for one in views]),
                    torch.tensor([one.share for one in views]),
                )
                step += workers


def see(trunk: Lite0, images: UInt8) -> Tensor:
    """Frames (n, h, w, 3) -> maps of the frozen half, where that is. In bfloat16: half the time, and a view is noisy
    anyway."""
    device = device_of(trunk)
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
        frames = scaled(torch.from_numpy(images).to(device))
        maps = trunk.front(frames.contiguous(memory_format=torch.channels_last))
    return maps.float()


def device_of(module: nn.Module) -> torch.device:
    return next(module.parameters()).device


def in_batches(describe: Callable[[Tensor], Tensor], trunk: Lite0, images: Iterator[UInt8]) -> Float32:
    """What ``describe`` makes of the maps of single frames (h, w, 3), one row each."""
    rows, held = [], []
    with torch.no_grad():
        for image in images:
            held.append(image)
            if len(held) == BATCH:
                rows.append(describe(see(trunk, np.stack(held))).cpu().numpy())
                held = []
        if held:
            rows.append(describe(see(trunk, np.stack(held))).cpu().numpy())
    return np.concatenate(rows)


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A network, and what is made of its pooled features."""

    trunk: Lite0
    projection: Float32
    """(c, d)"""
    offset: Float32
    """(d,)"""
    found: Retrieval
    """How well it finds photographs that it was not trained on."""


def train(
    photographs: Photographs, weights: str, config: Configuration, log: Path, say: Callable[[str], None]
) -> Trained:
    """Trains from published weights; writes, and says, a line of the log every so many steps and at the end."""
    c = config
    torch.manual_seed(c.seed)
    torch.set_flush_denormal(True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    trunk = load_lite0(weights)
    trunk.fold()
    trunk.requires_grad_(False)
    trunk.to(device)
    frozen = copy.deepcopy(trunk)
    numbers = list(range(len(photographs)))
    originals = (stretched(photographs[number], c.size) for number in numbers)
    features = in_batches(lambda maps: Pooled.pool(trunk.tail(maps)), frozen, originals)
    projection, offset = fit_whitening(features, c.dimensions, c.shrinkage)
    anchors = F.normalize(torch.from_numpy(features @ projection + offset), dim=1).to(device)
    student = Student(trunk, projection, offset).to(device)
    averaged = copy.deepcopy(student)
    held_out = examples(photographs, numbers[::HELD_OUT], c.size, c.strength, np.random.default_rng(c.seed + 1))
    batches = _batches(photographs, [number for number in numbers if number % HELD_OUT], frozen, c)
    started, sums = time.monotonic(), torch.zeros(3, device=device)
    with log.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADER)
        for step, losses in enumerate(_steps(student, averaged, anchors, batches, c)):
            if step % c.every == 0 or step == c.steps:
                found = measure(lambda images: in_batches(averaged, frozen, iter(images)), *held_out)
                means = (sums / c.every).tolist()
                minutes = (time.monotonic() - started) / 60
                row = [minutes, *means, found.ap, found.recall_p99, found.nearest]
                writer.writerow([step, *(f"{value:.4f}" for value in row)])
                stream.flush()
                say(f"step {step} of {c.steps}, {minutes:.0f} min, held-out photographs: ap {found.ap:.3f}")
                sums.zero_()
            sums += losses
    averaged.cpu()
    head = averaged.head
    return Trained(averaged.trunk, head.weight.detach().numpy().T.copy(), head.bias.detach().numpy(), found)


def _batches(
    photographs: Photographs, numbers: list[int], frozen: Lite0, c: Configuration
) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """What ``Views`` makes, as maps, where the frozen half is. A graphics card computes them beside the student, and
    all processors but one make views for it; without one, half of them do, and compute the maps as well."""
    device = device_of(frozen)
    alone = device.type == "cpu"
    workers = max(1, cores() // 2 if alone else cores() - 1)
    torch.set_num_threads(max(1, cores() - workers))
    views = Views(photographs, numbers, partial(see, frozen) if alone else torch.from_numpy, c)
    for seen, first, second, share in DataLoader(views, batch_size=None, num_workers=workers, prefetch_factor=8):
        maps = seen if alone else see(frozen, seen.numpy())
        yield maps, first.to(device), second.to(device), share.to(device)


def _steps(
    student: Student,
    averaged: Student,
    anchors: Tensor,
    batches: Iterator[tuple[Tensor, Tensor, Tensor, Tensor]],
    c: Configuration,
) -> Iterator[Tensor]:
    """Takes all steps and yields before each, and at the end, the losses (3,) of the one before."""
    tail = list(student.trunk.mixing())
    for parameter in tail:
        parameter.requires_grad_(True)
    head = list(student.head.parameters())
    optimiser = torch.optim.AdamW(
        [{"params": tail, "lr": c.rate}, {"params": head, "lr": c.head_rate}], weight_decay=c.weight_decay
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: min(1.0, (step + 1) / WARM_UP) * 0.5 * (1 + np.cos(np.pi * min(1.0, step / max(1, c.steps)))),
    )
    device = anchors.device
    queue, queued = torch.zeros(0, c.dimensions, device=device), torch.zeros(0, dtype=torch.long, device=device)
    losses = torch.zeros(3, device=device)
    for step in range(c.steps):
        yield losses
        maps, first, second, share = next(batches)
        vectors = student(maps.contiguous(memory_format=torch.channels_last))
        known = anchored(vectors, first, second, share, anchors, c.temperature)
        contrast, entropy = contrast_and_entropy(vectors, first, second, share, queue, queued, c.temperature)
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(known + c.contrast * contrast + c.entropy * entropy)
        nn.utils.clip_grad_norm_([*tail, *head], CLIP)
        optimiser.step()
        schedule.step()
        losses = torch.stack([known, contrast, entropy]).detach()
        with torch.no_grad():
            keep = min(c.averaging, (1 + step) / (10 + step))
            for mean, now in zip(averaged.parameters(), student.parameters(), strict=True):
                mean.lerp_(now, 1 - keep)
        queue = torch.cat([vectors.detach(), queue])[: c.queue]
        queued = torch.cat([first, queued])[: c.queue]
    yield losses
