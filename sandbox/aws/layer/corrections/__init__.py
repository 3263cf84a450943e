"""Where MiniStack differs from AWS and is put right: its functions are wrapped, one module per subject.

Every correction has an entry in ``sandbox/parity.yaml``, with the source of what AWS does and a probe
that fails once MiniStack does it by itself. What MiniStack has a function for is done by that function.
"""

from sandbox.aws.layer.corrections import acm, cloudfront, permissions, route53, s3, sts, tagging
from sandbox.aws.layer.delays import Delays


def install(not_enabled: frozenset[str], delays: Delays) -> None:
    """Put MiniStack right, in this process. ``not_enabled``: the opt-in regions that the account has off."""
    s3.install(not_enabled)
    cloudfront.install(delays)
    acm.install()
    route53.install()
    tagging.install(delays)
    permissions.install()
    sts.install(delays)
