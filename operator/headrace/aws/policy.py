"""IAM policies as values: what they grant, how long they are, and how they read as JSON.

Sources: "IAM JSON policy elements" and "IAM and AWS STS quotas" in the IAM User Guide.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from headrace.aws.credentials import ITSELF, Role

MOST_CHARACTERS = 6144
"""How long a managed policy can be; IAM does not count white space."""

MOST_OF_TRUST = 2048
"""How long a trust policy can be, unless the account asks for a higher quota."""

AUDIENCE = "sts.amazonaws.com"
"""For whom the tokens are with which ServiceAccounts become roles (IRSA)."""

_AGENT = "pods.eks.amazonaws.com"


@dataclass(frozen=True)
class Statement:
    """One statement that allows something."""

    sid: str
    """Letters and digits only, and only one of that name in a policy."""
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ()
    """Their ARNs. None: the statement is in the policy of the resource itself."""
    principal: Mapping[str, str] = field(default_factory=dict)
    """Who is let in, where that is not whoever has the policy: {"AWS": ARN}."""
    equals: Mapping[str, str] = field(default_factory=dict)
    """What the keys of a request's context have to be."""

    def document(self) -> dict[str, Any]:
        """Return it as IAM wants it."""
        said: dict[str, Any] = {"Sid": self.sid, "Effect": "Allow"}
        if self.principal:
            said["Principal"] = dict(self.principal)
        said["Action"] = _one_or_all(self.actions)
        if self.resources:
            said["Resource"] = _one_or_all(self.resources)
        if self.equals:
            said["Condition"] = {"StringEquals": dict(self.equals)}
        return said


@dataclass(frozen=True)
class Policy:
    """Statements, in the order in which people read them."""

    statements: tuple[Statement, ...]

    @property
    def actions(self) -> frozenset[str]:
        """All that is allowed."""
        return frozenset(action for statement in self.statements for action in statement.actions)

    @property
    def characters(self) -> int:
        """How long it is as IAM counts."""
        return len("".join(json.dumps(self.document()).split()))

    def document(self) -> dict[str, Any]:
        """Return it as IAM wants it."""
        return {
            "Version": "2012-10-17",
            "Statement": [statement.document() for statement in self.statements],
        }

    def text(self) -> str:
        """Write it as a file."""
        return json.dumps(self.document(), indent=2) + "\n"


def assuming(role: str) -> Policy:
    """Return what an operator needs to work as this role: nothing but the right to assume it.

    The tags of its session, which EKS Pod Identity has it hand on, are a right of their own ("Chaining roles
    with session tags" in the IAM User Guide).
    """
    return Policy((Statement("AssumeRole", ("sts:AssumeRole", "sts:TagSession"), (role,)),))


def trust(operator: str, cluster_id: str, namespaces: Iterable[str]) -> Policy:
    """Return the trust policy of a role that these namespaces, and its AWSAccount's own check, work as.

    Args:
        operator: the ARN of who the operator is before it assumes the role.
        cluster_id: what the operator was started with.
        namespaces: those whose objects may be worked on as this role.
    """
    who = {"Account": ITSELF, **{f"Namespace{n}": name for n, name in enumerate(namespaces, start=1)}}
    trusting = tuple(_trusting(sid, operator, cluster_id, name) for sid, name in who.items())
    # sts:TagSession does not know the keys of the conditions above; alone it lets nobody in.
    return Policy((*trusting, Statement("Tags", ("sts:TagSession",), principal={"AWS": operator})))


def _trusting(sid: str, operator: str, cluster_id: str, namespace: str) -> Statement:
    us = Role.for_namespace("", cluster_id, namespace)
    said = {"sts:ExternalId": us.external_id, "sts:RoleSessionName": us.session_name}
    return Statement(sid, ("sts:AssumeRole",), principal={"AWS": operator}, equals=said)


def trust_of_token(account: str, issuer: str, namespace: str, service_account: str) -> Policy:
    """Return the trust policy of a role that a ServiceAccount becomes by its token (IRSA).

    Args:
        account: the number of the account that has the role and the identity provider.
        issuer: the cluster's OIDC issuer, without https://.
        namespace: that of the ServiceAccount.
        service_account: its name.
    """
    provider = f"arn:aws:iam::{account}:oidc-provider/{issuer}"
    subject = f"system:serviceaccount:{namespace}:{service_account}"
    equals = {f"{issuer}:aud": AUDIENCE, f"{issuer}:sub": subject}
    action = ("sts:AssumeRoleWithWebIdentity",)
    return Policy((Statement("ServiceAccount", action, principal={"Federated": provider}, equals=equals),))


def trust_of_agent(cluster: str, namespace: str, service_account: str) -> Policy:
    """Return the trust policy of a role that EKS Pod Identity gives a ServiceAccount.

    Args:
        cluster: the ARN of the EKS cluster.
        namespace: that of the ServiceAccount.
        service_account: its name.
    """
    equals = {
        "aws:RequestTag/eks-cluster-arn": cluster,
        "aws:RequestTag/kubernetes-namespace": namespace,
        "aws:RequestTag/kubernetes-service-account": service_account,
    }
    actions = ("sts:AssumeRole", "sts:TagSession")
    return Policy((Statement("ServiceAccount", actions, principal={"Service": _AGENT}, equals=equals),))


def _one_or_all(values: tuple[str, ...]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
