"""The alternate domain names of a distribution."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field

from headrace.engine.document import Body
from headrace.engine.slices import ABSENT, Missing, ValueSlice
from headrace.resources.cloudfront.distribution._member import DistributionLens, items, listed

Alias = Annotated[
    str,
    # Any case is taken; CloudFront and DNS know lower case only.
    Field(
        min_length=3,
        max_length=253,
        pattern=r"^(\*\.)?([A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?\.)+[A-Za-z0-9-]{2,}$",
    ),
]


def _in_order(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({name.lower() for name in names}))


class Aliases(ValueSlice):
    """The domain names, beside its own, at which the distribution answers. No names: none must be."""

    value: Annotated[tuple[Alias, ...], AfterValidator(_in_order)] = Field(
        (),
        max_length=100,
        description="Domain names such as cdn.example.com; *.example.com stands for all right below it.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )

    def is_empty(self) -> bool:
        """Without names there is nothing to say."""
        return not self.value


class AliasesLens(DistributionLens[Aliases]):
    """CloudFront's alternate domain names, also called CNAMEs."""

    name = "aliases"
    slice = Aliases

    def get(self, body: Body) -> Aliases | Missing:
        """Read the names."""
        found = _in_order(items(body.get("Aliases")))
        return Aliases.model_construct(value=found) if found else ABSENT

    def put(self, body: Body, value: Aliases | Missing) -> Body:
        """Write the names."""
        return {**body, "Aliases": listed(() if isinstance(value, Missing) else value.value)}
