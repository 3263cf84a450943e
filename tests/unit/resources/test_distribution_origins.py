"""Origins and origin groups: how CloudFront writes them, and what is kept that we do not know."""

import copy
from typing import Any

import pytest
from pydantic import ValidationError

from headrace.engine.sensitive import Sensitive
from headrace.engine.slices import ABSENT
from headrace.resources.cloudfront.distribution._origin import Origin
from headrace.resources.cloudfront.distribution.origin_groups import OriginGroups, OriginGroupsLens
from headrace.resources.cloudfront.distribution.origins import Origins, OriginsLens

ORIGINS, GROUPS = OriginsLens(), OriginGroupsLens()

MEDIA: dict[str, Any] = {
    "name": "media",
    "domainName": "media.s3.eu-central-1.amazonaws.com",
    "accessControlID": "E1",
    "s3": {},
}
API: dict[str, Any] = {
    "name": "api",
    "domainName": "api.example.com",
    "path": "/v1",
    "shield": "eu-central-1",
    "customHeaders": [{"name": "X-Key", "value": "s3cr3t"}, {"name": "X-From", "value": "cdn"}],
    "custom": {"tlsVersions": ["TLSv1.2", "TLSv1.1"]},
}
INNER: dict[str, Any] = {"name": "inner", "domainName": "lb.internal", "vpc": {"id": "vo_1"}}

WRITTEN = {
    "Quantity": 2,
    "Items": [
        {
            "Id": "api",
            "DomainName": "api.example.com",
            "OriginPath": "/v1",
            "CustomHeaders": {
                "Quantity": 2,
                "Items": [
                    {"HeaderName": "X-From", "HeaderValue": "cdn"},
                    {"HeaderName": "X-Key", "HeaderValue": "s3cr3t"},
                ],
            },
            "ConnectionAttempts": 3,
            "ConnectionTimeout": 10,
            "OriginShield": {"Enabled": True, "OriginShieldRegion": "eu-central-1"},
            "OriginAccessControlId": "",
            "CustomOriginConfig": {
                "HTTPPort": 80,
                "HTTPSPort": 443,
                "OriginProtocolPolicy": "https-only",
                "OriginSslProtocols": {"Quantity": 2, "Items": ["TLSv1.1", "TLSv1.2"]},
                "OriginReadTimeout": 30,
                "OriginKeepaliveTimeout": 5,
                "IpAddressType": "ipv4",
            },
        },
        {
            "Id": "media",
            "DomainName": "media.s3.eu-central-1.amazonaws.com",
            "OriginPath": "",
            "CustomHeaders": {"Quantity": 0},
            "ConnectionAttempts": 3,
            "ConnectionTimeout": 10,
            "OriginShield": {"Enabled": False},
            "OriginAccessControlId": "E1",
            "S3OriginConfig": {"OriginAccessIdentity": "", "OriginReadTimeout": 30},
        },
    ],
}


def origins(*said: dict[str, Any]) -> Origins:
    return Origins.model_validate({"value": list(said)})


def document(*said: dict[str, Any]) -> dict[str, Any]:
    return {**ORIGINS.put({}, origins(*said))}


def found(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(origin for origin in document["Origins"]["Items"] if origin["Id"] == name)


def test_origins_are_written_by_name_with_the_defaults_of_cloudfront_and_tls_only() -> None:
    assert document(MEDIA, API) == document(API, MEDIA) == {"Origins": WRITTEN}


def test_the_order_of_what_cloudfront_tells_means_nothing() -> None:
    told = copy.deepcopy(document(MEDIA, API))
    for items in (told["Origins"]["Items"], found(told, "api")["CustomHeaders"]["Items"]):
        items.reverse()
    found(told, "api")["CustomOriginConfig"]["OriginSslProtocols"]["Items"].reverse()

    assert ORIGINS.get(told) == origins(MEDIA, API)


def test_what_cloudfront_leaves_out_is_its_default() -> None:
    told = {"Id": "media", "DomainName": MEDIA["domainName"], "S3OriginConfig": {"OriginAccessIdentity": ""}}

    assert ORIGINS.get({"Origins": {"Quantity": 1, "Items": [told]}}) == origins(
        {**MEDIA, "accessControlID": ""}
    )


def test_what_we_do_not_know_of_an_origin_that_stays_survives() -> None:
    told = copy.deepcopy(document(MEDIA, API))
    found(told, "api")["FromTomorrow"] = {"Quantity": 1, "Items": [7]}
    found(told, "api")["CustomOriginConfig"]["Happy"] = "eyeballs"
    before = copy.deepcopy(told)

    made = {**ORIGINS.put(told, origins({**API, "custom": {"readTimeout": 9}}))}

    (api,) = made["Origins"]["Items"]
    assert api["FromTomorrow"] == {"Quantity": 1, "Items": [7]}
    assert api["CustomOriginConfig"]["Happy"] == "eyeballs"
    assert api["CustomOriginConfig"]["OriginReadTimeout"] == 9
    assert told == before


def test_an_origin_that_becomes_of_another_kind_has_nothing_left_of_the_first() -> None:
    told = document(API)
    found(told, "api")["CustomOriginConfig"]["Happy"] = "eyeballs"

    (api,) = ORIGINS.put(told, origins({**MEDIA, "name": "api"}))["Origins"]["Items"]

    assert "CustomOriginConfig" not in api
    assert ORIGINS.get({"Origins": {"Items": [api]}}) == origins({**MEDIA, "name": "api"})


def test_what_is_silent_again_is_taken_out() -> None:
    certificate = "arn:aws:acm:us-east-1:111122223333:certificate/1"
    full = {
        **API,
        "responseCompletionTimeout": 60,
        "custom": {**API["custom"], "clientCertificateARN": certificate},
    }
    told = document(full)
    assert found(told, "api")["ResponseCompletionTimeout"] == 60
    assert found(told, "api")["CustomOriginConfig"]["OriginMtlsConfig"] == {
        "ClientCertificateArn": certificate
    }

    assert ORIGINS.put(told, origins(API)) == document(API)


def test_the_owner_of_a_vpc_origin_is_what_cloudfront_has_where_it_is_silent() -> None:
    there = origins({**INNER, "vpc": {"id": "vo_1", "ownerAccountID": "111122223333"}})

    assert origins(INNER).completed(there) == there
    assert origins(INNER).completed(ABSENT) == origins(INNER)
    other = {**INNER, "vpc": {"id": "vo_2"}}
    assert origins(other).completed(there) == origins(other), "whose another VPC origin is says nothing"


def test_a_difference_is_told_by_origin_and_field_and_shows_no_header() -> None:
    (fields,) = [origins(API).fields()]

    assert fields["[api].domainName"] == "api.example.com"
    assert Sensitive("s3cr3t").get_secret_value() not in repr(fields) + repr(origins(API))
    assert str(Sensitive("s3cr3t")) in fields["[api].customHeaders"]


def test_certificates_that_cloudfront_shows_to_origins_are_passed_to_it() -> None:
    arn = "arn:aws:acm:us-east-1:111122223333:certificate/1"
    shown = {**API, "custom": {"clientCertificateARN": arn}}

    assert list(origins(MEDIA, shown, INNER).passed()) == [("certificates", arn)]
    assert list(origins(MEDIA, API, INNER).passed()) == []


def test_more_than_spec_may_say_is_read_all_the_same() -> None:
    told = copy.deepcopy(document(API))
    found(told, "api")["CustomOriginConfig"] |= {"OriginProtocolPolicy": "quic", "OriginReadTimeout": 999}

    read = ORIGINS.get(told)
    assert isinstance(read, Origins)
    assert read.fields()["[api].custom.protocol"] == "quic"
    assert ORIGINS.put(told, read) == told


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ([MEDIA, MEDIA], "each origin has a name of its own"),
        ([{**MEDIA, "custom": {}}], "an origin is exactly one of s3, custom and vpc"),
        ([{"name": "a", "domainName": "b"}], "an origin is exactly one of s3, custom and vpc"),
        ([{**MEDIA, "customHeaders": [{"name": "a", "value": "1"}, {"name": "A", "value": "2"}]}], "once"),
        ([{**MEDIA, "connectionAttempts": 4}], "less than or equal to 3"),
        ([{**MEDIA, "path": "img/"}], "should match pattern"),
    ],
)
def test_origins_that_cannot_be_are_refused_with_a_sentence(said: Any, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Origins.model_validate({"value": said})


def test_a_document_without_origins_has_none() -> None:
    assert ORIGINS.get({}) is ABSENT
    assert ORIGINS.put(document(API), ABSENT) == {"Origins": {"Quantity": 0}}
    assert Origins().is_empty()
    assert [type(origin) for origin in origins(API).value] == [Origin]


# Groups

PAIR: dict[str, Any] = {"name": "ha", "members": ["media", "copy"], "failoverOn": [503, 500]}


def test_a_group_is_written_with_its_members_in_their_order_and_the_codes_in_one() -> None:
    made = GROUPS.put({}, OriginGroups.model_validate({"value": [PAIR]}))

    assert made["OriginGroups"] == {
        "Quantity": 1,
        "Items": [
            {
                "Id": "ha",
                "FailoverCriteria": {"StatusCodes": {"Quantity": 2, "Items": [500, 503]}},
                "Members": {"Quantity": 2, "Items": [{"OriginId": "media"}, {"OriginId": "copy"}]},
                "SelectionCriteria": "default",
            }
        ],
    }


def test_what_we_do_not_know_of_a_group_that_stays_survives() -> None:
    told = {**GROUPS.put({}, OriginGroups.model_validate({"value": [PAIR]}))}
    told["OriginGroups"]["Items"][0]["Mood"] = "good"
    told["OriginGroups"]["Items"][0]["FailoverCriteria"]["Patience"] = 3

    made = GROUPS.put(told, OriginGroups.model_validate({"value": [{**PAIR, "failoverOn": [404]}]}))

    (group,) = made["OriginGroups"]["Items"]
    assert group["Mood"] == "good"
    assert group["FailoverCriteria"] == {"StatusCodes": {"Quantity": 1, "Items": [404]}, "Patience": 3}


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ([PAIR, PAIR], "each origin group has a name of its own"),
        ([{**PAIR, "members": ["media"]}], "two members"),
        ([{**PAIR, "members": ["media", "media"]}], "two members"),
        ([{**PAIR, "failoverOn": []}], "at least 1 item"),
        ([{**PAIR, "failoverOn": [418]}], "Input should be 400"),
    ],
)
def test_groups_that_cannot_be_are_refused_with_a_sentence(said: Any, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        OriginGroups.model_validate({"value": said})
