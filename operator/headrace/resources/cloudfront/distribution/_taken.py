"""Who holds an alias that CloudFront refuses because it is taken; only asked where that happened."""

from collections.abc import Iterator
from contextlib import contextmanager

from headrace.aws.cloudfront_codes import ADVICE
from headrace.aws.target import Target
from headrace.engine.document import Body
from headrace.engine.errors import CloudError, Invalid

_TAKEN = "CNAMEAlreadyExists"

ASKING = frozenset({"cloudfront:ListConflictingAliases", "cloudfront:ListDistributions"})
"""The IAM actions for asking who holds an alias."""


@contextmanager
def holders_told(target: Target, body: Body) -> Iterator[None]:
    """Where CloudFront refuses this configuration for an alias that is taken, say which one, and by whom.

    Raises:
        CloudError: what CloudFront refuses.
    """
    try:
        with target.translating():
            yield
    except Invalid as error:
        if error.context.code != _TAKEN:
            raise
        names = sorted({str(name).lower() for name in (body.get("Aliases") or {}).get("Items", ())})
        held = _holders(target, names) or [f"{' or '.join(names)} is held by what this account cannot see"]
        told = f"AWS refused {error.context.operation} ({_TAKEN}): {'; '.join(held)}. {ADVICE[_TAKEN]}"
        raise error.with_message(told) from error


def _holders(target: Target, names: list[str]) -> list[str]:
    """Return what is known of who holds these names; nothing where it may not be asked."""
    try:
        with target.translating():
            return sorted(_in_account(target, names)) or sorted(set(_elsewhere(target, names)))
    except CloudError:
        return []


def _in_account(target: Target, names: list[str]) -> Iterator[str]:
    for page in target.cloudfront.get_paginator("list_distributions").paginate():
        for each in page["DistributionList"].get("Items", []):
            taken = {name.lower() for name in each["Aliases"].get("Items", [])}.intersection(names)
            if each["Id"] != target.id:
                yield from (f"{name} is held by distribution {each['Id']} of this account" for name in taken)


def _elsewhere(target: Target, names: list[str]) -> Iterator[str]:
    """Yield what CloudFront tells of other accounts, the greater part of which it hides.

    It tells it only to who has a distribution with a certificate for the name.
    """
    for name in names if target.id else ():
        answer = target.cloudfront.list_conflicting_aliases(DistributionId=target.id, Alias=name)
        for each in answer["ConflictingAliasesList"].get("Items", []):
            number = each["DistributionId"]
            if not target.id.endswith(number.lstrip("*")):
                yield f"{each['Alias']} is held by distribution {number} of account {each['AccountId']}"
