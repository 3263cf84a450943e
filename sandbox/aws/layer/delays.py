"""How long things take on AWS that take no time here; the tests set it, the corrections heed it."""


class Delays:
    """Seconds until a change of a distribution is at work, and until a new resource is found by its tags.

    Both count for what is under way, too: it is done once the time has passed, as it is set now. ``session``
    is how long roles are given from now on; 0: for as long as is asked for.
    """

    def __init__(self, deployment: float) -> None:
        self._initial = deployment
        self.deployment = deployment
        self.tagging = 0.0
        self.session = 0.0

    def reset(self) -> None:
        """As after the start."""
        self.deployment = self._initial
        self.tagging = 0.0
        self.session = 0.0
