"""Where acceleration cannot be, silence means off; each partition has its domain."""

from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from botocore.endpoint_provider import EndpointProvider

from headrace.aws.sessions import Identity
from headrace.aws.target import Target
from headrace.engine.errors import Invalid
from headrace.engine.graph import Settled
from headrace.engine.plan import Plan
from headrace.engine.slices import UNMANAGED
from headrace.engine.wish import Wish, resolve
from headrace.engine.work import Report
from headrace.kinds.accelerated_bucket import AcceleratedBucket
from headrace.kinds.common import BareRequest, Request
from headrace.kinds.definition import ObjectRef, read_spec
from headrace.resources.s3.bucket.acceleration import Acceleration, AccelerationFacet
from headrace.resources.s3.regions import ACCELERATED, domain_of, has_acceleration, partition_of

KIND = AcceleratedBucket()
WITHOUT = [
    "af-south-1",
    "ap-east-1",
    "eu-north-1",
    "eu-south-2",
    "us-gov-west-1",
    "cn-north-1",
    "ap-northeast-3",
]
SENTENCE = "acceleration cannot be in {}: set acceleration.enabled to false"


def wish(region: str, spec: dict[str, Any]) -> Wish:
    """Return what becomes of acceleration in this region."""
    ref = ObjectRef(KIND.name, "shop", "media")
    read = read_spec(KIND.spec, {"region": region, **spec})
    (node,) = KIND.expand(Request(read, ref, f"test/{ref}"))
    wishes = resolve(node.resource.facets, node.layers, frozenset(), secure=read.defaults == "Secure")
    return wishes["acceleration"]


def outputs(region: str) -> dict[str, Any]:
    """Return what the status tells of a bucket there."""
    ref = ObjectRef(KIND.name, "shop", "media")
    (node,) = KIND.bare(BareRequest("media", region, "test", ref))
    identity = Identity("111122223333", "arn", partition_of(region))
    settled = {"bucket": Settled(node, Report(Plan("s3/bucket", "media")))}
    return KIND.outputs(Request(read_spec(KIND.spec, {}), ref, "test"), settled, identity)


def endpoints(region: str) -> dict[str, str]:
    found: dict[str, str] = outputs(region)["endpoints"]
    return found


@pytest.mark.parametrize("region", WITHOUT)
def test_silence_means_off_where_there_is_none_and_says_that_it_is_for_the_region(region: str) -> None:
    found = wish(region, {})
    assert found.value == Acceleration(enabled=False)
    assert found.source("enabled") == f"region {region}"


@pytest.mark.parametrize("region", sorted(ACCELERATED))
def test_silence_means_on_elsewhere(region: str) -> None:
    found = wish(region, {})
    assert (found.value, found.source("enabled")) == (Acceleration(enabled=True), "default")


@pytest.mark.parametrize("region", WITHOUT)
@pytest.mark.parametrize("said", [{"enabled": True}, {}])
def test_who_asks_for_it_is_told(region: str, said: dict[str, bool]) -> None:
    with pytest.raises(Invalid) as refused:
        wish(region, {"acceleration": said})
    assert refused.value.message == SENTENCE.format(region)


def test_off_is_off_and_without_defaults_silence_is_unmanaged_anywhere() -> None:
    assert wish("eu-north-1", {"acceleration": {"enabled": False}}).value == Acceleration(enabled=False)
    assert wish("eu-north-1", {"defaults": "None"}).value is UNMANAGED


def test_where_there_is_none_nothing_is_asked() -> None:
    class Silent(Target):
        def __init__(self) -> None:
            self._region = "eu-north-1"

        @property
        def s3(self) -> Any:
            pytest.fail("even to read it is refused there")

    assert AccelerationFacet().observe(Silent()) == Acceleration(enabled=False)


def test_partitions_and_their_domains_are_those_that_botocore_knows() -> None:
    session = botocore.session.get_session()
    data: Callable[[str], Any] = session.get_component("data_loader").load_data
    for partition in data("partitions")["partitions"]:
        for region in partition["regions"]:
            if region.endswith("-global"):
                continue
            assert partition_of(region) == partition["id"], region
            assert domain_of(region) == partition["outputs"]["dnsSuffix"], region
            if partition["id"] != "aws":
                assert not has_acceleration(region)


def test_endpoints_are_those_that_botocore_makes_in_every_region() -> None:
    session = botocore.session.get_session()
    data: Any = session.get_component("data_loader")
    partitions = data.load_data("partitions")
    rules = EndpointProvider(data.load_service_model("s3", "endpoint-rule-set-1"), partitions)
    regions = [r for p in partitions["partitions"] for r in p["regions"] if "global" not in r]
    said = {"Bucket": "media", "UseFIPS": False, "Accelerate": False, "ForcePathStyle": False}
    said |= {"UseGlobalEndpoint": False, "DisableMultiRegionAccessPoints": True}
    for region in regions:
        for name, dual in (("plain", False), ("dualstack", True)):
            made = rules.resolve_endpoint(**said, Region=region, UseDualStack=dual).url
            assert made == f"https://{endpoints(region)[name]}"


def test_all_regions_of_the_table_are_regions() -> None:
    known = botocore.session.get_session().get_available_regions("s3")
    assert set(known) >= ACCELERATED


@pytest.mark.parametrize(
    ("region", "plain"),
    [
        ("eu-central-1", "media.s3.eu-central-1.amazonaws.com"),
        ("cn-north-1", "media.s3.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "media.s3.us-gov-west-1.amazonaws.com"),
        ("eusc-de-east-1", "media.s3.eusc-de-east-1.amazonaws.eu"),
    ],
)
def test_endpoints_are_in_the_domain_of_the_region(region: str, plain: str) -> None:
    assert endpoints(region)["plain"] == plain
    assert outputs(region)["arn"] == f"arn:{partition_of(region)}:s3:::media"
