"""Builds the operator's image and runs it once: ``python -m tools.image``, or ``make image``."""

import re
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from headrace import __version__
from sandbox.console import say
from sandbox.errors import SandboxError
from sandbox.operator import install
from sandbox.up import Stopped, sandbox
from sandbox.world import World
from tools.image import base, reach, trial
from tools.image.engines import Build, Engine, find_engine
from tools.image.steps import answer

ROOT = Path(__file__).resolve().parents[2]
IMAGE = f"headrace-operator:{__version__}"
LIMIT_BYTES = 200_000_000
"""How much the image may have beyond its base."""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    base_image: Annotated[
        str,
        typer.Option(
            "--base",
            envvar="BASE_IMAGE",
            help="An image with Python 3.11 or newer; silent: that of the Dockerfile or, where no registry "
            "can be reached, a Debian that debootstrap makes.",
        ),
    ] = "",
    image: Annotated[str, typer.Option(envvar="IMAGE", help="The name of what is built.")] = IMAGE,
    source: Annotated[
        str, typer.Option(envvar="SOURCE", help="Where the source code is, for the label of that name.")
    ] = "",
    run: Annotated[bool, typer.Option(help="Have it reconcile a bucket on the sandbox.")] = True,
) -> None:
    """Build the operator's image, say how large it is, and run it once."""
    try:
        engine = find_engine()
        found = chosen_base(engine, base_image)
        build(engine, found, image, source)
        print(f"{image}, built with {engine.name}: {sizes(engine, found, image)}")
        print(f"--version: {trial.version(engine, image)}")
        if run:
            with sandbox("image") as up:
                install(up.plane)
                said = trial.reconcile(engine, image, World(up.plane, up.aws), up.directory)
            print(f"a bucket on the sandbox, reconciled on a read-only root: {said}")
    except SandboxError as error:
        say(f"error: {error}")
        raise typer.Exit(1) from error
    except Stopped as stop:
        raise typer.Exit(stop.exit_code) from stop


def chosen_base(engine: Engine, wanted: str) -> str:
    """Return the base that is wished or, where none is and no registry answers, one that is made here.

    Raises:
        SandboxError: it cannot be had.
    """
    image = wanted or default_base((ROOT / "Dockerfile").read_text())
    if engine.has(image) or engine.pull(image):
        return image
    if wanted:
        raise SandboxError(
            f"The base image {wanted} is not here and cannot be pulled: is the name right, and its registry "
            "within reach? Without BASE_IMAGE, a base is made here."
        )
    say(f"{image} cannot be pulled: no registry is within reach")
    return base.make(engine)


def default_base(dockerfile: str) -> str:
    """Return the base that the Dockerfile names."""
    found = re.search(r"^ARG BASE_IMAGE=(\S+)$", dockerfile, re.MULTILINE)
    if found is None:
        raise SandboxError("The Dockerfile has no line `ARG BASE_IMAGE=…`: restore it from the repository.")
    return found[1]


def build(engine: Engine, base_image: str, image: str, source: str = "") -> None:
    """Build the image; SandboxError where that fails."""
    arguments = {
        "BASE_IMAGE": base_image,
        "VERSION": __version__,
        "REVISION": answer(
            "git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"
        )
        or "",
        "SOURCE": source,
    }
    say(f"Building {image} on {base_image} with {engine.name} (about a minute, the first time)")
    with tempfile.TemporaryDirectory() as directory:
        engine.build(Build(ROOT, image, arguments, reach.secrets(Path(directory))))


def sizes(engine: Engine, base_image: str, image: str) -> str:
    """Say how large the image is.

    Raises:
        SandboxError: it is too large.
    """
    more = beyond(engine, base_image, image)
    told = f"{_mb(engine.size(image))}, {_mb(more)} beyond {base_image}"
    if more > LIMIT_BYTES:
        raise SandboxError(f"{image} has {told}; {_mb(LIMIT_BYTES)} is the limit.")
    return told


def beyond(engine: Engine, base_image: str, image: str) -> int:
    """Return the bytes that the image has beyond its base."""
    return engine.size(image) - engine.size(base_image)


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"


if __name__ == "__main__":
    sys.exit(app())
