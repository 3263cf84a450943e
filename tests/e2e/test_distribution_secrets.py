"""Values of headers that only a Secret has: read where a namespace lets them be, and told to AWS only."""

import json
import shlex

import pytest

from sandbox.operator import USER, Operator
from sandbox.world import World, condition
from tests.e2e.rights import known

pytestmark = pytest.mark.e2e

VALUE = "correct-horse-battery-staple"
HEADER = {"name": "X-Origin-Key", "valueFrom": {"secretKeyRef": {"name": "origin-keys", "key": "api"}}}
SPEC = {
    "origins": [{"name": "api", "domainName": "api.example.com", "customHeaders": [HEADER]}],
    "defaultBehavior": {"origin": "api"},
    "deletionPolicy": "Delete",
}


def test_a_secret_is_read_once_the_command_in_the_status_was_run_and_its_value_is_told_to_aws_only(
    world: World, operator: Operator
) -> None:
    site, kubectl = world.of("Distribution"), world.plane.kubectl_run
    kubectl(
        "create", "secret", "generic", "origin-keys", "-n", world.namespace, f"--from-literal=api={VALUE}"
    )
    mark = world.aws.mark()
    site.apply(SPEC, "site")

    message = condition(site.stalled("AccessDenied", "site"), "Stalled")["message"]
    assert f"The operator may not read Secret {world.namespace}/origin-keys" in message
    assert not [call for call in world.aws.since(mark) if call.operation.startswith("CreateDistribution")]

    kubectl(*shlex.split(message.partition("Bind it: kubectl ")[2]))
    known(world.plane, USER, "get", "secrets", world.namespace)
    site.look_now("site")
    obj = site.ready("site")

    cloudfront = world.aws.client("cloudfront", region="us-east-1")
    config = cloudfront.get_distribution_config(Id=obj["status"]["id"])["DistributionConfig"]
    sent = config["Origins"]["Items"][0]["CustomHeaders"]["Items"]
    assert sent == [{"HeaderName": "X-Origin-Key", "HeaderValue": VALUE}]
    assert VALUE not in json.dumps([site.get("site"), site.events("site")])
    assert "origin-keys" in operator.log
    assert VALUE not in operator.log
    site.delete("site")
    site.gone("site")
