"""The objects of users that live through whatever is done to the charts."""

from typing import Any

from sandbox.world import Object, World
from tests.e2e.distributions import spec


def living(team: World) -> list[Object]:
    """Have a bucket and its distribution, and return them once they are Ready."""
    bucket = {"bucketName": team.name(), "region": "eu-central-1", "deletionPolicy": "Delete"}
    team.apply(bucket)
    team.of("Distribution").apply(spec(), "site")
    team.of("Distribution").ready("site")
    return seen(team)


def seen(team: World) -> list[Object]:
    """Return both as the API server has them."""
    return [team.get(), team.of("Distribution").get("site")]


def s3(team: World) -> Any:
    """Return a client where the buckets are."""
    return team.aws.client("s3", region="eu-central-1")


def unharmed(before: list[Object], after: list[Object]) -> bool:
    """Whether objects are the same, their status included, but for when they were asked to be looked at."""

    def part(obj: Object) -> Any:
        meta = {key: obj["metadata"][key] for key in ("uid", "finalizers", "generation")}
        return meta, obj["spec"], {**obj["status"], "lastHandledReconcileAt": ""}

    return [part(obj) for obj in before] == [part(obj) for obj in after]


def looked_at_anew(team: World) -> None:
    """Have the operator that runs now look at all there is."""
    team.look_now()
    team.of("Distribution").look_now("site")
