"""Makes `provenance.json`, which says how every output on the site was produced."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

from cardbook.base.files import hash_text
from cardbook.records.schema import SCHEMA_FILE
from cardbook.records.status import Project, Status
from cardbook.records.store import Provenance, Record

SCHEMA = 1
NAME = PurePosixPath("provenance.json")
SCHEMA_NAME = PurePosixPath("provenance.schema.json")

Files = Mapping[PurePosixPath, bytes]


def make_provenance(project: Project, statuses: Sequence[Status], files: Files) -> dict[PurePosixPath, bytes]:
    """Return `provenance.json` and its schema, by path in docs/; `files` are the other generated files.

    An example without a fresh record has no output on the site, and is left out.
    """
    places = {
        entry.example: f"chapters/{chapter.id}/#{entry.id}-example"
        for chapter in project.book.chapters
        for entry in chapter.entries
    }
    examples = {
        status.name: _describe(record, places[status.name], _hash_files(status.name, files))
        for status in statuses
        if (record := status.fresh_record)
    }
    document = {
        "schema": SCHEMA,
        "title": project.book.title,
        "max_age_days": project.book.max_age_days,
        "examples": examples,
    }
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    return {NAME: text.encode(), SCHEMA_NAME: SCHEMA_FILE.read_bytes()}


def _describe(record: Record, page: str, files: Mapping[str, str]) -> dict[str, Any]:
    provenance = record.provenance
    return {
        "page": page,
        "fingerprint": provenance.fingerprint,
        "parts": provenance.parts,
        "commit": provenance.commit,
        "started": provenance.started,
        "seconds": provenance.seconds,
        "device": provenance.device,
        "driver": provenance.driver,
        "peak_memory": provenance.peak_memory,
        "gpu_memory": provenance.gpu_memory,
        "packages": provenance.packages,
        "models": _describe_models(provenance),
        "outputs": provenance.outputs,
        "cells": [hash_text(json.dumps(outputs, sort_keys=True)) for outputs in record.outputs],
        "files": files,
    }


def _describe_models(provenance: Provenance) -> dict[str, Any]:
    parts = provenance.parts["models"]
    return {
        model_id: {**model, "files": parts[model_id]["files"]}
        for model_id, model in provenance.models.items()
    }


def _hash_files(name: str, files: Files) -> dict[str, str]:
    """Return the SHA-256 of the example's script and notebook, as readers download them."""
    paths = [PurePosixPath("downloads", f"{name}{suffix}") for suffix in (".py", ".ipynb")]
    return {str(path): sha256(files[path]).hexdigest() for path in paths}
