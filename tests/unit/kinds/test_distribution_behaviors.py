"""What a spec says of how viewers are met: sentences for what is wrong, settings for what is right."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from headrace.engine.graph import Ref
from headrace.kinds.distribution.behaviors import BehaviorSpec, behavior_settings
from headrace.kinds.distribution.policies import PolicyChoice, PolicyKind
from headrace.resources.cloudfront.distribution._refusals import covers
from headrace.resources.cloudfront.distribution.behaviors import Behaviors, BehaviorsLens
from headrace.resources.cloudfront.distribution.default_behavior import DefaultBehaviorLens
from headrace.resources.cloudfront.distribution.error_responses import ErrorResponsesLens
from headrace.resources.cloudfront.distribution.geo_restriction import GeoRestrictionLens
from headrace.resources.cloudfront.distribution.logging import LoggingLens
from headrace.resources.cloudfront.distribution.viewer_certificate import ViewerCertificateLens
from headrace.resources.cloudfront.distribution.viewer_mtls import ViewerMTLSLens
from tests.delivery_specs import ARN, BAD, GOOD, AnySpec, Spec, named, one, paths

SLICES = {
    lens.name: lens.slice
    for lens in (
        BehaviorsLens(),
        DefaultBehaviorLens(),
        ErrorResponsesLens(),
        GeoRestrictionLens(),
        LoggingLens(),
        ViewerCertificateLens(),
        ViewerMTLSLens(),
    )
}


def named_policy(kind: PolicyKind, choice: PolicyChoice) -> str:
    """Stand for the table of managed policies, and for the nodes of inline ones."""
    return choice.policy_id or f"{kind}/{choice.policy or 'inline'}"


def settings_of(spec: AnySpec) -> dict[str, dict[str, Any]]:
    return (
        spec.behaviors_settings(named_policy)
        | spec.delivery_settings()
        | spec.certificate_settings(Ref("certificate/1", "arn"))
    )


@pytest.mark.parametrize("name", BAD)
def test_a_bad_spec_is_refused_with_a_sentence(name: str) -> None:
    spec, sentence = BAD[name]

    with pytest.raises(ValidationError) as refused:
        AnySpec.model_validate(spec)

    assert sentence in str(refused.value)


@pytest.mark.parametrize("name", GOOD)
def test_a_good_spec_makes_settings_that_its_facets_take(name: str) -> None:
    spec = AnySpec.model_validate(GOOD[name])

    for facet, said in settings_of(spec).items():
        known = {key: "a" if isinstance(value, Ref) else value for key, value in said.items()}
        if facet == "viewerCertificate" and isinstance(said.get("certificateARN"), Ref):
            known["certificateARN"] = ARN
        SLICES[facet].model_validate(known)


def test_what_is_silent_makes_no_setting() -> None:
    assert settings_of(AnySpec()) == {}


def test_a_behavior_that_names_no_policy_is_cached_by_that_of_aws() -> None:
    spec = BehaviorSpec(origin="media")

    assert behavior_settings(spec, named_policy) == {
        "origin": "media",
        "cachePolicyID": "cache-policy/CachingOptimized",
    }


def test_a_behavior_with_legacy_values_gets_no_policy() -> None:
    spec = BehaviorSpec.model_validate({"origin": "media", "forwardedValues": {}, "maxTTL": 60})

    assert behavior_settings(spec, named_policy) == {"origin": "media", "forwardedValues": {}, "maxTTL": 60}


def test_policies_become_ids_and_references_to_where_they_will_come_from() -> None:
    spec = BehaviorSpec.model_validate(
        {
            "origin": "media",
            "cache": {"policyID": "c-1"},
            "originRequest": {"policy": "AllViewer"},
            "responseHeaders": {"inline": {}},
        }
    )

    def by_kind(kind: PolicyKind, choice: PolicyChoice) -> str | Ref:
        return Ref(f"{kind}/1", "id") if choice.inline else named_policy(kind, choice)

    assert behavior_settings(spec, by_kind) == {
        "origin": "media",
        "cachePolicyID": "c-1",
        "originRequestPolicyID": "origin-request-policy/AllViewer",
        "responseHeadersPolicyID": Ref("response-headers-policy/1", "id"),
    }


def test_the_order_of_behaviors_is_that_of_the_spec() -> None:
    said = settings_of(AnySpec.model_validate(paths("/b", "/a", "/c")))["behaviors"]

    assert [each.path for each in Behaviors.model_validate(said).value] == ["/b", "/a", "/c"]


@pytest.mark.parametrize("spec", [{"behaviors": []}, {"errorResponses": []}], ids=["behaviors", "errors"])
def test_an_empty_list_says_that_there_must_be_none(spec: Spec) -> None:
    ((facet, said),) = settings_of(AnySpec.model_validate({"defaults": "None"} | spec)).items()

    assert SLICES[facet].model_validate(said).is_empty()


def test_a_slash_at_the_beginning_makes_no_other_path() -> None:
    with pytest.raises(ValidationError, match=r"each behavior has a path of its own: /a/\*, a/\*"):
        AnySpec.model_validate(paths("/a/*", "a/*"))


@pytest.mark.parametrize(
    ("spec", "more"),
    [
        (one(origin="medai"), "medai is none"),
        (named(certificateARN=ARN.replace("us-east-1", "eu-west-1")), "this one is in eu-west-1"),
        (
            named(certificateARN=ARN, dns={"hostedZoneName": "ample.com"}),
            "cdn.example.com is not in ample.com",
        ),
    ],
    ids=["an origin", "a region", "a zone"],
)
def test_the_operator_names_what_is_wrong(spec: Spec, more: str) -> None:
    with pytest.raises(ValidationError, match=more):
        AnySpec.model_validate(spec)


@pytest.mark.parametrize(
    ("spec", "settings"),
    [
        (
            named(certificateARN=ARN, minimumProtocolVersion="TLSv1.3_2025"),
            {"certificateARN": ARN, "minimumProtocolVersion": "TLSv1.3_2025"},
        ),
        (
            named(certificate={"request": True}, dns={"hostedZoneID": "Z1"}, sslSupport="sni-only"),
            {"certificateARN": Ref("certificate/1", "arn"), "sslSupport": "sni-only"},
        ),
        (named(iamCertificateID="ASCA1"), {"iamCertificateID": "ASCA1"}),
    ],
    ids=["by its ARN", "requested", "of IAM"],
)
def test_a_certificate_becomes_a_setting(spec: Spec, settings: Mapping[str, Any]) -> None:
    assert AnySpec.model_validate(spec).certificate_settings(Ref("certificate/1", "arn")) == {
        "viewerCertificate": settings
    }


def test_a_certificate_that_says_nothing_more_is_for_tls_1_2_and_sni() -> None:
    said = AnySpec.model_validate(named(certificateARN=ARN)).certificate_settings()["viewerCertificate"]

    assert ViewerCertificateLens.slice.model_validate(said).fields() == {
        "certificateARN": ARN,
        "minimumProtocolVersion": "TLSv1.2_2021",
        "sslSupport": "sni-only",
    }


@pytest.mark.parametrize(
    ("names", "alias", "covered"),
    [
        (["cdn.example.com"], "cdn.example.com", True),
        (["CDN.Example.com."], "cdn.EXAMPLE.com", True),
        (["*.example.com"], "cdn.example.com", True),
        (["*.example.com"], "example.com", False),
        (["*.example.com"], "a.cdn.example.com", False),
        (["example.com", "*.cdn.example.com"], "a.cdn.example.com", True),
        (["*.example.com"], "*.example.com", True),
        (["cdn.example.com"], "*.example.com", False),
        (["*.example.com"], "*.cdn.example.com", False),
        (["*.example.com"], "cdn.badexample.com", False),
        ([], "cdn.example.com", False),
    ],
)
def test_a_wildcard_of_a_certificate_covers_one_label(names: list[str], alias: str, covered: bool) -> None:
    assert covers(names, alias) is covered
