"""The settings of a download: limits, timeouts and retries."""

from __future__ import annotations

from dataclasses import dataclass

from hybridml import __version__
from hybridml.errors import HybridmlError


@dataclass(frozen=True)
class DownloadSettings:
    """How photos are fetched.

    Parameters
    ----------
    jobs : int
        Photos fetched at once.
    per_host : int
        Photos fetched at once from one host.
    timeout : float
        Seconds that one attempt at a photo may take in all.
    stall : float
        Seconds without a byte after which an attempt is given up.
    retries : int
        Further attempts at a photo after the first.
    backoff : float
        The wait before retry n is drawn between 0 and ``backoff * 2 ** (n - 1)`` seconds.
    max_bytes : int
        Largest body that is accepted.
    retry_failed : bool
        Fetch photos again that failed in an earlier run.
    placeholders : bool
        Write a grey image where a photo failed, marked in the status table.
    allow_private : bool
        Also connect to addresses on private networks.
    user_agent : str
        The ``User-Agent`` header.

    Raises
    ------
    HybridmlError
        When a setting is out of range.
    """

    jobs: int = 32
    per_host: int = 8
    timeout: float = 60.0
    stall: float = 20.0
    retries: int = 3
    backoff: float = 1.0
    max_bytes: int = 32 * 2**20
    retry_failed: bool = False
    placeholders: bool = False
    allow_private: bool = False
    user_agent: str = f"hybridml/{__version__}"

    def __post_init__(self) -> None:
        for name in ("jobs", "per_host", "timeout", "stall", "max_bytes"):
            if not getattr(self, name) > 0:
                raise HybridmlError(f"{name} must be above 0, got {getattr(self, name)}")
        for name in ("retries", "backoff"):
            if not getattr(self, name) >= 0:
                raise HybridmlError(f"{name} must be at least 0, got {getattr(self, name)}")
        if not self.user_agent.isprintable() or not self.user_agent.isascii():
            raise HybridmlError(f"the user agent must be plain ASCII text, got {self.user_agent!r}")
