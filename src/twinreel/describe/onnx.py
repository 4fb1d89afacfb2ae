"""Any ONNX image encoder as a Describer, the one that ships with the package among them.

A model is a file ``NAME.onnx`` with its description beside it, ``NAME.toml`` (see ``EncoderDescription``), and
optionally ``NAME.npz`` with either or both of two arrays: ``mirror`` (d, d) maps vectors to those of the mirrored
frames, and ``background`` (m, d) holds vectors of frames that have nothing to do with one another.

Each frame is run alone, several at a time in as many threads. On a processor that is as fast as running batches (one
frame's convolutions fill a core), and a vector is then the same to the last bit in any company.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from twinreel.describe.encoder import EncoderDescription, read_description
from twinreel.describe.frames import check_frames
from twinreel.describe.information import information
from twinreel.errors import UserError
from twinreel.processors import cores
from twinreel.types import Float32, UInt8

PROVIDERS = (
    "CUDAExecutionProvider",
    "CoreMLExecutionProvider",
    "OpenVINOExecutionProvider",
    "CPUExecutionProvider",
)
"""ONNX Runtime's execution providers that are used where installed, in order of preference. TensorRT is left out: it
compiles the model for minutes before the first frame, and has to be asked for."""
ASKED = "TWINREEL_PROVIDERS"
"""Environment variable that names others instead, with commas between, the preferred one first."""

PROVIDER_OPTIONS = {
    # full float32, and no race between algorithms whose winner would change the last bits from one start to the next
    "CUDAExecutionProvider": {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"},
}

DEFAULT_MODEL = Path(__file__).with_name("models") / "default.onnx"
"""The model that ships with the package."""

ARITHMETIC = 1
"""Part of every version; to be raised when a change of this package gives another vector for the same frame."""

_INPUT_TYPES: dict[str, type[np.generic]] = {
    "tensor(uint8)": np.uint8,
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
}


class OnnxDescriber:
    """An image encoder run by ONNX Runtime; weights by the contrast of the frame (``information``).

    Made by ``load``. Besides a Describer's attributes: ``description`` and ``providers``, ONNX Runtime's execution
    providers that the model runs on, the preferred one first.
    """

    name: str
    version: str
    image_size: tuple[int, int]
    dimensions: int
    background: Float32

    def __init__(
        self,
        session: Any,
        description: EncoderDescription,
        version: str,
        mirror: Float32 | None = None,
        background: Float32 | None = None,
        threads: int | None = None,
    ) -> None:
        """``session``: an ``onnxruntime.InferenceSession`` with one input; ``mirror``: (d, d) and ``background``:
        (m, d), see the module.

        ``threads``: frames run at the same time, by default one a core. UserError where the model does not fit its
        description, which a trial run on a grey frame shows.
        """
        self.name = description.name
        self.version = version
        self.image_size = description.size
        self.description = description
        self.providers: tuple[str, ...] = tuple(session.get_providers())
        self._session = session
        self._mirror = mirror
        self._threads = threads or cores()
        self._input, self._dtype = _input(session, description)
        self._output = _output(session, description)
        self.dimensions = self._try_out()
        self.background = np.zeros((0, self.dimensions), np.float32) if background is None else background
        if self.background.ndim != 2 or self.background.shape[1] != self.dimensions:
            raise UserError(f"the model's background has shape {self.background.shape}; (m, {self.dimensions}) fits")

    @classmethod
    def load(
        cls, path: Path, threads: int | None = None, *, description: EncoderDescription | None = None
    ) -> OnnxDescriber:
        """The model in a file, with what lies beside it; UserError where something is missing or wrong.

        description: for a file that has none beside it.
        """
        if not path.is_file():
            raise UserError(f"there is no model {path}; an .onnx file is expected, with a .toml file beside it")
        description = description or read_description(path.with_suffix(".toml"))
        with _naming(path):
            arrays = _read_arrays(path)
            version = _version(path, description)
            return cls(open_model(path), description, version, arrays.get("mirror"), arrays.get("background"), threads)

    def describe(self, images: UInt8) -> tuple[Float32, Float32]:
        """See Describer."""
        check_frames(images, self.image_size)
        vectors = np.empty((len(images), self.dimensions), np.float32)
        weights = information(images)
        with ThreadPoolExecutor(self._threads) as pool:
            for row, vector in enumerate(pool.map(self._run, images)):
                norm = np.sqrt(vector.dot(vector))  # what linalg.norm does, after much asking
                if norm > 0:
                    vectors[row] = vector / norm
                else:  # rectified to nothing: any direction will do, since it counts for nothing
                    vectors[row] = np.eye(1, self.dimensions)
                    weights[row] = 0.0
        return vectors, weights

    def mirror(self, vectors: Float32) -> Float32 | None:
        """Vectors times the map that was fitted to frames and their mirror images, if there is one."""
        if self._mirror is None:
            return None
        mapped: Float32 = (vectors[:, np.newaxis] @ self._mirror)[:, 0]  # row by row: the same bits in any company
        norms = np.linalg.norm(mapped, axis=1, keepdims=True)
        return np.asarray(mapped / np.maximum(norms, 1e-12), np.float32)

    def _run(self, image: UInt8) -> Float32:
        """A frame (h, w, 3) to its vector (d,), not yet normalised."""
        (output,) = self._session.run([self._output], {self._input: self.description.tensor(image, self._dtype)})
        return self.description.pool(np.asarray(output[0], np.float32))

    def _try_out(self) -> int:
        """Number of dimensions."""
        height, width = self.image_size
        with _one_line(f"the model cannot be run on a frame of {height} x {width}; do size and layout fit it?"):
            vector = self._run(np.full((height, width, 3), 128, np.uint8))
        if vector.ndim != 1 or not vector.size:
            raise UserError(
                f"the model gives values of shape {vector.shape} a frame with pooling {self.description.pooling!r}, "
                "and one vector is expected; mean and gem pool a feature map or tokens"
            )
        if not np.isfinite(vector).all():
            raise UserError("the model gives values for a grey frame that are not finite: it cannot be used")
        if self._mirror is not None and self._mirror.shape != (vector.size, vector.size):
            raise UserError(
                f"the model's mirror has shape {self._mirror.shape}; {(vector.size, vector.size)} is expected"
            )
        return vector.size


def default() -> OnnxDescriber:
    """The describer that ships with the package."""
    return OnnxDescriber.load(DEFAULT_MODEL)


def open_model(model: Path | bytes) -> Any:
    """An inference session of a file, or of what a file holds, that leaves parallel work to the caller."""
    import onnxruntime  # takes a fifth of a second, which a mere look at names need not pay

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = [(name, PROVIDER_OPTIONS.get(name, {})) for name in chosen_providers()]
    with _one_line("it cannot be loaded as an ONNX model; export it again or give another file"):
        return onnxruntime.InferenceSession(model, options, providers=providers)


def chosen_providers() -> list[str]:
    """ONNX Runtime's execution providers that models are run on, the preferred one first.

    Those of ``PROVIDERS`` that are installed, or those that the environment names; UserError where it names another.
    """
    import onnxruntime

    available = onnxruntime.get_available_providers()
    asked = [name.strip() for name in os.environ.get(ASKED, "").split(",") if name.strip()]
    if unknown := [name for name in asked if name not in available]:
        raise UserError(f"{ASKED} names {', '.join(unknown)}; this ONNX Runtime has {', '.join(available)}")
    return asked or [name for name in PROVIDERS if name in available]


def _input(session: Any, description: EncoderDescription) -> tuple[str, type[np.generic]]:
    """Name and type of the model's input."""
    inputs = session.get_inputs()
    if len(inputs) != 1:
        names = ", ".join(value.name for value in inputs)
        raise UserError(f"the model takes {names}; an image encoder with one input is expected")
    kind = inputs[0].type
    if kind not in _INPUT_TYPES:
        raise UserError(f"the model takes {kind}; accepted are {', '.join(_INPUT_TYPES)}")
    if kind == "tensor(uint8)" and description.normalises:
        raise UserError("the model takes pixels as they are (uint8), so its description can have no mean and std")
    return inputs[0].name, _INPUT_TYPES[kind]


def _output(session: Any, description: EncoderDescription) -> str:
    """Name of the output that is used."""
    names = [output.name for output in session.get_outputs()]
    if description.output and description.output not in names:
        raise UserError(f"the model has no output {description.output!r}; it has {', '.join(names)}")
    return description.output or names[0]


def _version(path: Path, description: EncoderDescription) -> str:
    """Digest of the model file, of weights stored beside it, and of the description."""
    digest = xxhash.xxh3_64(json.dumps([ARITHMETIC, asdict(description)], sort_keys=True).encode())
    # external weights are called NAME.onnx.data or NAME.onnx_data
    for file in sorted(file for file in path.parent.iterdir() if file.name.startswith(path.name)):
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:12]


def _read_arrays(path: Path) -> dict[str, Float32]:
    """The arrays beside a model, by name."""
    beside = path.with_suffix(".npz")
    if not beside.is_file():
        return {}
    try:
        with np.load(beside, allow_pickle=False) as arrays:
            read = {name: np.asarray(arrays[name], np.float32) for name in arrays.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise UserError(f"{beside.name} cannot be used ({error}); make it with numpy.savez") from error
    if unknown := set(read) - {"mirror", "background"}:
        raise UserError(f"{beside.name} holds {', '.join(sorted(unknown))}; mirror and background are expected")
    return read


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Puts the file before what is wrong with it."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{path}: {error}") from error.__cause__


@contextmanager
def _one_line(advice: str) -> Iterator[None]:
    """ONNX Runtime's exceptions have no base class of their own: whatever it raises becomes a line for the user."""
    try:
        yield
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UserError(f"{advice} ({reason})") from error
