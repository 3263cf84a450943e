"""Paces requests with a token bucket per account, region and service, which halves when AWS throttles."""

import threading
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from headrace.aws.errors import class_of
from headrace.engine.errors import Throttled

# How much of the full pace comes back in each second without throttling.
_RECOVERY_PER_SECOND = 0.05
_LOWEST = 1.0

NO_RATES: Mapping[str, float] = MappingProxyType({})

SERVICE_RATES: Mapping[str, float] = MappingProxyType(
    {"acm": 8.0, "cloudfront": 10.0, "kms": 100.0, "resourcegroupstaggingapi": 15.0, "route53": 5.0}
)
"""Requests a second that these services take from one account; an AWSAccount may say otherwise.

Route 53 documents five ("Quotas" in its Developer Guide); the others are on the safe side of what AWS says
of the operations that we use most.
"""

# Answers to requests that were under way together are one piece of news, not many.
_ONE_PIECE_OF_NEWS = 1.0


class TokenBucket:
    """Lets `rate` requests a second through, and as many at once after a rest. Safe for threads.

    Requests queue in the order in which they come: a take reserves its token and sleeps until it is due.
    """

    def __init__(
        self,
        rate: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.full, self.rate = rate, rate
        self._clock, self._sleep = clock, sleep
        self._tokens, self._at = rate, clock()
        self._slowed = float("-inf")
        self._lock = threading.Lock()

    def take(self) -> float:
        """Wait for one token; return the seconds waited."""
        with self._lock:
            self._refill()
            self._tokens -= 1
            wait = max(0.0, -self._tokens / self.rate)
        if wait:
            self._sleep(wait)
        return wait

    def slow_down(self) -> None:
        """Halve the pace, once for all throttled requests of the same moment."""
        with self._lock:
            self._refill()
            if self._at - self._slowed >= _ONE_PIECE_OF_NEWS:
                self.rate = max(min(_LOWEST, self.full), self.rate / 2)
                self._tokens = min(self._tokens, 0.0)
                self._slowed = self._at

    def _refill(self) -> None:
        now = self._clock()
        passed = now - self._at
        self.rate = min(self.full, self.rate + self.full * _RECOVERY_PER_SECOND * passed)
        self._tokens = min(self.rate, self._tokens + passed * self.rate)
        self._at = now


class Pacing:
    """The token buckets of all accounts, regions and services.

    Args:
        rate: how many requests a second each service takes, where nobody knows better.
        clock: tells the time in seconds.
        sleep: waits for so many seconds.
        rates: services that are known to take fewer, by boto3's name.
    """

    def __init__(
        self,
        rate: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        rates: Mapping[str, float] = NO_RATES,
    ) -> None:
        self._rate, self._clock, self._sleep = rate, clock, sleep
        self._rates = rates
        self._buckets: dict[tuple[str, str, str, float], TokenBucket] = {}
        self._lock = threading.Lock()

    def bucket(self, account: str, region: str, service: str, rate: float | None = None) -> TokenBucket:
        """Return the one bucket of this account, region and service for all who ask for the same rate.

        Where the account is not known yet, who asks stands for it: nobody is slowed down by somebody else.
        """
        full = rate or min(self._rate, self._rates.get(service, self._rate))
        key = (account, region, service, full)
        with self._lock:
            if key not in self._buckets:
                self._buckets[key] = TokenBucket(full, self._clock, self._sleep)
            return self._buckets[key]

    def watch(self, client: Any, account: str, region: str, rate: float | None = None) -> None:
        """Pace what this client sends; each retry takes a token of its own."""
        service = client.meta.service_model.service_name
        bucket = self.bucket(account, region, service, rate)

        def send(**_: Any) -> None:
            bucket.take()

        def received(parsed_response: Any = None, **_: Any) -> None:
            answer = parsed_response or {}
            status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            # The answer to a HEAD has no code; a bare 503 is how S3 asks to slow down.
            code = answer.get("Error", {}).get("Code", "").replace("503", "SlowDown")
            if status >= 300 and class_of(code, status, service) is Throttled:
                bucket.slow_down()

        client.meta.events.register_first("before-send", send)
        client.meta.events.register("response-received", received)
