"""What viewers get where an origin answers with an error, and how long errors are cached."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic.config import JsonDict

from headrace.engine.document import Body
from headrace.engine.slices import ABSENT, ApiModel, Missing, Rule
from headrace.resources.cloudfront.distribution._kept import laid_over, relisted
from headrace.resources.cloudfront.distribution._member import DistributionLens, Emptiable, items
from headrace.resources.models import by_key, checked, each_once, none_for_empty

_MEMBER = "CustomErrorResponses"
_BY_CODE: Final[JsonDict] = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["errorCode"]}
_PAGE_AND_CODE = "responsePagePath and responseCode go together"
_ONCE = "each errorCode may be named once"
# What CloudFront takes for silence.
_TTL = 10
_YEAR = 31_536_000

ErrorCode = Literal[400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504]
ResponseCode = Literal[200, 400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504]


class ErrorResponse(ApiModel):
    """What becomes of one status code of the origin."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("has(self.responsePagePath) == has(self.responseCode)", _PAGE_AND_CODE),
    )

    error_code: ErrorCode = Field(description="The status code with which the origin answers.")
    response_page_path: Annotated[str | None, BeforeValidator(none_for_empty)] = Field(
        None, min_length=1, max_length=4096, pattern="^/.*$", description="The page that viewers get instead."
    )
    response_code: ResponseCode | None = Field(
        None, description="The status code that viewers get with that page."
    )
    error_caching_min_ttl: int = Field(
        _TTL, ge=0, le=_YEAR, description="For how many seconds, at least, the error is cached."
    )

    @model_validator(mode="after")
    def _page_and_code(self) -> Self:
        holds = (self.response_page_path is None) == (self.response_code is None)
        return checked(self, holds, _PAGE_AND_CODE)


class ErrorResponses(Emptiable):
    """What viewers get for errors of the origin. Errors that are not named here are passed on."""

    keyed_lists: ClassVar[Mapping[str, str]] = {"": "errorCode"}

    value: Annotated[tuple[ErrorResponse, ...], AfterValidator(each_once("error_code", _ONCE))] = Field(
        (), max_length=11, json_schema_extra=_BY_CODE, description="The responses, by the origin's code."
    )


class ErrorResponsesLens(DistributionLens[ErrorResponses]):
    """The list is replaced whole."""

    name = "errorResponses"
    slice = ErrorResponses

    def get(self, body: Body) -> ErrorResponses | Missing:
        """Read them, unchecked."""
        found = by_key(map(_read, items(body.get(_MEMBER))), "error_code")
        return ErrorResponses.model_construct(value=found) if found else ABSENT

    def put(self, body: Body, value: ErrorResponses | Missing) -> Body:
        """Write each over the one that is there for its code."""
        wanted = [] if isinstance(value, Missing) else [_written(each) for each in value.value]
        responses = laid_over(items(body.get(_MEMBER)), wanted, "ErrorCode")
        return dict(body) | {_MEMBER: relisted(body.get(_MEMBER), responses)}


def _read(told: Mapping[str, Any]) -> ErrorResponse:
    code = told.get("ResponseCode") or None
    values: dict[str, Any] = {
        "error_code": told["ErrorCode"],
        "response_page_path": told.get("ResponsePagePath") or None,
        "response_code": None if code is None else int(code),
        "error_caching_min_ttl": told.get("ErrorCachingMinTTL", _TTL),
    }
    return ErrorResponse.model_construct(**values)


def _written(value: ErrorResponse) -> dict[str, Any]:
    code = value.response_code
    return {
        "ErrorCode": value.error_code,
        "ResponsePagePath": value.response_page_path or "",
        "ResponseCode": "" if code is None else str(code),
        "ErrorCachingMinTTL": value.error_caching_min_ttl,
    }
