"""What the API server says of how viewers are to be met: every good spec is taken, every bad one is not."""

from collections.abc import Iterator

import pytest
import yaml

from headrace.kinds.crd import crd_name, custom_resource_definition
from headrace.kinds.definition import API_VERSION, Definition
from headrace.kinds.status import Status
from sandbox.control_plane.server import ControlPlane
from sandbox.errors import SandboxError
from tests.delivery_specs import ARN, BAD, GOOD, AnySpec, Spec, named, one, paths
from tests.e2e.namespace import Namespace

pytestmark = pytest.mark.e2e


class Delivery(Definition[AnySpec]):
    """The fields that are tested."""

    name = "Delivery"
    plural = "deliveries"
    short_names = ("dlv",)
    description = "How viewers are met."
    spec = AnySpec
    status = Status


@pytest.fixture(scope="module")
def namespace(control_plane: ControlPlane) -> Iterator[Namespace]:
    definition = f"crd/{crd_name(Delivery())}"
    crd = yaml.safe_dump(custom_resource_definition(Delivery()))
    control_plane.kubectl_run("apply", "--server-side", "--filename=-", input=crd)
    control_plane.kubectl_run("wait", "--for=condition=Established", "--timeout=30s", definition)
    yield Namespace(control_plane)
    control_plane.kubectl_run("delete", definition)


def delivery(name: str, spec: Spec) -> Spec:
    return {"apiVersion": API_VERSION, "kind": Delivery.name, "metadata": {"name": name}, "spec": spec}


@pytest.fixture(scope="module")
def refusals(namespace: Namespace) -> list[str]:
    """What is said of each of the bad ones, in one go."""
    bad = [delivery(f"bad-{number}", spec) for number, (spec, _) in enumerate(BAD.values())]
    with pytest.raises(SandboxError) as refused:
        namespace.apply(*bad, dry_run=True)
    told = str(refused.value).split("Error from server")
    return ["".join(part for part in told if f'"bad-{number}"' in part) for number in range(len(BAD))]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_spec_is_refused_with_a_sentence(refusals: list[str], name: str) -> None:
    _, sentence = BAD[name]

    assert sentence in refusals[list(BAD).index(name)]


def test_the_good_specs_are_taken(namespace: Namespace) -> None:
    good = [delivery(f"good-{number}", spec) for number, spec in enumerate(GOOD.values())]

    assert namespace.apply(*good, dry_run=True).count("serverside-applied") == len(GOOD)


def test_a_distribution_with_all_that_cloudfront_allows_is_not_too_much_for_the_rules(
    namespace: Namespace,
) -> None:
    origins = [{"name": f"o{number:0127}", "domainName": "example.com"} for number in range(100)]
    last = origins[-1]["name"]
    behaviors = paths(*(f"/p{number:0253}" for number in range(75)))["behaviors"]
    whole = one() | {
        "origins": origins,
        "defaultBehavior": {"origin": last},
        "behaviors": [behavior | {"origin": last} for behavior in behaviors],
    }
    names = named(
        aliases=[f"a{number:059}.{'a' * 60}.example.com" for number in range(100)],
        certificateARN=ARN,
        dns={"hostedZoneName": "example.com"},
    )

    assert "serverside-applied" in namespace.apply(delivery("whole", names | whole), dry_run=True)
