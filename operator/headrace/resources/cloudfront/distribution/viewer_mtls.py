"""Whether viewers show a certificate of their own, and who checks it."""

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from headrace.engine.document import Body
from headrace.engine.slices import ABSENT, Missing, Rule, Slice
from headrace.resources.cloudfront.distribution._member import DistributionLens
from headrace.resources.models import checked

_MEMBER = "ViewerMtlsConfig"
_STORE_MEMBER = "TrustStoreConfig"
_TRUST_STORE = "mode required and optional need trustStoreID: CloudFront checks by it"
_PASSED = "trustStoreID, advertiseTrustStoreCANames and ignoreCertificateExpiry are not for mode passthrough"


class ViewerMTLS(Slice):
    """Mutual TLS with viewers."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "(has(self.mode) && self.mode == 'passthrough') || has(self.trustStoreID)",
            _TRUST_STORE,
            ".trustStoreID",
        ),
        Rule(
            "!has(self.mode) || self.mode != 'passthrough' || (!has(self.trustStoreID) && "
            "(!has(self.advertiseTrustStoreCANames) || !self.advertiseTrustStoreCANames) && "
            "(!has(self.ignoreCertificateExpiry) || !self.ignoreCertificateExpiry))",
            _PASSED,
            ".mode",
        ),
    )

    mode: Literal["required", "optional", "passthrough"] = Field(
        "required",
        description=(
            "required: viewers show a certificate that CloudFront trusts. optional: those that show one do. "
            "passthrough: the origin checks it."
        ),
    )
    trust_store_id: str | None = Field(
        None, min_length=1, max_length=64, description="Id of the trust store with the authorities."
    )
    advertise_trust_store_ca_names: bool = Field(
        False, alias="advertiseTrustStoreCANames", description="Tell viewers the names of the authorities."
    )
    ignore_certificate_expiry: bool = Field(False, description="Take certificates that have expired, too.")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        passed = self.mode == "passthrough"
        more = self.trust_store_id or self.advertise_trust_store_ca_names or self.ignore_certificate_expiry
        checked(self, passed or self.trust_store_id is not None, _TRUST_STORE)
        return checked(self, not passed or not more, _PASSED)


class ViewerMTLSLens(DistributionLens[ViewerMTLS]):
    """Without the member there is no mutual TLS."""

    name = "viewerMTLS"
    slice = ViewerMTLS

    def get(self, body: Body) -> ViewerMTLS | Missing:
        """Read it, unchecked."""
        found = body.get(_MEMBER)
        if not found:
            return ABSENT
        trust = found.get(_STORE_MEMBER, {})
        values: dict[str, Any] = {
            "mode": found.get("Mode", "required"),
            "trust_store_id": trust.get("TrustStoreId") or None,
            "advertise_trust_store_ca_names": trust.get("AdvertiseTrustStoreCaNames", False),
            "ignore_certificate_expiry": trust.get("IgnoreCertificateExpiry", False),
        }
        return ViewerMTLS.model_construct(**values)

    def put(self, body: Body, value: ViewerMTLS | Missing) -> Body:
        """Write it over the one that is there."""
        rest = {member: each for member, each in body.items() if member != _MEMBER}
        if isinstance(value, Missing):
            return rest
        found = body.get(_MEMBER, {})
        config = {member: each for member, each in found.items() if member != _STORE_MEMBER}
        config["Mode"] = value.mode
        if value.trust_store_id is not None:
            config[_STORE_MEMBER] = dict(found.get(_STORE_MEMBER, {})) | {
                "TrustStoreId": value.trust_store_id,
                "AdvertiseTrustStoreCaNames": value.advertise_trust_store_ca_names,
                "IgnoreCertificateExpiry": value.ignore_certificate_expiry,
            }
        return rest | {_MEMBER: config}
