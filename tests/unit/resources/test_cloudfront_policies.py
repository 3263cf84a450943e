"""The models of policies and origin access controls: all of CloudFront's members, in one form, in order."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.model import ListShape, Shape, StructureShape
from botocore.session import get_session
from pydantic import ValidationError

from headrace.engine.errors import Invalid
from headrace.kinds.schema import structural_schema
from headrace.resources.cloudfront import managed
from headrace.resources.cloudfront._names import name_of, name_of_content
from headrace.resources.cloudfront._shapes import Shaped, ShapedSlice, _inner, said
from headrace.resources.cloudfront.cache_policy.config import CachePolicy
from headrace.resources.cloudfront.origin_access_control.settings import Settings
from headrace.resources.cloudfront.origin_request_policy.config import OriginRequestPolicy
from headrace.resources.cloudfront.response_headers_policy.config import ResponseHeadersPolicy
from sandbox.aws.stand_in import StandIn

MODELS: dict[str, type[ShapedSlice]] = {
    "CachePolicyConfig": CachePolicy,
    "OriginAccessControlConfig": Settings,
    "OriginRequestPolicyConfig": OriginRequestPolicy,
    "ResponseHeadersPolicyConfig": ResponseHeadersPolicy,
}
# The name is what we give it, and no setting.
LEFT_OUT = {"Name"}
# Values that are left out: only for origins that are functions, and for buckets in several regions.
VALUES_LEFT_OUT = {"always-amz-auth", "sigv4a"}
each_model = pytest.mark.parametrize("shape", sorted(MODELS))


def members(shape: Shape, path: str = "") -> Iterator[tuple[str, frozenset[str]]]:
    """Walk CloudFront's members down to those that hold a value, with the values that each may have."""
    if isinstance(shape, ListShape):
        yield from members(shape.member, path)
    elif isinstance(shape, StructureShape):
        counted = "Quantity" in shape.members
        # A structure that is there or not says something by that.
        for name, inner in shape.members.items():
            if counted and name == "Quantity":
                continue
            yield from members(inner, path if counted else f"{path}.{name}".lstrip("."))
    else:
        yield path, frozenset(shape.metadata.get("enum", ()))


def fields(model: type[Shaped], path: str = "") -> Iterator[tuple[str, frozenset[str]]]:
    """Walk the same members as our model has them."""
    for name, field in model.model_fields.items():
        where = ".".join(filter(None, (path, *model.path(name), model.wrapped.get(name))))
        inner = _inner(field.annotation)
        if inner is not None and issubclass(inner, Shaped):
            yield from fields(inner, where)
        else:
            yield where, frozenset(literals(field.annotation))


def literals(annotation: Any) -> Iterator[str]:
    """Yield the values of a Literal, wherever it is in an annotation."""
    for arg in getattr(annotation, "__args__", ()):
        if isinstance(arg, str):
            yield arg
        else:
            yield from literals(arg)


@each_model
def test_every_member_is_mapped_or_left_out_for_a_reason(shape: str) -> None:
    known = get_session().get_service_model("cloudfront").shape_for(shape)
    theirs = {path: values - VALUES_LEFT_OUT for path, values in members(known) if path not in LEFT_OUT}
    assert dict(fields(MODELS[shape])) == theirs


FULL: dict[str, dict[str, Any]] = {
    "CachePolicyConfig": {
        "comment": "all",
        "minTTL": 1,
        "defaultTTL": 2,
        "maxTTL": 3,
        "enableAcceptEncodingGzip": False,
        "enableAcceptEncodingBrotli": False,
        "headers": {"behavior": "whitelist", "items": ["Origin", "host", "HOST"]},
        "cookies": {"behavior": "allExcept", "items": ["b", "a", "b"]},
        "queryStrings": {"behavior": "all"},
    },
    "OriginAccessControlConfig": {
        "description": "all",
        "originType": "lambda",
        "signingBehavior": "no-override",
        "signingProtocol": "sigv4",
    },
    "OriginRequestPolicyConfig": {
        "comment": "all",
        "headers": {
            "behavior": "allViewerAndWhitelistCloudFront",
            "items": ["CloudFront-Viewer-Country", "CloudFront-Viewer-City"],
        },
        "cookies": {"behavior": "whitelist", "items": ["session"]},
        "queryStrings": {"behavior": "allExcept", "items": ["page"]},
    },
    "ResponseHeadersPolicyConfig": {
        "comment": "all",
        "cors": {
            "accessControlAllowOrigins": ["https://b.example", "https://A.example"],
            "accessControlAllowHeaders": ["*"],
            "accessControlAllowMethods": ["PUT", "GET"],
            "accessControlAllowCredentials": True,
            "accessControlExposeHeaders": ["X-Total"],
            "accessControlMaxAgeSec": 600,
            "originOverride": False,
        },
        "securityHeaders": {
            "xssProtection": {"protection": True, "reportURI": "https://example.com/xss"},
            "frameOptions": {"frameOption": "DENY", "override": False},
            "referrerPolicy": {"referrerPolicy": "same-origin"},
            "contentSecurityPolicy": {"contentSecurityPolicy": "default-src 'self'"},
            "contentTypeOptions": {},
            "strictTransportSecurity": {"accessControlMaxAgeSec": 1, "includeSubdomains": True},
        },
        "serverTiming": {"enabled": True, "samplingRate": 12.34567},
        "customHeaders": [{"header": "X-B", "value": "1"}, {"header": "x-a", "value": "2"}],
        "removeHeaders": ["X-Powered-By", "server"],
    },
}


@each_model
def test_all_of_it_is_read_as_it_is_sent(shape: str) -> None:
    model = MODELS[shape]
    value = model.model_validate(FULL[shape])
    sent = said(value.to_aws())
    assert model.from_aws({**sent, "Name": "any", "NewerThanUs": {"Quantity": 0}}) == value
    assert model.model_validate(value.model_dump(by_alias=True, mode="json")) == value


def test_a_cache_policy_is_sent_in_the_shape_of_cloudfront() -> None:
    sent = said(CachePolicy.model_validate(FULL["CachePolicyConfig"]).to_aws())
    assert sent == {
        "Comment": "all",
        "MinTTL": 1,
        "DefaultTTL": 2,
        "MaxTTL": 3,
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "EnableAcceptEncodingGzip": False,
            "EnableAcceptEncodingBrotli": False,
            "HeadersConfig": {
                "HeaderBehavior": "whitelist",
                "Headers": {"Quantity": 2, "Items": ["host", "origin"]},
            },
            "CookiesConfig": {"CookieBehavior": "allExcept", "Cookies": {"Quantity": 2, "Items": ["a", "b"]}},
            "QueryStringsConfig": {"QueryStringBehavior": "all"},
        },
    }


def test_removed_headers_are_structures_there() -> None:
    sent = ResponseHeadersPolicy.model_validate({"removeHeaders": ["Server"]}).to_aws()
    assert sent["RemoveHeadersConfig"] == {"Quantity": 1, "Items": [{"Header": "server"}]}


def test_what_others_wrote_beyond_our_bounds_is_read_all_the_same() -> None:
    shape = {"SigningProtocol": "sigv4a", "SigningBehavior": "always", "OriginAccessControlOriginType": "new"}
    found = Settings.from_aws(shape)
    assert found != Settings()
    assert found.fields()["originType"] == "new"


def test_a_cache_policy_without_a_key_compresses_nothing() -> None:
    assert not CachePolicy.from_aws({"MinTTL": 0}).enable_accept_encoding_gzip


@pytest.mark.parametrize(
    ("given", "ttls"),
    [
        ({}, (0, 86_400, 31_536_000)),
        ({"minTTL": 100_000}, (100_000, 100_000, 31_536_000)),
        ({"minTTL": 40_000_000}, (40_000_000, 40_000_000, 40_000_000)),
        ({"maxTTL": 60}, (0, 60, 60)),
        ({"defaultTTL": 40_000_000}, (0, 40_000_000, 40_000_000)),
    ],
)
def test_silent_times_follow_from_those_that_are_said(
    given: dict[str, Any], ttls: tuple[int, int, int]
) -> None:
    policy = CachePolicy.model_validate(given)
    assert (policy.min_ttl, policy.default_ttl, policy.max_ttl) == ttls


def test_nothing_is_compressed_where_nothing_is_cached() -> None:
    policy = CachePolicy.model_validate({"maxTTL": 0})
    assert (policy.enable_accept_encoding_gzip, policy.enable_accept_encoding_brotli) == (False, False)
    assert CachePolicy.model_validate({"maxTTL": 0, "enableAcceptEncodingGzip": True}) != policy


_ORDER = "minTTL is at most defaultTTL, and that is at most maxTTL"
_LISTED = "items are named with the behaviors"


@pytest.mark.parametrize(
    ("model", "given", "sentence"),
    [
        (CachePolicy, {"minTTL": 3, "defaultTTL": 2}, _ORDER),
        (CachePolicy, {"minTTL": 3, "maxTTL": 2}, _ORDER),
        (CachePolicy, {"defaultTTL": 3, "maxTTL": 2}, _ORDER),
        (CachePolicy, {"headers": {"behavior": "whitelist"}}, _LISTED),
        (CachePolicy, {"cookies": {"behavior": "none", "items": ["a"]}}, _LISTED),
        (CachePolicy, {"headers": {"behavior": "whitelist", "items": ["a b"]}}, "pattern"),
        (OriginRequestPolicy, {"headers": {"behavior": "all"}}, "allViewer"),
        (
            ResponseHeadersPolicy,
            {"customHeaders": [{"header": "X-A"}, {"header": "x-a"}]},
            "each custom header is there once",
        ),
        (
            ResponseHeadersPolicy,
            {"securityHeaders": {"xssProtection": {"protection": True, "modeBlock": True, "reportURI": "x"}}},
            "reportURI is not for modeBlock",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    model: type[ShapedSlice], given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        model.model_validate(given)


@each_model
def test_it_can_be_said_in_a_custom_resource(shape: str) -> None:
    schema = structural_schema(MODELS[shape])
    assert len(schema["properties"]) == len(MODELS[shape].model_fields)


# Names


def test_a_name_tells_owner_and_node_apart() -> None:
    names = {name_of("a/b", "c"), name_of("a", "b/c"), name_of("a", "c"), name_of("b", "c")}
    assert len(names) == 4
    assert name_of("a", "c") == "headrace-9e58d7137c654f526a7a7c9cbab79c2e"


def test_the_same_content_has_the_same_name_however_it_is_said() -> None:
    one = CachePolicy.model_validate({"headers": {"behavior": "whitelist", "items": ["Host", "Origin"]}})
    other = CachePolicy.model_validate(
        {"headers": {"items": ["origin", "host"], "behavior": "whitelist"}, "minTTL": 0, "comment": ""}
    )
    assert name_of_content(one) == name_of_content(other)
    assert name_of_content(one) != name_of_content(CachePolicy())


# Managed policies


@pytest.mark.standin
@pytest.mark.parametrize(
    ("plural", "word", "table"),
    [
        ("cache_policies", "CachePolicy", managed.CACHE_POLICIES),
        ("origin_request_policies", "OriginRequestPolicy", managed.ORIGIN_REQUEST_POLICIES),
        ("response_headers_policies", "ResponseHeadersPolicy", managed.RESPONSE_HEADERS_POLICIES),
    ],
)
def test_the_table_is_what_cloudfront_lists(
    stand_in: StandIn, plural: str, word: str, table: dict[str, str]
) -> None:
    list_all: Any = getattr(stand_in.client("cloudfront"), f"list_{plural}")
    listed = [item[word] for item in list_all(Type="managed")[f"{word}List"]["Items"]]
    found = {each[f"{word}Config"]["Name"].removeprefix("Managed-"): each["Id"] for each in listed}
    assert found == table


def test_a_managed_policy_is_known_with_and_without_the_prefix_of_the_console() -> None:
    optimized = "658327ea-f89d-4fab-a63d-7e88639e58f6"
    assert managed.managed_cache_policy("CachingOptimized") == optimized
    assert managed.managed_cache_policy("Managed-CachingOptimized") == optimized
    assert managed.managed_origin_request_policy("AllViewer").startswith("216adef6")
    assert managed.managed_response_headers_policy("SimpleCORS").startswith("60669652")


def test_an_unknown_name_is_told_with_the_likeliest_first() -> None:
    with pytest.raises(Invalid) as told:
        managed.managed_response_headers_policy("SimpleCors")
    assert told.value.message == (
        "AWS manages no response headers policy SimpleCors. It has SimpleCORS, CORS-With-Preflight, "
        "CORS-and-SecurityHeadersPolicy, CORS-with-preflight-and-SecurityHeadersPolicy, "
        "SecurityHeadersPolicy; of any other give the id."
    )


def test_no_security_header_is_no_security_headers() -> None:
    assert ResponseHeadersPolicy.model_validate({"securityHeaders": {}}) == ResponseHeadersPolicy()
