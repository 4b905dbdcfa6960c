"""Interactive outputs: their data as files, and their place on a page, where web/ draws a control."""

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cardbook.base.files import hash_text
from cardbook.pages.html import protect_from_markdown
from cardbook.records.interactive import canonical_json, interactive_media, kind_of
from cardbook.records.text import clean_text


@dataclass(frozen=True)
class InteractiveOutput:
    """An interactive output of a cell: its kind, the line of text that says what it has, its data as JSON.

    `name` is that of its file, which changes with the data, for browser caches.
    """

    kind: str
    text: str
    name: str
    data: str


def read_interactive(
    name: str, outputs: Iterable[Sequence[Mapping[str, Any]]]
) -> list[list[InteractiveOutput]]:
    """Return the interactive outputs of each code cell of the example `name`, given the outputs of each."""
    return [
        [_read_output(output, f"{name}-{number}") for output in filter(is_interactive, cell)]
        for number, cell in enumerate(outputs, 1)
    ]


def is_interactive(output: Mapping[str, Any]) -> bool:
    """Return whether an output is interactive."""
    return bool(interactive_media(output.get("data", {})))


def _read_output(output: Mapping[str, Any], label: str) -> InteractiveOutput:
    (media,) = interactive_media(output["data"])
    data = canonical_json(output["data"][media])
    file = f"{label}.{hash_text(data)[:8]}.json"
    return InteractiveOutput(kind_of(media), output["data"]["text/plain"], file, data)


def render_interactive(output: InteractiveOutput, label: str, folder: str) -> str:
    """Return protected HTML for an interactive output of the cell `label`: its text and a link to its data.

    web/interactive/ draws the control below them. `folder` is the path to the data, with a slash.
    """
    link = (
        f'<a data-source data-search-exclude href="{folder}{html.escape(output.name)}">The data as JSON</a>'
    )
    # At the end of a block, Python-Markdown would read braces as attributes of the block.
    text = html.escape(clean_text(output.text), quote=False).replace("{", "&#123;")
    return protect_from_markdown(
        f'<div class="output interactive" data-output="{label}" data-interactive="{output.kind}">'
        f"<p>{text}</p>{link}</div>"
    )
