"""The states that are recorded in tests/states are those that the operator brings about today."""

from pathlib import Path

import pytest

from sandbox.aws.stand_in import StandIn
from sandbox.control_plane.server import ControlPlane
from tests.states.record import record, text_of
from tests.states.recorded import STATES
from tests.states.scripts import SCRIPTS

pytestmark = pytest.mark.e2e

# Of each kind one of each way to tell, without what takes its time: an outage that lasts, an operator with a
# bug. `python -m tests.states.record` plays all of them, and leaves the files as they are if nothing changed.
OFTEN = {
    "access-denied",
    "creating",
    "deploying",
    "drifted",
    "edited",
    "fresh",
    "in-sync",
    "invalid-spec",
    "not-ours",
    "paused",
    "waiting",
}


def test_what_is_seen_today_is_what_is_recorded(
    lone_plane: ControlPlane, lone_aws: StandIn, tmp_path: Path
) -> None:
    scripts = [script for script in SCRIPTS if script.name in OFTEN]

    found = record(lone_plane, lone_aws, tmp_path, scripts)

    assert {path: text_of(obj) for path, obj in found.items()} == {
        script.path: (STATES / script.path).read_text() for script in scripts
    }
