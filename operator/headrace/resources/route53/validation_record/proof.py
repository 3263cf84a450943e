"""What the record says: the value by which ACM knows that the zone is ours."""

from headrace.aws.target import Target
from headrace.engine.facet import Facet, Permissions
from headrace.engine.slices import Missing
from headrace.resources.route53._batches import change, delete, upsert
from headrace.resources.route53._zones import zone_of
from headrace.resources.route53.validation_record._reading import Proof, found, proof


class ProofFacet(Facet[Proof, Target]):
    """One CNAME record; its name has a hash of the account in it, so that any other value there is wrong."""

    name = "proof"
    slice = Proof
    permissions = Permissions(
        read=frozenset({"route53:ListResourceRecordSets"}),
        write=frozenset({"route53:ChangeResourceRecordSets"}),
    )

    def observe(self, target: Target) -> Proof | Missing:
        """Read the record."""
        return proof(target)

    def apply(self, target: Target, after: Proof, before: Proof | Missing) -> None:
        """Make the record say so; the target is where it is from then on."""
        zone = zone_of(target)
        change(target, zone, [upsert(after.record())])
        target.identify(f"{zone}/{after.record_name}")

    def remove(self, target: Target, before: Proof) -> None:
        """Delete the record."""
        there = found(target)
        if there is not None:
            change(target, zone_of(target), [delete(there)])
