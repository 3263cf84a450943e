"""What the operator was started with."""

from dataclasses import dataclass


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
