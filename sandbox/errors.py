"""What the sandbox says when it cannot go on: one exception, whose text is meant for a person."""


class SandboxError(Exception):
    """Something that a person has to put right: its text says what is wrong, where, and what to do.

    Commands print it as ``error: <text>`` and end with exit code 1, without a traceback.
    """
