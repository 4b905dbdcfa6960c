"""provenance.json of this book, and what the page about it says."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from cardbook.pages.contents import NAME as CONTENTS
from cardbook.pages.generate import Files, make_pages
from cardbook.pages.provenance_json import NAME, SCHEMA_NAME
from cardbook.records.schema import SCHEMA_FILE
from cardbook.records.status import Project, statuses_of
from cardbook.site.mkdocs_plugin import standard_pages

SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def files(project: Project) -> Files:
    """Everything that is generated for the book."""
    return make_pages(project, statuses_of(project))


def provenance_page(files: Files) -> str:
    """The Markdown of the page."""
    return standard_pages(json.loads(files[CONTENTS]))["provenance.md"]


def test_publication_keeps_its_own_schema(files: Files) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(json.loads(files[NAME]))
    assert files[SCHEMA_NAME] == SCHEMA_FILE.read_bytes()


def test_every_output_on_the_site_has_its_provenance(project: Project, files: Files) -> None:
    document = json.loads(files[NAME])
    assert list(document["examples"]) == sorted(project.book.examples)
    assert document["max_age_days"] == project.book.max_age_days == 35
    for name, example in document["examples"].items():
        record = project.records.read(name)
        assert record is not None
        provenance = record.provenance
        for key in (
            "fingerprint",
            "commit",
            "started",
            "seconds",
            "device",
            "driver",
            "peak_memory",
            "outputs",
        ):
            assert example[key] == getattr(provenance, key), (name, key)
        assert example["parts"] == provenance.parts
        assert example["packages"] == provenance.packages
        assert len(example["cells"]) == len(record.outputs)
        for model_id, model in example["models"].items():
            assert model["files"] == provenance.parts["models"][model_id]["files"]
            assert model["revision"] == provenance.models[model_id]["revision"]


def test_hashes_are_those_of_the_files_a_reader_downloads(files: Files) -> None:
    for example in json.loads(files[NAME])["examples"].values():
        assert len(example["files"]) == 2
        for path, digest in example["files"].items():
            content = next(content for place, content in files.items() if str(place) == path)
            assert sha256(content).hexdigest() == digest


def test_every_page_links_to_it(files: Files) -> None:
    for path, content in files.items():
        text = content.decode() if path.suffix == ".md" else ""
        if path.parts[0] == "chapters":
            assert text.count(".md#run)") == text.count('class="provenance"') > 0
        if path.parts[0] == "notebooks":
            assert text.count("(../provenance.json)") == 1


def test_documented_check_of_a_download_holds(project: Project, files: Files, tmp_path: Path) -> None:
    """The code on the page, as a reader would run it beside the two files."""
    page = provenance_page(files)
    code = page.partition("```python\n")[2].partition("```")[0]
    (tmp_path / "provenance.json").write_bytes(files[NAME])
    for path, content in files.items():
        if path.parts[0] == "downloads" and path.suffix == ".ipynb":
            (tmp_path / path.name).write_bytes(content)
    shown = project.book.examples[0]
    assert f'"{shown}"' in code
    for name in project.book.examples:
        printed: list[object] = []
        text = code.replace(f'"{shown}"', f'"{name}"').replace('"provenance', f'"{tmp_path}/provenance')
        text = text.replace('f"{name}.ipynb"', f'"{tmp_path}/{name}.ipynb"')
        exec(
            compile(text, "provenance.md", "exec"),
            {"print": lambda *words, printed=printed: printed.extend(words)},
        )
        assert printed == [True, True], name


def test_documentation_names_every_part_of_the_schema(files: Files) -> None:
    page = provenance_page(files)
    for part in ("example", "parts"):
        for name in SCHEMA["$defs"][part]["properties"]:
            assert f"`{name}`" in page, name
