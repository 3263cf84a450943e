"""The rights that the operator needs: which they are, and which of them it lacks, in one sentence."""

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from headrace.controller.api import Forbidden
from headrace.kinds.definition import GROUP, Definition
from headrace.kube.client import TIMEOUT, translated
from headrace.kube.relist import scopes

log = logging.getLogger("headrace.start")

# No namespace can have this name, so no RoleBinding is in it: what one may there, one may everywhere.
_NOWHERE = "headrace.io"
_DEFAULT = "default"


@dataclass(frozen=True, order=True)
class Right:
    """To do this with such resources: in a namespace, or, where none is named, in the whole cluster."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""
    """The one object that it is about; empty for all."""

    def about(self) -> str:
        """Name what it is about, as kubectl auth can-i does."""
        resource, slash, subresource = self.resource.partition("/")
        named = f"{resource}.{self.group}" if self.group else resource
        return f"{named}{slash}{subresource}" + (f" {self.name}" if self.name else "")


def needed(definitions: Iterable[Definition[Any]], namespaces: Sequence[str]) -> Iterator[Right]:
    """Name what it takes to watch objects of these kinds and to tell of them."""
    places = set(namespaces or ("",))
    for definition in definitions:
        for place in scopes(definition, namespaces):
            for verb in ("get", "list", "patch", "watch"):
                yield Right(verb, GROUP, definition.plural, place)
            yield Right("patch", GROUP, f"{definition.plural}/status", place)
        if not definition.namespaced and namespaces:
            # There are the events about what is in no namespace.
            places.add(_DEFAULT)
    for place in sorted(places):
        for verb in ("create", "patch"):
            yield Right(verb, "events.k8s.io", "events", place)


def on_namespaces(*, cluster_id: bool) -> Iterator[Right]:
    """Name what it takes to know the labels of namespaces, and the id of the cluster."""
    yield Right("list", "", "namespaces")
    yield Right("watch", "", "namespaces")
    if cluster_id:
        yield Right("get", "", "namespaces", name="kube-system")


class Rights:
    """Asks the API server which rights we have: everybody may ask that of themselves."""

    def __init__(self, api_client: client.ApiClient) -> None:
        self._authorization = client.AuthorizationV1Api(api_client)
        self._authentication = client.AuthenticationV1Api(api_client)

    def missing(self, rights: Iterable[Right]) -> list[Right]:
        """Return those that we lack.

        All rules of a namespace come with one answer. Where an authorizer keeps its rules to itself, each
        right that is not in those of the others is asked for alone.
        """
        left = list(rights)
        if any(not right.namespace for right in left):
            # What is granted in the whole cluster is so in each namespace.
            left = self._uncovered(left, "", left)
        for namespace in sorted({right.namespace for right in left} - {""}):
            here = [right for right in left if right.namespace == namespace]
            left = self._uncovered(here, namespace, left)
        return left

    def _uncovered(self, asked: Sequence[Right], namespace: str, left: Sequence[Right]) -> list[Right]:
        """Return what is left of the rights once those that we have by the rules of this place are off."""
        answer = self._ask(self._authorization.create_self_subject_rules_review, _rules(namespace))
        rules = answer.resource_rules or []
        missing = [right for right in asked if not any(_covers(rule, right) for rule in rules)]
        if answer.incomplete:
            missing = [r for r in missing if r.namespace != namespace or not self._allowed(r)]
        return [right for right in left if right not in asked or right in missing]

    def _allowed(self, right: Right) -> bool:
        answer = self._ask(self._authorization.create_self_subject_access_review, _access(right))
        return bool(answer.allowed)

    def user(self) -> str:
        """Return who we are to the API server."""
        answer = self._ask(self._authentication.create_self_subject_review, {})
        return str(answer.user_info.username)

    def _ask(self, call: Callable[..., Any], spec: dict[str, Any]) -> Any:
        try:
            return call({"spec": spec} if spec else {}, _request_timeout=TIMEOUT).status
        except (ApiException, HTTPError) as error:
            raise translated(error, "our own rights", "review") from error


def permitted(rights: Rights, wanted: Sequence[Right], namespaces: Sequence[str]) -> Callable[[], str]:
    """Return the check that we have the rights that we need.

    A namespace in which we may do nothing at all may not be there yet, or be there no more: it holds up no
    other. One in which something is missing waits with all others: what is seen of it only in part would
    be acted upon.
    """
    told = ""

    def check() -> str:
        nonlocal told
        try:
            missing = rights.missing(wanted)
            closed = {place for place in namespaces if _in(missing, place) == _in(wanted, place)}
            said = sentence(rights.user(), missing, closed) if missing else ""
        except Forbidden as error:
            # Who keeps us from asking leaves it to the watch to find out.
            missing, closed, said = [], set(), str(error)
        if any(right.namespace not in closed for right in missing) or (closed and closed == set(namespaces)):
            return said
        if said and said != told:
            log.warning(said)
        told = said
        return ""

    return check


def _in(rights: Iterable[Right], namespace: str) -> set[Right]:
    return {right for right in rights if right.namespace == namespace}


def sentence(user: str, missing: Collection[Right], closed: Collection[str] = ()) -> str:
    """Say what we lack, sorted, and what to do about it; in closed namespaces we lack all that we need."""
    places = sorted({right.namespace for right in missing})
    said = "; ".join(
        f"anything in namespace {place}, if there is one"
        if place in closed
        else f"{_listed(_in(missing, place))} {f'in namespace {place}' if place else 'in the whole cluster'}"
        for place in places
    )
    return (
        f"The operator ({user}) lacks rights. It may not do: {said}. Bind the role that comes with its "
        "installation to it; it goes on by itself."
    )


def _listed(rights: Iterable[Right]) -> str:
    verbs: dict[str, list[str]] = defaultdict(list)
    for right in sorted(rights):
        verbs[right.about()].append(right.verb)
    resources: dict[str, list[str]] = defaultdict(list)
    for about, said in verbs.items():
        resources[", ".join(said)].append(about)
    return "; ".join(f"{said} {', '.join(sorted(abouts))}" for said, abouts in sorted(resources.items()))


def _rules(namespace: str) -> dict[str, Any]:
    return {"namespace": namespace or _NOWHERE}


def _access(right: Right) -> dict[str, Any]:
    resource, _, subresource = right.resource.partition("/")
    return {
        "resourceAttributes": {
            "verb": right.verb,
            "group": right.group,
            "resource": resource,
            "subresource": subresource,
            "namespace": right.namespace,
            "name": right.name,
        }
    }


def _covers(rule: Any, right: Right) -> bool:
    """Say whether a rule of RBAC grants a right."""
    subresource = right.resource.partition("/")[2]
    resources = {right.resource, "*", *([f"*/{subresource}"] if subresource else [])}
    return (
        bool({right.verb, "*"} & set(rule.verbs or ()))
        and bool({right.group, "*"} & set(rule.api_groups or ()))
        and bool(resources & set(rule.resources or ()))
        and (not rule.resource_names or right.name in rule.resource_names)
    )
