"""Builds all that the sandbox builds from Go modules: the control plane's programs and the tools."""

import sys

from sandbox.console import say
from sandbox.control_plane.build import binaries
from sandbox.errors import SandboxError
from sandbox.tools import TOOLS, tool


def main() -> int:
    """Build what is missing and print where everything is."""
    try:
        sys.stdout.write(f"{binaries()}\n")
        for name in TOOLS:
            sys.stdout.write(f"{tool(name)}\n")
    except SandboxError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
