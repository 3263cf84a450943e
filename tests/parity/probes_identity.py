"""The probes of how one becomes a role: by a token, and from another role."""

import base64
import json
import time
from typing import Any

from sandbox.aws.clients import ACCOUNT
from sandbox.aws.stand_in import StandIn
from tests.parity.tools import code, probe, user

ISSUER = "oidc.example.org/id/1"
AUDIENCE = "sts.amazonaws.com"


def _token(issuer: str = ISSUER, audience: object = AUDIENCE, seconds: float = 600) -> str:
    """A token that nobody signed."""
    claims = {"iss": f"https://{issuer}", "aud": audience, "sub": "me", "exp": time.time() + seconds}
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.signature"


def _role(aws: StandIn, name: str, *statements: dict[str, Any], may: str = "*") -> str:
    """A role with this trust policy that may do this."""
    iam = aws.client("iam")
    trust = [{"Effect": "Allow", **statement} for statement in statements]
    document = {"Version": "2012-10-17", "Statement": trust}
    made = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps(document), MaxSessionDuration=43200
    )
    own = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": may, "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=json.dumps(own))
    return made["Role"]["Arn"]


def _federated(*issuers: str) -> dict[str, Any]:
    providers = [f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}" for issuer in issuers]
    return {"Principal": {"Federated": providers}, "Action": "sts:AssumeRoleWithWebIdentity"}


def _trade(aws: StandIn, token: str, **more: Any) -> str:
    """The error code with which a token is refused by a role that trusts its issuer; '' if it is taken."""
    provider: dict[str, Any] = {"Url": f"https://{ISSUER}", "ClientIDList": [AUDIENCE], "ThumbprintList": []}
    aws.client("iam").create_open_id_connect_provider(**provider)
    role = _role(aws, "probe", {**_federated(ISSUER, "other.example.org"), **more})
    trade = aws.client("sts").assume_role_with_web_identity
    return code(trade, RoleArn=role, RoleSessionName="probe", WebIdentityToken=token)


@probe("web-identity-provider")
def _(aws: StandIn) -> bool:
    return _trade(aws, _token("other.example.org")) == "InvalidIdentityToken"


@probe("web-identity-audience")
def _(aws: StandIn) -> bool:
    return _trade(aws, _token(audience="somebody")) == "InvalidIdentityToken"


@probe("web-identity-audience-list")
def _(aws: StandIn) -> bool:
    condition = {"StringEquals": {f"{ISSUER}:aud": AUDIENCE}}
    return _trade(aws, _token(audience=[AUDIENCE]), Condition=condition) == ""


@probe("web-identity-expired")
def _(aws: StandIn) -> bool:
    return _trade(aws, _token(seconds=-1)) == "ExpiredTokenException"


@probe("web-identity-no-token")
def _(aws: StandIn) -> bool:
    return _trade(aws, "hello") == "InvalidIdentityToken"


@probe("web-identity-signature")
def _(aws: StandIn) -> bool:
    return _trade(aws, _token()) == "InvalidIdentityToken"


def _session(aws: StandIn, **more: Any) -> Any:
    """A client of STS with a session of a role that everybody may become and that may do anything."""
    trust = {"Principal": {"AWS": "*"}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    first = _role(aws, "first", trust)
    asking = user(aws, "sts:*", service="sts")
    made = asking.assume_role(RoleArn=first, RoleSessionName="probe", **more)["Credentials"]
    keys = {"access_key": made["AccessKeyId"], "secret_key": made["SecretAccessKey"]}
    return aws.client("sts", region="us-east-1", session_token=made["SessionToken"], **keys)


@probe("transitive-session-tags")
def _(aws: StandIn) -> bool:
    tagged = {"Tags": [{"Key": "team", "Value": "shop"}], "TransitiveTagKeys": ["team"]}
    first = _session(aws, **tagged)
    second = _role(aws, "second", {"Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})
    return code(first.assume_role, RoleArn=second, RoleSessionName="probe") == "AccessDenied"


@probe("tag-session-permission")
def _(aws: StandIn) -> bool:
    trust = {"Principal": {"AWS": "*"}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    role, asking = _role(aws, "first", trust), user(aws, "sts:AssumeRole", service="sts")
    tags = [{"Key": "team", "Value": "shop"}]
    return code(asking.assume_role, RoleArn=role, RoleSessionName="probe", Tags=tags) == "AccessDenied"


@probe("role-chaining-duration")
def _(aws: StandIn) -> bool:
    first = _session(aws)
    second = _role(aws, "second", {"Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})
    asked = {"RoleArn": second, "RoleSessionName": "probe", "DurationSeconds": 3601}
    return code(first.assume_role, **asked) == "ValidationError"
