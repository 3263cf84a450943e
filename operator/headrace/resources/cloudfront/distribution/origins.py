"""The origins of a distribution: from where CloudFront gets content."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field

from headrace.engine.document import Body
from headrace.engine.slices import ABSENT, Missing, Slice
from headrace.resources.cloudfront.distribution._member import DistributionLens, Emptiable, items, listed
from headrace.resources.cloudfront.distribution._origin import Origin, VPCOrigin, read, written
from headrace.resources.models import by_key, each_once

_SAME_NAME = "each origin has a name of its own"
_MOST = 100


class Origins(Emptiable):
    """From where CloudFront gets content, by name. Origins that are not named here are removed."""

    keyed_lists: ClassVar[Mapping[str, str]] = {"": "name"}

    value: Annotated[tuple[Origin, ...], AfterValidator(each_once("name", _SAME_NAME))] = Field(
        (),
        max_length=_MOST,
        description="The origins.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )

    def passed(self) -> Iterator[tuple[str, str]]:
        """Return the certificates that CloudFront is made to show to origins."""
        for origin in self.value:
            if origin.custom is not None and origin.custom.client_certificate_arn is not None:
                yield "certificates", origin.custom.client_certificate_arn

    def completed(self, found: Slice | Missing) -> Self:
        """Fill in whose a VPC origin is, where that is silent: CloudFront may say it."""
        if not isinstance(found, Origins):
            return self
        there = {origin.name: origin.vpc for origin in found.value}
        return self.model_copy(update={"value": tuple(_owned(o, there.get(o.name)) for o in self.value)})


def _owned(origin: Origin, found: VPCOrigin | None) -> Origin:
    vpc = origin.vpc
    if vpc is None or vpc.owner_account_id is not None or found is None or found.id != vpc.id:
        return origin
    owned = vpc.model_copy(update={"owner_account_id": found.owner_account_id})
    return origin.model_copy(update={"vpc": owned})


class OriginsLens(DistributionLens[Origins]):
    """CloudFront wants one origin at least: there are none only in a document that is not whole yet."""

    name = "origins"
    slice = Origins

    def get(self, body: Body) -> Origins | Missing:
        """Read all origins."""
        found = by_key(map(read, items(body.get("Origins"))), "name")
        return Origins.model_construct(value=found) if found else ABSENT

    def put(self, body: Body, value: Origins | Missing) -> Body:
        """Write all origins; of those that are there already, what we do not know stays."""
        wanted = () if isinstance(value, Missing) else value.value
        found: dict[str, Any] = {told["Id"]: told for told in items(body.get("Origins"))}
        return {**body, "Origins": listed(written(o, found.get(o.name, {})) for o in wanted)}
