"""Executes copied code, block by block, in one interpreter.

Started by path, `python -P session.py FOLDER`, in an environment that has only the packages of an
install line, so it imports only the standard library. FOLDER/blocks.json has the blocks. What block N prints
goes to N.out and N.err, its figures go to N-1.png and so on, its interactive outputs to N-1.json and so on;
N.done exists if it ended without an error. The first error ends the session, as it ends a script.
"""

import ast
import codecs
import importlib.abc
import importlib.machinery
import importlib.util
import json
import linecache
import os
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# The name of this module's matplotlib backend: MPLBACKEND=module://reader_figures
BACKEND = "reader_figures"
# How the media type of an interactive output begins (cardbook/records/interactive.py).
INTERACTIVE = "application/vnd.cardbook."


class Figures(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """A matplotlib backend that saves each figure where an inline one would show it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.block, self.count = folder, 0, 0

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the backend for its name, nothing for any other."""
        return importlib.util.spec_from_loader(fullname, self) if fullname == BACKEND else None

    def exec_module(self, module: types.ModuleType) -> None:
        """Make the module a backend: a canvas, and the function behind plt.show()."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        vars(module).update(FigureCanvas=FigureCanvasAgg, show=self.save)

    def save(self, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Save the open figures as the inline backend draws them, and close them."""
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is None:
            return
        for number in pyplot.get_fignums():
            self.count += 1
            figure = pyplot.figure(number)
            path = self.folder / f"{self.block}-{self.count}.png"
            figure.savefig(path, format="png", dpi=2 * figure.dpi, bbox_inches="tight")
        pyplot.close("all")


class InteractiveOutputs:
    """Prints the value at the end of a block, as Python does, and saves the data of an interactive output."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.block, self.count = folder, 0, 0

    def show(self, value: object) -> None:
        """Replace `sys.displayhook`."""
        sys.__displayhook__(value)
        describe = getattr(type(value), "_repr_mimebundle_", None)
        for media, data in (describe(value) if describe else {}).items():
            if media.startswith(INTERACTIVE):
                self.count += 1
                path = self.folder / f"{self.block}-{self.count}.json"
                text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
                path.write_text(text, encoding="utf-8", errors="mark")


def main() -> None:
    """Run the blocks in order; an error in one ends the process with its traceback."""
    folder = Path(sys.argv[1])
    blocks = json.loads((folder / "blocks.json").read_text(encoding="utf-8"))
    figures = Figures(folder)
    sys.meta_path.append(figures)
    interactive = InteractiveOutputs(folder)
    sys.displayhook = interactive.show
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    sys.argv = [""]
    sys.path.insert(0, "")
    open_streams()
    for number, source in enumerate(blocks, 1):
        redirect(folder, number)
        figures.block, figures.count = number, 0
        interactive.block, interactive.count = number, 0
        run_block(source, f"<cell {number}>", vars(module))
        figures.save()
        (folder / f"{number}.done").touch()


def open_streams() -> None:
    """Make standard output and error accept any text and write each line immediately."""
    mark = "\N{REPLACEMENT CHARACTER}".encode()
    codecs.register_error("mark", lambda error: (mark, error.end))  # type: ignore[attr-defined]
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = os.fdopen(descriptor, "w", buffering=1, encoding="utf-8", errors="mark", closefd=False)
        setattr(sys, name, stream)


def redirect(folder: Path, number: int) -> None:
    """Redirect the output of this process and its children to the files of a block."""
    for stream, descriptor, suffix in ((sys.stdout, 1, "out"), (sys.stderr, 2, "err")):
        stream.flush()
        file = os.open(folder / f"{number}.{suffix}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, descriptor)
        os.close(file)


def run_block(source: str, name: str, namespace: dict[str, Any]) -> None:
    """Execute a block; as at a prompt, the value of an expression at its end is printed."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    tree = ast.parse(source, name)
    last = [tree.body.pop()] if tree.body and isinstance(tree.body[-1], ast.Expr) else []
    exec(compile(tree, name, "exec"), namespace)
    exec(compile(ast.Interactive(last), name, "single"), namespace)


if __name__ == "__main__":
    main()
