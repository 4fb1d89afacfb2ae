"""Networks that make one vector of a whole video: the coarse student of DnS, and RCLA."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import xxhash

from twinreel.describe.frames import check_frames
from twinreel.describe.regions import RegionDescriber
from twinreel.errors import UserError
from twinreel.networks.dns import Coarse
from twinreel.networks.rcla import FEATURES, SIDE, CbamResNet34, Rcla
from twinreel.networks.verifiers import resnet_regions, the_file
from twinreel.networks.weights import fill, load, read_file
from twinreel.pooling.base import every_second
from twinreel.types import Float32, Float64, UInt8

PIXELS = "pixels"
"""What a file of RCLA's weights says it takes where it takes frames; else a describer, ``name@version``."""
_BATCH = 8


class CoarsePooler:
    """The coarse student of DnS: regions of a video's frames, one a second, to 1024 numbers."""

    def __init__(self, network: Coarse) -> None:
        self._network = network.eval()

    def pool(self, vectors: Float32, times: Float64) -> Float32:
        """Regions (t, r, d) -> (1024,) of length 1, zeros without a frame. Times do not matter to it."""
        if not len(vectors):
            return np.zeros(self._network.netvlad.norm.normalized_shape, np.float32)
        with torch.inference_mode():
            return np.asarray(self._network(torch.from_numpy(vectors)).numpy(), np.float32)


class RclaPooler:
    """RCLA from a frame's features on, as a Pooler: frame vectors of the describer that it was trained on, or what
    ``RclaFrames`` gives."""

    def __init__(self, network: Rcla) -> None:
        self._network = network.eval()

    def pool(self, vectors: Float32, times: Float64) -> Float32:
        """(n, d), or (n, 1, d) as regions come -> (hidden,)."""
        frames = every_second(vectors.reshape(-1, vectors.shape[-1]), times)
        if not len(frames):
            return np.zeros(self._network.temporal.lstm.hidden_size, np.float32)
        with torch.inference_mode():
            found = self._network.temporal(torch.from_numpy(frames)[None], torch.tensor([len(frames)]))
        return np.asarray(found[0].numpy(), np.float32)


class RclaFrames:
    """RCLA's features of frames, as a RegionDescriber of one region, the whole frame."""

    name = "rcla"
    image_size = (SIDE, SIDE)
    regions = 1
    dimensions = FEATURES

    def __init__(self, network: Rcla) -> None:
        self._network = network.eval()
        digest = xxhash.xxh3_64()
        for tensor in network.state_dict().values():
            digest.update(tensor.numpy().tobytes())
        self.version = digest.hexdigest()[:12]

    def describe_regions(self, images: UInt8) -> Float32:
        """See RegionDescriber."""
        check_frames(images, self.image_size)
        found = [np.zeros((0, self.dimensions), np.float32)]
        with torch.inference_mode():
            for start in range(0, len(images), _BATCH):
                found.append(self._network.features(torch.from_numpy(images[start : start + _BATCH])).numpy())
        return np.concatenate(found)[:, None]


def kept(network: Rcla, frames: str) -> dict[str, Any]:
    """What a file of RCLA's weights says beside them; frames: ``PIXELS`` or the describer of its frame vectors."""
    lstm = network.temporal.lstm
    return {"frames": frames, "dimensions": lstm.input_size, "hidden": lstm.hidden_size}


def load_rcla(path: Path) -> tuple[str, Rcla]:
    """What a file written by ``twinreel train rcla`` takes, and the network; UserError where it is none."""
    held = read_file(path)
    frames, dimensions, hidden = (held.get(key) for key in ("frames", "dimensions", "hidden"))
    if not (isinstance(frames, str) and isinstance(dimensions, int) and isinstance(hidden, int)):
        raise UserError(f"{path} is no file of RCLA's weights; `twinreel train rcla` writes rcla.pt")
    network = Rcla(dimensions, hidden, CbamResNet34() if frames == PIXELS else None)
    fill(network, held.get("model", {}), path, "RCLA")
    return frames, network.eval()


def load_coarse(folder: Path) -> tuple[RegionDescriber, CoarsePooler]:
    """The coarse student and its regions from a folder of published files; UserError where one does not fit."""
    network = load(Coarse(), the_file(folder, "dns_cg_student.pth"), "the coarse student of DnS")
    return resnet_regions(folder, 512), CoarsePooler(network)
