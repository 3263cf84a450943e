"""What the operator was started with."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from headrace.controller.elector import Timing
from headrace.controller.others import PREFIX
from headrace.telemetry.config import Telemetry

# The API server takes no more (fieldManager in apimachinery/pkg/apis/meta/v1/validation).
_LONGEST_MANAGER = 128


@dataclass(frozen=True, kw_only=True)
class Config:
    """The values of the command's options, checked."""

    namespaces: tuple[str, ...]
    """Those to serve; none are all."""
    workers: int
    allow_ambient: bool
    cluster_id: str
    """Empty where the UID of kube-system stands in."""
    listen: tuple[str, int]
    """Host and port of probes and metrics."""
    rate: float
    """Requests a second to one AWS service in one account and region."""
    own_namespace: str
    telemetry: Telemetry

    # Without a right in the whole cluster

    accounts: Path | None = None
    """The file that has the accounts; without one they are AWSAccounts."""

    # High availability

    leader_elect: bool
    lease_name: str
    """The Lease is in the operator's own namespace."""
    timing: Timing
    identity: str
    """How this replica is called; each process adds to it what no other one does."""

    @property
    def manager(self) -> str:
        """What managedFields call this release of the operator: its namespace and its Lease tell it apart."""
        whole = f"{PREFIX}{self.own_namespace}/{self.lease_name}"
        if len(whole) <= _LONGEST_MANAGER:
            return whole
        # Cut alone, two releases with long names could be one.
        end = f"-{sha256(whole.encode()).hexdigest()[:8]}"
        return whole[: _LONGEST_MANAGER - len(end)] + end
