"""Variables: what an example sees of the environment it is run in."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

# What names the types takes a fifth of a second to import, and a parent is started before that.
if TYPE_CHECKING:
    from cardbook.records.status import PlannedRun, Project

# How figures look in the book.
THEME = Path(__file__).with_name("figure.mplstyle")
# What a process needs to work at all; nothing else of the caller's environment reaches an example.
INHERITED = re.compile(r"PATH|LANG|LC_.*|TZ|SYSTEMROOT|LD_LIBRARY_PATH|CUDA_.*|NVIDIA_.*|VIRTUAL_ENV")


def kernel_variables(project: "Project", plan: "PlannedRun", threads: int, folder: Path) -> dict[str, str]:
    """Return the environment variables an example sees: the common ones and those it declares."""
    declared = {name: os.environ[name] for name in plan.options.environment if name in os.environ}
    return common_variables(project.root, threads, folder) | declared


def common_variables(root: Path, threads: int, folder: Path) -> dict[str, str]:
    """Return the environment variables every example sees: clean, offline, with its share of threads.

    Libraries read most of them when they are imported, so a parent of forked kernels has them too.
    """
    inherited = {name: value for name, value in os.environ.items() if INHERITED.fullmatch(name)}
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder / "tmp"))
    return (
        inherited
        | temporary
        | {
            "HOME": str(folder),
            "IPYTHONDIR": str(folder / ".ipython"),
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "MPLCONFIGDIR": str(root / ".cardbook" / "matplotlib"),
            "MATPLOTLIBRC": str(THEME),
            "HF_HUB_CACHE": str(root / ".cardbook" / "hub"),
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
            # tqdm asks for Jupyter widgets even when it is told to show nothing.
            "PYTHONWARNINGS": "ignore:IProgress not found",
            "PYTHONHASHSEED": "0",
        }
    )
