"""Image encoders given as ONNX files: what reaches the model, what comes out, and what is said when it cannot work."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from describe.models import save, save_identity, save_thumbnail
from describe.pictures import pictures
from twinreel.describe.onnx import OnnxDescriber, chosen_providers
from twinreel.errors import UserError
from twinreel.types import UInt8


def describe_toml(model: Path, text: str) -> Path:
    model.with_suffix(".toml").write_text(text, encoding="utf-8")
    return model


def unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return vector / np.linalg.norm(vector)


@pytest.fixture
def images() -> UInt8:
    return pictures(3, (4, 6))


MEAN, STD = np.array([0.4, 0.5, 0.6]), np.array([0.1, 0.2, 0.3])


@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.FLOAT16])
@pytest.mark.parametrize("channels", ["rgb", "bgr"])
@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_the_model_gets_what_its_description_says(
    tmp_path: Path, images: UInt8, layout: str, channels: str, kind: int
) -> None:
    """A model that flattens its input shows it."""
    model = save(
        tmp_path / "flat.onnx",
        [helper.make_node("Flatten", ["x"], ["z"]), helper.make_node("Cast", ["z"], ["y"], to=TensorProto.FLOAT)],
        inputs={"x": (kind, [1, 3, 4, 6] if layout == "nchw" else [1, 4, 6, 3])},
        outputs=["y"],
    )
    describe_toml(
        model,
        f"size = [4, 6]\nmean = {MEAN.tolist()}\nstd = {STD.tolist()}\nlayout = '{layout}'\nchannels = '{channels}'",
    )
    pixels = (images / 255 - MEAN) / STD
    pixels = pixels[..., ::-1] if channels == "bgr" else pixels
    pixels = pixels.transpose(0, 3, 1, 2) if layout == "nchw" else pixels
    vectors, _ = OnnxDescriber.load(model).describe(images)
    # float16 keeps 11 bits
    tolerance = 1e-6 if kind == TensorProto.FLOAT else 1e-3
    np.testing.assert_allclose(vectors, [unit(p.ravel()) for p in pixels], atol=tolerance)


def test_a_model_of_uint8_gets_the_pixels_as_they_are(tmp_path: Path, images: UInt8) -> None:
    model = save(
        tmp_path / "flat.onnx",
        [helper.make_node("Flatten", ["x"], ["z"]), helper.make_node("Cast", ["z"], ["y"], to=TensorProto.FLOAT)],
        inputs={"x": (TensorProto.UINT8, ["n", 4, 6, 3])},
        outputs=["y"],
    )
    describer = OnnxDescriber.load(describe_toml(model, "size = [4, 6]\nlayout = 'nhwc'"))
    expected = [unit(image.astype(np.float64).ravel()) for image in images]
    np.testing.assert_allclose(describer.describe(images)[0], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("pooling", "pool"),
    [
        ("mean", lambda pixels: pixels.mean(axis=0)),
        ("gem", lambda pixels: (np.maximum(pixels, 1e-6) ** 3).mean(axis=0) ** (1 / 3)),
    ],
)
@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_feature_maps_are_pooled(
    tmp_path: Path, images: UInt8, layout: str, pooling: str, pool: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> None:
    """The feature map is the picture itself: three features at 4 x 6 places."""
    model = save_identity(tmp_path / "map.onnx", ["n", 3, 4, 6] if layout == "nchw" else ["n", 4, 6, 3])
    describe_toml(model, f"size = [4, 6]\nmean = [0.5, 0.1, 0]\nlayout = '{layout}'\npooling = '{pooling}'")
    describer = OnnxDescriber.load(model)
    assert describer.dimensions == 3
    pixels = (images / 255 - [0.5, 0.1, 0]).reshape(3, 24, 3)
    np.testing.assert_allclose(describer.describe(images)[0], [unit(pool(p)) for p in pixels], atol=1e-5)


def test_tokens_are_pooled(tmp_path: Path, images: UInt8) -> None:
    model = save(
        tmp_path / "tokens.onnx",
        [helper.make_node("Reshape", ["x", "shape"], ["y"])],
        inputs={"x": (TensorProto.FLOAT, ["n", 4, 6, 3])},
        outputs=["y"],
        constants={"shape": np.array([-1, 24, 3], np.int64)},
    )
    describe_toml(model, "size = [4, 6]\nlayout = 'nhwc'\npooling = 'mean'")
    expected = [unit((image / 255).reshape(24, 3).mean(axis=0)) for image in images]
    np.testing.assert_allclose(OnnxDescriber.load(model).describe(images)[0], expected, atol=1e-6)


def test_an_output_is_chosen_by_name(tmp_path: Path, images: UInt8) -> None:
    model = save(
        tmp_path / "two.onnx",
        [helper.make_node("ReduceMax", ["x"], ["first"], axes=[2, 3], keepdims=0),
         helper.make_node("ReduceMin", ["x"], ["second"], axes=[2, 3], keepdims=0)],
        inputs={"x": (TensorProto.FLOAT, ["n", 3, 4, 6])},
        outputs=["first", "second"],
    )  # fmt: skip
    pixels = (images / 255 + 1).reshape(3, 24, 3)
    for text, expected in (("", pixels.max(axis=1)), ("output = 'second'", pixels.min(axis=1))):
        describer = OnnxDescriber.load(describe_toml(model, f"size = [4, 6]\nmean = [-1, -1, -1]\n{text}"))
        np.testing.assert_allclose(describer.describe(images)[0], [unit(p) for p in expected], atol=1e-6)


def test_a_frame_that_gives_a_vector_of_zeros_counts_for_nothing(tmp_path: Path) -> None:
    model = save(
        tmp_path / "dark.onnx",
        [helper.make_node("Sub", ["x", "threshold"], ["d"]), helper.make_node("Relu", ["d"], ["r"]),
         helper.make_node("Flatten", ["r"], ["y"])],
        inputs={"x": (TensorProto.FLOAT, ["n", 3, 32, 32])},
        outputs=["y"],
        constants={"threshold": np.array(0.9, np.float32)},
    )  # fmt: skip
    dim = np.zeros((1, 32, 32, 3), np.uint8)
    dim[:, 16:] = 200
    vectors, weights = OnnxDescriber.load(describe_toml(model, "size = [32, 32]")).describe(dim)
    assert weights[0] == 0
    assert np.linalg.norm(vectors[0]) == 1


def test_any_number_of_threads_gives_the_same(tmp_path: Path) -> None:
    model = save_thumbnail(tmp_path / "thumbnail.onnx")
    images = pictures(20, (32, 48))
    one, many = (OnnxDescriber.load(model, threads=threads).describe(images)[0] for threads in (1, 5))
    np.testing.assert_array_equal(one, many)


def test_name_and_size_are_those_of_the_description(tmp_path: Path) -> None:
    model = save_thumbnail(tmp_path / "thumbnail.onnx")
    describer = OnnxDescriber.load(model)
    assert (describer.name, describer.image_size, describer.dimensions) == ("thumbnail", (32, 48), 48)
    describe_toml(model, "name = 'small'\nsize = [32, 48]\nlayout = 'nhwc'")
    assert OnnxDescriber.load(model).name == "small"


def test_providers_are_among_the_installed_ones(tmp_path: Path) -> None:
    providers = OnnxDescriber.load(save_thumbnail(tmp_path / "thumbnail.onnx")).providers
    assert providers[-1] == "CPUExecutionProvider"
    assert set(providers) <= set(onnxruntime.get_available_providers())


def test_the_version_is_that_of_model_and_description(tmp_path: Path) -> None:
    model = save_thumbnail(tmp_path / "thumbnail.onnx")
    version = OnnxDescriber.load(model).version
    assert version == OnnxDescriber.load(model).version

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for file in tmp_path.glob("thumbnail.*"):
        shutil.copy(file, elsewhere)
    assert OnnxDescriber.load(elsewhere / model.name).version == version

    describe_toml(elsewhere / model.name, "size = [32, 48]\nlayout = 'nhwc'\nchannels = 'bgr'")
    described = OnnxDescriber.load(elsewhere / model.name).version
    shutil.copy(model.with_suffix(".toml"), elsewhere)
    data = (elsewhere / model.name).read_bytes()
    grey = np.array(127.5, np.float32).tobytes()
    assert data.count(grey) == 1
    (elsewhere / model.name).write_bytes(data.replace(grey, np.array(126.5, np.float32).tobytes()))
    assert len({version, described, OnnxDescriber.load(elsewhere / model.name).version}) == 3


def test_the_version_covers_weights_in_a_file_of_their_own(tmp_path: Path) -> None:
    def version(weight: float) -> str:
        model = save(
            tmp_path / "large.onnx",
            [helper.make_node("Mul", ["x", "w"], ["z"]), helper.make_node("Flatten", ["z"], ["y"])],
            inputs={"x": (TensorProto.FLOAT, ["n", 3, 4, 6])},
            outputs=["y"],
            constants={"w": np.full(72, weight, np.float32).reshape(3, 4, 6)},
            external=True,
        )
        assert (tmp_path / "large.onnx.data").stat().st_size >= 288
        describer = OnnxDescriber.load(describe_toml(model, "size = [4, 6]"))
        (tmp_path / "large.onnx.data").unlink()
        return describer.version

    assert version(1.0) == version(1.0) != version(2.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "does not say the size"),
        ("size = [32", "cannot be read"),
        ("size = [32]", "two positive whole numbers"),
        ("size = [32, 0]", "two positive whole numbers"),
        ("size = 32", "two positive whole numbers"),
        ("size = [32, 48]\nname = 'a@1'", "without @"),
        ("size = [32, 48]\nstd = 2", "three numbers"),
        ("size = [32, 48]\nstandard = 1", "says standard; known are name, size, mean"),
        ("size = [32, 48]\nmean = [1, 2]", "three numbers"),
        ("size = [32, 48]\nstd = [1, 2, 0]", "divided by it"),
        ("size = [32, 48]\npooling = 'max'", "accepted are none, mean, gem"),
        ("size = [32, 48]\nlayout = 'chw'", "accepted are nchw, nhwc"),
        ("size = [32, 48]\nchannels = 'yuv'", "accepted are rgb, bgr"),
        ("size = [32, 48]\nlayout = 'nhwc'\nmean = [0.5, 0.5, 0.5]", "no mean and std"),
        ("size = [32, 48]\nlayout = 'nhwc'\noutput = 'last'", "has no output 'last'; it has vectors"),
        ("size = [64, 64]\nlayout = 'nhwc'", "cannot be run on a frame of 64 x 64"),
        ("size = [32, 48]", "cannot be run on a frame of 32 x 48"),
    ],
)
def test_a_wrong_description_is_explained(tmp_path: Path, text: str, said: str) -> None:
    model = describe_toml(save_thumbnail(tmp_path / "thumbnail.onnx"), text)
    with pytest.raises(UserError, match=said) as caught:
        OnnxDescriber.load(model)
    assert str(tmp_path / "thumbnail") in str(caught.value)


def test_a_missing_model_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no model"):
        OnnxDescriber.load(tmp_path / "none.onnx")


def test_a_missing_description_is_explained_by_an_example_that_works(tmp_path: Path) -> None:
    model = save_identity(tmp_path / "map.onnx", ["n", 3, 224, 224])
    with pytest.raises(UserError, match="is missing") as caught:
        OnnxDescriber.load(model)
    example = str(caught.value).partition("for example:\n")[2]
    describe_toml(model, example.replace('"none"', '"mean"'))
    assert OnnxDescriber.load(model).dimensions == 3


def test_a_file_that_is_no_model_is_explained(tmp_path: Path) -> None:
    model = tmp_path / "broken.onnx"
    model.write_bytes(b"<html>404</html>")
    with pytest.raises(UserError, match=r"broken\.onnx: it cannot be loaded as an ONNX model"):
        OnnxDescriber.load(describe_toml(model, "size = [4, 4]"))


def test_a_model_that_does_not_give_one_vector_is_explained(tmp_path: Path) -> None:
    model = save_identity(tmp_path / "map.onnx", ["n", 3, 4, 6])
    with pytest.raises(UserError, match=r"shape \(3, 4, 6\) a frame with pooling 'none'"):
        OnnxDescriber.load(describe_toml(model, "size = [4, 6]"))


def test_a_model_of_two_inputs_is_explained(tmp_path: Path) -> None:
    model = save(
        tmp_path / "pair.onnx",
        [helper.make_node("Add", ["image", "text"], ["y"])],
        inputs={"image": (TensorProto.FLOAT, [1, 3, 4, 6]), "text": (TensorProto.FLOAT, [1])},
        outputs=["y"],
    )
    with pytest.raises(UserError, match="takes image, text; an image encoder with one input is expected"):
        OnnxDescriber.load(describe_toml(model, "size = [4, 6]"))


def test_a_model_of_another_input_type_is_explained(tmp_path: Path) -> None:
    model = save_identity(tmp_path / "long.onnx", [1, 3, 4, 6], kind=TensorProto.INT64)
    with pytest.raises(UserError, match=r"takes tensor\(int64\); accepted are tensor\(uint8\)"):
        OnnxDescriber.load(describe_toml(model, "size = [4, 6]"))


def test_a_model_that_gives_no_numbers_is_explained(tmp_path: Path) -> None:
    model = save(
        tmp_path / "nan.onnx",
        [helper.make_node("Sub", ["x", "x"], ["z"]), helper.make_node("Div", ["z", "z"], ["d"]),
         helper.make_node("Flatten", ["d"], ["y"])],
        inputs={"x": (TensorProto.FLOAT, ["n", 3, 4, 6])},
        outputs=["y"],
    )  # fmt: skip
    with pytest.raises(UserError, match="not finite"):
        OnnxDescriber.load(describe_toml(model, "size = [4, 6]"))


@pytest.mark.parametrize(
    ("arrays", "said"),
    [({"mirror": np.eye(3)}, r"mirror has shape \(3, 3\); \(48, 48\) is expected"), ({"other": np.eye(48)}, "mirror")],
)
def test_a_wrong_mirror_is_explained(tmp_path: Path, arrays: dict[str, NDArray[np.float64]], said: str) -> None:
    model = save_thumbnail(tmp_path / "thumbnail.onnx")
    np.savez(model.with_suffix(".npz"), allow_pickle=False, **arrays)
    with pytest.raises(UserError, match=said):
        OnnxDescriber.load(model)


def test_a_mirror_that_is_no_array_is_explained(tmp_path: Path) -> None:
    model = save_thumbnail(tmp_path / "thumbnail.onnx")
    model.with_suffix(".npz").write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"thumbnail\.npz cannot be used"):
        OnnxDescriber.load(model)


def test_providers_are_chosen_or_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processor is always there; what this ONNX Runtime has not is named with what it has."""
    assert chosen_providers()[-1] == "CPUExecutionProvider"
    monkeypatch.setenv("TWINREEL_PROVIDERS", "CPUExecutionProvider")
    assert chosen_providers() == ["CPUExecutionProvider"]
    monkeypatch.setenv("TWINREEL_PROVIDERS", "AbacusExecutionProvider, CPUExecutionProvider")
    with pytest.raises(UserError, match=r"names AbacusExecutionProvider; this ONNX Runtime has .*CPUExecutionProvider"):
        chosen_providers()
