"""Whether there is an origin request policy under the name that its content gives it; many may share it."""

from typing import ClassVar

from headrace.resources.cloudfront._named import NamedRoot, root_permissions
from headrace.resources.cloudfront._shapes import Config
from headrace.resources.cloudfront.origin_request_policy._kind import KIND


class PresenceFacet(NamedRoot):
    """The origin request policy itself."""

    kind = KIND
    address = "arn:{partition}:cloudfront::{account}:origin-request-policy/{id}"
    carries: ClassVar[tuple[str, ...]] = ("config",)
    permissions = root_permissions(KIND)
    blank: ClassVar[Config] = {
        "HeadersConfig": {"HeaderBehavior": "none"},
        "CookiesConfig": {"CookieBehavior": "none"},
        "QueryStringsConfig": {"QueryStringBehavior": "none"},
    }
