"""What a spec says of origins and of a distribution as a whole, and the settings that it makes."""

from typing import Any

import pytest

from headrace.engine.errors import Invalid
from headrace.engine.sensitive import Sensitive
from headrace.kinds.definition import read_spec
from headrace.kinds.distribution._origin import BucketRef
from headrace.kinds.distribution.origins import BucketOutputs, origin_settings
from headrace.kinds.schema import structural_schema
from headrace.resources.cloudfront.distribution.origin_groups import OriginGroups
from headrace.resources.cloudfront.distribution.origins import Origins
from tests.origin_specs import (
    API,
    BAD,
    FOREIGN,
    GOOD,
    GROUP,
    INNER,
    MEDIA,
    VPC_ARN,
    AnySpec,
    Spec,
    from_secret,
    header,
    origins,
)
from tests.unit.resources.distribution import LENSES

BUCKETS = {
    BucketRef(name="media"): BucketOutputs("media.s3.eu-central-1.amazonaws.com"),
    BucketRef(name="media", namespace="shop"): BucketOutputs("shop-media.s3.eu-west-1.amazonaws.com"),
}
SECRETS = {("origin-keys", "api"): Sensitive("s3cr3t")}
CONTROL = object()
"""What stands for an id that is not known yet passes through as it is."""


def settings(spec: Spec) -> list[Any]:
    said = read_spec(AnySpec, spec).origins
    assert said is not None
    made: list[Any] = origin_settings(said, BUCKETS, SECRETS, CONTROL)["value"]
    return made


# What may be said


@pytest.mark.parametrize("spec", GOOD.values(), ids=GOOD)
def test_a_spec_that_can_be_is_taken_and_makes_settings_that_lenses_take(spec: Spec) -> None:
    said = read_spec(AnySpec, spec)
    made: dict[str, Any] = {**said.groups_settings(), **said.general_settings()}
    if said.origins is not None:
        made["origins"] = origin_settings(said.origins, BUCKETS, SECRETS, "E2")

    for name, value in made.items():
        LENSES[name].slice.model_validate(value)
    assert made.keys() == spec.keys()


@pytest.mark.parametrize("case", BAD)
def test_a_spec_that_cannot_be_is_refused_with_a_sentence(case: str) -> None:
    spec, sentence, *_ = BAD[case]

    with pytest.raises(Invalid) as refused:
        read_spec(AnySpec, spec)
    assert sentence in refused.value.message


def test_header_names_that_differ_in_case_only_are_the_same() -> None:
    headers = [{"name": name, "value": "1"} for name in ("X-Key", "x-key")]

    with pytest.raises(Invalid, match="each header may be named once"):
        read_spec(AnySpec, origins({**API, "customHeaders": headers}))


@pytest.mark.parametrize("said", [{"value": "s3cr3t" * 400}, {"value": ["s3cr3t"]}, {"valeu": "s3cr3t"}])
def test_a_header_that_is_refused_does_not_show_its_value(said: Spec) -> None:
    with pytest.raises(Invalid) as refused:
        read_spec(AnySpec, header("X-Key", **said))

    assert "spec.origins[0].customHeaders[0]" in refused.value.message
    assert "s3cr3t" not in f"{refused.value} {refused.value.__cause__} {refused.value.__cause__!r}"


def test_lists_with_keys_are_maps_to_the_api_server() -> None:
    schema = structural_schema(AnySpec)["properties"]

    def keys(found: Any) -> Any:
        return found["x-kubernetes-list-type"], found.get("x-kubernetes-list-map-keys")

    origin = schema["origins"]["items"]["properties"]
    assert keys(schema["origins"]) == keys(schema["originGroups"]) == ("map", ["name"])
    assert keys(origin["customHeaders"]) == ("map", ["name"])
    assert keys(schema["aliases"]) == keys(origin["tlsVersions"]) == ("set", None)
    assert "x-kubernetes-list-type" not in schema["originGroups"]["items"]["properties"]["members"]


# What it makes


def test_a_bucket_of_ours_is_signed_for_and_has_its_regional_domain() -> None:
    assert settings(origins({**MEDIA, "readTimeout": 9})) == [
        {
            "name": "media",
            "domainName": "media.s3.eu-central-1.amazonaws.com",
            "accessControlID": CONTROL,
            "s3": {"readTimeout": 9},
        }
    ]


@pytest.mark.parametrize(
    ("origin", "made"),
    [
        (API, {"custom": {}}),
        ({**API, "protocol": "http-only"}, {"custom": {"protocol": "http-only"}}),
        ({**API, "accessControlID": "E1"}, {"accessControlID": "E1", "custom": {}}),
        (FOREIGN, {"s3": {}}),
        ({**FOREIGN, "accessControl": True}, {"accessControlID": CONTROL, "s3": {}}),
        (
            {**FOREIGN, "accessIdentity": "origin-access-identity/cloudfront/E1"},
            {"s3": {"accessIdentity": "origin-access-identity/cloudfront/E1"}},
        ),
    ],
)
def test_a_domain_is_a_web_server_or_a_bucket(origin: Spec, made: Spec) -> None:
    (found,) = settings(origins(origin))

    assert found == {"name": origin["name"], "domainName": origin["domainName"], **made}


def test_a_vpc_origin_by_its_arn_is_that_of_the_account_in_it() -> None:
    by_id = {**INNER, "keepaliveTimeout": 9}
    by_arn = {**INNER, "vpcOrigin": {"arn": VPC_ARN, "domainName": "lb.example.com"}}

    assert settings(origins(by_id))[0]["vpc"] == {"id": "vo_1", "ownerAccountID": None, "keepaliveTimeout": 9}
    assert settings(origins(by_arn)) == [
        {
            "name": "inner",
            "domainName": "lb.example.com",
            "vpc": {"id": "vo_1", "ownerAccountID": "111122223333"},
        }
    ]


def test_the_value_of_a_header_comes_from_the_spec_or_from_a_secret_and_is_never_shown() -> None:
    said = [{"name": "X-Plain", "value": "plain"}, {"name": "X-Key", **from_secret("origin-keys", "api")}]
    spec = read_spec(AnySpec, origins({**API, "customHeaders": said}))
    (made,) = settings(origins({**API, "customHeaders": said}))

    assert spec.secret_keys() == (("origin-keys", "api"),)
    assert [each["value"].get_secret_value() for each in made["customHeaders"]] == ["plain", "s3cr3t"]
    shown = f"{spec!r} {spec.model_dump_json()} {made} {Origins.model_validate({'value': [made | NO_REF]})!r}"
    assert "plain'" not in shown
    assert "s3cr3t" not in shown


NO_REF = {"accessControlID": "E1"}


def test_what_a_spec_needs_of_others_is_named_sorted_and_once() -> None:
    two = [{"name": f"X-{key}", **from_secret("keys", key)} for key in "hgfedcba"]
    spec = read_spec(
        AnySpec,
        origins(
            {**API, "customHeaders": two}, {**FOREIGN, "customHeaders": two}, MEDIA, originGroups=[GROUP]
        ),
    )

    assert spec.secret_keys() == tuple(("keys", key) for key in "abcdefgh")
    assert spec.bucket_refs() == {"media": BucketRef(name="media")}
    assert spec.origin_names() == frozenset({"api", "foreign", "media", "ha"})
    assert spec.signs()
    assert not read_spec(AnySpec, origins(API, FOREIGN)).signs()
    assert read_spec(AnySpec, {}).origin_names() is None


def test_what_is_silent_makes_no_setting() -> None:
    spec = read_spec(AnySpec, {})

    assert spec.groups_settings() == spec.general_settings() == {}
    assert spec.secret_keys() == ()


def test_groups_and_single_values_are_settings_in_the_words_of_their_facets() -> None:
    spec = read_spec(AnySpec, origins(MEDIA, API, originGroups=[GROUP], priceClass="None", comment=""))

    assert spec.general_settings() == {"priceClass": {"value": "None"}, "comment": {"value": ""}}
    assert OriginGroups.model_validate(spec.groups_settings()["originGroups"]).fields() == {
        "[ha].members": '["media","api"]',
        "[ha].failoverOn": "[500,502,503,504]",
        "[ha].selectionCriteria": "default",
    }
