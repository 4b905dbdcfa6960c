"""Writes tools/light.txt: the part of requirements.lock that `make mark-verified` needs.

Usage: python3 tools/light.py
"""

import re
from pathlib import Path

TOOLS = Path(__file__).parent
PACKAGES = """
attrs beautifulsoup4 click fastjsonschema filelock jsonschema jsonschema-specifications jupyter-core jupytext
markdown-it-py mdit-py-plugins mdurl nbformat numpy packaging pillow platformdirs pyyaml referencing rpds-py
soupsieve traitlets typing-extensions
"""


def choose(lock: str) -> str:
    """Return the entries of these packages, with their hashes, from the text of requirements.lock."""
    entries = re.findall(r"^(\S+)(==.+(?:\n .+)*)", lock, re.MULTILINE)
    return "".join(f"{name}{rest}\n" for name, rest in entries if name in PACKAGES.split())


if __name__ == "__main__":
    text = choose((TOOLS.parent / "requirements.lock").read_text(encoding="utf-8"))
    (TOOLS / "light.txt").write_text(text, encoding="utf-8")
