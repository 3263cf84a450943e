"""Values from Secrets in the namespaces of objects: read late and seldom, and never shown."""

import shlex

import pytest

from headrace.controller.api import ApiError, Forbidden
from headrace.controller.secrets import FRESH_SECONDS, READER, FreshSecrets, secret_values
from headrace.engine.errors import Denied, Unavailable, Waiting
from headrace.engine.sensitive import Sensitive
from tests.unit.controller.tenancy import Vault

USER = "system:serviceaccount:headrace-system:headrace-operator"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vault() -> Vault:
    return Vault({"shop/keys": {"api": "s3cr3t\n", "cdn": "other", "empty": " "}, "keys": {"api": "ours"}})


@pytest.fixture
def secrets(vault: Vault, clock: Clock) -> FreshSecrets:
    return FreshSecrets(vault, clock)


def test_values_are_those_of_the_object_s_own_namespace_and_show_as_hashes(secrets: FreshSecrets) -> None:
    found = secret_values(secrets, "shop", [("keys", "api"), ("keys", "cdn")])

    assert found == {("keys", "api"): Sensitive("s3cr3t"), ("keys", "cdn"): Sensitive("other")}
    assert "s3cr3t" not in repr(found)


def test_a_secret_is_read_once_in_a_while_however_many_keys_are_wanted(
    secrets: FreshSecrets, vault: Vault, clock: Clock
) -> None:
    for _ in range(3):
        secret_values(secrets, "shop", [("keys", "cdn"), ("keys", "api"), ("keys", "api")])
    assert vault.asked == 1

    vault.secrets["shop/keys"] = {"api": "new"}
    clock.now = FRESH_SECONDS
    assert secret_values(secrets, "shop", [("keys", "api")]) == {("keys", "api"): Sensitive("new")}
    assert vault.asked == 2


def test_namesakes_in_two_namespaces_are_two_secrets(secrets: FreshSecrets, vault: Vault) -> None:
    vault.secrets["bank/keys"] = {"api": "theirs"}

    values = [secret_values(secrets, name, [("keys", "api")]) for name in ("shop", "bank")]

    assert [value["keys", "api"].get_secret_value() for value in values] == ["s3cr3t", "theirs"]
    own = secrets.secret("keys")
    assert own is not None
    assert own.values == {"api": "ours"}


def test_where_nothing_is_wanted_nothing_is_read(secrets: FreshSecrets, vault: Vault) -> None:
    assert secret_values(secrets, "shop", []) == {}
    assert vault.asked == 0


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (("kees", "api"), "There is no Secret kees in namespace shop yet; its key api is needed."),
        (("keys", "apy"), "Secret keys in namespace shop has no value for the key apy yet."),
        (("keys", "empty"), "Secret keys in namespace shop has no value for the key empty yet."),
    ],
)
def test_what_is_not_there_is_waited_for_by_its_name(
    secrets: FreshSecrets, wanted: tuple[str, str], sentence: str
) -> None:
    with pytest.raises(Waiting) as caught:
        secret_values(secrets, "shop", [wanted])

    assert caught.value.message == sentence


@pytest.mark.parametrize(
    ("user", "who"),
    [
        (USER, "--serviceaccount=headrace-system:headrace-operator"),
        ("", "--serviceaccount=headrace-system:headrace-operator"),
        ("system:serviceaccount:tools:headrace", "--serviceaccount=tools:headrace"),
        ("jane", "--user=jane"),
    ],
)
def test_where_the_role_is_not_bound_the_command_that_binds_it_is_told(
    secrets: FreshSecrets, vault: Vault, user: str, who: str
) -> None:
    vault.error = Forbidden("The operator's ServiceAccount may not get Secret shop/keys: no", user)

    with pytest.raises(Denied) as caught:
        secret_values(secrets, "shop", [("keys", "api")])

    sentence, _, command = caught.value.message.partition(" Bind it: ")
    assert sentence == (
        f"The operator may not read Secret shop/keys: the ClusterRole {READER} is not bound in namespace "
        "shop."
    )
    assert shlex.split(command) == [
        *("kubectl", "create", "rolebinding", READER, "--namespace=shop", f"--clusterrole={READER}", who)
    ]


def test_without_a_cluster_role_the_role_to_make_is_told(vault: Vault) -> None:
    vault.error = Forbidden("no", USER)

    with pytest.raises(Denied) as caught:
        secret_values(FreshSecrets(vault, lambda: 0.0, clusterwide=False), "shop", [("keys", "api")])

    sentence, _, commands = caught.value.message.partition(" Make and bind one: ")
    assert sentence == "The operator may not read Secret shop/keys: no Role lets it in namespace shop."
    assert commands.split(" && ") == [
        f"kubectl create role {READER} --namespace=shop --verb=get --resource=secrets",
        f"kubectl create rolebinding {READER} --namespace=shop --role={READER} "
        "--serviceaccount=headrace-system:headrace-operator",
    ]


@pytest.mark.parametrize(
    ("namespace", "error"), [("shop", ApiError("etcd is ill")), ("", Forbidden("no right", USER))]
)
def test_any_other_refusal_is_an_outage(
    secrets: FreshSecrets, vault: Vault, namespace: str, error: ApiError
) -> None:
    vault.error = error

    with pytest.raises(Unavailable, match=str(error)):
        secrets.secret("keys", namespace)
