"""The countries from which viewers are served, or not."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from headrace.engine.document import Body
from headrace.engine.slices import Missing, Rule, Slice
from headrace.resources.cloudfront.distribution._kept import relisted
from headrace.resources.cloudfront.distribution._member import DistributionLens, items
from headrace.resources.models import checked, in_order

_LOCATIONS = "a whitelist or a blacklist has locations, and none has none"


class GeoRestriction(Slice):
    """The countries from which viewers are served, or not."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "(has(self.type) && self.type != 'none') == (has(self.locations) && size(self.locations) > 0)",
            _LOCATIONS,
            ".locations",
        ),
    )

    type: Literal["none", "whitelist", "blacklist"] = Field(
        "none", description="whitelist: only viewers in these countries are served. blacklist: all others."
    )
    locations: Annotated[
        tuple[Annotated[str, Field(max_length=2, pattern="^[A-Z]{2}$")], ...], AfterValidator(in_order)
    ] = Field((), max_length=300, description="The countries, as ISO 3166-1 writes them: DE, US.")

    @model_validator(mode="after")
    def _has_locations(self) -> Self:
        return checked(self, (self.type != "none") == bool(self.locations), _LOCATIONS)


class GeoRestrictionLens(DistributionLens[GeoRestriction]):
    """CloudFront's own word for off is none."""

    name = "geoRestriction"
    slice = GeoRestriction
    resting = GeoRestriction()

    def get(self, body: Body) -> GeoRestriction | Missing:
        """Read it, unchecked."""
        found = body.get("Restrictions", {}).get("GeoRestriction", {})
        values: dict[str, Any] = {
            "type": found.get("RestrictionType", "none"),
            "locations": in_order(items(found)),
        }
        return GeoRestriction.model_construct(**values)

    def put(self, body: Body, value: GeoRestriction | Missing) -> Body:
        """Write it over the one that is there."""
        wanted = GeoRestriction() if isinstance(value, Missing) else value
        here = body.get("Restrictions", {})
        restriction = relisted(here.get("GeoRestriction"), wanted.locations) | {
            "RestrictionType": wanted.type
        }
        return dict(body) | {"Restrictions": dict(here) | {"GeoRestriction": restriction}}
