"""The policies in docs/iam, and for each kind the page that says what they are for."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from headrace.aws.policy import Policy, Statement, assuming, trust, trust_of_agent, trust_of_token
from headrace.engine.facet import Facet, ResourceType
from headrace.kinds.definition import Definition
from headrace.resources.policies import EVERYTHING, LOOKING, Purpose, named, policy
from tools import charts
from tools.markdown import codes, table
from tools.names import kebab

FOLDER = Path("docs", "iam")
ROLE, OPERATOR, CLUSTER, NAMESPACE = "ROLE_ARN", "OPERATOR_ARN", "CLUSTER_ID", "NAMESPACE"
ACCOUNT, ISSUER, EKS_CLUSTER = "ACCOUNT_ID", "OIDC_ISSUER", "EKS_CLUSTER_ARN"
"""What stands in the files for what only their users know."""

SERVICE_ACCOUNT = (charts.NAMESPACE, charts.NAME)
"""Namespace and name of the operator's ServiceAccount, as the chart and install.yaml have it."""

Producer = Callable[[], str]


def placeholder(resource: ResourceType) -> str:
    """Return what stands in the files for the names of resources; ids that AWS chooses are any."""
    if "{parent}" in resource.root.address:
        return "HOSTED_ZONE_IDS"
    if resource.root.id_from_cloud:
        return "*"
    return f"{resource.name.split('/')[-1].upper()}_NAMES"


def files(kinds: Iterable[Definition[Any]]) -> Mapping[Path, Producer]:
    """Return what makes the text of each policy and page, by its path below the root of the repository."""
    kinds = [kind for kind in kinds if kind.resources]
    policies = {path: made for kind in kinds for path, made in _policies(kind).items()}
    files = {FOLDER / path: made for path, made in {**policies, **identities()}.items()}
    pages: dict[Path, Producer] = {FOLDER / f"{kebab(kind.name)}.md": partial(page, kind) for kind in kinds}
    return {**pages, **{path: made.text for path, made in files.items()}}


def identities() -> dict[str, Policy]:
    """Return the policies that say who may become whom, by their paths below the folder."""
    return {
        "assume-role.json": assuming(ROLE),
        "trust-policy.json": trust(OPERATOR, CLUSTER, (NAMESPACE,)),
        "trust-policy-irsa.json": trust_of_token(ACCOUNT, ISSUER, *SERVICE_ACCOUNT),
        "trust-policy-pod-identity.json": trust_of_agent(EKS_CLUSTER, *SERVICE_ACCOUNT),
    }


def _policies(kind: Definition[Any]) -> dict[str, Policy]:
    """Return the policies of a kind by their paths below the folder."""
    stem = kebab(kind.name)
    made = {f"{stem}-manage.json": managing(kind), f"{stem}-observe.json": managing(kind, LOOKING)}
    for resource, member in _members(kind):
        alike = [each for each in resource.members() if named(each) == named(member)]
        made[_path(kind, resource, member)] = policy(resource, (placeholder(resource),), members=alike)
    return made


def _path(kind: Definition[Any], resource: ResourceType, member: Facet[Any, Any]) -> str:
    """Return where the policy for a member is, below the folder."""
    of_type = (kebab(_type_of(resource)),) if len(kind.resources) > 1 else ()
    return "/".join((kebab(kind.name), *of_type, f"{kebab(named(member))}.json"))


def _type_of(resource: ResourceType) -> str:
    """Return what a type of resource is called: OriginAccessControl."""
    return "".join(word.capitalize() for word in resource.name.split("/")[-1].split("_"))


def managing(kind: Definition[Any], purposes: Iterable[Purpose] = EVERYTHING) -> Policy:
    """Return the policy for all resources that objects of a kind can stand for."""
    wanted = tuple(purposes)
    said: set[tuple[str, tuple[str, ...]]] = set()
    made: list[Statement] = []
    for each in (each for resource in kind.resources for each in _statements(kind, resource, wanted)):
        # Types that are parts of the same thing, as records of their zone, share what they need of it.
        new = tuple(action for action in each.actions if (action, each.resources) not in said)
        said.update((action, each.resources) for action in new)
        made += [replace(each, actions=new)] if new else []
    return Policy(tuple(made))


def _statements(
    kind: Definition[Any], resource: ResourceType, wanted: tuple[Purpose, ...]
) -> Iterator[Statement]:
    """Yield the statements for a type; a Sid that others would have, too, begins with what it is about."""
    of_type = _type_of(resource) if len(kind.resources) > 1 else ""
    for each in policy(resource, (placeholder(resource),), wanted).statements:
        yield replace(each, sid=of_type + each.sid)


def _members(kind: Definition[Any]) -> Iterator[tuple[ResourceType, Facet[Any, Any]]]:
    return ((resource, member) for resource in kind.resources for member in resource.members())


# The page


def page(kind: Definition[Any]) -> str:
    """Return the page about the policies of a kind."""
    stem = kebab(kind.name)
    parts = (
        f"# IAM policies for {kind.name}",
        "[README.md](README.md) says how to use them.",
        table(
            ("Policy", "For"),
            [
                (_link(f"{stem}-manage.json"), "all that objects of this kind can ask for"),
                (_link(f"{stem}-observe.json"), "objects with `mode: Observe`, which only read"),
            ],
        ),
        "## Setting by setting",
        "`presence` is the resource itself, and every object needs it.",
        table(
            ("Policy", "Setting", "To read", "To write", "To delete the content", "To say more"),
            _settings(kind),
        ),
        "## Statement by statement",
        "The Sid says what a statement is for, and who needs it; each action is in one statement only. "
        "[README.md](README.md#without-a-statement) says what does not work without one.",
        table(("Sid", "Actions"), ((f"`{s.sid}`", codes(s.actions)) for s in managing(kind).statements)),
    )
    return "\n\n".join(parts) + "\n"


def _settings(kind: Definition[Any]) -> Iterator[tuple[str, ...]]:
    for resource, member in _members(kind):
        needs, path = member.permissions, _path(kind, resource, member)
        actions = (codes(sorted(each)) for each in (needs.read, needs.write, needs.empty, needs.explain))
        of_type = f" of {_type_of(resource)}" if len(kind.resources) > 1 else ""
        yield _link(path), f"`{member.name}`{of_type}", *actions


def _link(path: str) -> str:
    return f"[{path}]({path})"
