"""Asks the API server whose a token is, and what that user may do."""

from collections.abc import Callable
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from headrace.telemetry.authorization import Unreviewed, User

# Who scrapes waits ten seconds by default.
_TIMEOUT = (2, 4)


class KubeReviews:
    """TokenReviews and SubjectAccessReviews; safe for threads."""

    def __init__(self, api_client: client.ApiClient) -> None:
        self._tokens = client.AuthenticationV1Api(api_client)
        self._rights = client.AuthorizationV1Api(api_client)

    def user(self, token: str) -> User | None:
        """Return whose token this is, or None where it is nobody's; Unreviewed where that is not known."""
        review = {"spec": {"token": token}}
        status = _created(self._tokens.create_token_review, review, "tokenreviews.authentication.k8s.io")
        if not status.authenticated:
            return None
        about = status.user
        extra = tuple((key, tuple(values)) for key, values in (about.extra or {}).items())
        return User(about.username or "", about.uid or "", tuple(about.groups or ()), extra)

    def allows(self, user: User, verb: str, path: str) -> bool:
        """Say whether this user may do this to a path of no resource; Unreviewed where that is not known."""
        spec = {
            "user": user.name,
            "uid": user.uid,
            "groups": list(user.groups),
            "extra": {key: list(values) for key, values in user.extra},
            "nonResourceAttributes": {"path": path, "verb": verb},
        }
        what = "subjectaccessreviews.authorization.k8s.io"
        status = _created(self._rights.create_subject_access_review, {"spec": spec}, what)
        return bool(status.allowed)


def _created(create: Callable[..., Any], body: Any, what: str) -> Any:
    try:
        return create(body, _request_timeout=_TIMEOUT).status
    except ApiException as error:
        if error.status == 403:
            raise Unreviewed(
                "Who may read the metrics cannot be checked: the operator's ServiceAccount may not create "
                f"{what}. Bind it to the ClusterRole system:auth-delegator."
            ) from error
        if not error.status:
            # So the package tells of TLS that failed: the class is in the first line.
            why = str(error.reason).partition("\n")[0]
            raise Unreviewed(_failed(f"it did not answer ({why})")) from error
        raise Unreviewed(_failed(f"it answered {error.status} to a {what}")) from error
    except (AttributeError, ValueError) as error:
        raise Unreviewed(_failed("it answered what is no review")) from error
    except HTTPError as error:
        # What it says may have the request in it.
        raise Unreviewed(_failed(f"it did not answer ({type(error).__name__})")) from error


def _failed(why: str) -> str:
    return f"Who may read the metrics cannot be checked at the API server: {why}."
