"""A distribution from `kubectl apply` to its viewers and back."""

import pytest

from sandbox.world import World

pytestmark = pytest.mark.e2e


def test_a_bucket_and_a_distribution_bring_an_object_to_a_viewer(world: World) -> None:
    site = world.of("Distribution")
    site.apply(
        {
            "origins": [{"name": "media", "bucketRef": {"name": "media"}}],
            "defaultBehavior": {"origin": "media", "cache": {"policy": "CachingOptimized"}},
            "deletionPolicy": "Delete",
        },
        "site",
    )
    site.condition("Reconciling", "True", "site")
    world.apply({"bucketName": world.name(), "region": "eu-central-1", "deletionPolicy": "Delete"})
    obj = site.ready("site")
    assert obj["status"]["state"] == "Deployed"
    site.delete("site")
    site.gone("site")
    world.delete()
    world.gone()
