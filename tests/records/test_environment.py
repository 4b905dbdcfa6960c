from importlib import metadata

from cardbook.records.environment import canonical, read_environment


def test_environment_is_what_importlib_says_of_it() -> None:
    environment = read_environment()
    distributions = list(metadata.distributions())
    newest = {canonical(found.metadata["Name"]): found for found in reversed(distributions)}
    assert environment.versions == {name: found.version for name, found in newest.items()}
    for module, names in metadata.packages_distributions().items():
        assert environment.providers[module] == tuple(sorted({canonical(name) for name in names}))


def test_requirements_of_an_extra_are_no_requirements() -> None:
    environment = read_environment()
    for name, needed in environment.requirements.items():
        lines = metadata.requires(name) or []
        assert len(needed) == sum("extra ==" not in line for line in lines), name
