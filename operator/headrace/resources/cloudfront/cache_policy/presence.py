"""Whether there is a cache policy under the name that its content gives it; many may share it."""

from typing import ClassVar

from headrace.resources.cloudfront._named import NamedRoot, root_permissions
from headrace.resources.cloudfront._shapes import Config
from headrace.resources.cloudfront.cache_policy._kind import KIND


class PresenceFacet(NamedRoot):
    """The cache policy itself."""

    kind = KIND
    address = "arn:{partition}:cloudfront::{account}:cache-policy/{id}"
    carries: ClassVar[tuple[str, ...]] = ("config",)
    permissions = root_permissions(KIND)
    blank: ClassVar[Config] = {"MinTTL": 0}
