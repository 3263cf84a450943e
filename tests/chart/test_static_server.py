"""What a real API server says to the charts: to each object that Helm makes, and to a second release."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from sandbox.control_plane.server import ControlPlane
from sandbox.errors import SandboxError
from sandbox.monitoring import definitions
from tests.chart.helm import Helm, Object, of_kind, only, rendered, run, written
from tests.chart.pages import block, commands
from tests.chart.schemas import LOCATION, write_schemas
from tests.chart.values import ACCOUNT, CRD_SETS, NAMESPACED, PRODUCTION, SETS, Values
from tools.charts import CRDS, NAME, NAMESPACE, OPERATOR, ROOT

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Cluster:
    """A cluster that knows our kinds and those of monitors, and what Helm said to accounts before it did."""

    plane: ControlPlane
    helm: Helm
    before: str

    def dry_run(self, documents: list[Object], *arguments: str) -> str:
        """Have the API server check objects without keeping them."""
        strictly = ("--dry-run=server", "--validate=strict", *arguments)
        return self.plane.kubectl_run("apply", *strictly, "--filename=-", input=written(documents))

    def run(self, words: list[str]) -> None:
        """Carry out a command of Helm or kubectl."""
        program, *arguments = words
        if program == "kubectl":
            self.plane.kubectl_run(*arguments)
        else:
            done = self.helm(*arguments)
            assert done.code == 0, done.err


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A control plane of its own: what others installed would be another release."""
    with ControlPlane.start() as plane:
        for namespace in (NAMESPACE, "shop"):
            plane.kubectl_run("create", "namespace", namespace)
        restricted = (f"pod-security.kubernetes.io/{mode}=restricted" for mode in ("enforce", "warn"))
        plane.kubectl_run("label", "namespace", NAMESPACE, *restricted)
        helm = Helm(plane, tmp_path_factory.mktemp("helm"))
        before = helm.install("headrace", NAMESPACE, {"accounts": [ACCOUNT]}).err
        made = helm.install_definitions()
        assert made.code == 0, made.err
        plane.kubectl_run("create", *(f"--filename={file}" for file in definitions()))
        plane.kubectl_run("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        yield Cluster(plane, helm, before)


@pytest.fixture(scope="module")
def schemas(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("schemas")
    write_schemas(cluster.plane, folder)
    return folder


@pytest.fixture
def nothing_left(cluster: Cluster) -> Iterator[None]:
    """Take away every release of the operator's chart that a test made."""
    yield
    for release in yaml.safe_load(cluster.helm("list", "--all-namespaces", "--output=json").out):
        if release["name"] != "headrace-crds":
            done = cluster.helm("uninstall", release["name"], f"--namespace={release['namespace']}")
            assert done.code == 0, done.err


def distinct(sets: Mapping[str, Values], chart: Path = OPERATOR) -> list[Object]:
    """Return every object that any of the values leads to, once."""
    made = (json.dumps(each) for values in sets.values() for each in rendered(values, chart=chart))
    return [json.loads(text) for text in dict.fromkeys(made)]


def test_the_api_server_takes_every_object_strictly(cluster: Cluster) -> None:
    documents = distinct(SETS)

    assert {"ServiceMonitor", "PodMonitor"} <= {each["kind"] for each in documents}
    assert len(cluster.dry_run(documents).splitlines()) == len(documents)


def test_the_api_server_would_find_a_field_that_monitors_do_not_have(cluster: Cluster) -> None:
    monitor = only(rendered(SETS["ServiceMonitor"]), "ServiceMonitor")
    monitor["spec"]["endpoints"][0]["intervall"] = "30s"

    with pytest.raises(SandboxError, match=r'unknown field "spec\.endpoints\[0\]\.intervall"'):
        cluster.dry_run([monitor])


def test_the_api_server_takes_every_definition_strictly(cluster: Cluster) -> None:
    documents = distinct(CRD_SETS, CRDS)

    assert len(cluster.dry_run(documents, "--server-side", "--force-conflicts").splitlines()) == len(
        documents
    )


def test_kubeconform_finds_nothing(schemas: Path) -> None:
    _conforms(schemas, [*distinct(SETS), *distinct(CRD_SETS, CRDS)])


def _conforms(schemas: Path, documents: list[Object]) -> None:
    where = f"-schema-location={schemas}/{LOCATION}"
    said = run("kubeconform", "-strict", "-summary", where, "-", given=written(documents))
    assert said.code == 0, said.all
    assert "Invalid: 0, Errors: 0, Skipped: 0" in said.out


def test_kubeconform_would_find_a_field_that_there_is_not(schemas: Path) -> None:
    (account,) = of_kind(rendered({"accounts": [ACCOUNT]}), "AWSAccount")
    wrong = {**account, "spec": {**account["spec"], "regions": ["eu-central-1"]}}

    with pytest.raises(AssertionError, match="additional properties 'regions' not allowed"):
        _conforms(schemas, [wrong])


def test_a_restricted_namespace_takes_the_pods_without_a_warning(cluster: Cluster) -> None:
    documents = distinct(SETS)
    ours, tests = ([*of_kind(documents, kind)] for kind in ("Deployment", "Pod"))
    pods = [*tests, *map(_pod, ours)]

    told = cluster.dry_run(pods, "--warnings-as-errors")

    assert ours
    assert tests
    assert len(told.splitlines()) == len(pods)


def _pod(deployment: Object) -> Object:
    """Return a pod as the Deployment makes it; its ServiceAccount is not there yet."""
    made = deployment["spec"]["template"]
    metadata = {"name": "one", "namespace": NAMESPACE, **made["metadata"]}
    spec = {**made["spec"], "serviceAccountName": "default"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def test_a_restricted_namespace_would_warn_of_a_pod_that_may_gain_rights(cluster: Cluster) -> None:
    pod = only(rendered({}), "Pod")
    del pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"]

    with pytest.raises(SandboxError, match="allowPrivilegeEscalation != false"):
        cluster.dry_run([pod])


def test_accounts_before_the_definitions_are_refused_with_what_to_do(cluster: Cluster) -> None:
    assert cluster.before.endswith(
        "accounts cannot be made: the cluster does not know the kind AWSAccount. Install the chart "
        "headrace-crds first.\n"
    )


@pytest.mark.usefixtures("nothing_left")
def test_a_second_release_for_all_namespaces_is_refused_with_the_name_of_the_first(cluster: Cluster) -> None:
    assert cluster.helm.install("headrace", NAMESPACE, {}).code == 0

    second = cluster.helm.install("other", "other", {})
    # Its own upgrade is none.
    again = cluster.helm("upgrade", "headrace", *_again(NAMESPACE), values={})

    assert second.err.endswith(
        f"Headrace is here already, as release headrace in namespace {NAMESPACE} (ClusterRole "
        "headrace-secret-reader): two operators would serve the same objects. Upgrade that release, "
        "uninstall it first, or give each its own watchNamespaces.\n"
    )
    assert again.code == 0, again.err


@pytest.mark.usefixtures("nothing_left")
def test_one_namespace_is_served_by_one_release_and_several_by_several(cluster: Cluster) -> None:
    shop = {**NAMESPACED, "watchNamespaces": ["shop"]}
    assert cluster.helm.install("shop", "shop-operator", shop).code == 0

    same = cluster.helm.install("other", "other", NAMESPACED)
    all_of_them = cluster.helm.install("headrace", NAMESPACE, {})
    another = cluster.helm.install("mine", "mine", {"clusterID": "mine", "watchNamespaces": ["default"]})

    sentence = (
        "Headrace is here already, as release shop in namespace shop-operator (Role headrace-objects in "
        "namespace shop): two operators"
    )
    assert sentence in same.err
    assert sentence in all_of_them.err
    assert another.code == 0, another.err


@pytest.mark.usefixtures("nothing_left")
def test_nobodys_role_keeps_a_release_from_being_upgraded(cluster: Cluster) -> None:
    assert cluster.helm.install("headrace", NAMESPACE, {}).code == 0
    role = ("role", "headrace-objects", "--namespace=default")
    cluster.plane.kubectl_run("create", *role, "--verb=get", "--resource=pods")

    upgraded = cluster.helm("upgrade", "headrace", *_again(NAMESPACE), values={})

    cluster.plane.kubectl_run("delete", *role)
    assert upgraded.code == 0, upgraded.err


def test_an_installation_without_helm_is_named(cluster: Cluster) -> None:
    name = "headrace-secret-reader"
    cluster.plane.kubectl_run("create", "clusterrole", name, "--verb=get", "--resource=secrets")

    refused = cluster.helm.install("headrace", NAMESPACE, {})

    cluster.plane.kubectl_run("delete", "clusterrole", name)
    assert refused.err.endswith(
        "Headrace is here already, installed without Helm (ClusterRole headrace-secret-reader): two "
        "operators would serve the same objects. Remove that one first, as docs/installing.md says.\n"
    )


@pytest.mark.usefixtures("nothing_left")
def test_a_release_that_lives_keeps_its_name(cluster: Cluster) -> None:
    assert cluster.helm.install("headrace", NAMESPACE, {}).code == 0

    renamed = cluster.helm("upgrade", "headrace", *_again(NAMESPACE), values={"fullnameOverride": "mine"})

    assert renamed.err.endswith(
        "This release runs as Deployment headrace-operator and would become mine: two operators would serve "
        "the same objects until the old one has ended, as each has a Lease of its own. Leave "
        "fullnameOverride and nameOverride as they were, or uninstall the release first.\n"
    )


@pytest.mark.usefixtures("nothing_left")
def test_a_release_may_come_to_serve_other_namespaces(cluster: Cluster) -> None:
    for served in (["shop"], [], ["shop"]):
        values = {**NAMESPACED, "watchNamespaces": served, "accounts": []}
        done = cluster.helm("upgrade", "--install", "headrace", *_again(NAMESPACE), values=values)
        assert done.code == 0, done.err


@pytest.mark.usefixtures("nothing_left")
def test_the_command_that_installs_goes_on_where_it_failed(cluster: Cluster) -> None:
    install = ("upgrade", "--install", "headrace", *_again(NAMESPACE))

    # There is no node for its pods.
    failed = cluster.helm(*install, "--wait", "--timeout=1s", values={})
    again = cluster.helm(*install, values={})

    assert failed.code != 0
    assert again.code == 0, again.err


def _again(namespace: str) -> tuple[str, ...]:
    return str(ROOT / OPERATOR), f"--namespace={namespace}"


def test_notes_say_what_is_missing_and_nothing_else(cluster: Cluster) -> None:
    def missing(values: Values) -> list[str]:
        notes = cluster.helm.install("headrace", NAMESPACE, values, "--dry-run=server").out.split("NOTES:")[1]
        return [line.split(".")[0] for line in notes.splitlines() if line.startswith("MISSING")]

    assert missing({}) == ["MISSING: clusterID", "MISSING: an account"]
    assert missing({"allowAmbient": True}) == ["MISSING: clusterID"]
    assert missing({**NAMESPACED, "accounts": []}) == ["MISSING: an account"]
    assert missing({**PRODUCTION, "accounts": [ACCOUNT]}) == missing(NAMESPACED) == []


@pytest.mark.usefixtures("nothing_left")
def test_what_kubectl_installed_moves_to_helm_as_the_page_says(cluster: Cluster, tmp_path: Path) -> None:
    install, mine = tmp_path / "install.yaml", tmp_path / "mine.yaml"
    install.write_text(_filled_in((ROOT / "manifests" / "install.yaml").read_text(encoding="utf-8")))
    mine.write_text(block("From kubectl to Helm", "yaml"))
    files = {str(ROOT / "manifests" / "install.yaml"): str(install), "mine.yaml": str(mine)}

    def follow(heading: str) -> Object:
        for words in commands(heading):
            cluster.run([files.get(word, word) for word in words])
        about = (f"deployment/{NAME}", f"--namespace={NAMESPACE}", "--output=yaml")
        deployment: Object = yaml.safe_load(cluster.plane.kubectl_run("get", *about))
        return deployment

    assert cluster.helm("uninstall", "headrace-crds", f"--namespace={NAMESPACE}").code == 0
    before, after = follow("With kubectl alone"), follow("From kubectl to Helm")

    assert after["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "Helm"
    assert after["spec"] == before["spec"]


def _filled_in(manifest: str) -> str:
    """Return install.yaml with an image and a cluster id, as the page asks for."""
    (image,) = re.findall(r"^ +image: (.+)", manifest, re.M)
    named = manifest.replace(f"image: {image}", f"image: registry.example.com/{image}")
    return re.sub(r"^( +- )--own-namespace=.+", r"\g<0>\n\1--cluster-id=prod-eu-1", named, flags=re.M)


@pytest.mark.usefixtures("nothing_left")
def test_accounts_outlive_their_release_and_another_one_takes_them_over(cluster: Cluster) -> None:
    accounts = {"accounts": [ACCOUNT]}
    assert cluster.helm.install("headrace", NAMESPACE, accounts).code == 0
    assert cluster.helm("upgrade", "headrace", *_again(NAMESPACE), values={}).code == 0
    assert cluster.helm("uninstall", "headrace", f"--namespace={NAMESPACE}").code == 0
    spec = yaml.safe_load(cluster.plane.kubectl_run("get", "awsaccount", "shop", "--output=yaml"))["spec"]

    other = cluster.helm.install("other", "other", accounts, "--take-ownership")

    cluster.plane.kubectl_run("delete", "awsaccount", "shop")
    assert spec == ACCOUNT["spec"]
    assert other.code == 0, other.err
