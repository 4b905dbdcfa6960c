"""Examples in the form that each tool reads, made from the same percent scripts."""

import json

from cardbook.source.example import Example, to_notebook


def as_notebook(example: Example) -> str:
    """Return a notebook without outputs."""
    return json.dumps(to_notebook(example), indent=1)


def as_gallery_script(example: Example) -> str:
    """Return a script with the docstring and the comment blocks that sphinx-gallery requires."""
    parts = [f'"""\n{example.title}\n{"=" * len(example.title)}\n"""']
    for cell in example.cells:
        lines = cell.source.split("\n")
        text = "\n".join(f"# {line}".rstrip() for line in lines) if cell.kind == "markdown" else cell.source
        parts.append(f"# %%\n{text}")
    return "\n\n".join(parts) + "\n"


def as_page(example: Example) -> str:
    """Return a Markdown page whose code blocks markdown-exec executes in one session."""
    options = f'exec="1" source="above" result="text" session="{example.name}"'
    parts = [
        cell.source if cell.kind == "markdown" else f"````python {options}\n{cell.source}\n````"
        for cell in example.cells
    ]
    return "\n\n".join(parts) + "\n"


def edit_code(text: str, mark: str) -> str:
    """Return a percent script with one more cell, which prints the mark from two parts."""
    return f'{text.rstrip()}\n\n# %%\nprint("{mark[:4]}" + "{mark[4:]}")\n'


def edit_prose(text: str, mark: str) -> str:
    """Return a percent script with the mark in its title."""
    return text.replace("# # ", f"# # {mark} ", 1)
