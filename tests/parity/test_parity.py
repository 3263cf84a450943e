"""The list of differences between the stand-in and AWS is true, whole, and no longer than it has to be."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.aws.environment import REQUIREMENTS
from sandbox.aws.stand_in import StandIn
from tests.parity.probes import PROBES

pytestmark = pytest.mark.standin

PARITY: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[2] / "sandbox" / "parity.yaml").read_text(encoding="utf-8")
)
ENTRIES: list[dict[str, Any]] = PARITY["entries"]
IDS = [entry["id"] for entry in ENTRIES]
CORRECTED = [entry for entry in ENTRIES if entry["handled"] == "layer"]

Stand = Callable[[bool, bool], StandIn]


@pytest.fixture(scope="module")
def stand_in(aws: StandIn) -> Iterator[Stand]:
    """A stand-in that is bare or not, with AUTH or not; each is started on first use, and empty."""
    with ExitStack() as stack:

        @cache
        def started(bare: bool, auth: bool) -> StandIn:
            return stack.enter_context(StandIn(bare=bare, auth=auth)) if bare or auth else aws

        def empty(bare: bool, auth: bool) -> StandIn:
            stand_in = started(bare, auth)
            stand_in.reset()
            return stand_in

        yield empty
        aws.reset()


@pytest.mark.parametrize("entry", ENTRIES, ids=IDS)
def test_the_difference_is_still_there(entry: dict[str, Any], stand_in: Stand) -> None:
    behaves = PROBES[entry["id"]](stand_in(True, entry.get("auth", False)))
    assert not behaves, f"the difference {entry['id']} is gone: remove the entry and the correction"


@pytest.mark.parametrize("entry", CORRECTED, ids=[entry["id"] for entry in CORRECTED])
def test_the_layer_puts_it_right(entry: dict[str, Any], stand_in: Stand) -> None:
    behaves = PROBES[entry["id"]](stand_in(False, entry.get("auth", False)))
    assert behaves, f"the layer does not put {entry['id']} right"


def test_every_entry_has_a_probe_and_every_probe_an_entry() -> None:
    assert sorted(IDS) == sorted(PROBES)
    assert len(set(IDS)) == len(IDS)


@pytest.mark.parametrize("entry", ENTRIES, ids=IDS)
def test_an_entry_says_what_has_to_be_known(entry: dict[str, Any]) -> None:
    said = {"id", "operation", "aws", "stand_in", "handled", "source"}
    assert said <= set(entry) <= said | {"means", "auth"}
    assert entry["handled"] in ("layer", False)  # YAML reads a bare "no" as false
    assert "means" in entry or entry["handled"] == "layer"
    assert ":" in entry["operation"]


def test_the_list_is_about_the_version_that_is_pinned() -> None:
    assert PARITY["stand_in"].replace(" ", "==") in REQUIREMENTS.read_text(encoding="utf-8")
