"""The states that are recorded in tests/states are those that the operator brings about today."""

from pathlib import Path

import pytest

from sandbox.aws.stand_in import StandIn
from sandbox.control_plane.server import ControlPlane
from tests.states.record import record, text_of
from tests.states.recorded import STATES
from tests.states.scripts import SCRIPTS

pytestmark = pytest.mark.e2e

# `python -m tests.states.record` plays all of them, and leaves the files as they are if nothing changed.
SLOW = {
    "internal-error": "wants one more operator, with a bug, to start and to end before the other one",
    "throttled-lasting": "an outage is told of only once it lasts",
    "unavailable-lasting": "an outage is told of only once it lasts",
}
"""What is left out here, and why it takes its time."""


def test_what_is_seen_today_is_what_is_recorded(
    lone_plane: ControlPlane, lone_aws: StandIn, tmp_path: Path
) -> None:
    names = {script.name for script in SCRIPTS}
    assert SLOW.keys() <= names, "what is left out is there"
    scripts = [script for script in SCRIPTS if script.name not in SLOW]

    found = record(lone_plane, lone_aws, tmp_path, scripts)

    assert {path: text_of(obj) for path, obj in found.items()} == {
        script.path: (STATES / script.path).read_text() for script in scripts
    }
