"""Several clusters and one AWS account: they do not fight, and what is documented for moving works.

A cluster is a namespace with an operator of its own, which has a cluster id of its own.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.operator import Operator
from sandbox.world import Object, World, condition
from tests.e2e.buckets import OWNER_TAG, full_spec, plain_spec, put_tags, snapshot, tags, writes

pytestmark = pytest.mark.e2e


class Cluster:
    """A world with an operator that knows itself by this id."""

    def __init__(self, world: World, directory: Path, id: str = "") -> None:
        self.world, self.id = world, id
        self._directory, self._count = directory, 0
        self.operator = self._new(id)

    def _new(self, id: str) -> Operator:
        self._count += 1
        given = (
            "--namespaces",
            self.world.namespace,
            "--allow-ambient",
            *(("--cluster-id", id) if id else ()),
        )
        where = self._directory / f"{self.world.namespace}-{self._count}"
        operator = Operator(self.world.plane, self.world.aws, where, given)
        operator.start()
        return operator

    def restart(self, id: str) -> None:
        """Stop the operator and start another one, which goes by this id."""
        self.operator.stop()
        self.operator = self._new(id)

    def owner(self, name: str = "media") -> str:
        return f"{self.id}/AcceleratedBucket/{self.world.namespace}/{name}"


@pytest.fixture
def clusters(lone: World, tmp_path: Path) -> Iterator[tuple[Cluster, Cluster]]:
    """Two clusters on one AWS account."""
    both = Cluster(lone, tmp_path, "east"), Cluster(World(lone.plane, lone.aws), tmp_path, "west")
    yield both
    for cluster in both:
        cluster.operator.stop()


def restored(world: World, obj: Object, name: str = "media") -> None:
    """Make an object anew from a backup of its spec: without status, finalizer and UID."""
    world.apply(obj["spec"], name, obj["metadata"].get("annotations"))


def lose(world: World, name: str = "media") -> None:
    """Lose an object as a cluster does that burns down: nobody cleans up after it."""
    world.patch({"metadata": {"finalizers": None}}, name)
    world.delete(name)
    world.gone(name)


def bucket(cluster: Cluster) -> str:
    return cluster.world.name()


def test_two_clusters_that_want_one_bucket_do_not_fight(clusters: tuple[Cluster, Cluster]) -> None:
    east, west = clusters
    name, s3 = bucket(east), east.world.aws.client("s3")
    east.world.apply(full_spec(east.world))
    east.world.ready()
    before = snapshot(s3, name)
    mark = west.world.aws.mark()
    west.world.apply(full_spec(east.world, adoption="IfExists", versioning={"enabled": False}))
    obj = west.world.stalled("NotOurs")
    assert condition(obj, "Ready")["message"] == (
        f"bucket {name} belongs to {east.owner()}; it is left alone. Choose another name."
    )
    west.world.delete()
    west.world.gone()
    assert (
        writes(call.operation for call in west.world.aws.since(mark) if "headrace/" in call.user_agent) == []
    )
    assert snapshot(s3, name) == before


def test_two_clusters_with_objects_of_one_name_tell_their_owners_apart(
    clusters: tuple[Cluster, Cluster],
) -> None:
    for cluster in clusters:
        cluster.world.apply(plain_spec(cluster.world))
        cluster.world.ready()
        s3 = cluster.world.aws.client("s3")
        assert tags(s3, bucket(cluster))[OWNER_TAG] == cluster.owner()


def test_an_object_moves_to_another_cluster_by_retain_and_adoption(clusters: tuple[Cluster, Cluster]) -> None:
    east, west = clusters
    name, s3 = bucket(east), east.world.aws.client("s3")
    east.world.apply(full_spec(east.world))
    obj = east.world.ready()
    s3.put_object(Bucket=name, Key="precious", Body=b"content")
    east.world.delete()
    east.world.gone()
    restored(west.world, {**obj, "spec": {**obj["spec"], "adoption": "IfExists"}})
    west.world.ready()
    assert tags(s3, name) == {"team": "shop", OWNER_TAG: west.owner()}
    assert s3.get_object(Bucket=name, Key="precious")["Body"].read() == b"content"
    # Going back is the same again.
    west.world.delete()
    west.world.gone()
    restored(east.world, {**obj, "spec": {**obj["spec"], "adoption": "IfExists"}})
    east.world.ready()
    assert tags(s3, name)[OWNER_TAG] == east.owner()


def test_moving_with_the_old_cluster_lost_takes_the_owner_tag_away_by_hand(
    clusters: tuple[Cluster, Cluster],
) -> None:
    east, west = clusters
    name, s3 = bucket(east), east.world.aws.client("s3")
    east.world.apply(full_spec(east.world))
    obj = east.world.ready()
    east.operator.stop()
    lose(east.world)
    restored(west.world, {**obj, "spec": {**obj["spec"], "adoption": "IfExists"}})
    west.world.stalled("NotOurs")
    kept = {key: value for key, value in tags(s3, name).items() if key != OWNER_TAG}
    put_tags(s3, name, kept)
    west.world.annotate("media", "headrace.io/reconcile-requested-at", "now")
    west.world.ready()
    assert tags(s3, name)[OWNER_TAG] == west.owner()


def test_a_cluster_rebuilt_from_backup_with_its_id_goes_on_without_a_write(
    clusters: tuple[Cluster, Cluster],
) -> None:
    east, _ = clusters
    east.world.apply(full_spec(east.world, deletionPolicy="Delete"))
    obj = east.world.ready()
    east.operator.stop()
    lose(east.world)
    restored(east.world, obj)
    east.world.mark()
    east.restart("east")
    again = east.world.ready()
    assert writes(east.world.operations()) == []
    for field in ("pins", "arn", "endpoints", "managed"):
        assert again["status"][field] == obj["status"][field]
    east.world.delete()
    east.world.gone()


def test_a_cluster_rebuilt_with_another_id_touches_nothing_until_it_has_its_old_one(
    clusters: tuple[Cluster, Cluster],
) -> None:
    east, _ = clusters
    name, s3 = bucket(east), east.world.aws.client("s3")
    east.world.apply(full_spec(east.world, deletionPolicy="Delete"))
    obj = east.world.ready()
    east.operator.stop()
    lose(east.world)
    restored(east.world, obj)
    before = snapshot(s3, name)
    east.world.mark()
    east.restart("rebuilt")
    told = condition(east.world.stalled("NotOurs"), "Ready")["message"]
    assert f"belongs to {east.owner()}" in told
    assert writes(east.world.operations()) == []
    assert snapshot(s3, name) == before
    east.restart(told.split("set it to ")[1].split()[0])
    east.world.annotate("media", "headrace.io/reconcile-requested-at", "now")
    east.world.ready()
    assert writes(east.world.operations()) == []


def test_fields_that_are_left_alone_are_set_once_more_where_the_status_was_lost(
    clusters: tuple[Cluster, Cluster],
) -> None:
    east, _ = clusters
    name, s3 = bucket(east), east.world.aws.client("s3")
    east.world.apply(full_spec(east.world, ignoreDrift=["tags"]))
    obj = east.world.ready()
    put_tags(s3, name, {**tags(s3, name), "team": "billing"})
    east.operator.stop()
    lose(east.world)
    restored(east.world, obj)
    east.world.patch({"status": obj["status"]}, subresource="status")
    east.restart("east")
    east.world.look_now()
    assert tags(s3, name)["team"] == "billing", "the backup had the status, too"
    lose(east.world)
    restored(east.world, obj)
    east.world.ready()
    assert tags(s3, name)["team"] == "shop"
