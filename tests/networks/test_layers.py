"""The parts of the networks against loops, by hand."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from twinreel.networks.dns import Coarse, FineAttention, FineBinary, NetVLAD, Selector  # noqa: E402
from twinreel.networks.layers import (  # noqa: E402
    BLOCK,
    Comparator,
    UnitAttention,
    chamfer,
    frame_similarities,
    long_enough,
    symmetric_chamfer,
)
from twinreel.networks.s2vs import S2VS  # noqa: E402
from twinreel.networks.visil import ViSiL  # noqa: E402


def regions(frames: int, dimensions: int = 16, seed: int = 0) -> Tensor:
    made = torch.randn(frames, 9, dimensions, generator=torch.Generator().manual_seed(seed))
    return F.normalize(made, dim=-1)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def test_chamfer_is_the_best_of_the_others_in_the_mean() -> None:
    similarities = torch.tensor([[0.1, 0.9, 0.3], [0.5, 0.2, 0.4]])
    assert float(chamfer(similarities)) == pytest.approx((0.9 + 0.5) / 2)
    assert float(symmetric_chamfer(similarities)) == pytest.approx(((0.9 + 0.5) / 2 + (0.5 + 0.9 + 0.4) / 3) / 2)


@pytest.mark.parametrize("symmetric", [False, True])
def test_frames_are_as_alike_as_their_regions(symmetric: bool) -> None:
    a, b = regions(BLOCK + 2), regions(5, seed=1)[:, :7]
    found = frame_similarities(a, b, symmetric_chamfer if symmetric else chamfer)
    assert found.shape == (BLOCK + 2, 5)
    for i in (0, BLOCK - 1, BLOCK, BLOCK + 1):
        for j in range(5):
            forth = sum(max(float(x @ y) for y in b[j]) for x in a[i]) / 9
            back = sum(max(float(x @ y) for x in a[i]) for y in b[j]) / 7
            assert float(found[i, j]) == pytest.approx((forth + back) / 2 if symmetric else forth, abs=1e-5)


def test_a_short_video_is_repeated_and_no_video_is_refused() -> None:
    short = regions(3)
    torch.testing.assert_close(long_enough(short), torch.cat([short, short]))
    torch.testing.assert_close(long_enough(regions(4)), regions(4))
    with pytest.raises(ValueError, match="no frame"):
        long_enough(short[:0])


def test_attention_of_visil_lies_between_nothing_and_all() -> None:
    network = UnitAttention(4)
    network.context_vector.weight.data = torch.tensor([[1.0, 0.0, 0.0, 0.0]])
    rows = torch.tensor([[1.0, 0, 0, 0], [-1.0, 0, 0, 0], [0, 1.0, 0, 0]])
    torch.testing.assert_close(network(rows), rows * torch.tensor([[1.0], [0.0], [0.5]]))


@pytest.mark.parametrize("padding", ["replicate", "constant"])
def test_a_comparator_halves_both_sides_twice(padding: str) -> None:
    network = Comparator(padding)
    assert network(torch.rand(1, 1, 9, 17)).shape == (1, 1, 2, 4)
    assert network.full(torch.rand(1, 1, 9, 17)).shape == (1, 1, 9, 17)


def test_replication_leaves_an_even_map_even_and_zeros_do_not() -> None:
    even = torch.full((1, 1, 12, 12), 0.5)
    edges, zeros = Comparator("replicate"), Comparator("constant")
    zeros.load_state_dict(edges.state_dict())
    with torch.inference_mode():
        assert float(edges(even).std()) < 1e-6
        assert float(zeros(even).std()) > 1e-6


def test_codes_compare_by_the_share_of_signs_that_agree() -> None:
    network = FineBinary(16)
    a, b = regions(4), regions(6, seed=1)
    x, y = np.sign(a.numpy()), np.sign(b.numpy())
    expected = np.array([[np.mean([max(2 * np.mean(r == s) - 1 for s in v) for r in u]) for v in y] for u in x])
    np.testing.assert_allclose(network.frames(a, b).detach(), expected, atol=1e-6)


def test_netvlad_sums_residuals() -> None:
    network = NetVLAD(6, clusters=3, out=5)
    x = torch.randn(1, 4, 6)
    weight = network.conv.weight[:, :, 0, 0]
    rows = []
    for k in range(3):
        row = sum(torch.softmax(weight @ frame, 0)[k] * (frame - network.centroids[k]) for frame in x[0])
        assert isinstance(row, Tensor)
        rows.append(row / row.norm())
    flat = torch.cat(rows)
    expected = network.norm(network.reduction_layer(flat / flat.norm()))
    torch.testing.assert_close(network(x)[0], expected, rtol=1e-4, atol=1e-5)


def test_the_coarse_student_knows_no_order_and_needs_one_frame() -> None:
    network = Coarse(16, clusters=4, out=8).eval()
    video = regions(5)
    with torch.inference_mode():
        found = network(video)
        torch.testing.assert_close(network(video.flip(0)), found, rtol=1e-4, atol=1e-5)
        assert float(network(video[:1]).norm()) == pytest.approx(1, abs=1e-5)
        assert float(found.norm()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("network", [ViSiL(16, False), FineAttention(16), FineBinary(16), S2VS(16)])
def test_an_asymmetric_network_gives_a_number_within_bounds(network: nn.Module) -> None:
    a, b = regions(2), regions(9, seed=1)
    with torch.inference_mode():
        forth = float(network(a, b))
    assert -1 <= forth <= 1


def test_the_symmetric_network_knows_no_direction() -> None:
    """With a comparator that looks the same when its map is turned over, as the diagonal one that it learns does."""
    network = ViSiL(16, True)
    for conv in (network.video_comperator.conv1, network.video_comperator.conv2, network.video_comperator.conv3):
        conv.weight.data = (conv.weight.data + conv.weight.data.transpose(2, 3)) / 2
    a, b = regions(5), regions(9, seed=1)
    with torch.inference_mode():
        torch.testing.assert_close(network(a, b), network(b, a), rtol=1e-4, atol=1e-6)


def test_complexity_is_the_comparators_mean_on_the_mean_of_all_region_pairs() -> None:
    network = Selector(16).eval()
    video = regions(5)
    with torch.inference_mode():
        attended = network.attention(video)
        pairs = torch.einsum("trd,usd->turs", attended, attended).mean((2, 3))
        expected = network.visil_head(pairs[None, None]).mean()
        torch.testing.assert_close(network.complexity(video), expected, rtol=1e-4, atol=1e-5)
        chance = float(network(expected, expected, torch.tensor(0.5)))
    assert 0 < chance < 1
