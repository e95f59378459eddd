"""Failed attempts at a photo: why they failed, and whether and when to try again."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

from hybridml.errors import HybridmlError

RETRIED = frozenset({408, 425, 429})
"""HTTP statuses below 500 after which another attempt may succeed, as it may after all from 500 on."""

LONGEST_WAIT = 120.0
"""Seconds that a server may ask to wait (``Retry-After``); a photo whose server asks for more fails in this run."""

LONGEST_BACKOFF = 30.0


class FetchError(HybridmlError):
    """An attempt at a photo failed.

    Parameters
    ----------
    problem : str
        Why it failed.
    http_status : int, optional
        The last status, if a server answered.
    retry : bool
        Whether another attempt may succeed.
    wait : float, optional
        Seconds that the server asked to wait.
    """

    def __init__(
        self, problem: str, http_status: int | None = None, retry: bool = False, wait: float | None = None
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.http_status = http_status
        self.retry = retry
        self.wait = wait


def http_failure(status: int, reason: str, retry_after: str) -> FetchError:
    """Return the failure that a status other than 200 means, with the header ``Retry-After`` where there is one."""
    problem = f"HTTP {status} {reason}".strip()
    if status not in RETRIED and status < 500:
        return FetchError(problem, status)
    wait = seconds_to_wait(retry_after, datetime.now(UTC))
    if wait is not None and wait > LONGEST_WAIT:
        return FetchError(
            f"{problem}; the server asks to wait {wait:.0f} s, longer than the {LONGEST_WAIT:.0f} s that a run "
            "waits: fetch it later with --retry-failed",
            status,
        )
    return FetchError(problem, status, retry=True, wait=wait)


def seconds_to_wait(retry_after: str, now: datetime) -> float | None:
    """Return the seconds to wait by a header ``Retry-After``, a number or a date; None if it is neither.

    Examples
    --------
    >>> now = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
    >>> dates = "Thu, 01 Jan 2026 12:01:30 GMT", "Thu, 01 Jan 2026 11:00:00 GMT"
    >>> [seconds_to_wait(text, now) for text in ("7", *dates, "soon")]
    [7.0, 90.0, 0.0, None]
    """
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - now).total_seconds())


def retrying(retries: int, backoff: float) -> AsyncRetrying:
    """Return the loop over attempts: exponential back-off with full jitter, or the wait the server asked for."""
    return AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, FetchError) and error.retry),
        stop=stop_after_attempt(retries + 1),
        wait=_wait(backoff),
        reraise=True,
    )


def _wait(backoff: float) -> Callable[[RetryCallState], float]:
    exponential = wait_random_exponential(multiplier=backoff, max=LONGEST_BACKOFF)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, FetchError) and error.wait is not None:
            # requests that were all given one time must not return all at once
            return error.wait + random.uniform(0.0, backoff)
        return exponential(state)

    return wait
