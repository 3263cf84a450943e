"""Where a distribution's configuration is: CloudFront gives and takes it whole, with an ETag."""

from typing import Any

from headrace.aws.target import Target
from headrace.engine.document import Document, Store
from headrace.resources.cloudfront.distribution._refusals import explained


def document(answer: Any) -> Document:
    """Return what CloudFront tells of a distribution that was read or made."""
    found = answer["Distribution"]
    about = {
        "status": found["Status"],
        "domainName": found["DomainName"],
        "lastModified": found["LastModifiedTime"],
    }
    return Document(body=found["DistributionConfig"], version=answer["ETag"], about=about)


class DistributionStore(Store[Target]):
    """The DistributionConfig, as boto3 gives it."""

    name = "distribution"

    def fetch(self, target: Target) -> Document:
        """Read the configuration, and what CloudFront tells beside it."""
        return document(target.cloudfront.get_distribution(Id=target.id))

    def replace(self, target: Target, document: Document) -> None:
        """Put this configuration in the place of the one with this ETag."""
        config: Any = dict(document.body)
        with explained(target, config):
            target.cloudfront.update_distribution(
                Id=target.id, IfMatch=document.version, DistributionConfig=config
            )


STORE = DistributionStore()
