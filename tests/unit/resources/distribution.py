"""The lenses of a distribution, and documents of CloudFront to look through them."""

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from typing import Any

from headrace.engine.document import Lens
from headrace.engine.slices import Missing
from headrace.resources.cloudfront import distribution


def _lenses() -> dict[str, Lens[Any, Any]]:
    found: dict[str, Lens[Any, Any]] = {}
    for info in pkgutil.iter_modules(distribution.__path__):
        module = importlib.import_module(f"{distribution.__name__}.{info.name}")
        classes = [each for each in vars(module).values() if inspect.isclass(each) and issubclass(each, Lens)]
        if not info.name.startswith("_"):
            found |= {each.name: each() for each in classes if each.__module__ == module.__name__}
    return found


LENSES: Mapping[str, Lens[Any, Any]] = _lenses()


def through_all(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the lenses carry of a document: each part is read, and written to an empty one."""
    carried: Mapping[str, Any] = {}
    for lens in LENSES.values():
        carried = lens.put(carried, lens.get(document))
    return carried


def rest_of(lens: Lens[Any, Any]) -> Any:
    """Return what the lens reads where there is nothing."""
    found = lens.get({})
    assert isinstance(found, Missing) or found == lens.resting
    return found
