"""Weights load to the last key, or the report says what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from twinreel.errors import UserError  # noqa: E402
from twinreel.networks.visil import ViSiL  # noqa: E402
from twinreel.networks.weights import WeightsMismatch, load  # noqa: E402


def saved(path: Path, held: Any) -> Path:
    torch.save(held, path)
    return path


@pytest.fixture
def state() -> dict[str, Any]:
    torch.manual_seed(1)
    return dict(ViSiL(16, True).state_dict())


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_published_file_loads(tmp_path: Path, state: dict[str, Any], wrapped: bool) -> None:
    file = saved(tmp_path / "visil.pth", {"model": state, "epoch": 3} if wrapped else state)
    network = load(ViSiL(16, True), file, "ViSiL")
    assert not network.training
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, state[name], rtol=0, atol=0)


def test_what_is_missing_unexpected_and_of_another_shape_is_said_in_one_line(
    tmp_path: Path, state: dict[str, Any]
) -> None:
    del state["video_comperator.fconv.bias"]
    state["video_comperator.extra"] = torch.zeros(1)
    state["attention.context_vector.weight"] = torch.zeros(1, 17)
    file = saved(tmp_path / "visil.pth", state)
    with pytest.raises(WeightsMismatch) as caught:
        load(ViSiL(16, True), file, "ViSiL")
    error = caught.value
    assert error.missing == ("video_comperator.fconv.bias",)
    assert error.unexpected == ("video_comperator.extra",)
    assert error.misshaped == (("attention.context_vector.weight", (1, 17), (1, 16)),)
    assert error.exit_code == 2
    assert str(error) == (
        f"{file} does not hold the weights of ViSiL: 1 missing: video_comperator.fconv.bias; "
        "1 unexpected: video_comperator.extra; "
        "1 of another shape: attention.context_vector.weight is 1x17 and not 1x16"
    )


@pytest.mark.parametrize("kind", ["missing", "unexpected", "misshaped"])
def test_one_wrong_key_is_enough_and_changes_nothing(tmp_path: Path, state: dict[str, Any], kind: str) -> None:
    name = "video_comperator.conv2.bias"
    if kind == "missing":
        del state[name]
    elif kind == "unexpected":
        state["fc.weight"] = torch.zeros(2, 2)
    else:
        state[name] = torch.zeros(65)
    network = ViSiL(16, True)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    with pytest.raises(WeightsMismatch) as caught:
        load(network, saved(tmp_path / "w.pth", state), "ViSiL")
    found = {what: bool(getattr(caught.value, what)) for what in ("missing", "unexpected", "misshaped")}
    assert found == {what: what == kind for what in found}
    for key, value in network.state_dict().items():
        torch.testing.assert_close(value, before[key], rtol=0, atol=0)


def test_a_long_list_is_counted(tmp_path: Path) -> None:
    with pytest.raises(WeightsMismatch, match=r"9 missing: attention\.\S+, \S+, \S+, \.\.\.$") as caught:
        load(ViSiL(16, True), saved(tmp_path / "w.pth", {}), "ViSiL")
    assert "\n" not in str(caught.value)


def test_other_files_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "readme.pth"
    text.write_text("no weights", encoding="utf-8")
    empty = tmp_path / "empty.pth"
    empty.touch()
    for file, words in (
        (tmp_path / "none.pth", "there is no file of weights"),
        (text, "cannot be read as weights"),
        (empty, "cannot be read as weights"),
        (saved(tmp_path / "list.pth", [1, 2]), "holds a list"),
    ):
        with pytest.raises(UserError, match=words):
            load(ViSiL(16, True), file, "ViSiL")
