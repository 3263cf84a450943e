"""Where MiniStack's ACM is put right: a certificate waits for its records in DNS, and knows who uses it."""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from ministack.core.responses import get_account_id, get_region, now_iso
from ministack.services import acm, route53

from sandbox.aws.layer.corrections.distributions import child, config, of_all_accounts, text
from sandbox.aws.layer.corrections.wrapping import Answer, Handler, wrap

Certificate = dict[str, Any]

_TOKEN_SECONDS = 3600
# What is kept of a request lies in the certificate, so that it goes when it goes.
_TOKEN, _TIME, _KEY = "_headrace_token", "_headrace_time", "_headrace_key"
_LOOKED_AT = "_headrace_looked_at"
_ONCE_ISSUED = ("IssuedAt", "NotBefore", "NotAfter")
_PAGE = 1000
_MOST_NAMES = 100


def install() -> None:
    """Put ACM right."""
    wrap(acm, "_validation_options", _by_account)
    wrap(acm, "_request_certificate", _waiting_for_records)
    wrap(acm, "_describe_certificate", _settled_first)
    wrap(acm, "_list_certificates", _listed_by_pages)
    wrap(acm, "_cert_shape", _as_far_as_known)
    wrap(acm, "_delete_certificate", _deleted_unless_used)
    wrap(acm, "handle_request", _told_where_not_implemented)


def look_up(account: str, region: str, arn: str) -> Certificate | None:
    """A certificate as it is now."""
    found: Certificate | None = acm._certificates.get_scoped(account, region, arn)
    if found is not None:
        _settle(found)
    return found


def age(certificate: Certificate) -> float:
    """The seconds since its request; many for an imported one."""
    return float(time.time() - certificate.get(_TIME, 0))


def _refused(code: str, message: str) -> Answer:
    answer: Answer = acm.error_response_json(code, message, 400)
    return answer


def _by_account(original: Handler) -> Handler:
    """The record of a name is the same for all certificates of an account, and for no other account."""

    def options(domain: str, method: str) -> Any:
        told = original(domain, method)
        base = domain.removeprefix("*.").lower()
        account = get_account_id()
        name, value = (
            hashlib.md5(f"{part} {account} {base}".encode(), usedforsecurity=False).hexdigest()
            for part in ("name", "value")
        )
        if method != "DNS":
            del told["ResourceRecord"]
        else:
            record = {"Name": f"_{name}.{base}.", "Type": "CNAME"}
            told["ResourceRecord"] = {**record, "Value": f"_{value}.acm-validations.aws."}
        return {**told, "ValidationStatus": "PENDING_VALIDATION"}

    return options


def _waiting_for_records(original: Handler) -> Handler:
    def request(data: Mapping[str, Any]) -> Any:
        token = data.get("IdempotencyToken", "")
        asked = (token, data.get("DomainName"), *sorted(data.get("SubjectAlternativeNames", ())))
        for arn, known in acm._certificates.items():
            if token and age(known) < _TOKEN_SECONDS and known.get(_TOKEN) == asked:
                return acm.json_response({"CertificateArn": arn})
        answer = original(data)
        if answer[0] == 200:
            requested = acm._certificates[json.loads(answer[2])["CertificateArn"]]
            for member in _ONCE_ISSUED:
                requested.pop(member, None)
            requested.update({"Status": "PENDING_VALIDATION", _TOKEN: asked, _TIME: time.time()})
            requested["Options"] = {
                "CertificateTransparencyLoggingPreference": "ENABLED",
                "Export": "DISABLED",
                **data.get("Options", {}),
            }
            requested[_KEY] = data.get("KeyAlgorithm", "RSA_2048")
        return answer

    return request


def _settle(certificate: Certificate) -> None:
    """Issue it where its records are in DNS."""
    if certificate["Status"] != "PENDING_VALIDATION":
        return
    options = certificate["DomainValidationOptions"]
    records = _records_in_dns()
    for option in options:
        record = option.get("ResourceRecord")
        if record and (record["Name"].rstrip("."), record["Value"].rstrip(".")) in records:
            option["ValidationStatus"] = "SUCCESS"
    if all(option["ValidationStatus"] == "SUCCESS" for option in options):
        now = now_iso()
        certificate.update({"Status": "ISSUED", "IssuedAt": now, "NotBefore": now})
        certificate["NotAfter"] = acm._future_iso(395 * 24 * 3600)


def _records_in_dns() -> set[tuple[str, str]]:
    """Name and value of every CNAME in every hosted zone that is public."""
    found = set()
    for (account, zone), records in list(route53._records._data.items()):
        if route53._zones.get_scoped(account, None, zone)["private"]:
            continue
        for record in records:
            if record["Type"] == "CNAME":
                found |= {(record["Name"].rstrip("."), v.rstrip(".")) for v in record["ResourceRecords"]}
    return found


def _settled_first(original: Handler) -> Handler:
    """The records to make are told a moment after the request: from the second look on."""

    def describe(data: Mapping[str, Any]) -> Any:
        found = look_up(get_account_id(), get_region(), data.get("CertificateArn", ""))
        answer = original(data)
        if found is not None:
            found[_LOOKED_AT] = True
        return answer

    return describe


def _listed_by_pages(original: Handler) -> Handler:
    def list_certificates(data: Mapping[str, Any]) -> Any:
        for found in acm._certificates.values():
            _settle(found)
        told = [_with_names(each) for each in json.loads(original(data)[2])["CertificateSummaryList"]]
        start, size = int(data.get("NextToken") or 0), int(data.get("MaxItems") or _PAGE)
        end = start + size
        more = {"NextToken": str(end)} if end < len(told) else {}
        return acm.json_response({"CertificateSummaryList": told[start:end], **more})

    return list_certificates


def _with_names(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Tell in a list, too, for which names a certificate is."""
    names = acm._certificates[summary["CertificateArn"]]["SubjectAlternativeNames"]
    more = len(names) > _MOST_NAMES
    told = {"SubjectAlternativeNameSummaries": names[:_MOST_NAMES]}
    return {**summary, **told, "HasAdditionalSubjectAlternativeNames": more}


def _as_far_as_known(original: Handler) -> Handler:
    def shape(certificate: Certificate) -> Any:
        told = original(certificate)
        told["InUseBy"] += list(_used_by(certificate["CertificateArn"]))
        told["KeyAlgorithm"] = certificate.get(_KEY, told["KeyAlgorithm"]).replace("_", "-")
        if certificate["Status"] != "PENDING_VALIDATION":
            return told
        told = {member: value for member, value in told.items() if member not in _ONCE_ISSUED}
        if _LOOKED_AT not in certificate:
            options = [dict(option) for option in told["DomainValidationOptions"]]
            for option in options:
                option.pop("ResourceRecord", None)
            told["DomainValidationOptions"] = options
        return told

    return shape


def _used_by(arn: str) -> Iterator[str]:
    for _, distribution in of_all_accounts():
        if text(child(config(distribution), "ViewerCertificate"), "ACMCertificateArn") == arn:
            yield distribution["ARN"]


def _deleted_unless_used(original: Handler) -> Handler:
    def delete(data: Mapping[str, Any]) -> Any:
        arn = data.get("CertificateArn", "")
        if acm._get_local_certificate(arn) is not None and any(_used_by(arn)):
            message = f"Certificate {arn} in account {get_account_id()} is in use."
            return _refused("ResourceInUseException", message)
        return original(data)

    return delete


def _told_where_not_implemented(original: Handler) -> Handler:
    async def handle(*request: Any) -> Any:
        answer = await original(*request)
        if b"Unknown action: " in answer[2]:
            message = f"The stand-in does not implement {request[2].get('x-amz-target')}."
            return acm.error_response_json("NotImplemented", message, 501)
        return answer

    return handle
