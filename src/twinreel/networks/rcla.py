"""RCLA: frames by a ResNet-34 with attention over channels and places, the video by an LSTM with attention over time.

Qin, Ye & Fu, "An automatic near-duplicate video data cleaning method based on a consistent feature hash ring"
(Electronics 2024, 13(8), 1522), section 3.1: the three attentions are what it calls multi-head attention, along
channel, space and time. Its parts: He et al. (CVPR 2016), Woo et al., "CBAM: Convolutional block attention module"
(ECCV 2018), Hochreiter & Schmidhuber (1997), Bahdanau, Cho & Bengio (ICLR 2015).

What the paper leaves open, and how it is here: the attention module stands at the end of a block's residual branch,
before its input is added, as CBAM's authors have it; its spatial filter is theirs, 7 x 7. A frame's features and a
video's vector are scaled to length 1. Names are torchvision's, with ``cbam`` in every block.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from twinreel.networks.resnet import scaled
from twinreel.networks.weights import fill, read_file, unwrapped

STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
"""Channels and blocks of each stage."""
FEATURES = 512
"""Numbers of a frame."""
REDUCTION = 16
"""Channels are narrowed by so much between the two layers that weigh them."""
KERNEL = 7
HIDDEN = 16
"""Nodes of the LSTM, and numbers of a video."""
SIDE = 224
"""Pixels of the square that frames are stretched to."""


class Cbam(nn.Module):
    """Feature maps (n, c, h, w) -> the same, weighed by channel (equations 1 and 2), then by place (3 and 4)."""

    def __init__(self, channels: int, reduction: int = REDUCTION) -> None:
        super().__init__()
        narrow = channels // reduction
        self.mlp = nn.Sequential(
            nn.Linear(channels, narrow, bias=False), nn.ReLU(), nn.Linear(narrow, channels, bias=False)
        )
        self.conv = nn.Conv2d(2, 1, KERNEL, padding=KERNEL // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        by_channel = torch.sigmoid(self.mlp(x.mean((2, 3))) + self.mlp(x.amax((2, 3))))
        x = x * by_channel[:, :, None, None]
        by_place = torch.sigmoid(self.conv(torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)))
        weighed: Tensor = x * by_place
        return weighed


class Block(nn.Module):
    """Two 3x3 convolutions, attention, and the input added."""

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(c_out)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(c_out)
        self.cbam: nn.Module = Cbam(c_out)
        fits = stride == 1 and c_in == c_out
        self.downsample = (
            None if fits else nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.cbam(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class CbamResNet34(nn.Module):
    """Pictures (n, 3, h, w), scaled by ImageNet's mean and deviation -> features (n, FEATURES)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        c_in = 64
        for number, (channels, blocks) in enumerate(STAGES):
            stage = []
            for block in range(blocks):
                stage.append(Block(c_in, channels, 2 if number > 0 and block == 0 else 1))
                c_in = channels
            self.add_module(f"layer{number + 1}", nn.Sequential(*stage))

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for number in range(len(STAGES)):
            x = self.get_submodule(f"layer{number + 1}")(x)
        return x.mean((2, 3))

    @classmethod
    def seeded(cls, seed: int, backbone: Path | None = None) -> CbamResNet34:
        """Of random weights that follow from a seed, or of a file's; see ``load_backbone``."""
        torch.manual_seed(seed)
        trunk = cls()
        if backbone is not None:
            trunk.load_backbone(backbone)
        return trunk

    def load_backbone(self, path: Path) -> None:
        """Gives it torchvision's weights of a ResNet-34 (``resnet34-*.pth``); attention keeps those that it has, and
        the file's classifier is not used. WeightsMismatch where another key is missing, unexpected or mis-shaped."""
        given = {key: value for key, value in unwrapped(read_file(path)).items() if not key.startswith("fc.")}
        own = {
            key: value
            for key, value in self.state_dict().items()
            if ".cbam." in key or key.endswith("num_batches_tracked")  # a count that older files lack
        }
        fill(self, {**own, **given}, path, "ResNet-34")


class Temporal(nn.Module):
    """Features of frames (b, t, d) -> unit vectors of videos (b, hidden): equations 5 and 6.

    One layer of LSTM over the frames in order, then the mean of its states, each weighed by additive attention:
    softmax over time of u . tanh(W h + b).
    """

    def __init__(self, dimensions: int, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.lstm = nn.LSTM(dimensions, hidden, batch_first=True)
        self.transform = nn.Linear(hidden, hidden)
        self.context_vector = nn.Linear(hidden, 1, bias=False)

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """lengths: (b,), how many frames each video has; what follows is filling and changes nothing."""
        states, _ = self.lstm(frames)
        filling = torch.arange(frames.shape[1], device=frames.device)[None] >= lengths[:, None]
        return self.weighed(states, filling)

    def weighed(self, states: Tensor, filling: Tensor | None) -> Tensor:
        """States (b, t, hidden) -> (b, hidden); filling: (b, t), which of them say nothing."""
        scores = self.context_vector(torch.tanh(self.transform(states)))[..., 0]
        if filling is not None:
            scores = scores.masked_fill(filling, -torch.inf)
        weights = torch.softmax(scores, dim=1)
        return F.normalize((weights[..., None] * states).sum(1), dim=1)


class Rcla(nn.Module):
    """Videos to unit vectors: of their frames by a trunk, or, as the light variant, of a describer's frame vectors."""

    def __init__(self, dimensions: int, hidden: int = HIDDEN, trunk: nn.Module | None = None) -> None:
        """trunk: scaled pictures to features (n, dimensions); None: frames come as unit vectors (dimensions,)."""
        super().__init__()
        self.trunk = trunk
        self.temporal = Temporal(dimensions, hidden)

    def features(self, frames: Tensor) -> Tensor:
        """Frames (..., h, w, 3) uint8, or vectors (..., d) -> unit features (..., d)."""
        if self.trunk is None:
            return frames
        made = F.normalize(self.trunk(scaled(frames.reshape(-1, *frames.shape[-3:]))), dim=1)
        return made.reshape(*frames.shape[:-3], -1)

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Frames (b, t, ...), lengths (b,) -> (b, hidden)."""
        vectors: Tensor = self.temporal(self.features(frames), lengths)
        return vectors
