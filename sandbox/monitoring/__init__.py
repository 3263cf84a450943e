"""The Prometheus operator's definitions of its kinds: files of its Go module, which pins their version."""

from pathlib import Path

from sandbox.programs import GoModule

_OPERATOR = "github.com/prometheus-operator/prometheus-operator"
_FOLDER = "example/prometheus-operator-crd"
_MODULE = GoModule("monitoring", Path(__file__).parent, {}, "no time")


def definitions() -> list[Path]:
    """The CustomResourceDefinitions of ServiceMonitor and PodMonitor, which the charts make objects of.

    They are downloaded if they are not in the cache. Raises SandboxError if Go is missing, too old, or fails.
    """
    names = (f"monitoring.coreos.com_{plural}.yaml" for plural in ("servicemonitors", "podmonitors"))
    return _MODULE.files(_OPERATOR, [f"{_FOLDER}/{name}" for name in names])
