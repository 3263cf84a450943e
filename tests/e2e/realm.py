"""A guarded AWS of two accounts, an operator that is a mere IAM user there, and tenants in namespaces."""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.aws.clients import ACCOUNT
from sandbox.aws.stand_in import StandIn
from sandbox.control_plane.server import ControlPlane
from sandbox.errors import SandboxError
from sandbox.operator import NAMESPACE, Operator
from sandbox.processes import wait_until
from sandbox.world import Object, World, condition, current

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

SECOND = "222222222222"
CLUSTER = "prod-1"

EVERYTHING = {
    "buckets": {"create": ["*"], "adopt": ["*"]},
    "passes": {"roles": ["*"], "keys": ["*"], "certificates": ["*"]},
}
"""What an entry for a team of its own says beside its names."""


@dataclass(frozen=True)
class User:
    """An IAM user, and a key of theirs."""

    account: str
    name: str
    key: str
    secret: str

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:user/{self.name}"

    @property
    def values(self) -> dict[str, str]:
        """What a Secret has with the key."""
        return {"aws_access_key_id": self.key, "aws_secret_access_key": self.secret}


@dataclass
class Realm:
    """What tests of accounts and tenants work with. Names of accounts, users and Secrets are their own."""

    plane: ControlPlane
    aws: StandIn
    operator: Operator
    me: User
    shop: World
    games: World

    # AWS

    def user(self, account: str = ACCOUNT) -> User:
        """Make an IAM user who may do anything with S3."""
        return _user(self.aws, account, f"u-{secrets.token_hex(4)}", ["s3:*"])

    def another_key(self, user: User) -> User:
        """Make another key of the user."""
        iam = self.aws.client("iam", account=user.account)
        made = iam.create_access_key(UserName=user.name)["AccessKey"]
        return User(user.account, user.name, made["AccessKeyId"], made["SecretAccessKey"])

    def delete_key(self, user: User) -> None:
        iam = self.aws.client("iam", account=user.account)
        iam.delete_access_key(UserName=user.name, AccessKeyId=user.key)

    def role(self, external_ids: Sequence[str], account: str = ACCOUNT) -> str:
        """Make a role that may do anything with S3 and trusts us with these ExternalIds; return its ARN."""
        iam, name = self.aws.client("iam", account=account), f"r-{secrets.token_hex(4)}"
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=_trust(self.me, external_ids))
        iam.put_role_policy(RoleName=name, PolicyName="s3", PolicyDocument=_policy(["s3:*"]))
        return f"arn:aws:iam::{account}:role/{name}"

    def rights(self, user: User) -> "Rights":
        """Take all rights from the user; what they may do from now on is one policy of their own."""
        iam = self.aws.client("iam", account=user.account)
        iam.delete_user_policy(UserName=user.name, PolicyName="may")
        return Rights(iam, user)

    def trust(self, role: str, external_ids: Sequence[str]) -> None:
        """Have the role trust us with these ExternalIds, and no others."""
        iam = self.aws.client("iam", account=role.split(":")[4])
        iam.update_assume_role_policy(
            RoleName=role.rpartition("/")[2], PolicyDocument=_trust(self.me, external_ids)
        )

    # Kubernetes

    def secret(self, values: Mapping[str, str], name: str | None = None) -> str:
        """Apply a Secret in the operator's namespace; return its name."""
        name = name or f"s-{secrets.token_hex(4)}"
        self._apply(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "namespace": NAMESPACE},
                "stringData": dict(values),
            }
        )
        return name

    @contextmanager
    def account(self, spec: Mapping[str, Any] | None = None, *, whole: bool = False) -> Iterator[str]:
        """Have an AWSAccount for a while; unless `whole`, both tenants may do anything with it."""
        name = f"a-{secrets.token_hex(4)}"
        self.apply_account(name, spec or {}, whole=whole)
        try:
            yield name
        finally:
            self.delete_account(name)

    @contextmanager
    def bucket_name(self) -> Iterator[str]:
        """Have a name for a bucket and its object in the shop; calls count from here, and the object goes."""
        chosen = self.shop.name(secrets.token_hex(3))
        self.shop.mark()
        yield chosen
        if self.shop.find(chosen) is not None:
            self.shop.annotate(chosen, "headrace.io/abandon", "true")
            self.shop.delete(chosen)
            self.shop.gone(chosen)

    def apply_account(self, name: str, spec: Mapping[str, Any], *, whole: bool = False) -> None:
        both = {"namespaces": [{"names": [self.shop.namespace, self.games.namespace], **EVERYTHING}]}
        body = {"apiVersion": "headrace.io/v1alpha1", "kind": "AWSAccount", "metadata": {"name": name}}
        self._apply({**body, "spec": dict(spec) if whole else {**both, **spec}})

    def look_now(self, name: str) -> None:
        """Have the account looked at right now, as people do."""
        value = secrets.token_hex(4)
        self.plane.kubectl_run(
            "annotate", "awsacct", name, f"headrace.io/reconcile-requested-at={value}", "--overwrite"
        )
        self.until(name, lambda o: o["status"].get("lastHandledReconcileAt") == value)

    def delete_account(self, name: str) -> None:
        self.plane.kubectl_run("delete", "awsacct", name, "--wait=false", "--ignore-not-found")

    def find(self, name: str) -> Object | None:
        text = self.plane.kubectl_run("get", "awsacct", name, "-o", "json", "--ignore-not-found")
        return json.loads(text) if text.strip() else None

    def until(self, name: str, holds: Callable[[Object], Any], seconds: float = 30) -> Object:
        """Return the account once this holds of it."""
        found: Object | None = None

        def it_does() -> bool:
            nonlocal found
            found = self.find(name)
            return found is not None and bool(holds(found))

        try:
            wait_until(it_does, what=f"AWSAccount {name} is as it should be", seconds=seconds)
        except SandboxError as error:
            raise SandboxError(f"{error} It is {json.dumps(found and found.get('status'))}") from None
        assert found is not None
        return found

    def ready(self, name: str, seconds: float = 30) -> Object:
        return self.until(
            name, lambda o: condition(o, "Ready").get("status") == "True" and current(o), seconds
        )

    def stalled(self, name: str, reason: str, seconds: float = 30) -> Object:
        return self.until(
            name, lambda o: condition(o, "Stalled").get("reason") == reason and current(o), seconds
        )

    def gone(self, name: str, seconds: float = 30) -> None:
        try:
            wait_until(lambda: self.find(name) is None, what=f"AWSAccount {name} is gone", seconds=seconds)
        except SandboxError as error:
            found = self.find(name) or {}
            raise SandboxError(f"{error} It is {json.dumps(found.get('status'))}") from None

    def _apply(self, body: Mapping[str, Any]) -> None:
        text = json.dumps(body)
        self.plane.kubectl_run("apply", "--server-side", "--force-conflicts", "-f", "-", input=text)


class Rights:
    """All that a user may do: a managed policy, whose limits are those that an admin meets."""

    def __init__(self, iam: "IAMClient", user: User) -> None:
        self._iam, self._user, self._policy = iam, user, ""

    def allow(self, document: Mapping[str, Any]) -> None:
        """Allow what this says, and nothing else."""
        text = json.dumps(document, separators=(",", ":"))
        if self._policy:
            self._iam.create_policy_version(PolicyArn=self._policy, PolicyDocument=text, SetAsDefault=True)
            self._forget_older()
            return
        made = self._iam.create_policy(PolicyName=f"{self._user.name}-rights", PolicyDocument=text)
        self._policy = made["Policy"]["Arn"]
        self._iam.attach_user_policy(UserName=self._user.name, PolicyArn=self._policy)

    def _forget_older(self) -> None:
        """IAM keeps five versions."""
        for version in self._iam.list_policy_versions(PolicyArn=self._policy)["Versions"]:
            if not version["IsDefaultVersion"]:
                self._iam.delete_policy_version(PolicyArn=self._policy, VersionId=version["VersionId"])


def message(obj: Object, type_: str = "Ready") -> str:
    """Return what a condition says."""
    said: str = condition(obj, type_)["message"]
    return said


@contextmanager
def realm(plane: ControlPlane, directory: Path, *options: str) -> Iterator[Realm]:
    """Start a guarded AWS and an operator that uses it as an IAM user, for two namespaces."""
    with StandIn(auth=True) as aws:
        me = _user(aws, ACCOUNT, "headrace", ["s3:*", "sts:AssumeRole"])
        shop, games = World(plane, aws), World(plane, aws)
        arguments = ("--namespaces", f"{shop.namespace},{games.namespace}", "--cluster-id", CLUSTER, *options)
        env = {"AWS_ACCESS_KEY_ID": me.key, "AWS_SECRET_ACCESS_KEY": me.secret}
        with Operator(plane, aws, directory, arguments, env) as operator:
            yield Realm(plane, aws, operator, me, shop, games)


def _user(aws: StandIn, account: str, name: str, actions: Sequence[str]) -> User:
    iam = aws.client("iam", account=account)
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=_policy(actions))
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return User(account, name, made["AccessKeyId"], made["SecretAccessKey"])


def _policy(actions: Sequence[str]) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _trust(user: User, external_ids: Sequence[str]) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": user.arn},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": list(external_ids)}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
