"""The command: from its options to a process that runs, and from what ends that to an exit code."""

import asyncio
import logging
import os
import socket
import sys
from dataclasses import replace
from typing import NoReturn

import typer

from headrace import options
from headrace.aws.sessions import DEFAULT_RATE
from headrace.config import Config
from headrace.controller.api import ApiError
from headrace.controller.elector import Timing
from headrace.controller.running import Broken
from headrace.kube.connection import ConnectionFailed
from headrace.logs import LogFormat, configure
from headrace.process import run
from headrace.telemetry.server import ListenFailed
from headrace.telemetry.tls import TLSFailed
from headrace.telemetry.traces import TracesFailed

log = logging.getLogger("headrace")

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def operator(
    namespaces: options.Namespaces = "",
    workers: options.Workers = 10,
    allow_ambient: options.AllowAmbient = False,
    cluster_id: options.ClusterID = "",
    listen: options.Listen = "127.0.0.1:8080",
    aws_rate: options.AWSRate = DEFAULT_RATE,
    own_namespace: options.OwnNamespace = "headrace-system",
    accounts: options.AccountsFile = "",
    leader_elect: options.LeaderElect = False,
    lease_name: options.LeaseName = "headrace-operator",
    lease_duration: options.LeaseDuration = Timing.lease,
    renew_deadline: options.RenewDeadline = Timing.renew,
    retry_period: options.RetryPeriod = Timing.retry,
    identity: options.Identity = "",
    metrics_listen: options.MetricsListen = "",
    metrics_tls_cert: options.MetricsTLSCert = "",
    metrics_tls_key: options.MetricsTLSKey = "",
    metrics_authorization: options.MetricsAuthorization = False,
    object_metrics: options.ObjectMetrics = True,
    traces: options.Traces = False,
    log_format: options.Format = LogFormat.JSON,
    log_level: options.Level = "INFO",
    version: options.Version = False,
) -> None:
    """Reconcile the custom resources of headrace.io against AWS."""
    configure(log_format, log_level)
    telemetry = options.telemetry(
        listen=listen,
        metrics_listen=metrics_listen,
        cert=metrics_tls_cert,
        key=metrics_tls_key,
        authorization=metrics_authorization,
    )
    if traces:
        options.check_traces()
    served = options.split(namespaces)
    _end_with(
        Config(
            namespaces=served,
            workers=workers,
            allow_ambient=allow_ambient,
            cluster_id=cluster_id,
            listen=options.address(listen),
            rate=aws_rate,
            own_namespace=own_namespace,
            accounts=options.accounts_file(accounts, served, cluster_id),
            leader_elect=leader_elect,
            lease_name=lease_name,
            timing=options.timing(lease_duration, renew_deadline, retry_period),
            identity=identity or socket.gethostname(),
            telemetry=replace(telemetry, objects=object_metrics, traces=traces),
        )
    )


def _end_with(config: Config) -> None:
    """Run, and end as is due: with a sentence and 1 where it cannot run, with 0 where it was asked to end."""
    runner = asyncio.Runner()
    try:
        runner.run(run(config))
    except (ConnectionFailed, ListenFailed, TLSFailed, TracesFailed, ApiError) as error:
        # Nothing has begun.
        runner.close()
        typer.echo(f"headrace-operator: {error}", err=True)
        raise typer.Exit(1) from error
    except Broken as error:
        log.error(str(error))
        _leave(1)
    except Exception:
        log.exception("bug: the operator ended by itself, to be started again")
        _leave(1)
    _leave(0)


def _leave(code: int) -> NoReturn:
    """End at once: Python would wait for threads that wait for an answer, longer than Kubernetes for us."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
