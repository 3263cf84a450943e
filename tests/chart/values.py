"""Values that together turn on everything that the charts document."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from tools.charts import CRDS, OPERATOR, ROOT

Values = Mapping[str, Any]

ACCOUNT = {
    "name": "shop",
    "spec": {
        "region": "eu-central-1",
        "endpointURL": "http://stand-in.aws.svc:4566",
        "default": True,
        "namespaces": [{"names": ["*shop"], "buckets": {"create": ["acme-shop-*"]}}],
    },
}
_SECURE = {"enabled": True, "certSecret": "headrace-metrics"}
_TOKEN = {"credentials": {"name": "prometheus", "key": "token"}}
_CLUSTER = {"targetLabel": "cluster", "replacement": "prod-eu-1"}
_FEWER = {"sourceLabels": ["__name__"], "regex": "python_.*", "action": "drop"}
_TLS = {"serverName": "headrace", "insecureSkipVerify": False}


def _file(name: str) -> Values:
    values = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    assert isinstance(values, dict)
    return values


DEFAULTS = _file(f"{OPERATOR}/values.yaml")
CRD_DEFAULTS = _file(f"{CRDS}/values.yaml")
INSTALL = _file("manifests/install-values.yaml")
PRODUCTION = {**_file(f"{OPERATOR}/values-production.yaml"), "clusterID": "prod-eu-1"}
NAMESPACED: Values = {
    "clusterID": "prod-eu-1-shop",
    "watchNamespaces": ["default", "shop"],
    "secretNamespaces": ["shop"],
    "accounts": [ACCOUNT],
}
SETS: Mapping[str, Values] = {
    "defaults": {},
    "production": PRODUCTION,
    "install.yaml": INSTALL,
    "namespaced": NAMESPACED,
    "accounts": {
        "accounts": [ACCOUNT, {"name": "bank", "spec": {}}],
        "accountAnnotations": {"team": "platform"},
        "secretNamespaces": ["shop"],
        "allowAmbient": True,
        "aws": {"region": "eu-central-1", "endpointURL": "https://aws.example.com"},
    },
    "one replica": {
        "replicas": 1,
        "podDisruptionBudget": {"enabled": False},
        "workers": 20,
        "awsRate": 50,
        "log": {"format": "console", "level": "debug"},
        "terminationGracePeriodSeconds": 60,
    },
    "names and images": {
        "nameOverride": "race",
        "fullnameOverride": "racer",
        "image": {
            "repository": "registry.example.com:5000/headrace/operator",
            "tag": "1.2.3",
            "digest": f"sha256:{'0' * 64}",
            "pullPolicy": "Always",
        },
        "imagePullSecrets": [{"name": "registry"}],
        "tests": {"image": {"repository": "registry.example.com/python", "tag": "3.13"}},
    },
    "identity": {
        "serviceAccount": {
            "name": "aws",
            "annotations": {"team": "platform"},
            "irsaRoleARN": "arn:aws:iam::111122223333:role/headrace",
            "irsaAudience": "sts.amazonaws.com.cn",
            "irsaRegionalSTS": False,
        },
        "rbac": {"aggregateToView": False, "aggregateToEdit": True},
    },
    "somebody's ServiceAccount": {"serviceAccount": {"create": False, "name": "mine"}},
    "ServiceMonitor": {
        "metrics": {
            "port": 9443,
            "objectMetrics": False,
            "secure": _SECURE,
            "serviceMonitor": {
                "enabled": True,
                "interval": "30s",
                "labels": {"release": "prometheus"},
                "relabelings": [_CLUSTER],
                "metricRelabelings": [_FEWER],
            },
        },
        "service": {"annotations": {"team": "platform"}},
        "networkPolicy": {
            "metricsFrom": [
                {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
            ]
        },
    },
    "PodMonitor": {
        "metrics": {
            "secure": _SECURE,
            "podMonitor": {
                "enabled": True,
                "interval": "1m",
                "labels": {"team": "web"},
                "relabelings": [_CLUSTER],
                "metricRelabelings": [_FEWER],
                "tlsConfig": _TLS,
                "authorization": _TOKEN,
            },
        },
    },
    "ServiceMonitor with a token of its own": {
        "metrics": {
            "secure": _SECURE,
            "serviceMonitor": {"enabled": True, "tlsConfig": _TLS, "authorization": _TOKEN},
        },
    },
    "TLS alone": {"metrics": {"secure": {**_SECURE, "authorization": False}}},
    "no metrics": {"metrics": {"enabled": False}, "listenAddress": "::", "probes": {"port": 8181}},
    "traces": {"traces": {"enabled": True, "endpoint": "http://collector.monitoring:4318", "ratio": 0.1}},
    "named Secrets": {
        "accounts": [
            {"name": "shop", "spec": {"credentials": {"secretRef": {"name": "shop-keys"}}}},
            {"name": "bank", "spec": {"credentials": {"roleARN": "arn:aws:iam::111122223333:role/bank"}}},
        ],
        "accountSecrets": ["keys", "shop-keys"],
    },
    "leases": {"leaderElection": {"leaseDuration": 60, "renewDeadline": 40, "retryPeriod": 5}},
    "a user that the cluster chooses": {"securityContext": {"runAsUser": None}},
    "pods": {
        "securityContext": {"runAsUser": 1000650000},
        "resources": {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}},
        "probes": {
            "liveness": {"periodSeconds": 60},
            "readiness": {"periodSeconds": 10},
            "startup": {"periodSeconds": 5},
        },
        "priorityClassName": "system-cluster-critical",
        "nodeSelector": {"kubernetes.io/arch": "arm64"},
        "tolerations": [{"key": "spot", "operator": "Exists"}],
        "affinity": {
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "topologyKey": "kubernetes.io/hostname",
                        "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "headrace"}},
                    }
                ]
            }
        },
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "headrace"}},
            }
        ],
        "revisionHistoryLimit": 10,
        "commonLabels": {"cost-center": "platform"},
        "deploymentAnnotations": {"reloader.stakater.com/auto": "true"},
        "dnsPolicy": "None",
        "dnsConfig": {"nameservers": ["169.254.20.10"], "options": [{"name": "ndots", "value": "1"}]},
        "hostAliases": [{"ip": "10.0.0.7", "hostnames": ["sts.eu-central-1.amazonaws.com"]}],
        "extraObjects": [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "authority"},
                "data": {"ca.crt": "{{ not a template }}"},
            }
        ],
        "podAnnotations": {"team": "platform"},
        "podLabels": {"team": "platform"},
        "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy.example.com:3128"}],
        "extraVolumes": [{"name": "authority", "configMap": {"name": "authority"}}],
        "extraVolumeMounts": [{"name": "authority", "mountPath": "/etc/authority", "readOnly": True}],
        "networkPolicy": {
            "apiServerPorts": [16443],
            "extraEgress": [{"ports": [{"port": 3128, "protocol": "TCP"}]}],
        },
    },
    "no NetworkPolicy": {"networkPolicy": {"enabled": False}},
}
"""Values of the operator's chart, each by what it is about."""

CRD_SETS: Mapping[str, Values] = {
    "defaults": {},
    "others": {"keep": False, "annotations": {"team": "platform"}, "labels": {"team": "platform"}},
}
"""Values of the definitions' chart."""

EMPTY: tuple[Any, ...] = ("", None, [], {}, False)
"""Defaults for which no value at all is as good."""

# What Kubernetes has fields for is documented as one.
_WHOLE = {
    ("accountAnnotations",),
    ("resources",),
    *(("probes", name) for name in ("liveness", "readiness", "startup")),
}


def documented(values: Values, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Return the paths of all values that have a description of their own."""
    for key, value in values.items():
        if isinstance(value, dict) and value and (*path, key) not in _WHOLE:
            yield from documented(value, (*path, key))
        else:
            yield (*path, key)


def at(values: Values, path: tuple[str, ...]) -> Any:
    """Return what is at a path, None where nothing is."""
    found: Any = values
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def without(path: tuple[str, ...]) -> Values:
    """Return values that take a default away, as a key does that has nothing below it."""
    key, *rest = path
    return {key: without(tuple(rest)) if rest else None}
