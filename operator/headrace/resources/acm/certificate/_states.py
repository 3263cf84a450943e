"""What is to be said of a certificate that is not issued: who waits for what, or what a person has to do."""

from typing import TYPE_CHECKING

from headrace.engine.errors import CloudError, Invalid, Pending
from headrace.resources.acm.certificate._names import in_order

if TYPE_CHECKING:
    from mypy_boto3_acm.type_defs import CertificateDetailTypeDef

_ISSUED, _WAITS = "ISSUED", "PENDING_VALIDATION"

_WHY = {
    "VALIDATION_TIMED_OUT": (
        "ACM did not find the validation records within 72 hours. Check that the domain is delegated to the "
        "hosted zone in which they are"
    ),
    "CAA_ERROR": "a CAA record keeps AWS from issuing it. Let one name amazon.com, or have none",
    "DOMAIN_NOT_ALLOWED": "AWS holds a name to be unsafe. Ask AWS Support",
    "ADDITIONAL_VERIFICATION_REQUIRED": "AWS wants to know more. Ask AWS Support",
    "INVALID_PUBLIC_DOMAIN": "a name is in no public domain. Name others",
    "REVOKED": "it was revoked",
    "EXPIRED": "it has expired: ACM could not renew it. Check that its validation records are still there",
}


def trouble(told: "CertificateDetailTypeDef") -> CloudError | None:
    """Return why the certificate cannot be used yet, or ever; None where it can."""
    status = told.get("Status", _WAITS)
    who = f"The certificate for {', '.join(in_order(told.get('SubjectAlternativeNames', [])))}"
    if status == _ISSUED:
        return None
    if status == _WAITS:
        return Pending(f"{who} is waiting for {_awaited(told)}.")
    reason = told.get("FailureReason", status) if status == "FAILED" else status
    why = _WHY.get(reason, f"its status is {status}, for {reason}" if reason != status else f"it is {status}")
    return Invalid(
        f"{who} cannot be used: {why}. Then delete {told.get('CertificateArn', 'it')}, and another one is "
        "requested."
    )


def _awaited(told: "CertificateDetailTypeDef") -> str:
    """Say for which records it waits."""
    options = told.get("DomainValidationOptions", [])
    open_ = [each for each in options if each.get("ValidationStatus") != "SUCCESS"]
    names = sorted({each["ResourceRecord"]["Name"].rstrip(".") for each in open_ if "ResourceRecord" in each})
    if not names:
        return "ACM to say which records prove its names"
    return f"ACM to find its validation {'record' if len(names) == 1 else 'records'} {', '.join(names)}"
