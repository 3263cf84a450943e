"""The kinds of headers that a response headers policy knows, one model each."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from headrace.engine.slices import Rule
from headrace.resources.cloudfront._choice import HeaderName, HeaderNames
from headrace.resources.cloudfront._shapes import Shaped
from headrace.resources.models import in_order, lower

_LONGEST = 2**31 - 1
_MOST = 50

# Around a value there is no white space.
_VALUE = r"^([!-~]([ -~]*[!-~])?)?$"

_BLOCKED_OR_REPORTED = "reportURI is not for modeBlock: what is blocked is not reported"

Method = Literal["GET", "POST", "OPTIONS", "PUT", "DELETE", "PATCH", "HEAD", "ALL"]
Seconds = Annotated[int, Field(ge=0, le=_LONGEST)]
_Origin = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[!-~]+$")]


class Cors(Shaped):
    """The headers of cross-origin resource sharing."""

    access_control_allow_origins: Annotated[tuple[_Origin, ...], AfterValidator(lower)] = Field(
        min_length=1, max_length=_MOST, description='Origins that are let in: "https://example.com", or "*".'
    )
    access_control_allow_headers: HeaderNames = Field(
        min_length=1, description='Headers that a request may have, or "*".'
    )
    access_control_allow_methods: Annotated[tuple[Method, ...], AfterValidator(in_order)] = Field(
        min_length=1, max_length=8, description="Methods that a request may have, or ALL."
    )
    access_control_allow_credentials: bool = Field(
        False, description="Let requests be made with credentials."
    )
    access_control_expose_headers: HeaderNames = Field(
        (), description='Headers of the response that scripts may read, or "*".'
    )
    access_control_max_age_sec: Seconds | None = Field(
        None, description="How many seconds browsers may keep the answer to a preflight request."
    )
    origin_override: bool = Field(
        True, description="Put these headers in the place of what the origin says of the same."
    )


_OVERRIDE = "Put the header in the place of one from the origin."


class XSSProtection(Shaped):
    """X-XSS-Protection."""

    members: ClassVar[Mapping[str, str]] = {"report_uri": "ReportUri"}
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("!has(self.reportURI) || !has(self.modeBlock) || !self.modeBlock", _BLOCKED_OR_REPORTED),
    )

    override: bool = Field(True, description=_OVERRIDE)
    protection: bool = Field(description="Turn the filter of old browsers on (1), or off (0).")
    mode_block: bool = Field(False, description="Let the browser show nothing where it finds an attack.")
    report_uri: str | None = Field(
        None,
        alias="reportURI",
        min_length=1,
        max_length=2048,
        pattern=_VALUE,
        description="Where the browser reports what it finds.",
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if self.mode_block and self.report_uri is not None:
            raise ValueError(_BLOCKED_OR_REPORTED)
        return self


class FrameOptions(Shaped):
    """X-Frame-Options."""

    override: bool = Field(True, description=_OVERRIDE)
    frame_option: Literal["DENY", "SAMEORIGIN"] = Field(description="Who may show the page in a frame.")


class ReferrerPolicy(Shaped):
    """Referrer-Policy."""

    override: bool = Field(True, description=_OVERRIDE)
    referrer_policy: Literal[
        "no-referrer",
        "no-referrer-when-downgrade",
        "origin",
        "origin-when-cross-origin",
        "same-origin",
        "strict-origin",
        "strict-origin-when-cross-origin",
        "unsafe-url",
    ] = Field(description="What browsers tell other pages of where they come from.")


class ContentSecurityPolicy(Shaped):
    """Content-Security-Policy."""

    override: bool = Field(True, description=_OVERRIDE)
    content_security_policy: str = Field(
        min_length=1, max_length=4096, pattern=_VALUE, description="The header's value."
    )


class ContentTypeOptions(Shaped):
    """X-Content-Type-Options, which is always nosniff."""

    override: bool = Field(True, description=_OVERRIDE)


class StrictTransportSecurity(Shaped):
    """Strict-Transport-Security."""

    override: bool = Field(True, description=_OVERRIDE)
    access_control_max_age_sec: Seconds = Field(
        description="How many seconds browsers use HTTPS only (max-age)."
    )
    include_subdomains: bool = Field(False, description="For all subdomains, too.")
    preload: bool = Field(False, description="Browsers may have it built in.")


class SecurityHeaders(Shaped):
    """Headers that protect viewers."""

    members: ClassVar[Mapping[str, str]] = {"xss_protection": "XSSProtection"}

    xss_protection: XSSProtection | None = Field(None, description="X-XSS-Protection.")
    frame_options: FrameOptions | None = Field(None, description="X-Frame-Options.")
    referrer_policy: ReferrerPolicy | None = Field(None, description="Referrer-Policy.")
    content_security_policy: ContentSecurityPolicy | None = Field(
        None, description="Content-Security-Policy."
    )
    content_type_options: ContentTypeOptions | None = Field(
        None, description="X-Content-Type-Options: nosniff."
    )
    strict_transport_security: StrictTransportSecurity | None = Field(
        None, description="Strict-Transport-Security."
    )


def _four_decimals(rate: float) -> float:
    return round(rate, 4)


_Percent = Annotated[float, Field(ge=0, le=100), AfterValidator(_four_decimals)]


class ServerTiming(Shaped):
    """Server-Timing, in which CloudFront tells how it served a response."""

    enabled: bool = Field(description="Whether responses have it.")
    sampling_rate: _Percent | None = Field(
        None, description="How many percent of responses have it; up to four decimals count."
    )


class CustomHeader(Shaped):
    """A header that responses get."""

    header: Annotated[HeaderName, AfterValidator(str.lower)] = Field(
        description="Its name; the case means nothing."
    )
    value: str = Field("", max_length=1783, pattern=_VALUE, description="Its value.")
    override: bool = Field(True, description=_OVERRIDE)
