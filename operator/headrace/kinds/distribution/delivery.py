"""What else the spec of a distribution says of its viewers: errors, countries, mutual TLS, logs."""

from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import Field

from headrace.engine.slices import ApiModel, Rule, ValueSlice
from headrace.kinds.distribution.behaviors import BehaviorSpec
from headrace.resources.cloudfront.distribution.error_responses import ErrorResponses
from headrace.resources.cloudfront.distribution.geo_restriction import GeoRestriction
from headrace.resources.cloudfront.distribution.logging import Logging
from headrace.resources.cloudfront.distribution.viewer_mtls import ViewerMTLS

_MTLS_HTTPS = "viewerMTLS needs viewerProtocol https-only or redirect-to-https in every behavior"
_MTLS_HTTP3 = "viewerMTLS needs httpVersion http2 or http1.1: HTTP/3 has no mutual TLS"
_GRPC_HTTP2 = "grpc needs httpVersion http2 or http2and3"
_WITH_HTTP3 = ("http3", "http2and3")
_WITH_HTTP2 = ("http2", "http2and3")


class DeliverySpec(ApiModel):
    """The fields of a spec that say how viewers are met; the names are those of their facets."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.viewerMTLS) || !has(self.defaultBehavior) || "
            "!has(self.defaultBehavior.viewerProtocol) || "
            "self.defaultBehavior.viewerProtocol != 'allow-all'",
            _MTLS_HTTPS,
            ".defaultBehavior.viewerProtocol",
        ),
        Rule(
            "!has(self.viewerMTLS) || !has(self.behaviors) || "
            "!self.behaviors.exists(b, has(b.viewerProtocol) && b.viewerProtocol == 'allow-all')",
            _MTLS_HTTPS,
            ".behaviors",
        ),
        Rule(
            "!has(self.viewerMTLS) || !has(self.httpVersion) || "
            "!(self.httpVersion in ['http3', 'http2and3'])",
            _MTLS_HTTP3,
            ".httpVersion",
        ),
        Rule(
            "!has(self.httpVersion) || self.httpVersion in ['http2', 'http2and3'] || "
            "((!has(self.defaultBehavior) || !has(self.defaultBehavior.grpc) || !self.defaultBehavior.grpc) "
            "&& (!has(self.behaviors) || !self.behaviors.exists(b, has(b.grpc) && b.grpc)))",
            _GRPC_HTTP2,
            ".httpVersion",
        ),
    )

    error_responses: ErrorResponses | None = Field(
        None,
        description=(
            "What viewers get for errors of the origin; errors that are not named are passed on. "
            "Silent: what is there stays. An empty list: all are passed on."
        ),
    )
    geo_restriction: GeoRestriction | None = Field(
        None,
        description="The countries from which viewers are served, or not. Silent: what is there stays.",
    )
    viewer_mtls: ViewerMTLS | None = Field(
        None,
        alias="viewerMTLS",
        description="Mutual TLS with viewers: they show a certificate, too. Silent: what is there stays.",
    )
    logging: Logging | None = Field(
        None,
        description=(
            "Standard logging (legacy) of viewers' requests to a bucket, whose ACLs must be enabled. "
            "Silent: what is there stays."
        ),
    )

    def check_delivery(self, behaviors: Iterable[BehaviorSpec], http_version: str | None) -> None:
        """Check what goes together with the behaviours and the versions of HTTP.

        Raises:
            ValueError: mutual TLS over plain HTTP or HTTP/3, or gRPC without HTTP/2.
        """
        known = tuple(behaviors)
        if self.viewer_mtls is not None:
            if any(each.viewer_protocol == "allow-all" for each in known):
                raise ValueError(_MTLS_HTTPS)
            if http_version in _WITH_HTTP3:
                raise ValueError(_MTLS_HTTP3)
        if http_version not in (None, *_WITH_HTTP2) and any(each.grpc for each in known):
            raise ValueError(_GRPC_HTTP2)

    def delivery_settings(self) -> dict[str, dict[str, Any]]:
        """Return what is said of these facets, by facet, and nothing that is silent."""
        settings: dict[str, dict[str, Any]] = {}
        for name, field in DeliverySpec.model_fields.items():
            value = getattr(self, name)
            if value is not None:
                said = value.model_dump(by_alias=True, mode="json", exclude_unset=True, exclude_none=True)
                settings[field.alias or name] = {"value": said} if isinstance(value, ValueSlice) else said
        return settings
