"""Variables: what an example sees of the environment it is run in."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from cardbook.base.paths import ProjectPaths

# How figures look in the book.
THEME = Path(__file__).with_name("figure.mplstyle")
# How warnings begin that tell a reader nothing.
EXPECTED_WARNINGS = (
    # tqdm asks for Jupyter widgets even when it is told to show nothing.
    "IProgress not found",
    # A Trainer pins memory whether there is a GPU or not.
    "'pin_memory' argument",
    # peft 0.21 reads an old name in transformers 5.
    "`is_gradient_checkpointing` is deprecated",
)
# What a process needs to work at all; nothing else of the caller's environment reaches an example.
INHERITED = re.compile(r"PATH|LANG|LC_.*|TZ|SYSTEMROOT|LD_LIBRARY_PATH|CUDA_.*|NVIDIA_.*|VIRTUAL_ENV")


def kernel_variables(root: Path, declared: Iterable[str], threads: int, folder: Path) -> dict[str, str]:
    """Return the environment variables an example sees: the common ones, and the caller's `declared` ones."""
    passed_on = {name: os.environ[name] for name in declared if name in os.environ}
    return common_variables(root, threads, folder) | passed_on


def common_variables(root: Path, threads: int, folder: Path) -> dict[str, str]:
    """Return the environment variables every example sees: clean, offline, with its share of threads.

    `folder` is the example's own, and its home.

    Libraries read most of them when they are imported, so a parent of forked kernels has them too.
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
            "MPLCONFIGDIR": str(paths.matplotlib),
            "MATPLOTLIBRC": str(THEME),
            "HF_HUB_CACHE": str(paths.hub),
            "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": str(threads),
            # Threads that wait by spinning take the cores from those that work.
            "OMP_WAIT_POLICY": "PASSIVE",
            # OpenBLAS starts its threads when NumPy is imported, which a parent must not do.
            "OPENBLAS_NUM_THREADS": "1",
            # So does the allocator inside pyarrow, which pandas imports.
            "JE_ARROW_MALLOC_CONF": "background_thread:false",
            "TOKENIZERS_PARALLELISM": "false",
            "TQDM_DISABLE": "1",
            # No message about a head's new weights; and a Trainer shows no progress bar then.
            "TRANSFORMERS_VERBOSITY": "error",
            "PYTHONWARNINGS": ",".join(f"ignore:{start}" for start in EXPECTED_WARNINGS),
            "PYTHONHASHSEED": "0",
        }
    )
