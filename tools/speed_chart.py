"""Draws docs/assets/speed.svg from the table of docs/benchmarks.md.

Usage: python -m tools.speed_chart
"""

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

TABLE = Path("docs", "benchmarks.md")
CHART = Path("docs", "assets", "speed.svg")
ROW = re.compile(r"^\| (?P<tool>[^|]+) \| (?P<seconds>[\d.]+) \([\d.]+\) \|", re.MULTILINE)
PLAIN = re.compile(r"the share of the (?P<seconds>[\d.]+) s\b")
HEADING = "Cold build of eight examples and their site, in seconds (less is better)"
WIDTH, LEFT, SCALE, BAR, STEP, TOP = 720, 270, 5.4, 20, 34, 52


def read_times(text: str) -> list[tuple[str, float]]:
    """Return each tool's seconds for a cold build, fastest first, plain scripts among them."""
    times = [(row["tool"], float(row["seconds"])) for row in ROW.finditer(text)]
    plain = PLAIN.search(text)
    if not times or plain is None:
        raise SystemExit(
            f"{TABLE}: the table of times was not found: restore its form, or change tools/speed_chart.py"
        )
    return sorted([*times, ("plain scripts, no site", float(plain["seconds"]))], key=lambda row: row[1])


def draw(times: Sequence[tuple[str, float]]) -> str:
    """Return the bar chart as SVG."""
    height = TOP + STEP * len(times) + 8
    style = 'font-family="system-ui, sans-serif" font-size="14" fill="#22252c"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" {style}>',
        f"<title>{escape(HEADING)}</title>",
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#fbf9f4"/>',
        f'<text x="20" y="32" font-weight="600">{escape(HEADING)}</text>',
    ]
    for number, (tool, seconds) in enumerate(times):
        y = TOP + STEP * number
        weight, colour = (' font-weight="600"', "#b8361d") if tool == "this book" else ("", "#8a93a1")
        length = round(seconds * SCALE, 1)
        lines += [
            f'<text x="{LEFT - 10}" y="{y + 15}" text-anchor="end"{weight}>{escape(tool)}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{length}" height="{BAR}" fill="{colour}"/>',
            f'<text x="{LEFT + length + 8}" y="{y + 15}"{weight}>{seconds:g}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])


if __name__ == "__main__":
    CHART.write_text(draw(read_times(TABLE.read_text(encoding="utf-8"))), encoding="utf-8")
