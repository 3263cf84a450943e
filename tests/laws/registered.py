"""What the registry has, as parameters of tests with names that can be read."""

from collections.abc import Callable

import pytest

from headrace.resources.registry import resource_types

RESOURCES = list(resource_types().values())
FACETS = [(resource, facet) for resource in RESOURCES for facet in resource.facets]
MEMBERS = [(resource, member) for resource in RESOURCES for member in resource.members()]

each_resource = pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
each_facet = pytest.mark.parametrize(
    ("resource", "facet"), FACETS, ids=[f"{resource.name}.{facet.name}" for resource, facet in FACETS]
)


def in_words(law: Callable[..., None]) -> str:
    """Return how a law is called in the name of a test."""
    return law.__name__.removeprefix("law_")
