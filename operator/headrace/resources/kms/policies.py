"""Whether the policy of a KMS key lets a distribution read what is encrypted with the key.

CloudFront comes as the service cloudfront.amazonaws.com with the distribution's ARN as aws:SourceArn
("SSE-KMS" in "Restrict access to an Amazon S3 origin", CloudFront Developer Guide). Of conditions on other
keys of a request nobody here can know whether they hold: they count in favour of who asks.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from headrace.aws.target import Target
from headrace.engine.errors import Denied

_SERVICE = "cloudfront.amazonaws.com"
_ACTION = "kms:Decrypt"
_SID = "HeadraceCloudFront"

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Access:
    """Whether a key lets a distribution in, and a sentence on what is to be done where it does not."""

    granted: bool | None
    """None: nobody can say."""
    message: str = ""


def needed_statement(distribution_arn: str) -> dict[str, Any]:
    """Return the statement that the key's policy needs, and nothing more."""
    return {
        "Sid": _SID,
        "Effect": "Allow",
        "Principal": {"Service": _SERVICE},
        "Action": _ACTION,
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceArn": distribution_arn}},
    }


def access(target: Target, key: str, distribution_arn: str) -> Access:
    """Read the policy of a key, by its ARN or id, and say whether it lets the distribution in.

    Args:
        target: anything in the region of the key.
        key: the key, as the bucket names it.
        distribution_arn: who wants to read.

    Raises:
        CloudError: the policy cannot be read, for another reason than a missing permission.
    """
    try:
        with target.translating():
            text = target.kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    except Denied as error:
        return Access(None, f"Whether KMS key {key} lets CloudFront decrypt is not known: {error.message}")
    if lets_in(json.loads(text), distribution_arn):
        return Access(True)
    statement = json.dumps(needed_statement(distribution_arn))
    return Access(
        False, f"The policy of KMS key {key} does not let CloudFront decrypt. Add the statement {statement}"
    )


def lets_in(policy: Document, distribution_arn: str) -> bool:
    """Say whether a key's policy lets the distribution decrypt: a statement allows it, and none denies it."""
    facts = {
        "aws:sourcearn": distribution_arn,
        "aws:sourceaccount": distribution_arn.split(":")[4],
        "aws:principalisawsservice": "true",
        "aws:principalservicename": _SERVICE,
    }
    found = policy.get("Statement", [])
    statements = [found] if isinstance(found, Mapping) else found
    fitting = [each for each in statements if _is_about_us(each)]
    denied = any(each["Effect"] == "Deny" and _holds(each, facts, otherwise=False) for each in fitting)
    allowed = any(each["Effect"] == "Allow" and _holds(each, facts, otherwise=True) for each in fitting)
    return allowed and not denied


def _is_about_us(statement: Document) -> bool:
    """Say whether a statement is about CloudFront, and about decrypting. A key's policy is about that key."""
    if "NotPrincipal" in statement:
        who = not _names_us(statement["NotPrincipal"])
    else:
        who = _names_us(statement.get("Principal", {}))
    if "NotAction" in statement:
        return who and not _any(_is_action, statement["NotAction"], _ACTION)
    return who and _any(_is_action, statement.get("Action", []), _ACTION)


def _names_us(principal: Any) -> bool:
    """Everybody is all services, too."""
    if isinstance(principal, str):
        return principal == "*"
    return "*" in _listed(principal.get("AWS", [])) or _SERVICE in _listed(principal.get("Service", []))


# Conditions


def _holds(statement: Document, facts: Mapping[str, str], *, otherwise: bool) -> bool:
    """Say whether all conditions hold; what nobody can know of counts as `otherwise`."""
    results = [
        _compared(operator, facts[key.lower()], values) if key.lower() in facts else None
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    ]
    return all(otherwise if result is None else result for result in results)


def _compared(operator: str, fact: str, values: Any) -> bool | None:
    """Compare what is known of the request; None where the operator is not about texts."""
    name = operator.rpartition(":")[2].removesuffix("IfExists")
    wanted, negated = (name.replace("Not", "", 1), True) if "Not" in name else (name, False)
    comparison = _COMPARISONS.get(wanted)
    return None if comparison is None else _any(comparison, values, fact) is not negated


def _like(pattern: str, text: str) -> bool:
    """Compare with a text in which * is anything, and ? is one character."""
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch("".join(parts), text) is not None


def _is_action(pattern: str, action: str) -> bool:
    """Compare with an action, which may be written in small letters or in capitals."""
    return _like(pattern.lower(), action.lower())


def _arn_like(pattern: str, arn: str) -> bool:
    """Compare each of the six parts by itself."""
    if pattern == "*":
        return True
    wanted, parts = pattern.split(":", 5), arn.split(":", 5)
    return len(wanted) == len(parts) and all(_like(w, p) for w, p in zip(wanted, parts, strict=True))


def _equal(wanted: str, text: str) -> bool:
    return wanted == text


def _equal_but_for_case(wanted: str, text: str) -> bool:
    return wanted.lower() == text.lower()


_COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": _equal_but_for_case,
    "StringEquals": _equal,
    "StringEqualsIgnoreCase": _equal_but_for_case,
    "StringLike": _like,
}


def _any(comparison: Callable[[str, str], bool], values: Any, text: str) -> bool:
    return any(comparison(value, text) for value in _listed(values))


def _listed(values: Any) -> Iterable[str]:
    """One value is a list of one; booleans may be said as such."""
    several = values if isinstance(values, list) else [values]
    return [each if isinstance(each, str) else json.dumps(each) for each in several]
