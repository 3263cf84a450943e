"""Discovery: what is in the packages of resources is what there is."""

import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

from headrace.engine.facet import Facet, ResourceType, Root
from headrace.engine.slices import camel
from headrace.resources import registry
from headrace.resources.registry import resource_type, resource_types

TYPES = pytest.mark.parametrize("resource", resource_types().values(), ids=resource_types().keys())
FACET = '''
"""A facet."""

from headrace.engine.facet import Facet, Permissions, Root
from headrace.resources.s3.bucket.versioning import Versioning, VersioningFacet


class {name}(VersioningFacet):
    """One."""

    name = "{name}"
'''


def modules(resource: ResourceType) -> list[str]:
    package = importlib.import_module(f"headrace.resources.{resource.name.replace('/', '.')}")
    return [info.name for info in pkgutil.iter_modules(package.__path__) if not info.name.startswith("_")]


def test_a_bucket_is_a_resource_type() -> None:
    bucket = resource_type("s3/bucket")
    assert bucket.root.name == "presence"
    assert {facet.name for facet in bucket.facets} >= {"acceleration", "encryption", "tags", "versioning"}


def test_resource_types_are_named_after_their_packages() -> None:
    assert {name: resource.name for name, resource in resource_types().items()} == {
        name: name for name in resource_types()
    }
    assert "s3" not in resource_types()


def test_what_there_is_not_has_no_type() -> None:
    with pytest.raises(KeyError):
        resource_type("s3/basket")


def test_discovery_is_done_once() -> None:
    assert resource_types() is resource_types()
    assert resource_type("s3/bucket").facet("tags") is resource_type("s3/bucket").facet("tags")


@TYPES
def test_every_module_holds_one_member_that_is_named_like_it(resource: ResourceType) -> None:
    assert sorted(camel(module) for module in modules(resource)) == sorted(
        member.name for member in resource.members()
    )
    for member in resource.members():
        module = inspect.getmodule(type(member))
        assert module is not None
        assert camel(module.__name__.rpartition(".")[2]) == member.name


@TYPES
def test_a_resource_has_one_root_and_it_is_no_facet(resource: ResourceType) -> None:
    assert isinstance(resource.root, Root)
    assert not any(isinstance(facet, Root) for facet in resource.facets)


# Packages that are made up


def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **sources: str) -> list[str]:
    """Return the members that a package with these modules has."""
    name = f"made_up_{tmp_path.name}"
    package = tmp_path / name
    package.mkdir()
    (package / "__init__.py").touch()
    for module, source in sources.items():
        (package / f"{module}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    members = registry._members(importlib.import_module(name))
    assert all(isinstance(member, Facet) for member in members.values())
    return list(members)


def test_a_new_facet_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = FACET.format(name="first"), FACET.format(name="second")
    assert found(tmp_path, monkeypatch, second=second, first=first) == ["first", "second"]


def test_what_a_module_only_imports_and_what_begins_with_an_underscore_is_no_facet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imports = "from headrace.resources.s3.bucket.versioning import VersioningFacet\n"
    assert found(tmp_path, monkeypatch, imports=imports, _common=FACET.format(name="hidden")) == []


def test_two_facets_of_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = FACET.format(name="one")
    with pytest.raises(ValueError, match=r"made_up_.*\.two: there is a facet one already"):
        found(tmp_path, monkeypatch, one=one, two=one)
