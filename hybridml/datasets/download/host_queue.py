"""Whose turn it is: every host gets its share, none more connections than it may have."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Turns(Generic[T]):
    """Hands out tasks, the hosts in turn; a busy host holds up its own tasks only.

    Parameters
    ----------
    tasks : iterable
        What is to be done.
    host_of : callable
        The host of a task.
    per_host : int
        Tasks of one host that may be under way at once.
    """

    def __init__(self, tasks: Iterable[T], host_of: Callable[[T], str], per_host: int) -> None:
        self._host_of = host_of
        self._waiting: dict[str, deque[T]] = {}
        for task in tasks:
            self._waiting.setdefault(host_of(task), deque()).append(task)
        self._free = dict.fromkeys(self._waiting, per_host)
        # hosts with a task that may begin, each once
        self._ready = deque(self._waiting)
        self._change = asyncio.Condition()

    async def take(self) -> T | None:
        """Return the next task as soon as its host is free, None when no task is left to begin."""
        async with self._change:
            await self._change.wait_for(lambda: self._ready or not self._waiting)
            if not self._ready:
                return None
            host = self._ready.popleft()
            tasks = self._waiting[host]
            task = tasks.popleft()
            self._free[host] -= 1
            if not tasks:
                del self._waiting[host]
                if not self._waiting:
                    self._change.notify_all()
            elif self._free[host]:
                self._ready.append(host)
            return task

    async def done(self, task: T) -> None:
        """Let the next task of the same host begin."""
        host = self._host_of(task)
        async with self._change:
            if host in self._waiting and not self._free[host]:
                self._ready.append(host)
                self._change.notify()
            self._free[host] += 1
