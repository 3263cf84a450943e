"""The options of the command: what each is called, what it means, and which values it takes.

Each is also a variable of the environment; an empty variable is no value.
"""

import re
from typing import Annotated

import typer

from headrace import __version__
from headrace.logs import LogFormat

# In sts:ExternalId, in values of tags, and never the slash that ends it there.
_CLUSTER_ID = re.compile(r"[A-Za-z0-9_.:=+@-]{1,63}", re.ASCII)
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


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


def _id(value: str) -> str:
    if value and not _CLUSTER_ID.fullmatch(value):
        raise typer.BadParameter(
            f"{value!r} is no cluster id: it has up to 63 of a-z, A-Z, 0-9 and . _ - : = + @, because it is "
            "part of owner tags and of the ExternalId of roles"
        )
    return value


def _names(value: str) -> str:
    for name in split(value):
        _name(name)
    return value


def _name(value: str) -> str:
    if value and not _NAMESPACE.fullmatch(value):
        raise typer.BadParameter(
            f"{value!r} is no namespace: its name has up to 63 of a-z, 0-9 and -, and begins and ends with a "
            "letter or a digit; patterns are not understood"
        )
    return value


def _level(value: str) -> str:
    if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise typer.BadParameter(f"{value!r} is no level: choose debug, info, warning or error")
    return value.upper()


def _version(value: bool) -> None:
    if value:
        typer.echo(f"headrace-operator {__version__}")
        raise typer.Exit


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

# Probes, metrics, logs

Listen = Annotated[
    str,
    typer.Option(
        envvar="HEADRACE_LISTEN", callback=_address, help="Where /healthz, /readyz and /metrics are."
    ),
]
Format = Annotated[LogFormat, typer.Option(envvar="HEADRACE_LOG_FORMAT")]
Level = Annotated[str, typer.Option(envvar="HEADRACE_LOG_LEVEL", callback=_level)]
Version = Annotated[
    bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and end.")
]
