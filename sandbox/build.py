"""Gets all that the sandbox has from Go modules: the control plane's programs, the tools, and definitions."""

import sys

from sandbox.console import say
from sandbox.control_plane.build import binaries
from sandbox.errors import SandboxError
from sandbox.monitoring import definitions
from sandbox.tools import TOOLS, tool


def main() -> int:
    """Get what is missing and print where everything is."""
    try:
        sys.stdout.write(f"{binaries()}\n")
        for name in TOOLS:
            sys.stdout.write(f"{tool(name)}\n")
        for file in definitions():
            sys.stdout.write(f"{file}\n")
    except SandboxError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
