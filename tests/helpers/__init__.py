"""Helpers of the tests: fake engines, drawn rows, servers, browsers, and where the repository lies."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""Root of the repository."""
