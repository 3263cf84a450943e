"""Errors on the wire: written and read in every protocol of AWS."""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from sandbox.aws.layer.classify import Call

_XML_CODE = re.compile(rb"<Code>([^<]+)</Code>")
_JSON_CODE = re.compile(rb'"(?:__type|code|Code)"\s*:\s*"([^"]+)"')
# A text string (RFC 8949, major type 3): its length in the first byte, or in one or two bytes after it.
_CBOR_CODE = re.compile(rb"f__type(?:([\x60-\x77])|\x78(.)|\x79(..))([\w.#]+)", re.DOTALL)


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def error(call: Call, status: int, code: str, message: str) -> Answer:
    """An error in the protocol that the caller of ``call`` speaks."""
    request_id = str(uuid.uuid4())
    ids = {"x-amzn-requestid": request_id, "x-amz-request-id": request_id}
    if call.protocol == "cbor":
        body = b"\xa2" + b"".join(map(_cbor_text, ("__type", code, "message", message)))
        return Answer(
            status, {**ids, "content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}, body
        )
    if call.protocol in ("json", "rest-json"):
        kind = call.head.headers.get("content-type", "application/json")
        body = json.dumps({"__type": code, "message": message}).encode()
        return Answer(status, {**ids, "content-type": kind, "x-amzn-errortype": code}, body)
    body = b"" if call.head.method == "HEAD" else _xml(call, status, (code, message), request_id)
    return Answer(status, {**ids, "content-type": "application/xml"}, body)


def error_code(status: int, headers: Mapping[str, str], body: bytes) -> str | None:
    """The AWS error code of an answer; None if it is no error, or says none (a HEAD has no body)."""
    if status < 300:
        return None
    if named := headers.get("x-amzn-errortype"):
        return named.partition(":")[0].rpartition("#")[2]
    found = _XML_CODE.search(body) or _JSON_CODE.search(body)
    code = found.group(1) if found else _cbor_code(body)
    return code.decode("latin-1").rpartition("#")[2] or None


def _xml(call: Call, status: int, said: tuple[str, str], request_id: str) -> bytes:
    code, message = map(escape, said)
    named = f"<Code>{code}</Code><Message>{message}</Message>"
    if call.protocol == "s3":
        where = escape(call.head.raw_path)
        inner = f"<Error>{named}<Resource>{where}</Resource><RequestId>{request_id}</RequestId></Error>"
    elif call.protocol == "ec2":
        inner = (
            f"<Response><Errors><Error>{named}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
        )
    else:
        fault = "Receiver" if status >= 500 else "Sender"
        inner = (
            f"<ErrorResponse><Error><Type>{fault}</Type>{named}</Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{inner}'.encode()


def _cbor_code(body: bytes) -> bytes:
    found = _CBOR_CODE.search(body)
    if found is None:
        return b""
    short, *long, text = found.groups()
    length = short[0] & 0x1F if short else int.from_bytes(long[0] or long[1], "big")
    return bytes(text[:length])


def _cbor_text(text: str) -> bytes:
    """A text string in CBOR."""
    data = text.encode()
    if len(data) < 24:
        return bytes([0x60 | len(data)]) + data
    return b"\x79" + len(data).to_bytes(2, "big") + data
