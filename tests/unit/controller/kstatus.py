"""What kstatus would say of an object, by its rules; Helm 4 and Flux wait for its verdict.

https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus, "Conditions": the generic rules for
custom resources, in this order.
"""

from headrace.controller.api import Object


def verdict(obj: Object) -> str:
    """Return Terminating, InProgress, Failed or Current."""
    holds = {c["type"]: c["status"] for c in obj.status.get("conditions", [])}
    if obj.deleting:
        return "Terminating"
    if obj.status.get("observedGeneration", obj.generation) != obj.generation:
        return "InProgress"
    if holds.get("Reconciling") == "True":
        return "InProgress"
    if holds.get("Stalled") == "True":
        return "Failed"
    return "Current" if holds.get("Ready", "True") == "True" else "InProgress"
