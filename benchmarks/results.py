"""Results: every measurement by tool or book and step, as JSON and as a table."""

import json
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from rich.table import Table

from benchmarks.measure import Measurement
from cardbook.records.environment import cpu_name

FAILED = "failed"


@dataclass
class Results:
    """The measurements so far; each is written to the file immediately."""

    file: Path
    found: dict[str, dict[str, list[Measurement | None]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def add(self, name: str, step: str, measured: Measurement | None) -> None:
        """Add one measurement, None for a failure."""
        self.found[name][step].append(measured)
        values = {
            name: {step: [asdict(one) if one else None for one in all_] for step, all_ in steps.items()}
            for name, steps in self.found.items()
        }
        self.file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"machine": cpu_name(), "measured": values}, indent=1)
        self.file.write_text(text + "\n", encoding="utf-8")

    def seconds(self, name: str, step: str) -> float | None:
        """Return the median time of a step; None where it was not measured or failed."""
        taken = [one.seconds for one in self.found.get(name, {}).get(step, ()) if one]
        return median(taken) if taken else None

    def memory(self, name: str) -> int:
        """Return the most memory of all steps, in bytes."""
        return max((one.memory for all_ in self.found[name].values() for one in all_ if one), default=0)

    def table(self, title: str, base: tuple[str, str] | None) -> Table:
        """Return the medians as a table, with ratios to the median of `base` where one is given."""
        steps = list(dict.fromkeys(step for found in self.found.values() for step in found))
        table = Table("", *steps, "peak memory", title=title, box=None)
        whole = self.seconds(*base) if base else None
        for name, found in self.found.items():
            cells = [self._cell(name, step, whole) if step in found else "" for step in steps]
            table.add_row(name, *cells, f"{self.memory(name) / 1e6:.0f} MB")
        return table

    def _cell(self, name: str, step: str, whole: float | None) -> str:
        seconds = self.seconds(name, step)
        if seconds is None:
            return FAILED
        return f"{seconds:.2f} s" + (f" ({seconds / whole:.3f})" if whole else "")
