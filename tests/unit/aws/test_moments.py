"""Times in answers: read fast where they are ISO 8601, and as botocore reads them in every other case."""

import pytest
from botocore.utils import parse_timestamp

from headrace.aws.credentials import _moment


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-21T04:18:04.950Z",
        "2026-11-21T04:18:04Z",
        "2026-11-21T04:18:04+02:00",
        "2026-11-21T04:18:04",
        "20261121T041804Z",
        "Sat, 21 Nov 2026 04:18:04 GMT",
        "1795234684",
        1795234684,
        1795234684.5,
    ],
)
def test_a_time_is_what_botocore_makes_of_it(value: str | float) -> None:
    assert _moment(value) == parse_timestamp(value)  # type: ignore[arg-type]  # it takes numbers, too


def test_what_is_no_time_is_refused_as_ever() -> None:
    with pytest.raises(ValueError, match="Invalid timestamp"):
        _moment("yesterday")
