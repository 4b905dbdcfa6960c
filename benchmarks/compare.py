"""The comparison: the same examples, the same changes, one tool after another."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.books import ROOT, read_examples
from benchmarks.forms import edit_code, edit_prose
from benchmarks.measure import Measurement, MeasurementError, measure, running
from benchmarks.tools import HEADLESS, Tool, variables_for
from cardbook.source.example import parse_example

# The eight fastest of the examples that load a model, as most examples of the book do.
EXAMPLES = (
    "language_models",
    "tokenization_and_embeddings",
    "illustrated_transformer",
    "pretrained_language_models",
    "supervised_classification",
    "text_generation",
    "hardware_requirements",
    "local_environment",
)
EDITED = "tokenization_and_embeddings"
PLAIN = "plain scripts"
WAIT_SECONDS = 300.0
# The first edits are not measured, because the fork server is still importing.
UNMEASURED_EDITS = 2
REST_SECONDS = 3.0

OnResult = Callable[[str, str, Measurement | None], None]


def run_plain(folder: Path, names: Sequence[str], on_result: OnResult) -> None:
    """Measure the examples as plain scripts, one after another: the base of every ratio."""
    folder.mkdir(parents=True)
    variables = variables_for(ROOT) | dict(HEADLESS)
    seconds, memory = 0.0, 0
    for name in names:
        took = measure([sys.executable, str(ROOT / "examples" / f"{name}.py")], folder, variables)
        seconds, memory = seconds + took.seconds, max(memory, took.memory)
    on_result(PLAIN, "cold", Measurement(seconds, memory))


def run_tool(tool: Tool, folder: Path, names: Sequence[str], edited: str, on_result: OnResult) -> None:
    """Measure one tool: cold, no-op, one edit to prose, one to code. Raises MeasurementError."""
    examples = read_examples(names)
    tool.prepare(folder, examples)
    example = next(example for example in examples if example.name == edited)
    steps: list[tuple[str, str, Callable[[str, str], str]]] = [
        ("cold", "", lambda text, _: text),
        ("no-op", "", lambda text, _: text),
        ("prose edit", "Reworded", edit_prose),
        ("code edit", "freshly-printed", edit_code),
    ]
    for step, mark, edit in steps:
        if mark:
            example = parse_example(edited, edit(example.text, mark))
            tool.put(folder, example)
        took = build(tool, folder)
        if mark and not shows(folder / "site", mark):
            raise MeasurementError(f"{tool.name}: {step}: {mark} is on no page")
        on_result(tool.name, step, took)


def build(tool: Tool, folder: Path) -> Measurement:
    """Measure one build. Raises MeasurementError."""
    return measure(tool.command, folder, variables_for(ROOT) | dict(tool.variables))


def shows(site: Path, words: str) -> bool:
    """Return whether a page of the site has these words."""
    return any(words in page.read_text(encoding="utf-8", errors="replace") for page in site.rglob("*.html"))


def run_restored(tool: Tool, made: Path, folder: Path, on_result: OnResult) -> None:
    """Measure a fresh clone with the records of a finished book, as in CI that restores them."""
    shutil.copytree(made, folder, symlinks=True, ignore=shutil.ignore_patterns("site*", "cache"))
    on_result(tool.name, "records restored", build(tool, folder))


def run_preview(tool: Tool, made: Path, edited: str, edits: int, on_result: OnResult) -> None:
    """Measure the time from saving an edited example to its fresh output on the served page."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    script = made / "examples" / f"{edited}.py"
    text = script.read_text(encoding="utf-8")
    command = [sys.executable, "-m", "cardbook", "serve", "--address", address]
    with running(command, made, variables_for(ROOT)) as (process, sampler):
        page = find_page(address, made, edited)
        for number in range(UNMEASURED_EDITS + edits):
            mark = f"preview-{number}"
            begun = time.perf_counter()
            script.write_text(edit_code(text, mark), encoding="utf-8")
            wait_for(address, page, mark, process)
            if number >= UNMEASURED_EDITS:
                on_result(
                    tool.name, "warm preview edit", Measurement(time.perf_counter() - begun, sampler.most)
                )
            time.sleep(REST_SECONDS)


def find_page(address: str, book: Path, name: str) -> str:
    """Return the path of the chapter that shows an example, once the preview serves it."""
    chapters = sorted((book / "docs" / "chapters").glob("*.md"))
    chapter = next(path for path in chapters if f"{name}.py" in path.read_text(encoding="utf-8"))
    return f"chapters/{chapter.stem}/"


def wait_for(address: str, page: str, words: str, process: "subprocess.Popen[bytes]") -> None:
    """Return once the served page has these words. Raises MeasurementError when that takes minutes."""
    deadline = time.perf_counter() + WAIT_SECONDS
    while time.perf_counter() < deadline and process.poll() is None:
        with suppress(URLError, ConnectionError), urlopen(f"http://{address}/{page}") as answer:
            if words in answer.read().decode():
                return
        time.sleep(0.02)
    raise MeasurementError(f"the preview never showed {words}")
