"""The environment variables of an example, and its own folders that they name."""

import os
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from cardbook.base.paths import ProjectPaths

# A kernel gets its connection in this variable, and removes it: who has its key can send the kernel code.
CONNECTION = "CARDBOOK_CONNECTION"
# How figures look in the book.
THEME = Path(__file__).with_name("figure.mplstyle")
# The beginnings of warnings that are of no use to a reader.
EXPECTED_WARNINGS = (
    # tqdm looks for Jupyter widgets even when it is disabled.
    "IProgress not found",
    # A Trainer pins memory whether there is a GPU or not.
    "'pin_memory' argument",
    # peft 0.21 reads an old name in transformers 5.
    "`is_gradient_checkpointing` is deprecated",
)
# What every process needs; nothing else of the caller's environment reaches an example.
INHERITED = re.compile(r"PATH|LANG|LC_.*|TZ|SYSTEMROOT|LD_LIBRARY_PATH|CUDA_.*|NVIDIA_.*|VIRTUAL_ENV")


def make_home(root: Path, home: Path) -> None:
    """Create an example's own folder `home`: empty folders to run in, and a copy of the book's list of fonts.

    It is a copy, because otherwise one example could change what others draw.
    """
    for name in ("scratch", "tmp", "matplotlib"):
        (home / name).mkdir(parents=True)
    for fonts in ProjectPaths(root).matplotlib.glob("fontlist-*.json"):
        with suppress(OSError):
            shutil.copyfile(fonts, home / "matplotlib" / fonts.name)


def kernel_variables(root: Path, declared: Iterable[str], threads: int, folder: Path) -> dict[str, str]:
    """Return the environment variables of an example: the common ones, and the caller's `declared` ones.

    `threads` is how many its libraries may use; `folder` is its own, as `make_home` creates it."""
    passed_on = {name: os.environ[name] for name in declared if name in os.environ}
    return common_variables(root, threads, folder) | passed_on


def common_variables(root: Path, threads: int, folder: Path) -> dict[str, str]:
    """Return the environment variables of every example: clean, offline, for `threads` threads.

    `folder` is the example's own, as `make_home` creates it. Libraries read most of the variables when they
    are imported, so the fork server has them too.
    """
    inherited = {name: value for name, value in os.environ.items() if INHERITED.fullmatch(name)}
    paths = ProjectPaths(root)
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder / "tmp"))
    return (
        inherited
        | temporary
        | {
            "HOME": str(folder),
            "IPYTHONDIR": str(folder / ".ipython"),
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "MPLCONFIGDIR": str(folder / "matplotlib"),
            "MATPLOTLIBRC": str(THEME),
            "HF_HUB_CACHE": str(paths.hub),
            "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": str(threads),
            # Threads that wait actively would take the cores from those that work.
            "OMP_WAIT_POLICY": "PASSIVE",
            # OpenBLAS starts its threads when NumPy is imported, which the fork server must not have.
            "OPENBLAS_NUM_THREADS": "1",
            # So does the allocator inside pyarrow, which pandas imports.
            "JE_ARROW_MALLOC_CONF": "background_thread:false",
            "TOKENIZERS_PARALLELISM": "false",
            "TQDM_DISABLE": "1",
            # Hides the message about new weights of a head, and the progress bar of a Trainer.
            "TRANSFORMERS_VERBOSITY": "error",
            "PYTHONWARNINGS": ",".join(f"ignore:{start}" for start in EXPECTED_WARNINGS),
            "PYTHONHASHSEED": "0",
        }
    )
