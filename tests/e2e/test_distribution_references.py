"""References: what a Distribution needs of buckets elsewhere, and what a bucket does that is referred to."""

import json

import pytest

from sandbox.control_plane.server import ControlPlane
from sandbox.world import World, condition
from tests.e2e.buckets import is_there
from tests.e2e.distributions import CONSENT, Site, origin, spec

pytestmark = pytest.mark.e2e


@pytest.fixture
def site(world: World) -> Site:
    return Site(world)


@pytest.fixture
def elsewhere(world: World, control_plane: ControlPlane) -> World:
    """Another team's namespace."""
    return World(control_plane, world.aws)


def test_a_bucket_of_another_namespace_is_had_with_its_consent_only(site: Site, elsewhere: World) -> None:
    theirs = Site(elsewhere)
    theirs.filled()
    shared, here = origin(namespace=elsewhere.namespace), site.objects.namespace
    site.apply(shared)
    obj = site.objects.stalled("AccessDenied", "site")
    assert condition(obj, "Ready")["message"] == (
        f"spec.origins[media].bucketRef: AcceleratedBucket {elsewhere.namespace}/media is in another "
        f"namespace and lets none of {here} refer to it: annotate it {CONSENT}: {here}."
    )
    assert site.writes() == []
    # Its next look by itself is minutes away.
    elsewhere.annotate("media", CONSENT, f"somebody,{here}")
    obj = site.objects.ready("site", seconds=40)
    assert theirs.let_in() == [obj["status"]["arn"]]
    assert site.view().body == b"media"
    elsewhere.annotate("media", CONSENT, "somebody")
    site.objects.stalled("AccessDenied", "site")
    elsewhere.until(lambda _: theirs.let_in() == [], what="the grant is taken back", seconds=40)
    assert site.view().status == 403
    elsewhere.annotate("media", CONSENT, here)
    site.objects.ready("site")
    elsewhere.until(lambda _: theirs.let_in() == [obj["status"]["arn"]], what="the grant is back", seconds=40)
    assert site.view().status == 200


def test_a_distribution_is_stalled_as_long_as_the_bucket_is_that_it_waits_for(site: Site) -> None:
    bucket = site.buckets.name("media")
    site.s3().create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    site.apply()
    site.objects.condition("Reconciling", "True", "site")
    site.bucket()
    # Its next look by itself is a minute away, and then five.
    obj = site.objects.stalled("Waiting", "site", seconds=15)
    ready, stalled = condition(obj, "Ready"), condition(obj, "Stalled")
    assert (ready["status"], ready["reason"], condition(obj, "Reconciling")) == ("False", "Waiting", {})
    it = f"AcceleratedBucket {site.objects.namespace}/media"
    assert stalled["message"] == ready["message"]
    assert ready["message"] == (
        f"spec.origins[media].bucketRef: what {it} stands for is not there yet: that object is stalled "
        "(NotOurs); see its status."
    )
    site.mark()
    site.buckets.look_now()
    assert site.objects.look_now("site")["status"]["conditions"] == obj["status"]["conditions"]
    assert site.of_cloudfront() == []
    assert len(site.objects.api_writes()) == 2, "the two answers"
    site.bucket(adoption="IfExists")
    obj = site.objects.ready("site", seconds=15)
    assert site.let_in() == [obj["status"]["arn"]]


def test_a_distribution_is_stalled_whose_bucket_is_refused_to_let_it_in(site: Site) -> None:
    site.bucket()
    site.buckets.ready()
    bucket = site.buckets.name("media")
    fault = site.aws.fault(operation="PutBucketPolicy", resource=bucket, code="AccessDenied", status=403)
    site.apply()
    obj = site.objects.stalled("Waiting", "site", seconds=15)
    assert condition(obj, "Ready")["message"] == (
        f"AcceleratedBucket {site.objects.namespace}/media is yet to let the distribution read its objects: "
        "that object is stalled (AccessDenied); see its status."
    )
    site.aws.lift(fault)
    site.buckets.look_now()
    obj = site.objects.ready("site", seconds=15)
    assert site.let_in() == [obj["status"]["arn"]]


def test_a_bucket_in_use_waits_to_be_deleted_and_says_for_whom(site: Site) -> None:
    site.filled()
    site.s3().delete_object(Bucket=site.buckets.name("media"), Key="index.html")
    site.made()
    site.buckets.delete()
    obj = site.buckets.condition("Reconciling", "True")
    namespace = site.objects.namespace
    ready = condition(obj, "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "Waiting")
    assert ready["message"].startswith(
        f"AcceleratedBucket {namespace}/media is in use by Distribution {namespace}/site; it is deleted when "
        "none refers to it any more."
    )
    assert is_there(site.s3(), site.buckets.name("media"))
    assert len(site.let_in()) == 1, "the distribution goes on being served"
    site.leave()
    # Its next look by itself is a minute away.
    site.buckets.gone(seconds=40)
    assert not is_there(site.s3(), site.buckets.name("media"))


def test_a_bucket_that_is_retained_does_not_wait(site: Site) -> None:
    site.filled(deletionPolicy="Retain")
    obj = site.made()
    site.buckets.delete()
    site.buckets.gone(seconds=40)
    assert site.view().body == b"media", "what it let in stays let in"
    assert site.let_in() == [obj["status"]["arn"]]
    obj = site.objects.condition("Reconciling", "True", "site")
    assert condition(obj, "Ready")["reason"] == "Waiting"
    site.leave()


def test_a_distribution_can_be_deleted_whose_bucket_never_came(site: Site) -> None:
    site.apply()
    site.objects.condition("Reconciling", "True", "site")
    site.mark()
    site.leave()
    assert site.writes() == []


def test_who_may_not_refer_to_a_bucket_does_not_keep_it(site: Site, elsewhere: World) -> None:
    theirs = Site(elsewhere)
    theirs.bucket()
    elsewhere.ready()
    site.apply(origin(namespace=elsewhere.namespace))
    site.objects.stalled("AccessDenied", "site")
    elsewhere.delete()
    elsewhere.gone(seconds=40)
    assert not is_there(theirs.s3(), elsewhere.name("media"))
    site.leave()


def test_a_bucket_and_its_distribution_are_applied_and_deleted_at_once_in_either_order(site: Site) -> None:
    bucket = {"bucketName": site.buckets.name("media"), "region": "eu-central-1", "deletionPolicy": "Delete"}
    objects = [("AcceleratedBucket", "media", bucket), ("Distribution", "site", spec())]
    run, namespace = site.objects.plane.kubectl_run, site.objects.namespace
    for ordered in (objects, objects[::-1]):
        items = [
            {
                "apiVersion": "headrace.io/v1alpha1",
                "kind": kind,
                "metadata": {"name": name, "namespace": namespace},
                "spec": said,
            }
            for kind, name, said in ordered
        ]
        both = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
        run("apply", "--server-side", "-f", "-", input=both)
        obj = site.objects.ready("site")
        site.buckets.ready()
        assert site.let_in() == [obj["status"]["arn"]]
        run("delete", "--wait=false", "-f", "-", input=both)
        site.objects.gone("site", seconds=40)
        site.buckets.gone(seconds=40)
        assert not site.exists(obj["status"]["id"])
        assert not is_there(site.s3(), site.buckets.name("media"))
