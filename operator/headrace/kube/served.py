"""Whether the API server serves our kinds: nothing can be watched before their CRDs are there."""

from collections.abc import Callable, Collection

from headrace.kinds.definition import GROUP
from headrace.kube.client import KubeClient


def served(client: KubeClient, plurals: Collection[str]) -> Callable[[], str]:
    """Return the check that all of these are served: it says what is not there yet, or nothing."""

    def check() -> str:
        missing = sorted(set(plurals) - client.served())
        names = ", ".join(f"{plural}.{GROUP}" for plural in missing)
        if not missing:
            return ""
        return (
            f"Waiting for CRDs that are not installed: {names}. Install the chart headrace-crds, or apply "
            "the files in crds/."
        )

    return check
