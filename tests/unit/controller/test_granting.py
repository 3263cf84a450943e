"""What an account grants: which zones, which distributions, and what AWS may be made to use."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from headrace.aws.sessions import Account, Identity
from headrace.controller.accounts import Access, Grants
from headrace.controller.granting import advice, check_granted, check_id, may_adopt
from headrace.engine.errors import Denied
from headrace.engine.graph import Node, Ref
from headrace.engine.ownership import Advice, Presence
from headrace.engine.wish import Layer, Wish, resolve
from headrace.resources.registry import resource_type

WAY = 'with adoption: IfExists, or the annotation headrace.io/adopt: "true".'
ARN = "arn:aws:acm:us-east-1:111122223333:certificate/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"


class Somewhere:
    """An account of the partition aws."""

    identity = Identity("111122223333", "arn:aws:iam::111122223333:role/x", "aws")


def access(**grants: tuple[str, ...]) -> Access:
    return Access(cast(Account, Somewhere()), "production", Grants(**grants))


def node(type_: str, id: str = "", settings: Mapping[str, Any] | None = None) -> Node:
    layers = (Layer("spec", settings),) if settings else ()
    return Node("it", resource_type(type_), id, "us-east-1", Presence(owner="me"), layers)


def wishes(of: Node) -> dict[str, Wish]:
    return resolve(of.resource.facets, of.layers, frozenset(), secure=False)


def test_a_zone_is_granted_by_its_id_and_the_sentence_names_the_entry_that_is_missing() -> None:
    records = node("route53/alias_records", "Z123/cdn.example.com")

    check_id(access(hosted_zones=("Z1*",)), "shop", records, records.id)
    with pytest.raises(Denied) as denied:
        check_id(access(hosted_zones=("Z9",)), "shop", records, records.id)

    assert str(denied.value) == (
        "AWSAccount production does not let namespace shop use the hosted zone Z123: no pattern in "
        "hostedZones of its spec.namespaces covers it."
    )


def test_whoever_may_take_a_bucket_over_is_told_how_and_whoever_may_not_is_told_that_when_asking() -> None:
    bucket, mine = node("s3/bucket", "media"), access(adopt=("media",))
    missing = (
        "AWSAccount production does not let namespace shop adopt media: no pattern in buckets.adopt of its "
        "spec.namespaces covers it."
    )

    told = Advice(f"Choose another name, or take it over {WAY}", "Choose another name.")
    assert advice(mine, "shop", bucket, asks=False) == told
    assert advice(access(), "shop", bucket, asks=False) == Advice("Choose another name.")
    assert advice(access(), "shop", bucket, asks=True) == Advice(missing)


def test_for_a_distribution_by_its_id_there_is_no_other_name() -> None:
    distribution = replace(node("cloudfront/distribution", "E1A2"), adopts=True)
    theirs = "Its owner must let go of it first."
    missing = (
        "AWSAccount production does not let namespace shop adopt E1A2: no pattern in distributions.adopt of "
        "its spec.namespaces covers it."
    )

    may = access(distributions=("E1*",))
    assert advice(may, "shop", distribution, asks=False) == Advice(f"Take it over {WAY}", theirs)
    for asks in (True, False):
        assert advice(access(), "shop", distribution, asks=asks) == Advice(missing, theirs)


def test_a_distribution_is_made_by_whoever_may_use_the_account_and_adopted_where_that_is_granted() -> None:
    distribution = node("cloudfront/distribution", "E1A2")

    check_id(access(), "shop", distribution, distribution.id)
    assert not may_adopt(access(), distribution)
    assert may_adopt(access(distributions=("E1*",)), distribution)
    assert advice(access(), "shop", distribution, asks=True).nobodys == (
        "AWSAccount production does not let namespace shop adopt E1A2: no pattern in distributions.adopt of "
        "its spec.namespaces covers it."
    )


def test_a_certificate_is_granted_unless_it_is_one_that_the_object_got_itself() -> None:
    said = node("cloudfront/distribution", settings={"viewerCertificate": {"certificateARN": ARN}})
    got = node(
        "cloudfront/distribution",
        settings={"viewerCertificate": {"certificateARN": Ref("certificate", "issuedARN")}},
    ).filled({"certificate": {"issuedARN": ARN}})

    check_granted(access(certificates=("*",)), "shop", said, wishes(said))
    check_granted(access(), "shop", got, wishes(got))
    with pytest.raises(Denied, match=f"does not let namespace shop use {ARN}"):
        check_granted(access(), "shop", said, wishes(said))


def test_a_client_certificate_inside_of_an_origin_is_granted_like_any_other() -> None:
    origin = {"name": "api", "domainName": "api.example.com", "custom": {"clientCertificateARN": ARN}}
    api = node("cloudfront/distribution", settings={"origins": {"value": [origin]}})

    check_granted(access(certificates=(ARN,)), "shop", api, wishes(api))
    with pytest.raises(Denied, match=r"\(origins\): no pattern in passes\.certificates"):
        check_granted(access(), "shop", api, wishes(api))
