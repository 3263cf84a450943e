"""Which operation a REST request is, by botocore's service models: method, URI template, required keys."""

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, cast
from urllib.parse import parse_qsl, unquote

_LABEL = re.compile(r"\{(\w+)(\+?)\}")

# Where the name in the signature is not the name by which SDKs call the service.
_SIGNED_AS = {
    "airflow": "mwaa",
    "aoss": "opensearchserverless",
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2",
    "elasticmapreduce": "emr",
    "kinesisanalytics": "kinesisanalyticsv2",
    "monitoring": "cloudwatch",
    "s3express": "s3",
    "s3-object-lambda": "s3",
    "servicequotas": "service-quotas",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}
# Services that share a signing name and are told apart by their path.
_BY_PATH = {
    "s3": ("/v20180820/", "s3control"),
    "apigateway": ("/v2/", "apigatewayv2"),
    "es": ("/2021-01-01/", "opensearch"),
    "ses": ("/v2/", "sesv2"),
}


@dataclass(frozen=True)
class Match:
    """An operation by botocore's name; the first label of its path (a bucket, a distribution id), or ''."""

    operation: str
    resource: str


@dataclass(frozen=True)
class _Route:
    operation: str
    pattern: re.Pattern[str]
    literals: tuple[tuple[str, str], ...]
    query: frozenset[str]
    headers: frozenset[str]
    deprecated: bool

    @property
    def rank(self) -> tuple[int, int, bool]:
        """The more a route asks for, the earlier it is tried; of equals, the one that is not deprecated."""
        return (len(self.literals), len(self.query) + len(self.headers), not self.deprecated)

    def matches(
        self, raw_path: str, query: Mapping[str, list[str]], headers: Mapping[str, str]
    ) -> Match | None:
        if not all(key in query and value in ("", query[key][0]) for key, value in self.literals):
            return None
        if not (self.query <= query.keys() and self.headers <= headers.keys()):
            return None
        found = self.pattern.fullmatch(raw_path)
        if found is None:
            return None
        return Match(self.operation, unquote(found.group(1)) if found.re.groups else "")


@dataclass(frozen=True)
class Model:
    """What the layer needs of a service: its protocol, and its routes by method, the most specific first."""

    protocol: str
    routes: Mapping[str, tuple[_Route, ...]]

    def match(
        self, method: str, raw_path: str, query: Mapping[str, list[str]], headers: Mapping[str, str]
    ) -> Match | None:
        """The operation of a request, or None if the model has none that fits."""
        for route in self.routes.get(method, ()):
            if found := route.matches(raw_path, query, headers):
                return found
        return None


def service_name(signed_as: str, raw_path: str) -> str:
    """The name by which SDKs call the service of a request: ``boto3.client(<name>)``."""
    prefix, name = _BY_PATH.get(signed_as, ("\n", ""))
    return name if raw_path.startswith(prefix) else _SIGNED_AS.get(signed_as, signed_as)


@cache
def model(service: str) -> Model | None:
    """The newest model that botocore has of a service; None if it has none."""
    directory = files("botocore") / "data" / service
    if not service or not directory.is_dir():
        return None
    version = max(entry.name for entry in directory.iterdir())
    packed = (directory / version / "service-2.json.gz").read_bytes()
    data = json.loads(gzip.decompress(packed))
    routes: dict[str, list[_Route]] = {}
    for name, operation in data["operations"].items():
        routes.setdefault(operation["http"]["method"], []).append(_route(name, operation, data["shapes"]))
    ranked = {method: tuple(sorted(found, key=_rank, reverse=True)) for method, found in routes.items()}
    return Model(data["metadata"]["protocol"], ranked)


def _rank(route: _Route) -> tuple[tuple[int, int, bool], int]:
    return route.rank, -route.pattern.groups


def _route(name: str, operation: Mapping[str, Any], shapes: Mapping[str, Any]) -> _Route:
    path, _, query = operation["http"]["requestUri"].partition("?")
    shape = shapes.get(operation.get("input", {}).get("shape", ""), {})
    required = [shape["members"][member] for member in shape.get("required", ())]
    return _Route(
        operation=name,
        pattern=re.compile(_pattern(path)),
        literals=tuple(parse_qsl(query, keep_blank_values=True)),
        query=frozenset(_names(required, "querystring")),
        headers=frozenset(name.lower() for name in _names(required, "header")),
        deprecated=bool(operation.get("deprecated")),
    )


def _names(members: list[dict[str, Any]], location: str) -> list[str]:
    return [cast(str, member["locationName"]) for member in members if member.get("location") == location]


def _pattern(template: str) -> str:
    """A URI template as a regular expression; a slash at the end is neither asked for nor refused."""
    parts, end = [], 0
    bare = template.rstrip("/")
    for label in _LABEL.finditer(bare):
        parts += [re.escape(bare[end : label.start()]), "(.+)" if label.group(2) else "([^/]+)"]
        end = label.end()
    return "".join([*parts, re.escape(bare[end:]), "/?"])
