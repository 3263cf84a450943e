"""The options of the command: what each is called, what it means, and which values it takes.

Each is also a variable of the environment; an empty variable is no value.
"""

import ipaddress
import os
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from headrace import __version__
from headrace.controller.elector import Timing
from headrace.logs import LogFormat
from headrace.telemetry.config import Telemetry, TLSFiles

# In sts:ExternalId, in values of tags, and never the slash that ends it there.
_CLUSTER_ID = re.compile(r"[A-Za-z0-9_.:=+@-]{1,63}", re.ASCII)
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_LEASE = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?", re.ASCII)
# What stands in a header and in a Lease as it is.
_IDENTITY = re.compile(r"[A-Za-z0-9._-]{1,253}", re.ASCII)


def address(value: str) -> tuple[str, int]:
    """Return host and port of what was given as HOST:PORT."""
    host, _, port = value.rpartition(":")
    # Only beside a port does an IPv6 address stand in brackets.
    return host.removeprefix("[").removesuffix("]"), int(port)


def split(value: str) -> tuple[str, ...]:
    """Return the names in a list that is separated by commas."""
    return tuple(name.strip() for name in value.split(",") if name.strip())


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise typer.BadParameter(f"{value!r} is no address: write it like 127.0.0.1:8080")
    return value


def _matching(pattern: re.Pattern[str], what: str) -> Callable[[str], str]:
    """Return the check that a value, if there is one, is like this; `what` says what it is not, and why."""

    def check(value: str) -> str:
        if value and not pattern.fullmatch(value):
            raise typer.BadParameter(f"{value!r} is no {what}")
        return value

    return check


_id = _matching(
    _CLUSTER_ID,
    "cluster id: it has up to 63 of a-z, A-Z, 0-9 and . _ - : = + @, because it is part of owner tags and of "
    "the ExternalId of roles",
)
_name = _matching(
    _NAMESPACE,
    "namespace: its name has up to 63 of a-z, 0-9 and -, and begins and ends with a letter or a digit; "
    "patterns are not understood",
)
_lease = _matching(
    _LEASE,
    "name for a Lease: it has up to 63 of a-z, 0-9, - and ., and begins and ends with a letter or a digit",
)
_identity = _matching(
    _IDENTITY, "identity: it has up to 253 of a-z, A-Z, 0-9, ., _ and -, as names of pods do"
)


def _names(value: str) -> str:
    for name in split(value):
        _name(name)
    return value


def timing(lease: int, renew: float, retry: float) -> Timing:
    """Return how long things last in an election, once it fits together."""
    made = Timing(lease, renew, retry)
    if wrong := made.wrong():
        raise typer.BadParameter(wrong)
    return made


def _level(value: str) -> str:
    if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise typer.BadParameter(f"{value!r} is no level: choose debug, info, warning or error")
    return value.upper()


def _version(value: bool) -> None:
    if value:
        typer.echo(f"headrace-operator {__version__}")
        raise typer.Exit


def _optional_address(value: str) -> str:
    return _address(value) if value else ""


# What it serves, and as whom

Namespaces = Annotated[
    str,
    typer.Option(
        envvar="HEADRACE_NAMESPACES", callback=_names, help="Namespaces to serve, by commas; empty: all."
    ),
]
OwnNamespace = Annotated[
    str,
    typer.Option(
        envvar="HEADRACE_OWN_NAMESPACE",
        callback=_name,
        help="The operator's namespace: where Secrets of accounts are.",
    ),
]
ClusterID = Annotated[
    str,
    typer.Option(
        envvar="HEADRACE_CLUSTER_ID",
        callback=_id,
        help="What tells this cluster from others in owner tags; empty: the UID of kube-system.",
    ),
]

# Without a right in the whole cluster

AccountsFile = Annotated[
    str,
    typer.Option(
        "--accounts",
        envvar="HEADRACE_ACCOUNTS",
        metavar="FILE",
        help="A YAML list of accounts, each with name and spec, in the place of AWSAccounts: nothing is "
        "asked that takes a right in the whole cluster. Needs --namespaces and --cluster-id.",
    ),
]


def accounts_file(value: str, namespaces: Collection[str], cluster_id: str) -> Path | None:
    """Return the file of accounts, once all else is said that would otherwise be asked of the cluster."""
    if not value:
        return None
    missing = [
        option for option, said in (("--namespaces", namespaces), ("--cluster-id", cluster_id)) if not said
    ]
    if missing:
        raise typer.BadParameter(
            f"with accounts from a file, nothing is asked of the whole cluster, so {' and '.join(missing)} "
            "must be said",
            param_hint="'--accounts' (env var: 'HEADRACE_ACCOUNTS')",
        )
    return Path(value)


# AWS

AllowAmbient = Annotated[
    bool,
    typer.Option(
        "--allow-ambient",
        envvar="HEADRACE_ALLOW_AMBIENT",
        help="Let objects of every namespace use the operator's own AWS credentials.",
    ),
]
AWSRate = Annotated[
    float,
    typer.Option(
        envvar="HEADRACE_AWS_RATE",
        min=1,
        max=10000,
        help="Requests a second to one AWS service in one account and region, until AWS asks for less. "
        "Services that are known to take fewer get fewer.",
    ),
]

# The work

Workers = Annotated[
    int,
    typer.Option(envvar="HEADRACE_WORKERS", min=1, max=100, help="How many objects are worked on at once."),
]

# High availability

LeaderElect = Annotated[
    bool,
    typer.Option(
        "--leader-elect/--no-leader-elect",
        envvar="HEADRACE_LEADER_ELECT",
        help="Of several replicas one works, the holder of a Lease in the operator's namespace.",
    ),
]
LeaseName = Annotated[
    str,
    typer.Option(envvar="HEADRACE_LEASE_NAME", callback=_lease, help="The Lease; one for each release."),
]
LeaseDuration = Annotated[
    int,
    typer.Option(
        envvar="HEADRACE_LEASE_DURATION",
        min=2,
        max=3600,
        help="Seconds without a sign of the leader until another one takes its place.",
    ),
]
RenewDeadline = Annotated[
    float,
    typer.Option(
        envvar="HEADRACE_RENEW_DEADLINE",
        min=0.5,
        max=3600,
        help="Seconds for which the leader works after it last got the Lease; then its process ends.",
    ),
]
RetryPeriod = Annotated[
    float,
    typer.Option(
        envvar="HEADRACE_RETRY_PERIOD",
        min=0.1,
        max=600,
        help="Seconds between two looks of a standby at the Lease, and between two tries of the leader.",
    ),
]
Identity = Annotated[
    str,
    typer.Option(
        envvar="HEADRACE_IDENTITY",
        callback=_identity,
        help="What the Lease calls this replica, with a random suffix; empty: the host's name.",
    ),
]

# Probes, metrics, logs

Listen = Annotated[
    str,
    typer.Option(
        envvar="HEADRACE_LISTEN", callback=_address, help="Where /healthz, /readyz and /metrics are."
    ),
]
MetricsListen = Annotated[
    str,
    typer.Option(
        envvar="HEADRACE_METRICS_LISTEN",
        callback=_optional_address,
        help="Where /metrics is, apart from the probes; empty: on --listen.",
    ),
]
MetricsTLSCert = Annotated[
    str,
    typer.Option(
        envvar="HEADRACE_METRICS_TLS_CERT",
        help="File with the certificate of /metrics and its chain, PEM; read anew when it changes.",
    ),
]
MetricsTLSKey = Annotated[
    str, typer.Option(envvar="HEADRACE_METRICS_TLS_KEY", help="File with its private key, PEM.")
]
MetricsAuthorization = Annotated[
    bool,
    typer.Option(
        "--metrics-authorization/--no-metrics-authorization",
        envvar="HEADRACE_METRICS_AUTHORIZATION",
        help="Let only those read /metrics whose token the API server takes and who may get /metrics there.",
    ),
]
ObjectMetrics = Annotated[
    bool,
    typer.Option(
        "--object-metrics/--no-object-metrics",
        envvar="HEADRACE_OBJECT_METRICS",
        help="Series of their own for each object.",
    ),
]
Traces = Annotated[
    bool,
    typer.Option(
        "--traces/--no-traces",
        envvar="HEADRACE_TRACES",
        help="Send OpenTelemetry traces to where the variables OTEL_EXPORTER_OTLP_… say, over HTTP.",
    ),
]
Format = Annotated[LogFormat, typer.Option(envvar="HEADRACE_LOG_FORMAT")]
Level = Annotated[str, typer.Option(envvar="HEADRACE_LOG_LEVEL", callback=_level)]
Version = Annotated[
    bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and end.")
]


# What goes together


def telemetry(*, listen: str, metrics_listen: str, cert: str, key: str, authorization: bool) -> Telemetry:
    """Return how metrics are served, once it makes sense.

    Raises:
        typer.BadParameter: it does not; the message says why, and what to do.
    """
    if bool(cert) != bool(key):
        given, lacking = ("--metrics-tls-cert", "--metrics-tls-key")[:: 1 if cert else -1]
        raise typer.BadParameter(f"{given} is of no use without {lacking}: give both files, or neither")
    if not metrics_listen and (cert or authorization):
        option = "--metrics-tls-cert" if cert else "--metrics-authorization"
        raise typer.BadParameter(
            f"{option} needs --metrics-listen, an address of its own: the probes on --listen stay plain, "
            "because the kubelet has neither a token nor our certificate"
        )
    if metrics_listen == listen:
        raise typer.BadParameter(
            f"--metrics-listen {metrics_listen} is the address of --listen, where metrics are by default: "
            "leave it out, or choose another one"
        )
    if metrics_listen and _overlap(address(listen), address(metrics_listen)):
        raise typer.BadParameter(
            f"--metrics-listen {metrics_listen} and --listen {listen} cannot both be had: one of them is the "
            "port of every address. Choose another port for one"
        )
    if authorization and not cert and not _stays_here(metrics_listen):
        raise typer.BadParameter(
            f"--metrics-authorization on {metrics_listen} would have tokens travel in plain text: give "
            "--metrics-tls-cert and --metrics-tls-key, or listen on 127.0.0.1 for a proxy in the same pod"
        )
    files = TLSFiles(Path(cert), Path(key)) if cert else None
    where = address(metrics_listen) if metrics_listen else None
    return Telemetry(listen=where, tls=files, authorization=authorization)


def _overlap(one: tuple[str, int], other: tuple[str, int]) -> bool:
    """Return whether who listens on one address would wait for ever for the other one."""
    (host, port), (another, same) = one, other
    # Every address means those of IPv4, or those of IPv6.
    alike = (":" in host) == (":" in another)
    return alike and port == same != 0 and (_is_every(host) or _is_every(another))


def _is_every(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _stays_here(value: str) -> bool:
    host, _ = address(value)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_traces(environment: Mapping[str, str] = os.environ) -> None:
    """See whether OpenTelemetry's own variables say where traces go, in a way that we can.

    Raises:
        typer.BadParameter: they do not; the message says which one is to be set to what.
    """
    names = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    name = next((name for name in names if environment.get(name)), "")
    if not name:
        raise typer.BadParameter(
            "--traces needs to know where they go: set OTEL_EXPORTER_OTLP_ENDPOINT, such as "
            "http://collector.monitoring:4318"
        )
    url = urlsplit(environment[name])
    if url.scheme not in ("http", "https") or not url.hostname:
        raise typer.BadParameter(
            f"{name} is {environment[name]!r}, which is no URL of a collector: write it like "
            "http://collector.monitoring:4318"
        )
    _check_protocol(environment)


def _check_protocol(environment: Mapping[str, str]) -> None:
    for name in ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        said = environment.get(name)
        if said and said != "http/protobuf":
            raise typer.BadParameter(
                f"{name} is {said!r}, and traces are sent as http/protobuf only: leave it out, and name the "
                "collector's port for HTTP, which mostly is 4318"
            )
