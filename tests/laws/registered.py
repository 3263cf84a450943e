"""What the registry has, as parameters of tests with names that can be read."""

from collections.abc import Callable, Sequence

import pytest

from headrace.engine.facet import ResourceType
from headrace.resources.registry import resource_types

RESOURCES = list(resource_types().values())
FACETS = [(resource, facet) for resource in RESOURCES for facet in resource.facets]
MEMBERS = [(resource, member) for resource in RESOURCES for member in resource.members()]


def each_resource_of(resources: Sequence[ResourceType]) -> pytest.MarkDecorator:
    """Have a test for each of these types."""
    return pytest.mark.parametrize("resource", resources, ids=lambda resource: resource.name)


def each_facet_of(resources: Sequence[ResourceType]) -> pytest.MarkDecorator:
    """Have a test for each facet of these types."""
    facets = [(resource, facet) for resource in resources for facet in resource.facets]
    names = [f"{resource.name}.{facet.name}" for resource, facet in facets]
    return pytest.mark.parametrize(("resource", "facet"), facets, ids=names)


each_resource = each_resource_of(RESOURCES)
each_facet = each_facet_of(RESOURCES)

DISTINCT = [
    (resource, member)
    for resource, member in MEMBERS
    if not member.of_document or member is next(each for each in resource.facets if each.of_document)
]
"""Members whose permissions differ: one part of a document stands for all, which declare the same."""


def in_words(law: Callable[..., None]) -> str:
    """Return how a law is called in the name of a test."""
    return law.__name__.removeprefix("law_")
