from __future__ import annotations

import numpy as np
import pytest

from twinreel.errors import UserError
from twinreel.index import sizes
from twinreel.index.choose import check_index, make_index
from twinreel.index.exact import ExactIndex
from twinreel.index.faiss import FaissIndex
from twinreel.index.ivfpq import IvfPqIndex


def test_an_index_is_chosen_by_size() -> None:
    assert isinstance(make_index(0, 8), ExactIndex)
    assert isinstance(make_index(sizes.NUMPY_BELOW, 8), IvfPqIndex)
    index = make_index(10**6, 8)
    index.add(1, np.eye(8, dtype=np.float32))
    assert index.search(np.eye(1, 8, dtype=np.float32), 1)[2].item() == 0


def test_an_index_is_chosen_by_name() -> None:
    assert isinstance(make_index(0, 8, "exact"), ExactIndex)
    assert isinstance(make_index(10**7, 8, "exact"), FaissIndex)
    assert isinstance(make_index(0, 8, "ivfpq"), IvfPqIndex)


@pytest.mark.parametrize("name", ["", "hnsw", "milvus", "milvus:"])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(UserError, match=r"milvus:FILE\.db"):
        check_index(name)
