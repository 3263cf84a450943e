"""Bad input, and input at its limits: one clear sentence, nothing done to AWS, and an operator that lives."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from headrace.kinds.crd import custom_resource_definition
from headrace.kinds.registry import KINDS
from sandbox.control_plane.server import ControlPlane
from sandbox.errors import SandboxError
from sandbox.processes import wait_until
from sandbox.world import World, condition
from tests.bucket_specs import KEY
from tests.bucket_specs import tags as many_tags
from tests.e2e.buckets import OWNER_TAG, RETAINED_TAG, full_spec, names, plain_spec, put_tags, tags, writes
from tests.e2e.conftest import Start
from tests.e2e.test_tightened_schema import loosened

pytestmark = pytest.mark.e2e

NO_DOTS = (
    "an accelerated bucket has no dots in its name: set acceleration.enabled to false, or choose another name"
)


def message(obj: dict[str, Any]) -> str:
    text: str = condition(obj, "Ready")["message"]
    return text


# Names, which are metadata.name where spec is silent


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("media.assets", f"'media.assets': {NO_DOTS}"),
        ("ab", "'ab' cannot name a bucket: it has 2 characters, and S3 takes 3 to 63."),
        ("b" * 64, f"'{'b' * 64}' cannot name a bucket: it has 64 characters, and S3 takes 3 to 63."),
    ],
    ids=["dots", "too short", "too long"],
)
def test_a_name_that_no_bucket_can_have_is_told_and_nothing_is_done(
    world: World, name: str, sentence: str
) -> None:
    mark = world.aws.mark()
    world.apply({"region": "eu-central-1"}, name)
    obj = world.stalled("InvalidSpec", name)
    assert message(obj).startswith(sentence)
    assert obj["metadata"].get("finalizers", []) == []
    assert [call for call in world.aws.since(mark) if call.resource == name] == []
    world.delete(name)
    world.gone(name)


def test_a_name_with_dots_serves_where_nothing_is_accelerated(world: World) -> None:
    name = f"{world.namespace}.example.com"
    world.apply({"region": "eu-central-1", "acceleration": {"enabled": False}}, name)
    obj = world.ready(name)
    assert obj["status"]["endpoints"].keys() == {"plain", "dualstack"}
    assert name in names(world.aws.client("s3"))


def test_a_name_of_63_characters_serves(world: World) -> None:
    name = world.name().ljust(63, "x")
    world.apply({"region": "eu-central-1"}, name)
    assert world.ready(name)["status"]["arn"] == f"arn:aws:s3:::{name}"


# Tags


def test_tags_in_any_script_come_back_as_they_are(world: World) -> None:
    wanted = {"équipe": "ü" * 256, "部門": "財務", "empty": "", "a b+c-d=e.f_g:h/i@j": " x "}
    world.apply(plain_spec(world, tags=wanted))
    obj = world.ready()
    found = tags(world.aws.client("s3"), world.name())
    assert found.pop(OWNER_TAG)
    assert found == wanted
    assert "tags[équipe]" in obj["status"]["managed"]
    world.mark()
    world.look_now()
    assert writes(world.operations()) == []


def test_49_tags_and_the_owner_fit(world: World) -> None:
    world.apply(plain_spec(world, tags=many_tags(49)))
    world.ready()
    assert len(tags(world.aws.client("s3"), world.name())) == 50
    assert writes(world.operations()) == [
        "CreateBucket",
        "PutBucketAccelerateConfiguration",
        "PutBucketPolicy",
    ]


def test_a_tag_too_many_is_told_in_the_words_of_aws(world: World) -> None:
    world.apply(plain_spec(world, tags=many_tags(48)))
    world.ready()
    s3, bucket = world.aws.client("s3"), world.name()
    put_tags(s3, bucket, {**tags(s3, bucket), "foreign": "x"})
    world.apply(plain_spec(world, tags=many_tags(49), versioning={"enabled": True}))
    obj = world.stalled("InvalidSpec")
    assert message(obj).startswith("AWS refused TagResource (")
    assert "50" in message(obj)
    assert len(tags(s3, bucket)) == 50
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled", "the rest is applied"
    world.apply(plain_spec(world, tags=many_tags(48), versioning={"enabled": True}))
    world.ready()
    assert tags(s3, bucket)["foreign"] == "x"


# Where, and as whom


def test_a_region_that_is_not_enabled_is_told_in_the_words_of_aws(world: World) -> None:
    world.apply({"bucketName": world.name(), "region": "af-south-1"})
    obj = world.stalled("AccessDenied")
    assert message(obj) == (
        "AWS does not accept the credentials (InvalidAccessKeyId): "
        "The AWS Access Key Id you provided does not exist in our records. "
        "Or region af-south-1 is not enabled in the account."
    )
    world.delete()
    # A look is refused as well: whether there is a bucket cannot be told.
    world.stalled("AccessDenied")
    world.annotate("media", "headrace.io/abandon", "true")
    world.gone()


@pytest.mark.parametrize("silent", [None, ""], ids=["not set", "empty"])
def test_without_any_region_the_object_says_so_and_one_with_a_region_works(
    lone: World, start: Start, silent: str | None
) -> None:
    start(env={"AWS_REGION": silent, "AWS_DEFAULT_REGION": silent})
    lone.apply({"bucketName": lone.name()})
    obj = lone.stalled("InvalidSpec")
    assert message(obj) == "spec.region is missing, and the operator has no default region (AWS_REGION)."
    lone.apply({"bucketName": lone.name(), "region": "eu-west-1"})
    assert lone.ready()["status"]["pins"]["region"] == "eu-west-1"


def test_without_a_word_nobody_uses_the_credentials_of_the_operator(lone: World, start: Start) -> None:
    start(ambient=False)
    lone.apply(full_spec(lone))
    obj = lone.stalled("AccessDenied")
    assert message(obj) == (
        "No AWSAccount is named in spec.account and none is the default, and the operator may not use its "
        f"own AWS credentials for namespace {lone.namespace}: make an AWSAccount, or start the operator with "
        "--allow-ambient."
    )
    assert obj["metadata"].get("finalizers", []) == []
    assert lone.operations() == []
    lone.delete()
    lone.gone()


def test_without_credentials_the_object_says_so(lone: World, start: Start) -> None:
    start(env={"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None})
    lone.apply(full_spec(lone))
    obj = lone.stalled("AccessDenied")
    assert message(obj) == (
        "There are no usable AWS credentials: the operator runs with none. Give its ServiceAccount a role, "
        "by EKS Pod Identity or IRSA, or give the AWSAccount a Secret."
    )
    assert obj["metadata"].get("finalizers", []) == []
    assert lone.operations() == []
    lone.delete()
    lone.gone()


# Specs that were stored under an older schema

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "tags": (
        {"tags": many_tags(50)},
        "spec.tags: at most 49 tags: AWS takes 50, and one is Headrace's owner tag",
    ),
    "interval": ({"resyncInterval": "10s"}, "spec.resyncInterval: resyncInterval is at least 30s"),
    "mode": ({"mode": "Sometimes"}, "spec.mode: Input should be 'Manage' or 'Observe'"),
    "key": (
        {"encryption": {"algorithm": "AES256", "kmsKeyARN": KEY}},
        "spec.encryption: kmsKeyARN needs algorithm aws:kms or aws:kms:dsse",
    ),
}


def definition(loose: bool) -> str:
    made = custom_resource_definition(KINDS["AcceleratedBucket"])
    if loose:
        schema = made["spec"]["versions"][0]["schema"]
        schema["openAPIV3Schema"] = loosened(schema["openAPIV3Schema"])
    return yaml.safe_dump(made)


def define(lone: World, loose: bool) -> None:
    """Put the loose or the real definition in force, and wait until it is."""
    plane: ControlPlane = lone.plane
    plane.kubectl_run("apply", "--server-side", "--force-conflicts", "-f", "-", input=definition(loose))
    body = {
        "apiVersion": "headrace.io/v1alpha1",
        "kind": "AcceleratedBucket",
        "metadata": {"name": "probe", "namespace": lone.namespace},
        "spec": {"resyncInterval": "10s"},
    }

    def in_force() -> bool:
        try:
            plane.kubectl_run("create", "--dry-run=server", "-f", "-", input=json.dumps(body))
        except SandboxError:
            return not loose
        return loose

    wait_until(in_force, what="the definition is in force")


@pytest.fixture
def older(lone: World) -> Iterator[World]:
    """A namespace on a cluster whose schema was not yet as strict as it is now."""
    define(lone, loose=True)
    try:
        yield lone
    finally:
        define(lone, loose=False)


def test_a_spec_from_an_older_schema_is_told_and_can_be_deleted_and_the_operator_lives(
    older: World, start: Start
) -> None:
    for name, (spec, _) in BAD.items():
        older.apply(plain_spec(older, bucketName=older.name(name), **spec), name)
    define(older, loose=False)
    operator = start()
    older.apply(plain_spec(older), "good")
    older.ready("good")
    for name, (_, sentence) in BAD.items():
        obj = older.stalled("InvalidSpec", name)
        assert message(obj) == sentence
        assert obj["metadata"].get("finalizers", []) == []
        assert older.operations(older.name(name)) == []
        older.delete(name)
        older.gone(name)
    assert operator.child.alive
    assert "Traceback" not in operator.log


def test_a_bucket_whose_spec_no_longer_validates_is_left_as_it_is_and_goes_by_its_policy(
    older: World, start: Start
) -> None:
    start()
    older.apply(full_spec(older))
    made = older.ready()
    older.mark()
    older.apply(full_spec(older, tags=many_tags(50)))
    obj = older.stalled("InvalidSpec")
    assert obj["status"]["pins"] == made["status"]["pins"]
    assert obj["status"]["arn"] == made["status"]["arn"]
    assert older.operations() == []
    define(older, loose=False)
    older.delete()
    older.gone()
    assert RETAINED_TAG in tags(older.aws.client("s3"), older.name())
