"""The process of one example: an ordinary ipykernel in the sandbox, whether launched or forked.

Launched as `python -m cardbook.kernel.launcher POLICY ARGUMENT…`; a forked kernel calls `run_kernel`.
"""

import os
import sys
from collections.abc import Sequence

from cardbook.kernel.sandbox import apply_sandbox, load_policy


def main() -> None:
    """Become a kernel, with a subreaper where the platform has what that takes."""
    policy, arguments = sys.argv[1], sys.argv[2:]
    if sys.platform.startswith("linux"):
        from cardbook.kernel.subreaper import supervise

        supervise(lambda: run_kernel(policy, arguments))
    run_kernel(policy, arguments)


def run_kernel(policy: str, arguments: Sequence[str]) -> None:
    """Run an ipykernel inside the fence (as text) in this process until it is told to stop."""
    reset_inherited_state()
    apply_sandbox(load_policy(policy))
    from ipykernel.kernelapp import IPKernelApp

    sys.argv = ["ipykernel_launcher", *arguments]
    # The script's folder comes first in a fresh interpreter, and for a kernel that is the working folder.
    sys.path[0] = ""
    IPKernelApp.launch_instance(list(arguments))


def reset_inherited_state() -> None:
    """Drop what the process that forked this one had found out for itself."""
    if "numpy" in sys.modules:
        # A copy of the parent's state would make unseeded draws the same in every child.
        sys.modules["numpy"].random.seed()
    if "tempfile" in sys.modules:
        vars(sys.modules["tempfile"])["tempdir"] = None
    if sys.platform.startswith("linux"):
        # The subreaper ends its kernel itself; ipykernel would start a thread to look after its parent.
        os.environ.pop("JPY_PARENT_PID", None)


if __name__ == "__main__":
    main()
