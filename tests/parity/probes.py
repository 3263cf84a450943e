"""One probe for each entry of ``sandbox/parity.yaml``: does this stand-in behave like AWS?"""

from tests.parity import (
    probes_cloudfront,
    probes_identity,
    probes_names,
    probes_s3,
    probes_viewers,
)
from tests.parity.tools import PROBES

__all__ = ["PROBES", "probes_cloudfront", "probes_identity", "probes_names", "probes_s3", "probes_viewers"]
