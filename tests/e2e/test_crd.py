import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from headrace.kinds.accelerated_bucket import BucketStatus, Endpoints
from headrace.kinds.crd import crd_name
from headrace.kinds.registry import DEFINITIONS
from headrace.kinds.status import Condition, Correction, DriftedField, Pins, Reason
from sandbox.control_plane.server import ControlPlane
from sandbox.errors import SandboxError
from tests.bucket_specs import BAD, GOOD, OFF, Spec
from tests.e2e.namespace import Namespace, bucket, with_our_kinds
from tests.samples import FILES

pytestmark = pytest.mark.e2e


def refuses(namespace: Namespace, spec: Spec | None, sentence: str) -> None:
    """Assert that this spec of the bucket `media` is refused with these words."""
    with pytest.raises(SandboxError) as refused:
        namespace.apply(bucket(spec))
    assert sentence in str(refused.value)


@pytest.fixture(scope="module")
def cluster() -> Iterator[ControlPlane]:
    """A control plane of its own: where an operator runs, it writes to the objects that it sees."""
    with ControlPlane.start() as plane:
        yield with_our_kinds(plane)


@pytest.fixture
def namespace(cluster: ControlPlane) -> Namespace:
    return Namespace(cluster)


@pytest.fixture(scope="module")
def shared(cluster: ControlPlane) -> Namespace:
    """A namespace for tests that only ask and leave nothing behind."""
    return Namespace(cluster)


@pytest.mark.parametrize("kind", DEFINITIONS.values(), ids=list(DEFINITIONS))
def test_the_definition_is_established_and_structural(cluster: ControlPlane, kind: Any) -> None:
    found = json.loads(cluster.kubectl_run("get", "crd", crd_name(kind), "--output=json"))
    conditions = {condition["type"]: condition["status"] for condition in found["status"]["conditions"]}

    assert conditions["Established"] == "True"
    assert "NonStructuralSchema" not in conditions


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_sample_is_taken(shared: Namespace, path: Path) -> None:
    told = shared.run("apply", "--server-side", "--validate=strict", "--dry-run=server", f"--filename={path}")

    assert "serverside-applied (server dry run)" in told


@pytest.mark.parametrize("name", GOOD)
def test_the_api_server_takes_a_good_spec(shared: Namespace, name: str) -> None:
    assert "serverside-applied" in shared.apply(bucket(GOOD[name]), dry_run=True)


@pytest.mark.parametrize("name", BAD)
def test_the_api_server_refuses_a_bad_spec_with_a_sentence_that_names_the_field(
    shared: Namespace, name: str
) -> None:
    spec, sentence = BAD[name]

    with pytest.raises(SandboxError) as refused:
        shared.apply(bucket(spec), dry_run=True)

    assert sentence in str(refused.value)


def test_the_api_server_fills_in_the_common_fields_and_no_setting(namespace: Namespace) -> None:
    namespace.apply(bucket(None), bucket({"versioning": {}, "mode": "Observe"}, name="observed"))

    filled_in = {
        "mode": "Manage",
        "driftPolicy": "Correct",
        "defaults": "Secure",
        "adoption": "Never",
        "deletionPolicy": "Retain",
        "resyncInterval": "1h",
    }
    assert namespace.get()["spec"] == filled_in
    assert namespace.get("observed")["spec"] == filled_in | {"mode": "Observe", "versioning": {}}


def test_the_region_can_be_set_later_but_neither_be_changed_nor_be_taken_out(namespace: Namespace) -> None:
    namespace.apply(bucket({}))
    namespace.apply(bucket({"region": "eu-central-1"}))

    refuses(namespace, {"region": "eu-west-1"}, "spec.region: Invalid value")
    refuses(namespace, {"region": "eu-west-1"}, "region cannot be changed once it is set")
    refuses(namespace, {}, "region cannot be changed once it is set")
    namespace.apply(bucket({"region": "eu-central-1", "versioning": {"enabled": True}}))


def test_the_name_of_the_bucket_is_fixed_at_creation(namespace: Namespace) -> None:
    namespace.apply(bucket({"bucketName": "acme-media"}))

    for spec in ({"bucketName": "acme-other"}, {}, None):
        refuses(namespace, spec, "spec.bucketName: Invalid value")
        refuses(namespace, spec, "bucketName cannot be changed: a bucket cannot be renamed")
    namespace.apply(bucket({"bucketName": "acme-media", "versioning": {"enabled": True}}))


@pytest.mark.parametrize("born", [{}, None], ids=["an empty spec", "no spec"])
def test_a_bucket_that_was_not_named_at_creation_cannot_be_named_later(
    namespace: Namespace, born: Spec | None
) -> None:
    namespace.apply(bucket(born))

    refuses(namespace, {"bucketName": "media"}, "bucketName cannot be changed: a bucket cannot be renamed")
    namespace.apply(bucket({"versioning": {"enabled": True}}))


def test_a_bucket_with_dots_cannot_be_accelerated_later(namespace: Namespace) -> None:
    plain = {"bucketName": "www.example.com", "acceleration": OFF}
    namespace.apply(bucket(plain))

    refuses(namespace, plain | {"acceleration": {"enabled": True}}, "no dots in its name")
    refuses(namespace, {"bucketName": "www.example.com"}, "no dots in its name")
    namespace.apply(bucket({"bucketName": "www.example.com", "defaults": "None"}))


@pytest.mark.parametrize("side", ["--server-side=true", "--server-side=false"])
@pytest.mark.parametrize("status", [None, {"observedGeneration": 5}], ids=["no status", "a status"])
def test_a_fresh_object_is_older_than_any_generation(
    namespace: Namespace, side: str, status: Mapping[str, int] | None
) -> None:
    fresh = bucket({}) if status is None else bucket({}) | {"status": status}

    namespace.run("apply", side, "--filename=-", input=yaml.safe_dump(fresh))

    assert namespace.get()["status"] == {"observedGeneration": -1}
    assert namespace.get()["metadata"]["generation"] == 1


CONDITION = Condition(
    type="Ready",
    status="False",
    reason=Reason.ACCESS_DENIED,
    message="s3:PutBucketVersioning is denied",
    observed_generation=1,
    last_transition_time="2026-01-01T00:00:00Z",
)
STATUS = BucketStatus(
    observed_generation=1,
    applied_generation=1,
    conditions=(CONDITION, CONDITION.model_copy(update={"type": "Stalled"})),
    drift=(DriftedField(field="versioning.enabled", wanted="true", found="false"),),
    drift_count=1,
    last_correction=Correction(time="2026-01-01T00:00:00Z", fields=("versioning.enabled",)),
    managed=("acceleration", "tags[équipe]"),
    pins=Pins(account_id="111122223333", region="eu-central-1", name="acme-media"),
    last_handled_reconcile_at="now",
    arn="arn:aws:s3:::acme-media",
    endpoints=Endpoints(plain="plain", dualstack="dual", accelerated="fast"),
)


def test_the_status_that_the_operator_writes_comes_back_as_it_is(namespace: Namespace) -> None:
    namespace.apply(bucket({}))
    namespace.set_status("media", status=STATUS.model_dump(by_alias=True, mode="json"))

    assert BucketStatus.model_validate(namespace.get()["status"]) == STATUS


def test_the_columns_tell_what_matters_and_the_wide_ones_the_rest(namespace: Namespace) -> None:
    namespace.apply(bucket({}))
    namespace.set_status("media", status=STATUS.model_dump(by_alias=True, mode="json"))

    head, row = namespace.run("get", "abkt").splitlines()
    assert (
        namespace.run("get", "headrace").splitlines()[1].split()[0] == "acceleratedbucket.headrace.io/media"
    )
    wide_head, wide_row = namespace.run("get", "acceleratedbucket", "--output=wide").splitlines()

    assert head.split() == ["NAME", "READY", "REASON", "BUCKET", "DRIFT", "AGE"]
    assert row.split()[:5] == ["media", "False", "AccessDenied", "acme-media", "1"]
    assert wide_head.split() == [*head.split(), "REGION", "ARN", "MESSAGE"]
    assert wide_row.split()[6:8] == ["eu-central-1", "arn:aws:s3:::acme-media"]
    assert wide_row.endswith(CONDITION.message)
