"""Bad input: refused by the API server where its rules can tell, and otherwise told in the status."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from kubernetes.client import ApiClient, ApiException, CustomObjectsApi
from kubernetes.config import new_client_from_config

from headrace.kinds.definition import API_VERSION, GROUP, VERSION
from sandbox.control_plane.server import ControlPlane
from sandbox.operator import USER
from sandbox.world import World, condition
from tests import delivery_specs, origin_specs
from tests.e2e.distributions import Site, origin
from tests.e2e.rights import known
from tests.sandbox.cdn import listed

pytestmark = pytest.mark.e2e

Spec = dict[str, Any]


def served(said: Mapping[str, Any]) -> Spec:
    """Return a spec about origins with a behaviour for the first of them."""
    first = [each["name"] for each in said.get("origins", ())][:1]
    certified = {"certificateARN": delivery_specs.ARN} if said.get("aliases") else {}
    return {**said, **certified, **({"defaultBehavior": {"origin": first[0]}} if first else {})}


def placed(said: Mapping[str, Any]) -> Spec:
    """Return a spec about behaviours whose origins are somewhere, and whose groups have members."""
    found = dict(said)
    if "origins" in said:
        found["origins"] = [{**each, "domainName": "www.example.com"} for each in said["origins"]]
    if "originGroups" in said:
        members = {"members": ["media", "api"], "failoverOn": [500]}
        found["originGroups"] = [{**each, **members} for each in said["originGroups"]]
    return found


GOOD: dict[str, Spec] = {
    **{f"origins: {name}": served(said) for name, said in origin_specs.GOOD.items()},
    **{f"delivery: {name}": placed(said) for name, said in delivery_specs.GOOD.items()},
}
BAD: dict[str, tuple[Spec, str]] = {
    **{f"origins: {name}": (served(said[0]), said[-1]) for name, said in origin_specs.BAD.items()},
    **{f"delivery: {name}": (placed(said[0]), said[1]) for name, said in delivery_specs.BAD.items()},
}
"""What the API server says of the bad ones."""


@pytest.fixture(scope="module")
def client(cluster: ControlPlane) -> Iterator[CustomObjectsApi]:
    api: ApiClient = new_client_from_config(str(cluster.kubeconfig))
    with api:
        yield CustomObjectsApi(api)


def tried(client: CustomObjectsApi, spec: Mapping[str, Any]) -> str:
    """Return what the API server says of a spec; nothing where it takes it."""
    body = {"apiVersion": API_VERSION, "kind": "Distribution", "metadata": {"name": "site"}, "spec": spec}
    about = (GROUP, VERSION, "default", "distributions")
    try:
        client.create_namespaced_custom_object(*about, body, dry_run="All", field_validation="Strict")
    except ApiException as error:
        if error.status not in (400, 422):
            raise
        return str(error.body)
    return ""


@pytest.mark.parametrize("name", GOOD)
def test_the_api_server_takes_a_good_spec(client: CustomObjectsApi, name: str) -> None:
    assert tried(client, GOOD[name]) == ""


@pytest.mark.parametrize("name", BAD)
def test_the_api_server_refuses_a_bad_spec_with_its_sentence(client: CustomObjectsApi, name: str) -> None:
    spec, sentence = BAD[name]
    # As it is said where an object is made, and not applied.
    sentence = sentence.replace("duplicate entries for key", "Duplicate value")
    assert sentence in tried(client, spec)


def test_a_distribution_with_all_that_cloudfront_allows_is_not_too_much_for_the_rules(
    client: CustomObjectsApi,
) -> None:
    origins = [{"name": f"o{number:0127}", "domainName": "example.com"} for number in range(100)]
    last = origins[-1]["name"]
    behaviors = [{"path": f"/p{number:0253}", "origin": last} for number in range(75)]
    whole = {
        "origins": origins,
        "defaultBehavior": {"origin": last},
        "behaviors": behaviors,
        "aliases": [f"a{number:059}.{'a' * 60}.example.com" for number in range(100)],
        "certificateARN": delivery_specs.ARN,
        "dns": {"hostedZoneName": "example.com"},
    }
    assert tried(client, whole) == ""


# What no rule of the API server can tell


@pytest.fixture
def site(world: World) -> Site:
    return Site(world)


def header(**said: Any) -> dict[str, Any]:
    key = {"secretKeyRef": {"name": "keys", "key": "api", **said}}
    return {
        "name": "web",
        "domainName": "www.example.com",
        "customHeaders": [{"name": "X-Key", "valueFrom": key}],
    }


def with_secret(site: Site, name: str, **values: str) -> None:
    """Put a Secret into the namespace."""
    said = [f"--from-literal={key}={value}" for key, value in values.items()]
    site.objects.plane.kubectl_run("create", "secret", "generic", name, "-n", site.objects.namespace, *said)


def test_a_secret_is_read_once_its_namespace_says_so_and_what_is_missing_is_told(site: Site) -> None:
    namespace = site.objects.namespace
    with_secret(site, "keys", other="s3cr3t-0")
    with_secret(site, "more", api="s3cr3t-1")
    site.apply(header())
    obj = site.objects.stalled("AccessDenied", "site")
    _, _, command = condition(obj, "Ready")["message"].partition("Bind it: kubectl ")
    site.objects.plane.kubectl_run(*command.split())
    known(site.objects.plane, USER, "get", "secrets", namespace)
    obj = site.objects.look_now("site")
    assert condition(obj, "Ready")["message"] == (
        f"Secret keys in namespace {namespace} has no value for the key api yet."
    )
    site.apply(header(name="none"))
    obj = site.objects.condition("Ready", "False", "site")
    assert condition(obj, "Ready")["message"] == (
        f"There is no Secret none in namespace {namespace} yet; its key api is needed."
    )
    assert site.writes() == []
    obj = site.made(header(name="more"))
    (found,) = site.config(obj["status"]["id"])["Origins"]["Items"][0]["CustomHeaders"]["Items"]
    assert found["HeaderValue"] == "s3cr3t-1"
    site.edit(
        obj["status"]["id"], lambda config: config["Origins"]["Items"][0].update(CustomHeaders=listed())
    )
    site.objects.look_now("site")
    assert site.objects.ready("site")["status"]["lastCorrection"]["fields"] == ["origins[web].customHeaders"]
    assert "s3cr3t" not in str(site.objects.get("site"))
    assert "s3cr3t" not in str(site.objects.events("site"))


def test_a_namesake_in_another_namespace_is_not_meant(site: Site) -> None:
    site.bucket()
    site.apply(origin(namespace="nowhere"))
    obj = site.objects.condition("Reconciling", "True", "site")
    assert condition(obj, "Ready")["message"] == (
        "spec.origins[media].bucketRef: there is no AcceleratedBucket nowhere/media yet."
    )


def test_a_certificate_that_is_not_there_is_told_before_anything_is_served(site: Site) -> None:
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
    site.bucket()
    site.apply(aliases=[f"{site.objects.namespace}.example.com"], certificateARN=arn)
    obj = site.objects.stalled("InvalidSpec", "site")
    assert "InvalidViewerCertificate" in condition(obj, "Ready")["message"]
    assert site.ids() == set()


def test_a_bad_edit_leaves_the_distribution_as_it_is(site: Site) -> None:
    site.filled()
    obj = site.made()
    before = site.config(obj["status"]["id"])
    site.apply(origin(), comment="x", defaultBehavior={"origin": "media", "cache": {"policyID": "no-such"}})
    seen = site.objects.condition("Reconciling", "True", "site")
    assert condition(seen, "Ready")["reason"] == "Waiting"
    assert "NoSuchCachePolicy" in condition(seen, "Ready")["message"]
    assert site.config(obj["status"]["id"]) == before
    assert site.view().body == b"media"
    site.made()
