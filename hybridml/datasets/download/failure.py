"""Why an attempt at a photo failed, and whether and when another makes sense."""

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

AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses after which another attempt may do better; so may any other from 500 on."""

LONGEST_WAIT = 120.0
"""Seconds that a server may ask to wait (``Retry-After``); a photo that asks for more has failed for now."""

LONGEST_BACKOFF = 30.0


class FetchError(HybridmlError):
    """An attempt at a photo failed.

    Parameters
    ----------
    problem : str
        What came in place of the photo.
    http_status : int, optional
        The last status, if it came that far.
    again : bool
        Whether another attempt makes sense.
    wait : float, optional
        Seconds that the server asked to wait.
    """

    def __init__(
        self, problem: str, http_status: int | None = None, again: bool = False, wait: float | None = None
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.http_status = http_status
        self.again = again
        self.wait = wait


def http_failure(status: int, reason: str | None, retry_after: str | None) -> FetchError:
    """Return the failure that a status other than 200 means."""
    problem = f"HTTP {status} {reason or ''}".strip()
    if status not in AGAIN and status < 500:
        return FetchError(problem, status)
    wait = seconds_asked(retry_after, datetime.now(UTC))
    if wait is not None and wait > LONGEST_WAIT:
        return FetchError(
            f"{problem}; the server asks to wait {wait:.0f} s, longer than the {LONGEST_WAIT:.0f} s that a run "
            "waits: fetch it later with --retry-failed",
            status,
        )
    return FetchError(problem, status, again=True, wait=wait)


def seconds_asked(retry_after: str | None, now: datetime) -> float | None:
    """Return the seconds to wait that a header ``Retry-After`` asks for, as a number or as a date.

    Examples
    --------
    >>> now = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
    >>> seconds_asked("7", now), seconds_asked("Thu, 01 Jan 2026 12:01:30 GMT", now), seconds_asked("soon", now)
    (7.0, 90.0, None)
    """
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - now).total_seconds())


def attempts(retries: int, backoff: float) -> AsyncRetrying:
    """Return the loop over attempts: exponential back-off with full jitter, or the wait the server asked for."""
    return AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, FetchError) and error.again),
        stop=stop_after_attempt(retries + 1),
        wait=_wait(backoff),
        reraise=True,
    )


def _wait(backoff: float) -> Callable[[RetryCallState], float]:
    drawn = wait_random_exponential(multiplier=backoff, max=LONGEST_BACKOFF)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, FetchError) and error.wait is not None:
            # those that were told to come back at one time must not all come at once
            return error.wait + random.uniform(0.0, backoff)
        return drawn(state)

    return wait
