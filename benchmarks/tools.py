"""The compared tools: how each is set up with the examples, and the command that builds its site."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.books import write_book
from benchmarks.forms import as_gallery_script, as_notebook, as_page
from cardbook.source.example import Example

MKDOCS = """\
site_name: Benchmark
theme: {name: material, font: false}
markdown_extensions: [pymdownx.highlight, pymdownx.superfences]
plugins: PLUGINS
"""
MKDOCS_JUPYTER = '[search, {mkdocs-jupyter: {execute: true, allow_errors: false, include: ["*.ipynb"]}}]'
SPHINX = 'project = "Benchmark"\nextensions = {extensions}\n'
MYST_NB = 'nb_execution_mode = "cache"\nnb_execution_timeout = 600\nnb_execution_raise_on_error = True\n'
GALLERY = """\
sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "auto",
    "filename_pattern": "",
    "abort_on_example_error": True,
}
"""


# Outside Jupyter, Matplotlib may open windows on a machine with a screen.
HEADLESS = (("MPLBACKEND", "agg"),)


@dataclass(frozen=True)
class Tool:
    """A tool: how it sets a folder up, the path and text of one example, and its command.

    Each command writes the folder `site`.
    """

    name: str
    set_up: Callable[[Path, Sequence[Example]], None]
    place: Callable[[Example], tuple[str, str]]
    command: Sequence[str]
    variables: tuple[tuple[str, str], ...] = ()

    def put(self, folder: Path, example: Example) -> None:
        """Write one example, new or edited."""
        name, text = self.place(example)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")

    def prepare(self, folder: Path, examples: Sequence[Example]) -> None:
        """Make a fresh folder with all examples."""
        folder.mkdir(parents=True)
        self.set_up(folder, examples)
        for example in examples:
            self.put(folder, example)


def all_tools(peer_python: Path) -> list[Tool]:
    """Return every tool; the others run with the interpreter `peer_python`."""
    mkdocs = (str(peer_python), "-m", "mkdocs", "build", "--quiet")
    sphinx = (str(peer_python), "-m", "sphinx", "-q", "-b", "html", ".", "site")
    return [
        Tool("cardbook", write_book, _script, (sys.executable, "-m", "cardbook", "site")),
        Tool("mkdocs-jupyter", _mkdocs(MKDOCS_JUPYTER), _notebook("docs/"), mkdocs),
        Tool("MyST-NB", _myst_nb, _notebook(""), sphinx),
        Tool("MyST-NB, parallel", _myst_nb_with_cache(peer_python), _notebook(""), (*sphinx, "-j", "auto")),
        Tool("sphinx-gallery", _gallery, _gallery_script, sphinx),
        Tool("markdown-exec", _mkdocs("[search, markdown-exec]"), _page, mkdocs, HEADLESS),
    ]


def variables_for(root: Path) -> dict[str, str]:
    """Return the environment variables of every tool: the models of the store, no network."""
    return dict(os.environ) | {
        "HF_HUB_CACHE": str(root / ".cardbook" / "hub"),
        "HF_HUB_OFFLINE": "1",
        "JUPYTER_PATH": str(Path(sys.prefix) / "share" / "jupyter"),
        "MPLCONFIGDIR": str(root / ".cardbook" / "matplotlib"),
        "NO_MKDOCS_2_WARNING": "1",
        "PYTHONPATH": str(root),
        "TOKENIZERS_PARALLELISM": "false",
        "TQDM_DISABLE": "1",
    }


def _script(example: Example) -> tuple[str, str]:
    return f"examples/{example.name}.py", example.text


def _notebook(folder: str) -> Callable[[Example], tuple[str, str]]:
    return lambda example: (f"{folder}{example.name}.ipynb", as_notebook(example))


def _gallery_script(example: Example) -> tuple[str, str]:
    return f"gallery/plot_{example.name}.py", as_gallery_script(example)


def _page(example: Example) -> tuple[str, str]:
    return f"docs/{example.name}.md", as_page(example)


def _mkdocs(plugins: str) -> Callable[[Path, Sequence[Example]], None]:
    def set_up(folder: Path, _examples: Sequence[Example]) -> None:
        (folder / "mkdocs.yml").write_text(MKDOCS.replace("PLUGINS", plugins))
        (folder / "docs").mkdir()
        (folder / "docs" / "index.md").write_text("# Benchmark\n")

    return set_up


def _myst_nb(folder: Path, examples: Sequence[Example]) -> None:
    (folder / "conf.py").write_text(SPHINX.format(extensions='["myst_nb"]') + MYST_NB)
    names = "\n".join(example.name for example in examples)
    (folder / "index.md").write_text(f"# Benchmark\n\n```{{toctree}}\n{names}\n```\n")


def _myst_nb_with_cache(python: Path) -> Callable[[Path, Sequence[Example]], None]:
    """Return a set-up with an empty cache, because parallel processes sometimes fail to create it."""
    make = "from jupyter_cache import get_cache; get_cache('.jupyter_cache').list_cache_records()"

    def set_up(folder: Path, examples: Sequence[Example]) -> None:
        _myst_nb(folder, examples)
        subprocess.run([str(python), "-c", make], cwd=folder, check=True)

    return set_up


def _gallery(folder: Path, _examples: Sequence[Example]) -> None:
    (folder / "conf.py").write_text(SPHINX.format(extensions='["sphinx_gallery.gen_gallery"]') + GALLERY)
    (folder / "index.rst").write_text("Benchmark\n=========\n\n.. toctree::\n\n   auto/index\n")
    (folder / "gallery").mkdir()
    (folder / "gallery" / "GALLERY_HEADER.rst").write_text("Gallery\n=======\n")
