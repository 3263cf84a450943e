"""What the controller asks of the API server, through the kubernetes package; safe for threads."""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from headrace.controller.api import ApiError, Body, Forbidden, Gone, Stale
from headrace.controller.secrets import Secret
from headrace.engine.fence import Fence
from headrace.kinds.definition import GROUP, VERSION, Definition, ObjectRef
from headrace.kube.connection import user_agent
from headrace.kube.counting import CountingClient
from headrace.telemetry.requests import Listener

# Seconds to connect, and to wait for an answer.
TIMEOUT = (5, 30)
_PAGE = 500
_MERGE = "application/merge-patch+json"
_JSON = "application/json-patch+json"
_USER = re.compile('User "([^"]+)"')


class KubeClient:
    """Reads and patches custom resources of our group, and reads Secrets by their names.

    Args:
        api_client: the way to the API server.
        definitions: the kinds.
        namespace: where Secrets are, unless another one is named.
        manager: what managedFields call us.
        fence: lets writes through.
    """

    def __init__(
        self,
        api_client: client.ApiClient,
        definitions: Mapping[str, Definition[Any]],
        namespace: str = "",
        *,
        manager: str | None = None,
        fence: Fence | None = None,
    ) -> None:
        self._objects = client.CustomObjectsApi(api_client)
        self._core = client.CoreV1Api(api_client)
        self._definitions, self._namespace = definitions, namespace
        self._manager, self._fence = manager, fence or Fence()

    def cluster_id(self) -> str:
        """Return the UID of the namespace kube-system, which stands for the cluster."""
        try:
            return str(self._core.read_namespace("kube-system", _request_timeout=TIMEOUT).metadata.uid)
        except (ApiException, HTTPError) as error:
            raise translated(error, "the namespace kube-system", "get") from error

    def secret(self, name: str, namespace: str = "") -> Secret | None:
        """Return a Secret, of the operator's namespace unless another is named, or None where there is none.

        Raises:
            Forbidden: we have no right to read it.
        """
        namespace = namespace or self._namespace
        what = f"Secret {namespace}/{name}"
        try:
            found = self._core.read_namespaced_secret(name, namespace, _request_timeout=TIMEOUT)
        except (ApiException, HTTPError) as error:
            failure = translated(error, what, "get")
            if isinstance(failure, Gone):
                return None
            raise failure from error
        values = found.data or {}
        decoded = {key: base64.b64decode(value).decode(errors="replace") for key, value in values.items()}
        return Secret(found.metadata.resource_version, decoded)

    def namespace_labels(self) -> dict[str, Mapping[str, str]]:
        """Return the labels of every namespace."""
        try:
            found = self._core.list_namespace(_request_timeout=TIMEOUT)
        except (ApiException, HTTPError) as error:
            raise translated(error, "the namespaces", "list") from error
        return {item.metadata.name: item.metadata.labels or {} for item in found.items}

    def served(self) -> Set[str]:
        """Return the plurals that the API server serves in our group and version; none without our CRDs."""
        try:
            found = self._objects.get_api_resources(GROUP, VERSION, _request_timeout=TIMEOUT)
        except (ApiException, HTTPError) as error:
            failure = translated(error, f"the resources of {GROUP}/{VERSION}", "list")
            if isinstance(failure, Gone):
                return frozenset()
            raise failure from error
        return {resource.name for resource in found.resources}

    def get(self, ref: ObjectRef) -> Body:
        """Read the object; Gone where there is none."""
        return self._call("get", "get_{}_custom_object", ref)

    def list(self, definition: Definition[Any], namespace: str = "") -> tuple[list[Body], int]:
        """Return all objects of a kind, and the version of the oldest page: what is newer may be missing.

        Args:
            definition: the kind.
            namespace: where to list; everywhere where none is named.
        """
        found: list[Body] = []
        versions: list[int] = []
        for page in self._pages(definition, namespace):
            found += page["items"]
            versions.append(int(page["metadata"]["resourceVersion"]))
        return found, min(versions)

    def _pages(self, definition: Definition[Any], namespace: str) -> Iterator[Body]:
        where = (namespace,) if namespace else ()
        place = f" in namespace {namespace}" if namespace else ""
        call = (
            self._objects.list_namespaced_custom_object
            if namespace
            else self._objects.list_cluster_custom_object
        )
        more: dict[str, Any] = {}
        while True:
            try:
                page: Body = call(
                    GROUP, VERSION, *where, definition.plural, limit=_PAGE, _request_timeout=TIMEOUT, **more
                )
            except (ApiException, HTTPError) as error:
                raise translated(error, f"the {definition.plural}{place}", "list") from error
            yield page
            token = page["metadata"].get("continue")
            if not token:
                return
            more = {"_continue": token}

    def patch_status(self, ref: ObjectRef, patch: Body) -> Body:
        """Merge-patch the status; Stale where the patch's resourceVersion is not the newest."""
        call = "patch_{}_custom_object_status"
        return self._write("patch the status of", call, ref, body=patch, _content_type=_MERGE)

    def patch(self, ref: ObjectRef, operations: Sequence[Body]) -> Body:
        """JSON-patch the object; Stale where a test in it fails."""
        return self._write("patch", "patch_{}_custom_object", ref, body=list(operations), _content_type=_JSON)

    def _write(self, verb: str, call: str, ref: ObjectRef, **more: Any) -> Body:
        self._fence.check()
        return self._call(verb, call, ref, field_manager=self._manager, **more)

    def _call(self, verb: str, call: str, ref: ObjectRef, **more: Any) -> Body:
        """Call the method for objects of a namespace or of the whole cluster, whichever these are."""
        definition = self._definitions[ref.kind]
        method = getattr(self._objects, call.format("namespaced" if definition.namespaced else "cluster"))
        where = (ref.namespace,) if definition.namespaced else ()
        try:
            answer: Body = method(
                GROUP, VERSION, *where, definition.plural, ref.name, _request_timeout=TIMEOUT, **more
            )
        except (ApiException, HTTPError) as error:
            raise translated(error, str(ref), verb, tested=more.get("_content_type") == _JSON) from error
        return answer


def make_client(
    configuration: client.Configuration,
    connections: int,
    *,
    identity: str = "",
    listeners: Iterable[Listener] = (),
) -> client.ApiClient:
    """Make an API client that holds so many connections open, and tells of its requests.

    It names us to the API server where it is said who we are.
    """
    configuration.connection_pool_maxsize = connections
    # The queue tries again with its own back-off.
    configuration.retries = False
    api_client = CountingClient(configuration, listeners)
    api_client.user_agent = user_agent(identity)
    return api_client


def translated(error: Exception, what: str, verb: str, *, tested: bool = False) -> ApiError:
    """Turn an error of the API server, or of the way to it, into one of ours, with a sentence."""
    status = getattr(error, "status", None)
    if not isinstance(error, ApiException) or not status:
        why = error.reason if isinstance(error, ApiException) else error
        said = " ".join(str(why).split())
        return ApiError(f"The Kubernetes API server cannot be reached to {verb} {what}: {said}")
    if status == 404:
        return Gone(f"{what} is gone")
    # A test of a JSON patch that fails is answered like a patch that makes no valid object.
    if status == 409 or (tested and status == 422):
        return Stale(f"{what} has changed meanwhile")
    if status == 403:
        said = _said(error)
        user = _USER.search(said)
        message = f"The operator's ServiceAccount may not {verb} {what}: {said}"
        return Forbidden(message, user[1] if user else "")
    sentence = f"The Kubernetes API server refused to {verb} {what} ({status}): {_said(error)}"
    return ApiError(sentence, _after(error))


def _after(error: ApiException) -> float:
    """Return for how many seconds the API server asks to be spared; it says so in whole seconds."""
    said = (error.headers or {}).get("Retry-After", "")
    return float(said) if said.isascii() and said.isdigit() else 0.0


def _said(error: ApiException) -> str:
    """Return the API server's own sentence or, where a proxy answered, all that it said."""
    try:
        return str(json.loads(error.body)["message"])
    except (KeyError, TypeError, ValueError):
        return str(error.body or error.reason)
