"""The alternate domain names of a distribution."""

from typing import Annotated

from pydantic import AfterValidator, Field

from headrace.engine.document import Body
from headrace.engine.slices import ABSENT, Missing
from headrace.resources.cloudfront.distribution._member import DistributionLens, Emptiable, items, listed
from headrace.resources.models import lower

Alias = Annotated[
    str,
    # Any case is taken; CloudFront and DNS know lower case only.
    Field(
        min_length=3,
        max_length=253,
        pattern=r"^(\*\.)?([A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?\.)+[A-Za-z0-9-]{2,}$",
    ),
]


class Aliases(Emptiable):
    """The domain names, beside its own, at which the distribution answers. No names: none must be."""

    value: Annotated[tuple[Alias, ...], AfterValidator(lower)] = Field(
        (),
        max_length=100,
        description="Domain names such as cdn.example.com; *.example.com stands for all right below it.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )


class AliasesLens(DistributionLens[Aliases]):
    """CloudFront's alternate domain names, also called CNAMEs."""

    name = "aliases"
    slice = Aliases

    def get(self, body: Body) -> Aliases | Missing:
        """Read the names."""
        found = lower(items(body.get("Aliases")))
        return Aliases.model_construct(value=found) if found else ABSENT

    def put(self, body: Body, value: Aliases | Missing) -> Body:
        """Write the names."""
        return {**body, "Aliases": listed(() if isinstance(value, Missing) else value.value)}
