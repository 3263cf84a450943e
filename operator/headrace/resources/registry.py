"""Discovery: the resource types, and the facets of each, follow from packages and modules."""

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any

from headrace import resources
from headrace.aws.actions import OF_IDENTITY
from headrace.engine.facet import Facet, ResourceType


@cache
def resource_types() -> Mapping[str, ResourceType]:
    """Return every resource type by its name, which is its package's path: "s3/bucket"."""
    found = {}
    for info in pkgutil.walk_packages(resources.__path__, f"{resources.__name__}."):
        if info.ispkg:
            package = importlib.import_module(info.name)
            if members := _members(package):
                name = info.name.removeprefix(f"{resources.__name__}.").replace(".", "/")
                found[name] = ResourceType.of(name, members)
    return found


def resource_type(name: str) -> ResourceType:
    """Return the resource type of this name; KeyError where there is none."""
    return resource_types()[name]


def declared_actions() -> frozenset[str]:
    """Return every IAM action that a facet declares to use, and those that it takes to be somebody."""
    members = (member for resource in resource_types().values() for member in resource.members())
    return OF_IDENTITY.union(*(member.permissions.all() for member in members))


def _members(package: ModuleType) -> dict[str, Facet[Any, Any]]:
    """Make one of each facet that the package's modules define; names with an underscore are no facets."""
    members: dict[str, Facet[Any, Any]] = {}
    for info in pkgutil.iter_modules(package.__path__):
        if info.ispkg or info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for value in vars(module).values():
            if inspect.isclass(value) and issubclass(value, Facet) and value.__module__ == module.__name__:
                if value.name in members:
                    raise ValueError(f"{module.__name__}: there is a facet {value.name} already")
                members[value.name] = value()
    return members
