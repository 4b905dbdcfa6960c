"""`python -m benchmarks compare` and `python -m benchmarks scale`."""

import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console

from benchmarks.books import ROOT
from benchmarks.compare import EDITED, EXAMPLES, PLAIN, run_plain, run_preview, run_restored, run_tool
from benchmarks.measure import Measurement, MeasurementError
from benchmarks.results import Results
from benchmarks.scale import SIZES, OnResult, run_scale
from benchmarks.tools import Tool, all_tools

THIS_TOOL = "cardbook"
STORE = ROOT / ".cardbook" / "bench"


@click.group()
def main() -> None:
    """Measure how fast a book is built on this machine."""


@main.command()
@click.option(
    "--repeat", type=click.IntRange(1), default=1, show_default=True, help="How often each is measured."
)
@click.option(
    "--tool", "names", multiple=True, help="Only this tool (and plain scripts); may be given again."
)
@click.option("--example", "examples", multiple=True, help="Only this example; may be given again.")
@click.option(
    "--edits", type=click.IntRange(1), default=5, show_default=True, help="Edits in the live preview."
)
def compare(repeat: int, names: Sequence[str], examples: Sequence[str], edits: int) -> None:
    """Compare with other tools that execute examples: times, ratios to plain scripts, peak memory."""
    tools = [tool for tool in all_tools(install_peers()) if not names or tool.name in names]
    results = Results(STORE / "compare.json")
    with measuring(
        results, "Medians, and their ratios to plain sequential scripts", (PLAIN, "cold")
    ) as folder:
        for number in range(repeat):
            place = folder / str(number)
            run_plain(place / "plain", examples or EXAMPLES, report_to(results))
            for tool in tools:
                compare_one(tool, place, examples or EXAMPLES, results, edits)


def compare_one(tool: Tool, place: Path, examples: Sequence[str], results: Results, edits: int) -> None:
    """Measure all steps of one tool, up to the first failure."""
    on_result, made = report_to(results), place / tool.name
    edited = EDITED if EDITED in examples else examples[0]
    try:
        run_tool(tool, made, examples, edited, on_result)
        if tool.name == THIS_TOOL:
            run_restored(tool, made, place / "restored", on_result)
            run_preview(tool, made, edited, edits, on_result)
    except MeasurementError as error:
        click.echo(str(error), err=True)
        on_result(tool.name, "failed", None)
    shutil.rmtree(made)


@main.command()
@click.option("--small", is_flag=True, help="Leave out the largest book.")
def scale(*, small: bool) -> None:
    """Measure books of growing size."""
    results = Results(STORE / "scale.json")
    with measuring(results, "Growth", None) as folder:
        for cards, examples in SIZES[:-1] if small else SIZES:
            run_scale(folder / str(cards), cards, examples, report_to(results))
            shutil.rmtree(folder / str(cards))


def report_to(results: Results) -> OnResult:
    """Return a function that adds each measurement to the results and prints it."""

    def on_result(name: str, step: str, measured: Measurement | None) -> None:
        results.add(name, step, measured)
        text = f"{measured.seconds:.2f} s, {measured.memory / 1e6:.0f} MB" if measured else "failed"
        click.echo(f"{name}: {step}: {text}", err=True)

    return on_result


@contextmanager
def measuring(results: Results, title: str, base: tuple[str, str] | None) -> Iterator[Path]:
    """Return a folder to measure in; print the results at the end, or when interrupted."""
    with tempfile.TemporaryDirectory(prefix="cardbook-bench-", ignore_cleanup_errors=True) as name:
        try:
            yield Path(name)
        except KeyboardInterrupt:
            click.echo("Interrupted. The measurements so far:", err=True)
        console = Console() if sys.stdout.isatty() else Console(width=220)
        console.print(results.table(title, base))
        click.echo(f"Every measurement: {results.file}")


def install_peers() -> Path:
    """Return an interpreter that has the other tools and this environment's packages."""
    folder, wanted = STORE / "venv", ROOT / "benchmarks" / "requirements.txt"
    python, done = folder / "bin" / "python", folder / "installed.txt"
    if not done.exists() or done.read_bytes() != wanted.read_bytes():
        click.echo("Installing the other tools, once.", err=True)
        venv.create(folder, clear=True, with_pip=True)
        here = [path for path in sys.path if path.endswith("site-packages")]
        packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
        (packages / "here.pth").write_text("\n".join(here) + "\n")
        command = [str(python), "-m", "pip", "install", "--quiet", "--requirement", str(wanted)]
        subprocess.run([*command, "--disable-pip-version-check"], check=True)
        shutil.copy(wanted, done)
    return python


if __name__ == "__main__":
    main()
