"""The kinds that the operator serves, by name."""

from collections.abc import Mapping
from typing import Any

from headrace.kinds.accelerated_bucket import AcceleratedBucket
from headrace.kinds.aws_account import AWSAccount
from headrace.kinds.common import Kind
from headrace.kinds.definition import Definition
from headrace.kinds.distribution.kind import Distribution

KINDS: Mapping[str, Kind[Any]] = {kind.name: kind for kind in (AcceleratedBucket(), Distribution())}
"""The custom resources that stand for resources of the cloud."""

DEFINITIONS: Mapping[str, Definition[Any]] = {AWSAccount.name: AWSAccount(), **KINDS}
"""All custom resources. Accounts come first: what refers to them finds them listed."""
