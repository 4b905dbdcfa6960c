"""Notebooks and scripts: what a reader downloads or opens in Colab, and how its packages are installed."""

import re
from urllib.parse import quote

import nbformat
from nbformat import NotebookNode

from cardbook.records.store import Provenance, Record
from cardbook.source.example import Example, script_of, to_notebook

# The tag of the two cells that are added for readers: a note about the installation, and the installation.
INSTALL = "install"
# The branch to which the workflow publishes the executed notebooks: Colab opens files of a repository.
BRANCH = "notebooks"
SCRIPT_METADATA = re.compile(r"\A# /// script\n(?:#[^\n]*\n)*?# ///\n\n")


def install_requirements(provenance: Provenance) -> list[str]:
    """Return the requirements of an example, pinned to the run's versions: `torch==2.13.0`.

    A local version (`+cpu` in `2.13.0+cpu`) is left out: it names a build, which depends on the machine.
    """
    return [f"{name}=={version.split('+')[0]}" for name, version in provenance.packages.items()]


def install_line(provenance: Provenance) -> str:
    """Return the shell command that installs the requirements of an example; "" when there are none.

    Each requirement is quoted, because a shell interprets `<` and `>` as redirections.
    """
    quoted = " ".join(f'"{requirement}"' for requirement in install_requirements(provenance))
    return f"pip install {quoted}" if quoted else ""


def published_script(example: Example, record: Record | None) -> str:
    """Return the script for readers: its requirements, as PEP 723 metadata, and the code that ran.

    With the metadata, `uv run` needs nothing else. Without a record, no metadata is added.
    """
    if record is None:
        return script_of(example)
    lines = [
        "# /// script",
        f'# requires-python = "{required_python(record.provenance.parts["python"])}"',
        "# dependencies = [",
        *(f'#   "{requirement}",' for requirement in install_requirements(record.provenance)),
        "# ]",
        "# ///",
    ]
    return "\n".join([*lines, "", script_of(example)])


def required_python(version: str) -> str:
    """Return which Python a script needs that ran with `version`, such as 3.11.7: `==3.11.*`."""
    major, minor, *_ = version.split(".")
    return f"=={major}.{minor}.*"


def without_script_metadata(script: str) -> str:
    """Return the script as it ran, without the metadata that `published_script` adds."""
    return SCRIPT_METADATA.sub("", script, count=1)


def published_notebook(example: Example, record: Record) -> NotebookNode:
    """Return the notebook for readers: today's prose, the code that ran, its outputs.

    After the title are two cells that the run did not have, tagged `install`: a note that says so, and one
    that installs the versions of the run.
    """
    notebook = to_notebook(example)
    recorded = [cell for cell in record.notebook.cells if cell.cell_type == "code"]
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell, ran in zip(cells, recorded, strict=True):
        cell.outputs = ran.outputs
        cell.execution_count = ran.execution_count
    notebook.cells[1:1] = _install_cells(record.provenance)
    notebook.metadata.cardbook = record.notebook.metadata.cardbook
    return notebook


def _install_cells(provenance: Provenance) -> list[NotebookNode]:
    line = install_line(provenance)
    if not line:
        return []
    note = (
        "*The next cell was added for readers, on Colab for example; the run that left these outputs did not "
        f"have it. It installs the versions of that run, which had Python {provenance.parts['python']}. "
        "Where they are installed already it changes nothing; if it asks for a restart, restart and go on "
        "below it.*"
    )
    command = "%" + line.replace("pip install", "pip install --quiet", 1)
    metadata = {"tags": [INSTALL]}
    return [
        nbformat.v4.new_markdown_cell(note, id="install-note", metadata=metadata),
        nbformat.v4.new_code_cell(command, id="install", metadata=metadata),
    ]


def colab_link(repository: str, name: str) -> str:
    """Return the address that opens a published notebook in Colab; `repository` is `OWNER/NAME`."""
    return f"https://colab.research.google.com/github/{repository}/blob/{BRANCH}/{quote(name)}.ipynb"
