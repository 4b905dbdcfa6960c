"""Fingerprints: a hash of everything that determines a record; time is not part of it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cardbook.base.errors import Problem
from cardbook.base.files import hash_text
from cardbook.kernel.variables import THEME
from cardbook.models.manifest import Model
from cardbook.models.store import Stored
from cardbook.records.environment import Environment
from cardbook.records.inputs import MISSING
from cardbook.source.example import Example, imports_of, strings_of

Parts = Mapping[str, Any]

# The version of the runner. Raise it when a change to it could change what examples print or draw.
RUNNER = 1


@dataclass(frozen=True)
class Fingerprint:
    """The parts that determine a record, as JSON values, and their digest."""

    parts: Parts

    @property
    def digest(self) -> str:
        """SHA-256 over the parts in canonical JSON, as 64 hexadecimal digits."""
        return hash_text(json.dumps(self.parts, sort_keys=True, ensure_ascii=False))

    def with_data(self, data: Mapping[str, str]) -> "Fingerprint":
        """Return the fingerprint of a run that read these data files, given with their SHA-256."""
        return Fingerprint({**self.parts, "data": dict(data)}) if data else self


def compute_fingerprint(
    example: Example,
    profile: str,
    needs: Iterable[str],
    environment: Environment,
    stored: Mapping[str, Stored],
) -> Fingerprint:
    """Return the fingerprint that a record of this example, run today, would have.

    `example` has the profile's parameters; `needs` are distributions that it uses without importing them;
    `stored` are the stored models by id.
    """
    imports, strings = imports_of(example), strings_of(example)
    names = {*environment.distributions(imports), *needs}
    models = {
        model_id: {"revision": model.revision, "source": model.source, "files": dict(model.files)}
        for model_id, model in stored.items()
        if model_id in strings
    }
    return Fingerprint(
        {
            "code": [hash_text(cell.source) for cell in example.code_cells],
            "runner": RUNNER,
            "theme": hash_text(THEME.read_text(encoding="utf-8")) if "matplotlib" in imports else "",
            "profile": profile,
            "python": environment.python,
            "device": environment.device,
            "packages": environment.closure(names),
            "models": models,
        }
    )


def check_models(example: Example, models: Mapping[str, Model]) -> list[Problem]:
    """Return a problem for each model the code names without the revision that models.toml pins."""
    strings = strings_of(example)
    return [
        Problem(
            example.file,
            cell.line,
            f"{model_id} is named without its pinned revision",
            f'load it with revision="{model.revision}"',
        )
        for model_id, model in models.items()
        if model_id in strings and model.revision not in strings
        for cell in [next(cell for cell in example.code_cells if model_id in cell.source)]
    ]


def explain(recorded: Parts, today: Parts) -> list[str]:
    """Return a description of each difference between the recorded parts and today's."""
    reasons = list(_explain_code(recorded.get("code", []), today["code"]))
    if recorded.get("theme") != today["theme"]:
        reasons.append("the figure theme changed")
    for key in ("runner", "profile", "python", "device"):
        if recorded.get(key) != today[key]:
            reasons.append(f"{key} {recorded.get(key)} → {today[key]}")
    reasons += _explain_packages(recorded.get("packages", {}), today["packages"])
    reasons += _explain_models(recorded.get("models", {}), today["models"])
    reasons += _explain_data(recorded.get("data", {}), today.get("data", {}))
    return reasons


def _explain_data(recorded: Mapping[str, str], today: Mapping[str, str]) -> Iterator[str]:
    for name, now in today.items():
        if recorded.get(name) != now:
            what = "is gone" if now == MISSING else "changed" if name in recorded else "is new"
            yield f"data file {name} {what}"


def _explain_code(recorded: list[str], today: list[str]) -> Iterator[str]:
    if len(recorded) != len(today):
        yield f"code cells: {len(recorded)} → {len(today)}"
        return
    changed = [str(i) for i, pair in enumerate(zip(recorded, today, strict=True), 1) if pair[0] != pair[1]]
    if changed:
        yield f"code of cell {', '.join(changed)} changed"


def _explain_packages(recorded: Mapping[str, str], today: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*recorded, *today}):
        before, now = recorded.get(name, "absent"), today.get(name, "absent")
        if before != now:
            yield f"{name} {before} → {now}"


def _explain_models(recorded: Mapping[str, Any], today: Mapping[str, Any]) -> Iterator[str]:
    for model_id in sorted({*recorded, *today}):
        before, now = recorded.get(model_id), today.get(model_id)
        if before is None or now is None:
            yield f"{model_id} {'is new' if before is None else 'is gone'}"
            continue
        for key in ("revision", "source"):
            if before[key] != now[key]:
                yield f"{model_id}: {key} {before[key]} → {now[key]}"
        names = sorted({*before["files"], *now["files"]})
        changed = [name for name in names if before["files"].get(name) != now["files"].get(name)]
        if changed and before["revision"] == now["revision"] and before["source"] == now["source"]:
            yield f"{model_id}: {', '.join(changed)} changed"
