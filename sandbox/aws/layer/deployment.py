"""How long CloudFront takes until a change is at work; the tests set it, the corrections heed it."""


class Deployment:
    """A number of seconds. What is being deployed is deployed once they have passed, as they are now."""

    def __init__(self, seconds: float) -> None:
        self._initial = seconds
        self.seconds = seconds

    def reset(self) -> None:
        """As after the start."""
        self.seconds = self._initial
