"""Runs that are killed, and runs at once: nothing that was done is lost, nothing is done twice, nothing is mixed."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pandas as pd

from tests.helpers.slow import BATCH, SHARD, content, logged, ocr_results, start, write_texts

PATIENCE = 60.0


def wait_for(reached: object, what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not reached():  # type: ignore[operator]
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.005)


def test_a_killed_run_loses_a_shard_at_most_and_the_next_does_what_is_missing(tmp_path: Path) -> None:
    keys = write_texts(tmp_path, 60)
    moments = random.Random(3)
    for goal in (15, 38):
        before, read_before = ocr_results(tmp_path).keys(), len(logged(tmp_path))
        run = start(tmp_path)
        wait_for(lambda goal=goal: len(logged(tmp_path)) >= goal, f"{goal} photos read")
        time.sleep(moments.random() * 0.02)
        os.killpg(run.pid, signal.SIGKILL)
        assert run.wait() == -signal.SIGKILL
        read_now = [keys[text] for text in logged(tmp_path)[read_before:]]
        assert not before & set(read_now)
        assert len(set(read_now) - ocr_results(tmp_path).keys()) <= SHARD + BATCH
    done, read_before = ocr_results(tmp_path).keys(), len(logged(tmp_path))
    assert done
    assert start(tmp_path).wait() == 0
    assert {keys[text] for text in logged(tmp_path)[read_before:]} == set(keys.values()) - done
    assert len(logged(tmp_path)) - read_before == len(keys) - len(done)
    assert start(tmp_path, "whole").wait() == 0
    assert content(tmp_path) == content(tmp_path, "whole")
    assert len(content(tmp_path)["embedding"]) == 60


def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    write_texts(tmp_path, 60)
    run = start(tmp_path, workers=2)
    wait_for(lambda: len(logged(tmp_path)) >= 4, "the workers to read")
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert len(children) >= 2
    wait_for(lambda: not any(alive(child) for child in children), "the workers to end")


def alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_two_processes_fill_one_store(tmp_path: Path) -> None:
    keys = write_texts(tmp_path, 40)
    frame = pd.read_csv(tmp_path / "rows.csv")
    frame.head(28).to_csv(tmp_path / "first.csv", index=False)
    frame.tail(28).to_csv(tmp_path / "last.csv", index=False)
    runs = [start(tmp_path, rows=rows) for rows in ("first.csv", "last.csv")]
    assert [run.wait() for run in runs] == [0, 0]
    assert ocr_results(tmp_path).keys() == set(keys.values())
    # both met the same twelve photos at most
    assert len(logged(tmp_path)) <= 40 + 16
    assert start(tmp_path, "whole").wait() == 0
    assert content(tmp_path) == content(tmp_path, "whole")
    assert not list((tmp_path / "store").rglob("*.tmp"))
