"""Secrets in the namespaces of objects: what is told where the operator may not read them, and what helps."""

import shlex
from pathlib import Path
from uuid import uuid4

import pytest

from headrace.controller.secrets import FreshSecrets, secret_values
from headrace.engine.errors import Denied, Waiting
from headrace.engine.sensitive import Sensitive
from sandbox.control_plane.server import ControlPlane
from sandbox.operator import USER, install
from tests.e2e.life import Cradle
from tests.e2e.rights import known

pytestmark = pytest.mark.e2e


def test_the_commands_that_are_told_do_without_a_cluster_role(
    control_plane: ControlPlane, tmp_path: Path
) -> None:
    install(control_plane)
    shop = f"shop-{uuid4().hex[:8]}"
    control_plane.kubectl_run("create", "namespace", shop)
    keys = ("--from-literal=api=s3cr3t", f"--namespace={shop}")
    control_plane.kubectl_run("create", "secret", "generic", "origin-keys", *keys)
    clock = iter(range(0, 1000, 10)).__next__
    secrets = FreshSecrets(Cradle.of(control_plane, tmp_path).kube, clock, clusterwide=False)
    wanted = [("origin-keys", "api")]

    with pytest.raises(Denied) as refused:
        secret_values(secrets, shop, wanted)
    for command in refused.value.message.partition("Make and bind one: ")[2].split(" && "):
        control_plane.kubectl_run(*shlex.split(command)[1:])
    known(control_plane, USER, "get", "secrets", shop)

    assert secret_values(secrets, shop, wanted) == {("origin-keys", "api"): Sensitive("s3cr3t")}


def test_the_command_that_is_told_lets_the_operator_read_the_secrets_of_that_namespace_alone(
    control_plane: ControlPlane, tmp_path: Path
) -> None:
    install(control_plane)
    shop, bank = (f"{name}-{uuid4().hex[:8]}" for name in ("shop", "bank"))
    for namespace in (shop, bank):
        control_plane.kubectl_run("create", "namespace", namespace)
        keys = ("--from-literal=api=s3cr3t", f"--namespace={namespace}")
        control_plane.kubectl_run("create", "secret", "generic", "origin-keys", *keys)
    kube = Cradle.of(control_plane, tmp_path).kube
    # Older than any answer is, so that each look is a new one.
    secrets = FreshSecrets(kube, iter(range(0, 1000, 10)).__next__)
    wanted = [("origin-keys", "api")]

    with pytest.raises(Denied) as refused:
        secret_values(secrets, shop, wanted)
    kubectl, *arguments = shlex.split(refused.value.message.partition("Bind it: ")[2])
    assert kubectl == "kubectl"
    control_plane.kubectl_run(*arguments)
    known(control_plane, USER, "get", "secrets", shop)

    assert secret_values(secrets, shop, wanted) == {("origin-keys", "api"): Sensitive("s3cr3t")}
    with pytest.raises(Waiting, match="There is no Secret other-keys"):
        secret_values(secrets, shop, [("other-keys", "api")])
    with pytest.raises(Denied, match=f"may not read Secret {bank}/origin-keys"):
        secret_values(secrets, bank, wanted)
