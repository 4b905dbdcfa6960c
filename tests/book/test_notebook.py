import asyncio
import shlex
import subprocess
import venv
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbformat import NotebookNode
from packaging.requirements import Requirement

from cardbook.pages.notebook import install_line, install_requirements, published_notebook
from cardbook.records.status import Project
from cardbook.records.store import hash_outputs
from cardbook.source.book import read_book
from cardbook.verify.environments import Installed, link_environment, required_distributions
from tests.conftest import ROOT
from tests.pages.test_notebook import code_cells

BOOK = read_book(ROOT)
FAKE_PIP = 'pip() { printf "%s\\n" "$@"; }\n'


def notebook_of(project: Project, name: str) -> NotebookNode:
    record = project.records.read(name)
    assert record is not None
    return published_notebook(project.plans[name].example, record)


@pytest.mark.parametrize("name", BOOK.examples)
def test_first_cell_gives_pip_the_pins_of_the_run(project: Project, tmp_path: Path, name: str) -> None:
    record = project.records.read(name)
    assert record is not None
    cell = code_cells(notebook_of(project, name))[0]
    assert cell.source.startswith("%pip install --quiet ")
    heard = subprocess.run(
        ["sh", "-c", FAKE_PIP + cell.source.removeprefix("%")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    pins = {name: version.split("+")[0] for name, version in record.provenance.packages.items()}
    assert heard.stdout.splitlines()[:2] == ["install", "--quiet"]
    assert dict(pin.split("==") for pin in heard.stdout.splitlines()[2:]) == pins
    assert list(tmp_path.iterdir()) == []  # an unquoted > would have made a file
    assert shlex.split(install_line(record.provenance))[2:] == install_requirements(record.provenance)


@pytest.mark.parametrize("name", BOOK.examples)
def test_only_the_two_marked_cells_are_added_to_what_ran(project: Project, name: str) -> None:
    notebook = notebook_of(project, name)
    nbformat.validate(notebook)
    added = [cell for cell in notebook.cells if "install" in cell.metadata.get("tags", [])]
    assert [cell.cell_type for cell in added] == ["markdown", "code"]
    assert "did not have it" in " ".join(added[0].source.split())
    assert added[1].outputs == [] and added[1].execution_count is None
    assert notebook.cells[1:3] == added
    del notebook.cells[1:3]
    sources = [cell.source for cell in project.plans[name].example.code_cells]
    assert [cell.source for cell in code_cells(notebook)] == sources
    assert hash_outputs(notebook) == notebook.metadata.cardbook["outputs"]


@pytest.fixture(scope="module")
def colab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of an environment that has a kernel and pip, and none of ours."""
    folder = tmp_path_factory.mktemp("colab")
    installed = Installed()
    names = required_distributions([Requirement("ipykernel"), Requirement("pip")], installed)
    assert "pandas" not in names
    link_environment(folder, names, installed)
    return next(folder.glob("lib/python*/site-packages"))


@pytest.mark.parametrize("name", ["typographical_conventions", "hugging_face_account"])
def test_notebook_runs_where_only_its_first_cell_installed(
    project: Project, colab: Path, tmp_path: Path, name: str
) -> None:
    """As on Colab: a kernel without our packages, the install cell, the rest. Verify runs all the others."""
    venv.create(tmp_path / "own", with_pip=False)
    next((tmp_path / "own").glob("lib/python*/site-packages")).joinpath("colab.pth").write_text(str(colab))
    python = str(tmp_path / "own" / "bin" / "python")
    notebook = notebook_of(project, name)
    shown = stable_outputs(notebook)
    run_in(python, notebook, tmp_path)
    assert stable_outputs(notebook) == shown
    versions = subprocess.run([python, "-m", "pip", "freeze"], capture_output=True, text=True, check=True)
    record = project.records.read(name)
    assert record is not None
    assert set(install_requirements(record.provenance)) <= set(versions.stdout.replace("_", "-").splitlines())


def stable_outputs(notebook: NotebookNode) -> list[str]:
    """What the cells printed that may not vary; warnings are the environment's."""
    return [
        "".join(output.text for output in cell.outputs if output.get("name") == "stdout")
        for cell in code_cells(notebook)
        if not {"install", "varies"} & set(cell.metadata.get("tags", []))
    ]


def run_in(python: str, notebook: NotebookNode, folder: Path) -> None:
    manager = AsyncKernelManager()
    assert manager.kernel_spec is not None
    manager.kernel_spec.argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    client = NotebookClient(notebook, km=manager, timeout=300, resources={"metadata": {"path": str(folder)}})

    async def execute() -> None:
        async with client.async_setup_kernel(cwd=str(folder), cleanup_kc=True):
            for index, cell in enumerate(notebook.cells):
                await client.async_execute_cell(cell, index)

    asyncio.run(execute())
