"""The process of one example: an ordinary ipykernel in the sandbox, whether launched or forked.

`launch_command` returns its command; a forked kernel calls `run_kernel`. Code copied from a page runs in the
same sandbox, as another program: `confined_command`.
"""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from cardbook.kernel.sandbox import apply_sandbox, load_policy

PACKAGE = Path(__file__).parents[2]


def python_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs `main` of a module of this package.

    Unlike with `python -m`, no module is imported from the working folder.
    """
    code = (
        f"import sys; sys.path.insert(0, {str(PACKAGE)!r}); import {module} as it; del sys.path[0]; it.main()"
    )
    return [sys.executable, "-P", "-c", code, *arguments]


def launch_command(policy: str, arguments: Sequence[str]) -> list[str]:
    """Return the command of an ipykernel in the sandbox that `policy` describes as text."""
    return python_command("cardbook.kernel.launcher", "kernel", policy, *arguments)


def confined_command(policy: str, command: Sequence[str]) -> list[str]:
    """Return a command that runs another one in the sandbox that `policy` describes as text."""
    return python_command("cardbook.kernel.launcher", "program", policy, *command)


def main() -> None:
    """Become a kernel or a program; on Linux, below a subreaper."""
    kind, policy, arguments = sys.argv[1], sys.argv[2], sys.argv[3:]
    become: Callable[[], None] = (
        (lambda: run_kernel(policy, arguments))
        if kind == "kernel"
        else lambda: run_program(policy, arguments)
    )
    if sys.platform.startswith("linux"):
        from cardbook.kernel.subreaper import supervise

        supervise(become)
    become()


def run_program(policy: str, command: Sequence[str]) -> None:
    """Become another program in the sandbox; only Linux restricts it."""
    apply_sandbox(load_policy(policy), python=False)
    os.execv(command[0], list(command))


def run_kernel(policy: str, arguments: Sequence[str]) -> None:
    """Run an ipykernel in the sandbox that `policy` describes as text, until it is shut down."""
    reset_inherited_state()
    apply_sandbox(load_policy(policy))
    from cardbook.kernel.app import KernelApp

    sys.argv = ["ipykernel_launcher", *arguments]
    # The script's folder comes first in a fresh interpreter, and for a kernel that is the working folder.
    sys.path.insert(0, "")
    KernelApp.launch_instance(list(arguments))


def reset_inherited_state() -> None:
    """Reset the state that a fork inherits and must not share."""
    if "numpy" in sys.modules:
        # With a copy of the fork server's state, unseeded random numbers would be the same in every child.
        sys.modules["numpy"].random.seed()
    if "tempfile" in sys.modules:
        vars(sys.modules["tempfile"])["tempdir"] = None
    if sys.platform.startswith("linux"):
        # The subreaper ends its kernel itself; ipykernel would start a thread that watches its parent.
        os.environ.pop("JPY_PARENT_PID", None)
