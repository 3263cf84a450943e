"""What is derived from the options."""

from headrace.config import Config
from headrace.controller.elector import Timing
from headrace.telemetry.config import Telemetry


def manager(lease: str) -> str:
    return Config(
        namespaces=(),
        workers=10,
        allow_ambient=False,
        cluster_id="",
        listen=("127.0.0.1", 0),
        rate=500.0,
        own_namespace="headrace-system",
        telemetry=Telemetry(),
        leader_elect=True,
        lease_name=lease,
        timing=Timing(),
        identity="pod-1",
    ).manager


def test_a_release_is_called_by_its_namespace_and_its_lease() -> None:
    assert manager("headrace-operator") == "headrace/headrace-system/headrace-operator"


def test_a_release_with_a_long_name_is_not_taken_for_another_one() -> None:
    """The API server takes no manager with more than 128 characters."""
    one, two = manager("a" * 200 + "1"), manager("a" * 200 + "2")

    assert one != two
    assert (len(one), len(two)) == (128, 128)
    assert manager("a" * 103) == f"headrace/headrace-system/{'a' * 103}"
