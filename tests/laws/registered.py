"""What the registry has, as parameters of tests with names that can be read."""

from collections.abc import Callable

import pytest

from headrace.resources.registry import resource_types

RESOURCES = list(resource_types().values())
FACETS = [(resource, facet) for resource in RESOURCES for facet in resource.facets]
MEMBERS = [(resource, member) for resource in RESOURCES for member in resource.members()]

# moto is a second opinion for these; of others it knows too little: it refuses a batch of Route 53 that
# deletes a record and makes it anew.
_KNOWN_TO_MOTO = ("s3/", "cloudfront/")

each_resource = pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
each_facet = pytest.mark.parametrize(
    ("resource", "facet"), FACETS, ids=[f"{resource.name}.{facet.name}" for resource, facet in FACETS]
)

each_resource_of_moto = pytest.mark.parametrize(
    "resource", [each for each in RESOURCES if each.name.startswith(_KNOWN_TO_MOTO)], ids=lambda it: it.name
)
each_facet_of_moto = pytest.mark.parametrize(
    ("resource", "facet"),
    [each for each in FACETS if each[0].name.startswith(_KNOWN_TO_MOTO)],
    ids=lambda it: it.name,
)


def in_words(law: Callable[..., None]) -> str:
    """Return how a law is called in the name of a test."""
    return law.__name__.removeprefix("law_")
