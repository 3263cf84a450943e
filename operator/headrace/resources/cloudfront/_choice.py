"""Which headers, cookies or query strings of a request count: all, none, those named, or the rest."""

from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from headrace.engine.slices import Rule
from headrace.resources.cloudfront._shapes import Shaped
from headrace.resources.models import in_order, lower

LISTING = ("whitelist", "allExcept", "allViewerAndWhitelistCloudFront")
"""What speaks of names, and needs some."""
_MOST = 50

_UNLISTED = f"items are named with the behaviors {', '.join(LISTING)}, and only with them"


HeaderName = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[A-Za-z0-9!#$%&'*+.^_|~-]+$")]
_Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[!-~]+$")]
HeaderNames = Annotated[tuple[HeaderName, ...], Field(max_length=_MOST), AfterValidator(lower)]
Names = Annotated[tuple[_Name, ...], Field(max_length=_MOST), AfterValidator(in_order)]


class Choice(Shaped):
    """A behavior, and the names that it speaks of."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            f"(self.behavior in {list(LISTING)}) == (has(self.items) && size(self.items) > 0)",
            _UNLISTED,
        ),
    )

    behavior: str
    items: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _listed(self) -> Self:
        if (self.behavior in LISTING) != bool(self.items):
            raise ValueError(_UNLISTED)
        return self
