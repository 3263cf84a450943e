"""The reference page of the operator's own metrics, as Markdown."""

from collections.abc import Iterable

from headrace.telemetry import catalogue
from headrace.telemetry.catalogue import LABELS, Metric
from tools.markdown import codes, table


def page() -> str:
    """Return the page."""
    each = [metric for metric in catalogue.METRICS if metric in catalogue.OF_EACH_OBJECT]
    others = [metric for metric in catalogue.METRICS if metric not in each]
    parts = (
        "# Metrics",
        "What the operator counts of itself, at `/metrics`. How to serve them with TLS and to whom, and what "
        "to look at, is in [operations.md](../operations.md#metrics). Beside these there are the "
        "`process_` and `python_` metrics of Prometheus' client.",
        _metrics(others),
        "## Of each object",
        f"{len(each)} series for each object, gone with it. `--no-object-metrics` switches them off.",
        _metrics(each),
        "## Labels",
        "Each has a bound; what users name themselves is in none but those of each object.",
        table(("Label", "Values"), ((f"`{name}`", values) for name, values in LABELS.items())),
        "## Buckets",
        "Upper bounds of histograms, in seconds.",
        table(("Histogram", "Buckets"), ((f"`{m.name}`", _bounds(m)) for m in others if m.buckets)),
    )
    return "\n\n".join(parts) + "\n"


def _metrics(metrics: Iterable[Metric]) -> str:
    rows = ((f"`{m.name}`", _type(m), codes(m.labels), m.about) for m in metrics)
    return table(("Name", "Type", "Labels", "What it means"), rows)


def _type(metric: Metric) -> str:
    # In Prometheus' text format, that is what infos are.
    return "gauge" if metric.type is catalogue.Type.INFO else metric.type


def _bounds(metric: Metric) -> str:
    return ", ".join(f"{bound:g}" for bound in metric.buckets)
