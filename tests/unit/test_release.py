"""What a release says of itself, and where: the same sentence and the same version everywhere."""

import tomllib
from pathlib import Path
from typing import Any

import yaml

import headrace
from tests.bucket_specs import ROOT
from tools.charts import CRDS, OPERATOR


def chart(path: Path) -> dict[str, Any]:
    about: dict[str, Any] = yaml.safe_load((ROOT / path / "Chart.yaml").read_text())
    return about


def project() -> dict[str, Any]:
    about: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return about


def test_chart_package_and_image_call_headrace_the_same() -> None:
    sentence = project()["description"]

    assert chart(OPERATOR)["description"].startswith(sentence)
    assert f'image.description="{sentence}"' in (ROOT / "Dockerfile").read_text()
    assert (headrace.__doc__ or "").casefold() == f"Headrace: {sentence}".casefold()
