"""CloudFront, as the stand-in has it, takes the documents that lenses make, and gives them back."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from headrace.aws.credentials import Keys, Source
from headrace.aws.meter import Meter
from headrace.aws.pacing import Pacing
from headrace.aws.sessions import Account
from headrace.aws.target import Target
from headrace.engine.document import Body, Document, folded
from headrace.engine.errors import CloudError
from headrace.engine.sensitive import Sensitive
from headrace.engine.slices import ABSENT, Slice
from headrace.kinds.definition import read_spec
from headrace.kinds.distribution._origin import BucketRef
from headrace.kinds.distribution.origins import BucketOutputs, origin_settings
from headrace.resources.cloudfront.distribution._store import STORE
from headrace.resources.cloudfront.managed import CACHE_POLICIES
from sandbox.aws.clients import ACCOUNT, REGION
from sandbox.aws.stand_in import StandIn
from tests.origin_specs import API, GOOD, GROUP, MEDIA, AnySpec, Spec, origins
from tests.unit.resources.distribution import LENSES, rest_of

pytestmark = pytest.mark.standin

BUCKETS = {
    BucketRef(name="media", namespace=namespace): BucketOutputs("media.s3.eu-central-1.amazonaws.com")
    for namespace in (None, "shop")
}
SECRETS = {("origin-keys", "api"): Sensitive("s3cr3t")}
NOTHING: Mapping[str, str] = {}
# What a document needs that is no lens of these tests.
REST: Body = {
    "CallerReference": "uid-1",
    "Comment": "",
    "Enabled": True,
    "DefaultCacheBehavior": {
        "TargetOriginId": "api",
        "ViewerProtocolPolicy": "redirect-to-https",
        "CachePolicyId": CACHE_POLICIES["CachingDisabled"],
    },
}
FULL: Spec = {
    **GOOD["all as a whole"],
    **GOOD["all of a web server"],
    "staging": False,
    "aliases": [],
    "comment": "Our shop",
}


def wanted(spec: Spec, there: Mapping[str, str] = NOTHING) -> dict[str, Slice]:
    """Return the slices that a spec asks for, by facet; with the ids of what is there in place of others."""
    for said, id in there.items():
        spec = json.loads(json.dumps(spec).replace(f'"{said}"', f'"{id}"').replace(f"/{said}", f"/{id}"))
    said_of_all = read_spec(AnySpec, spec)
    made: dict[str, Any] = {**said_of_all.groups_settings(), **said_of_all.general_settings()}
    if said_of_all.origins is not None:
        control = there.get("E1", "")
        made["origins"] = origin_settings(said_of_all.origins, BUCKETS, SECRETS, control)
    return {name: LENSES[name].slice.model_validate(value) for name, value in made.items()}


def written(body: Body, slices: dict[str, Slice]) -> Body:
    parts = {LENSES[name]: ABSENT if each.is_empty() else each for name, each in slices.items()}
    return folded(body, parts)


def aimed(body: Body) -> Body:
    """Return the document with a default behaviour for the first origin that there is."""
    origin = body["Origins"]["Items"][0]["Id"]
    return {**body, "DefaultCacheBehavior": {**body["DefaultCacheBehavior"], "TargetOriginId": origin}}


def differing(body: Body, slices: dict[str, Slice]) -> list[str]:
    """Return the parts of a document that are not as they are wanted."""
    found = {name: LENSES[name].get(body) for name in slices}
    rest = {name: rest_of(LENSES[name]) for name in slices}
    return [name for name, each in slices.items() if found[name] != (rest[name] if each.is_empty() else each)]


@pytest.fixture
def target(stand_in: StandIn) -> Target:
    account = Account(Meter(), Pacing(10_000.0), Source(Keys(ACCOUNT, "stand-in"), REGION, stand_in.url))
    address = f"arn:aws:cloudfront::{ACCOUNT}:distribution/{{id}}"
    return Target(account, "us-east-1", "", address, name="shop")


def create(target: Target, body: Body, reference: str) -> None:
    config: Any = {**body, "CallerReference": reference}
    target.identify(target.cloudfront.create_distribution(DistributionConfig=config)["Distribution"]["Id"])


@pytest.fixture(scope="module")
def there(stand_in: StandIn) -> Mapping[str, str]:
    """Make what origins refer to: an origin access control, and a VPC origin over a load balancer."""
    cloudfront = stand_in.client("cloudfront")
    signing = {"SigningProtocol": "sigv4", "SigningBehavior": "always", "OriginAccessControlOriginType": "s3"}
    control = cloudfront.create_origin_access_control(OriginAccessControlConfig={"Name": "media", **signing})
    subnets = [each["SubnetId"] for each in stand_in.client("ec2").describe_subnets()["Subnets"]]
    balancer = stand_in.client("elbv2").create_load_balancer(
        Name="inner", Subnets=subnets[:2], Scheme="internal"
    )
    config = {
        "Name": "inner",
        "Arn": balancer["LoadBalancers"][0]["LoadBalancerArn"],
        "HTTPPort": 80,
        "HTTPSPort": 443,
        "OriginProtocolPolicy": "https-only",
    }
    inner = cloudfront.create_vpc_origin(VpcOriginEndpointConfig=config)
    return {"E1": control["OriginAccessControl"]["Id"], "vo_1": inner["VpcOrigin"]["Id"]}


def test_a_distribution_is_made_from_what_lenses_write(target: Target, there: Mapping[str, str]) -> None:
    slices = wanted(FULL, there)
    create(target, written(REST, slices), "made")

    found = STORE.fetch(target)
    assert differing(found.body, slices) == []
    assert found.about["domainName"].endswith(".cloudfront.net")
    assert found.about["domainName"].endswith(".cloudfront.net")


def test_each_spec_that_can_be_is_what_the_next_look_finds(target: Target, there: Mapping[str, str]) -> None:
    create(target, written(REST, wanted(origins(API, MEDIA), there)), "edited")

    for name, spec in GOOD.items():
        # Names need a certificate, and what behaviours and groups name has to be there.
        slices = wanted({**origins(API, MEDIA), **spec, "aliases": []}, there)
        found = STORE.fetch(target)
        STORE.replace(target, Document(aimed(written(found.body, slices)), found.version))
        assert differing(STORE.fetch(target).body, slices) == [], name


def test_a_facet_writes_its_own_part_and_takes_it_out_again(target: Target, there: Mapping[str, str]) -> None:
    create(target, written(REST, wanted(origins(API, MEDIA), there)), "single")
    before = STORE.fetch(target).body
    groups = LENSES["originGroups"]
    (pair,) = wanted({"originGroups": [GROUP]}).values()

    groups.apply(target, pair, ABSENT)
    target.forget()
    assert groups.observe(target) == pair

    groups.remove(target, pair)
    target.forget()
    assert groups.observe(target) is ABSENT
    assert STORE.read(target).body == before


def test_a_change_by_others_meanwhile_is_not_lost(target: Target) -> None:
    create(target, written(REST, wanted(origins(API))), "raced")
    ours, theirs = STORE.fetch(target), STORE.fetch(target)
    STORE.replace(target, Document(written(theirs.body, wanted({"comment": "theirs"})), theirs.version))

    with pytest.raises(CloudError), target.translating():
        STORE.replace(target, Document(written(ours.body, wanted({"comment": "ours"})), ours.version))
    assert STORE.fetch(target).body["Comment"] == "theirs"
