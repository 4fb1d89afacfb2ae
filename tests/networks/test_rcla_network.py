"""RCLA: its trunk is torchvision's where attention is left out; its attentions are as written out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from models.references import reference  # noqa: E402
from twinreel.networks.rcla import Block, Cbam, CbamResNet34, Rcla, Temporal  # noqa: E402
from twinreel.networks.weights import WeightsMismatch  # noqa: E402
from twinreel.types import Float64  # noqa: E402


def sigmoid(x: Float64) -> Float64:
    return np.asarray(1 / (1 + np.exp(-x)), np.float64)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_without_attention_the_trunk_is_torchvisions_resnet_34(tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs = reference("torchvision").models.resnet34()
    for name, statistic in theirs.named_buffers():
        if name.endswith("running_mean"):
            statistic.normal_(std=0.1)
        elif name.endswith("running_var"):
            statistic.uniform_(0.5, 2)
    torch.save(theirs.state_dict(), tmp_path / "resnet34.pth")
    theirs.fc = nn.Identity()
    ours = CbamResNet34()
    ours.load_backbone(tmp_path / "resnet34.pth")
    blocks = [module for module in ours.modules() if isinstance(module, Block)]
    assert len(blocks) == 16 and all(isinstance(block.cbam, Cbam) for block in blocks)
    pictures = torch.randn(2, 3, 96, 64)
    with torch.inference_mode():
        expected, weighed = theirs.eval()(pictures), ours.eval()(pictures)
        for block in blocks:
            block.cbam = nn.Identity()
        plain = ours(pictures)
    torch.testing.assert_close(plain, expected, rtol=1e-4, atol=1e-4)  # float32 in another order of summing
    assert (weighed - expected).abs().max() > 0.1 * expected.abs().max()


def test_a_backbone_file_that_lacks_a_key_is_refused(tmp_path: Path) -> None:
    state = {key: value for key, value in CbamResNet34().state_dict().items() if ".cbam." not in key}
    del state["layer3.5.conv2.weight"]
    torch.save(state, tmp_path / "resnet34.pth")
    with pytest.raises(WeightsMismatch, match=r"1 missing: layer3\.5\.conv2\.weight"):
        CbamResNet34().load_backbone(tmp_path / "resnet34.pth")


def test_attention_weighs_channels_then_places() -> None:
    torch.manual_seed(1)
    network = Cbam(32, reduction=16)
    x = torch.randn(1, 32, 9, 8)
    maps = x[0].double().numpy()
    weights = {key: value.double().numpy() for key, value in network.state_dict().items()}
    first, second = weights["mlp.0.weight"], weights["mlp.2.weight"]
    assert first.shape == (2, 32)
    pooled = [maps.mean((1, 2)), maps.max((1, 2))]
    by_channel = sigmoid(sum(second @ np.maximum(first @ one, 0) for one in pooled))
    maps = maps * by_channel[:, None, None]
    kernel = weights["conv.weight"][0]
    stacked = np.pad(np.stack([maps.mean(0), maps.max(0)]), ((0, 0), (3, 3), (3, 3)))
    places = np.array([[(kernel * stacked[:, y : y + 7, z : z + 7]).sum() for z in range(8)] for y in range(9)])
    found = network(x).detach().numpy()[0]
    np.testing.assert_allclose(found, maps * sigmoid(places), atol=1e-5)


def test_time_is_weighed_by_additive_attention_over_the_states_of_an_lstm() -> None:
    torch.manual_seed(2)
    network = Temporal(6, hidden=4)
    frames = np.random.default_rng(0).standard_normal((5, 6))
    state = {key: value.double().numpy() for key, value in network.state_dict().items()}
    h, c, states = np.zeros(4), np.zeros(4), []
    for frame in frames:
        gates = state["lstm.weight_ih_l0"] @ frame + state["lstm.bias_ih_l0"]
        gates = gates + state["lstm.weight_hh_l0"] @ h + state["lstm.bias_hh_l0"]
        enter, forget, content, leave = gates.reshape(4, 4)
        c = sigmoid(forget) * c + sigmoid(enter) * np.tanh(content)
        h = sigmoid(leave) * np.tanh(c)
        states.append(h)
    energies = np.array(
        [
            state["context_vector.weight"][0] @ np.tanh(state["transform.weight"] @ h + state["transform.bias"])
            for h in states
        ]
    )
    weights = np.exp(energies) / np.exp(energies).sum()
    expected = weights @ np.array(states)
    found = network(torch.from_numpy(frames)[None].float(), torch.tensor([5])).detach().numpy()[0]
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), atol=1e-5)


def test_a_video_is_the_same_alone_and_among_longer_ones() -> None:
    torch.manual_seed(3)
    network = Rcla(6)
    short, long = torch.randn(1, 3, 6), torch.randn(1, 8, 6)
    batch = torch.cat([torch.cat([short, torch.full((1, 5, 6), 9.0)], 1), long])
    both = network(batch, torch.tensor([3, 8]))
    alone = network(short, torch.tensor([3]))
    assert both.shape == (2, 16)
    torch.testing.assert_close(both[:1], alone)
    turned = network(long.flip(1), torch.tensor([8]))
    assert (turned - both[1:]).abs().max() > 1e-3  # order counts


def test_the_full_network_takes_frames() -> None:
    torch.manual_seed(4)
    network = Rcla(512, trunk=CbamResNet34()).eval()
    frames = torch.randint(0, 256, (1, 2, 64, 64, 3), dtype=torch.uint8)
    with torch.inference_mode():
        features = network.features(frames)
        vectors = network(frames, torch.tensor([2]))
        expected = network.temporal(features, torch.tensor([2]))
    assert features.shape == (1, 2, 512) and vectors.shape == (1, 16)
    torch.testing.assert_close(features.norm(dim=-1), torch.ones(1, 2))
    torch.testing.assert_close(vectors, expected)
