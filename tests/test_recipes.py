"""The notebook of recipes runs from top to bottom, checks and all, and is kept without what it printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "docs" / "recipes.ipynb"


@pytest.fixture(scope="module")
def notebook() -> Any:
    read = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(read)
    return read


def test_no_outputs_are_kept(notebook: Any) -> None:
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code if cell.outputs or cell.execution_count] == []


@pytest.mark.filterwarnings("default")  # of Jupyter's own; the cells run in a process that has its own
def test_all_recipes_run_and_show_something(notebook: Any, tmp_path: Path) -> None:
    executed = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [
        kind
        for cell in executed.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "execute_result"
        for kind in output.data
    ]
    assert shown.count("image/png") >= 3  # strip, anchors, regions, all pairs
    assert shown.count("text/html") >= 3  # group, match, moving picture
