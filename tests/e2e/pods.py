"""A guarded AWS in which the operator is a role, as in a pod on EKS, and what gives it its credentials."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from sandbox.aws.clients import ACCOUNT
from sandbox.aws.stand_in import StandIn
from sandbox.control_plane.server import ControlPlane
from sandbox.operator import NAMESPACE, SERVICE_ACCOUNT, USER, Operator
from sandbox.world import World
from tests.e2e.privileges import committed
from tests.e2e.realm import CLUSTER, SECOND, Realm, User
from tests.unit.serving import serving

ROLE = "headrace-operator"
ARN = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"
ISSUER = "kubernetes.default.svc"
AUDIENCE = "sts.amazonaws.com"
OF_AGENT = "pods.eks.amazonaws.com"
EKS = f"arn:aws:eks:eu-central-1:{ACCOUNT}:cluster/prod"

_PATH = "/v1/credentials"
_NOBODY: dict[str, str | None] = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
# So short that botocore asks for other credentials before each call.
_SECONDS = 300


@dataclass(frozen=True)
class Became(User):
    """Who the operator is: a role that a pod has."""

    @property
    def arn(self) -> str:
        return ARN


def token(plane: ControlPlane, audience: str, name: str = SERVICE_ACCOUNT) -> str:
    """Return a token of a ServiceAccount in the operator's namespace, as the kubelet asks for one."""
    asked = (
        "create",
        "token",
        name,
        f"--namespace={NAMESPACE}",
        f"--audience={audience}",
        "--duration=3600s",
    )
    return plane.kubectl_run(*asked).strip()


def trust(aws: StandIn, document: Mapping[str, Any]) -> None:
    """Have the operator's role trust just these."""
    iam = aws.client("iam")
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(document))


def by_token() -> Mapping[str, Any]:
    """Return the committed trust policy for IRSA, filled in."""
    return committed("trust-policy-irsa.json", ACCOUNT_ID=ACCOUNT, OIDC_ISSUER=ISSUER)


def by_agent(cluster: str = EKS) -> Mapping[str, Any]:
    """Return the committed trust policy for EKS Pod Identity, filled in."""
    return committed("trust-policy-pod-identity.json", EKS_CLUSTER_ARN=cluster)


def shared(here: Realm) -> str:
    """Make a role of another account from the committed files, for the shop; return its ARN."""
    role = here.role([], SECOND)
    words = {"OPERATOR_ARN": ARN, "CLUSTER_ID": CLUSTER, "NAMESPACE": here.shop.namespace}
    iam = here.aws.client("iam", account=SECOND)
    document = json.dumps(committed("trust-policy.json", **words))
    iam.update_assume_role_policy(RoleName=role.rpartition("/")[2], PolicyDocument=document)
    return role


@contextmanager
def pod(plane: ControlPlane, aws: StandIn, directory: Path, env: Mapping[str, str | None]) -> Iterator[Realm]:
    """Start an operator with these variables, for two namespaces, whose role may do what is committed."""
    shop, games = World(plane, aws), World(plane, aws)
    iam = aws.client("iam")
    policies = {
        "buckets": committed("accelerated-bucket-manage.json", BUCKET_NAMES=f"{shop.namespace}-*"),
        "roles": committed("assume-role.json", ROLE_ARN=f"arn:aws:iam::{SECOND}:role/*"),
    }
    for name, document in policies.items():
        iam.put_role_policy(RoleName=ROLE, PolicyName=name, PolicyDocument=json.dumps(document))
    arguments = ("--namespaces", f"{shop.namespace},{games.namespace}", "--cluster-id", CLUSTER)
    with Operator(plane, aws, directory, (*arguments, "--allow-ambient"), {**_NOBODY, **env}) as operator:
        yield Realm(plane, aws, operator, Became(ACCOUNT, ROLE, "", ""), shop, games)


@contextmanager
def guarded(document: Mapping[str, Any]) -> Iterator[StandIn]:
    """Start an AWS that has the operator's role, and gives short sessions."""
    with StandIn(auth=True) as aws:
        iam = aws.client("iam")
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(document))
        aws.session(_SECONDS)
        yield aws


@dataclass
class Agent:
    """Does what the EKS Pod Identity Agent and the service behind it do, for one pod.

    ``associated``: the ARN of the role that the ServiceAccount has. ``broken``: the status of all answers.
    """

    plane: ControlPlane
    aws: StandIn
    associated: str | None = ARN
    broken: int = 0
    url: str = ""
    asked: list[int] = field(default_factory=list)
    """The status of each answer."""
    known: dict[str, str] = field(default_factory=dict)
    """Whose the tokens are, as the API server said."""

    def answer(self, path: str, token: str) -> tuple[int, str]:
        """Answer a pod."""
        if self.broken:
            return self.broken, "[4e1f]: (InternalServerException): no luck today, fault: server"
        if path != _PATH or self.known.get(token) != USER:
            return 400, "[4e1f]: (InvalidTokenException): the token is not valid, fault: client"
        if self.associated is None:
            return 404, "[4e1f]: (ResourceNotFoundException): no association found, fault: client"
        try:
            return 200, json.dumps(self._credentials(self.associated))
        except ClientError:
            said = "Unauthorized Exception! EKS does not have permissions to assume the associated role."
            return 403, f"[4e1f]: (AccessDeniedException): {said}, fault: client"

    def token(self, audience: str = OF_AGENT) -> str:
        """Return a token for the pod, and know whose it is: pods do not wait until the API server says so."""
        made = token(self.plane, audience)
        spec = {"token": made, "audiences": [OF_AGENT]}
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec}
        said = self.plane.kubectl_run("create", "-f", "-", "-o", "json", input=json.dumps(body))
        self.known[made] = json.loads(said)["status"].get("user", {}).get("username", "")
        return made

    def _credentials(self, role: str) -> dict[str, str]:
        """Assume the role as EKS does: with tags that are handed on. Services are root in the stand-in."""
        about = {
            "eks-cluster-arn": EKS,
            "eks-cluster-name": "prod",
            "kubernetes-namespace": NAMESPACE,
            "kubernetes-pod-name": "headrace-operator-1",
            "kubernetes-service-account": SERVICE_ACCOUNT,
        }
        made = self.aws.client("sts").assume_role(
            RoleArn=role,
            RoleSessionName="eks-prod-headrace-operator-1",
            Tags=[{"Key": key, "Value": value} for key, value in about.items()],
            TransitiveTagKeys=list(about),
        )["Credentials"]
        return {
            "AccessKeyId": made["AccessKeyId"],
            "SecretAccessKey": made["SecretAccessKey"],
            "Token": made["SessionToken"],
            "AccountId": ACCOUNT,
            "Expiration": made["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


def _handler(agent: Agent) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, said = agent.answer(self.path, self.headers.get("Authorization", ""))
            agent.asked.append(status)
            body = said.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the answers are in `asked`."""

    return Handler


@contextmanager
def agent(plane: ControlPlane, aws: StandIn) -> Iterator[Agent]:
    """Have an agent on loopback."""
    made = Agent(plane, aws)
    with serving(_handler(made)) as url:
        made.url = url + _PATH
        yield made
