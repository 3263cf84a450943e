"""What the API server lets somebody do, as far as it knows: it hears of a role a moment after it is made."""

from sandbox.control_plane.admin import Admin
from sandbox.processes import wait_until


def may(plane: Admin, user: str, verb: str, resource: str, namespace: str) -> bool:
    """Say whether a user may do this in a namespace; resources are named as in secrets or leases.group."""
    name, _, group = resource.partition(".")
    about = {"verb": verb, "group": group, "resource": name, "namespace": namespace}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": user, "resourceAttributes": about},
    }
    answer = plane.write("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
    return bool(answer["status"]["allowed"])


def known(plane: Admin, user: str, verb: str, resource: str, namespace: str, *, allowed: bool = True) -> None:
    """Return once the API server knows of what was granted, or of what was taken back."""
    wait_until(
        lambda: may(plane, user, verb, resource, namespace) is allowed,
        what=f"the API server knows {'that' if allowed else 'no longer that'} {user} may {verb} {resource}",
    )
