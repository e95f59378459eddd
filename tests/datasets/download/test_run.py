"""Complete runs: limits per host, repeated and killed runs, the status table, file names, placeholders, the command."""

from __future__ import annotations

import asyncio
import logging
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from filelock import FileLock

from hybridml.cli import main
from hybridml.datasets.download import DownloadSettings, download, downloader, status
from hybridml.datasets.download.file_names import assign_files
from hybridml.datasets.download.placeholder import is_placeholder, placeholder
from hybridml.datasets.download.run import run
from hybridml.datasets.download.status import Journal, Record
from hybridml.datasets.images import decode
from hybridml.errors import HybridmlError
from tests.helpers.server import Server, photo, running

QUICK = DownloadSettings(timeout=5, stall=2, retries=1, backoff=0.01, allow_private=True)


def photos(folder: Path) -> list[str]:
    own = (status.TABLE, status.LOCK, status.FAULTS)
    return sorted(p.name for p in folder.iterdir() if p.name not in own)


def write_rows(path: Path, links: list[str]) -> Path:
    columns = {"index": range(len(links)), "image_link": links, "group_id": "g", "entity_name": "width"}
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def command(rows: Path, images: Path, *more: str) -> int:
    return main(["-q", "download", "--rows", str(rows), "--images", str(images), "--allow-private", *more])


# ---------------------------------------------------------------------- limits per host


def test_a_host_gets_at_most_its_share(server: Server, tmp_path: Path) -> None:
    links = [server.url(f"slow/{n}.png") for n in range(30)]
    report = run(links, tmp_path, replace(QUICK, jobs=32, per_host=4), progress=False)
    assert report.fetched == 30
    assert server.most == 4


def test_a_host_that_others_redirect_to_gets_at_most_its_share(server: Server, tmp_path: Path) -> None:
    with ExitStack() as stack:
        senders = [stack.enter_context(running()) for _ in range(4)]
        for sender in senders:
            sender.target = server.url("slow/x.png")
        links = [sender.url(f"to/{k}-{n}.png") for k, sender in enumerate(senders) for n in range(5)]
        report = run(links, tmp_path, replace(QUICK, jobs=32, per_host=3), progress=False)
    assert (report.fetched, report.failed) == (20, {})
    assert server.most == 3


def test_a_busy_host_does_not_hold_up_others(tmp_path: Path) -> None:
    with running() as busy, running() as other:
        held = [busy.url(f"held/{n}.png") for n in range(20)]
        quick = [other.url(f"photo/{n}.png") for n in range(50)]

        def release() -> None:
            if len(other.hits) == 50:
                busy.release.set()

        other.on_request = release
        settings = replace(QUICK, timeout=10, stall=10, jobs=8, per_host=2, retries=0)
        # a request that is held fails unless all photos of the other host come first
        report = run([*held, *quick], tmp_path, settings, progress=False)
    assert (report.fetched, report.failed) == (70, {})
    assert busy.most == 2


def test_a_link_of_several_rows_is_fetched_once(server: Server, tmp_path: Path) -> None:
    links = [server.url("photo/a.png"), server.url("photo/b.png")] * 50
    report = run(links, tmp_path, QUICK, progress=False)
    assert (report.links, report.fetched) == (2, 2)
    assert set(server.hits.values()) == {1}


def test_many_links(server: Server, tmp_path: Path) -> None:
    links = [server.url(f"photo/{n}.png") for n in range(1000)]
    report = run([*links, *links[:200]], tmp_path, replace(QUICK, per_host=16), progress=False)
    assert (report.links, report.fetched, report.present, report.others) == (1000, 1000, 0, 0)
    assert report.failed == {}
    assert sum(server.hits.values()) == len(server.hits) == 1000
    assert len(photos(tmp_path)) == 1000
    assert (tmp_path / "432.png").read_bytes() == photo("/photo/432.png")
    records = status.read(tmp_path)
    assert {record.status for record in records.values()} == {"ok"}
    assert sum(record.bytes or 0 for record in records.values()) == report.bytes
    assert run(links, tmp_path, QUICK, progress=False).present == 1000
    assert sum(server.hits.values()) == 1000


def test_a_download_inside_a_running_event_loop(server: Server, tmp_path: Path) -> None:
    async def notebook() -> int:
        return download([server.url("photo/a.png")], tmp_path, QUICK, progress=False).fetched

    assert asyncio.run(notebook()) == 1


# ------------------------------------------------------------------------- repeated runs


def test_photos_that_are_there_are_not_fetched_again(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    links = [server.url(f"photo/{n}.png") for n in range(4)]
    run(links, tmp_path, QUICK, progress=False)
    (tmp_path / "1.png").unlink()
    (tmp_path / "2.png").write_bytes(b"other")
    server.hits.clear()
    with caplog.at_level(logging.INFO):
        report = run(links, tmp_path, QUICK, progress=False)
    assert "photos gone from " in caplog.text
    assert ": 2; fetched again" in caplog.text
    assert (report.fetched, report.present) == (2, 2)
    assert set(server.hits) == {"/photo/1.png", "/photo/2.png"}
    assert (tmp_path / "2.png").read_bytes() == photo("/photo/2.png")


def test_files_from_elsewhere_count_if_they_are_photos(server: Server, tmp_path: Path) -> None:
    (tmp_path / "mine.png").write_bytes(photo("mine"))
    (tmp_path / "path.png").write_bytes(photo("path"))
    (tmp_path / "half.png").write_bytes(photo("half")[:40])
    (tmp_path / "page.png").write_bytes(b"<html>")
    (tmp_path / "stray.txt").write_text("note")
    links = [
        server.url("photo/mine.png"),
        "photos/path.png",
        server.url("photo/half.png"),
        "page.png",
        "x/gone.png",
    ]
    report = run(links, tmp_path, QUICK, progress=False)
    assert set(server.hits) == {"/photo/half.png"}
    assert (report.fetched, report.present, report.others) == (1, 2, 1)
    records = status.read(tmp_path)
    assert (records[links[0]].status, records[links[0]].attempts) == ("ok", 0)
    assert (tmp_path / "mine.png").read_bytes() == photo("mine")
    assert "the file there is not a photo" in report.failed["page.png"]
    assert "a path cannot be fetched" in report.failed["x/gone.png"]
    # a file that is put there later counts too
    (tmp_path / "gone.png").write_bytes(photo("gone"))
    assert set(run(links, tmp_path, QUICK, progress=False).failed) == {"page.png"}


def test_failed_photos_are_fetched_again_only_on_request(server: Server, tmp_path: Path) -> None:
    link = server.url("later/a.png")
    assert run([link], tmp_path, QUICK, progress=False).failed == {link: "HTTP 404 Not Found"}
    server.mended = True
    assert run([link], tmp_path, QUICK, progress=False).failed == {link: "HTTP 404 Not Found"}
    assert server.hits["/later/a.png"] == 1
    report = run([link], tmp_path, replace(QUICK, retry_failed=True), progress=False)
    assert (report.fetched, report.failed) == (1, {})
    assert server.hits["/later/a.png"] == 2


def wait_for_requests(server: Server, n: int) -> None:
    until = time.monotonic() + 30
    while len(server.hits) < n and time.monotonic() < until:
        time.sleep(0.01)


KILLED = """
import sys
from pathlib import Path
from hybridml.datasets.download import DownloadSettings, download
base, folder = sys.argv[1:]
links = [f"{base}slow/{n}.png" for n in range(120)]
download(links, folder, DownloadSettings(per_host=4, allow_private=True), progress=False)
"""


def test_a_killed_run_continues_where_it_stopped(server: Server, tmp_path: Path) -> None:
    links = [server.url(f"slow/{n}.png") for n in range(120)]
    killed = subprocess.Popen([sys.executable, "-c", KILLED, server.url(""), str(tmp_path)])
    try:
        wait_for_requests(server, 30)
    finally:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    assert not (tmp_path / status.TABLE).exists()
    with open(tmp_path / status.JOURNAL, "a") as file:
        file.write('["torn')
    before = {link for link, record in status.read(tmp_path).items() if record.status == "ok"}
    assert 15 < len(before) < 100
    server.hits.clear()
    report = run(links, tmp_path, replace(QUICK, per_host=16), progress=False)
    assert (report.fetched, report.failed, report.others) == (120 - len(before), {}, 0)
    fetched = {server.url(path.removeprefix("/")) for path in server.hits}
    # of the photos on record, only one that was about to be renamed is fetched again
    assert len(fetched & before) <= 1
    assert len(photos(tmp_path)) == 120
    assert len(status.read(tmp_path)) == 120


def test_an_interrupted_run_keeps_its_photos(server: Server, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.csv", [server.url(f"slow/{n}.png") for n in range(200)])
    images = tmp_path / "images"
    options = ["--rows", str(rows), "--images", str(images), "--allow-private", "--per-host", "4"]
    process = subprocess.Popen(
        [sys.executable, "-m", "hybridml", "download", *options],
        stderr=subprocess.PIPE,
        text=True,
        # a suite that runs in the background ignores interrupts, and so would the processes it starts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    wait_for_requests(server, 30)
    process.send_signal(signal.SIGINT)
    errors = process.communicate(timeout=20)[1]
    assert process.returncode == 130
    assert "what is done is kept" in errors
    assert "photo/s" in errors
    records = status.read(images)
    assert 15 < len(records) < 180
    assert photos(images) == sorted(record.file for record in records.values())


# ------------------------------------------------------------------------- status table


def record(name: str, **more: object) -> Record:
    return Record(f"https://x.org/{name}", name, **{"status": "ok", **more})  # type: ignore[arg-type]


def test_a_truncated_journal(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal = Journal(tmp_path, {})
    journal.add(record("a.jpg", bytes=5, seconds=1.5, http_status=200))
    journal.add(record("b.jpg", status="failed", problem='says "no",\nand more'))
    whole = (tmp_path / status.JOURNAL).read_bytes()
    (tmp_path / status.JOURNAL).write_bytes(whole + whole[:30])
    assert status.read(tmp_path) == journal.records
    assert "the last line is cut short" in caplog.text
    again = Journal(tmp_path, status.read(tmp_path))
    again.merge()
    assert not (tmp_path / status.JOURNAL).exists()
    assert status.read(tmp_path) == journal.records


def test_a_damaged_line_of_the_journal_is_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal = Journal(tmp_path, {})
    for name in ("a.jpg", "b.jpg"):
        journal.add(record(name))
    first, second = (tmp_path / status.JOURNAL).read_bytes().splitlines(keepends=True)
    (tmp_path / status.JOURNAL).write_bytes(first + b"\0\0\0\n" + second)
    assert list(status.read(tmp_path)) == ["https://x.org/a.jpg", "https://x.org/b.jpg"]
    assert "line 2: damaged" in caplog.text


def test_the_journal_is_newer_than_the_table(tmp_path: Path) -> None:
    Journal(tmp_path, {"https://x.org/a.jpg": record("a.jpg", status="failed")}).merge()
    Journal(tmp_path, {}).add(record("a.jpg"))
    assert status.read(tmp_path)["https://x.org/a.jpg"].status == "ok"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("x,../a.jpg,ok,,200,1,,1,1,", "'../a.jpg' is not a file name"),
        ("x,a.jpg,fine,,200,1,,1,1,", "unknown status 'fine'"),
        ("x,a.jpg,ok,,many,1,,1,1,", "many"),
    ],
)
def test_invalid_lines_of_the_status_table(tmp_path: Path, line: str, problem: str) -> None:
    (tmp_path / status.TABLE).write_text(f"{','.join(status.COLUMNS)}\n{line}\n")
    with pytest.raises(HybridmlError, match=r"download.csv, line 2: ") as caught:
        status.read(tmp_path)
    assert problem in str(caught.value)


def test_a_status_table_with_other_columns(tmp_path: Path) -> None:
    (tmp_path / status.TABLE).write_text("day,visits\n1,2\n")
    with pytest.raises(HybridmlError, match="no column 'link'"):
        run(["a.jpg"], tmp_path, QUICK, progress=False)


def test_one_download_at_a_time(server: Server, tmp_path: Path) -> None:
    link = server.url("photo/a.png")
    with (
        FileLock(tmp_path / status.LOCK),
        pytest.raises(HybridmlError, match="another download is running in"),
    ):
        run([link], tmp_path, QUICK, progress=False)
    assert run([link], tmp_path, QUICK, progress=False).fetched == 1


def test_a_folder_that_cannot_be_written_to(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HybridmlError, match="cannot write to the folder"):
        run([server.url("photo/a.png")], tmp_path / "file" / "images", QUICK, progress=False)


def test_a_full_disk_ends_the_run(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    monkeypatch.setattr(downloader, "part_of", lambda _: full)
    with pytest.raises(HybridmlError, match="No space left on device; make room"):
        run([server.url("photo/a.png")], tmp_path, QUICK, progress=False)
    assert server.hits["/photo/a.png"] == 1


def test_a_folder_in_the_way_fails_one_photo_only(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    links = [server.url("photo/a.png"), server.url("photo/b.png")]
    report = run(links, tmp_path, QUICK, progress=False)
    assert report.fetched == 1
    assert "a folder is in the way" in report.failed[links[0]]


def test_a_link_without_a_file_name_fails_alone(server: Server, tmp_path: Path) -> None:
    links = [server.url(""), server.url("photo/a.png")]
    report = download(links, tmp_path, QUICK, progress=False)
    assert (report.links, report.fetched) == (2, 1)
    assert "names no file" in report.failed[links[0]]


# ------------------------------------------------------------------- names that clash


def test_photos_with_the_same_name_get_different_files(server: Server, tmp_path: Path) -> None:
    links = [server.url(f"photo/{n}/main.png") for n in range(3)]
    report = run(links, tmp_path, QUICK, progress=False)
    assert (report.fetched, report.others) == (3, 0)
    records = status.read(tmp_path)
    assert records[links[0]].file == "main.png"
    for n, link in enumerate(links):
        assert (tmp_path / records[link].file).read_bytes() == photo(f"/photo/{n}/main.png")
        assert records[link].file.endswith(".png")
    # whatever the order, a link keeps its file
    run(links[::-1], tmp_path, QUICK, progress=False)
    assert {link: r.file for link, r in status.read(tmp_path).items()} == {
        link: r.file for link, r in records.items()
    }


def test_one_photo_under_two_links_with_the_same_name_is_one_file(server: Server, tmp_path: Path) -> None:
    links = [server.url("same/a.png?w=100"), server.url("same/a.png?w=200"), server.url("same/b.png")]
    report = run(links, tmp_path, replace(QUICK, jobs=1), progress=False)
    assert (report.fetched, report.failed) == (3, {})
    assert photos(tmp_path) == ["a.png", "b.png"]
    assert [status.read(tmp_path)[link].file for link in links] == ["a.png", "a.png", "b.png"]
    server.hits.clear()
    assert run(links[::-1], tmp_path, QUICK, progress=False).present == 3
    assert not server.hits


def test_two_photos_with_the_same_name_stay_two_if_the_first_is_fetched_last(
    server: Server, tmp_path: Path
) -> None:
    links = [server.url("later/a.png"), server.url("photo/a.png")]
    run(links, tmp_path, QUICK, progress=False)
    other = status.read(tmp_path)[links[1]].file
    server.mended = True
    run(links[::-1], tmp_path, replace(QUICK, retry_failed=True), progress=False)
    assert photos(tmp_path) == sorted(["a.png", other])
    assert (tmp_path / "a.png").read_bytes() == photo("/later/a.png")
    assert (tmp_path / other).read_bytes() == photo("/photo/a.png")


@pytest.mark.parametrize("name", [status.TABLE, status.JOURNAL, status.LOCK, f"{status.PART}1.part"])
def test_reserved_names_are_not_given_to_photos(server: Server, tmp_path: Path, name: str) -> None:
    link = server.url(f"photo/{name}")
    for _ in range(2):
        assert run([link], tmp_path, QUICK, progress=False).failed == {}
    file = status.read(tmp_path)[link].file
    assert file != name
    assert (tmp_path / file).read_bytes() == photo(f"/photo/{name}")
    assert server.hits[f"/photo/{name}"] == 1


def test_long_names(server: Server, tmp_path: Path) -> None:
    name = "ü" * 125 + ".png"
    links = [server.url(f"photo/{n}/{name}") for n in range(2)]
    assert run(links, tmp_path, QUICK, progress=False).fetched == 2
    files = assign_files(links, {})
    assert len(set(files.values())) == 2
    assert all(len(file.encode()) <= 255 for file in files.values())


def test_a_name_forged_to_clash_gets_another_file() -> None:
    links = ["https://x.org/a.jpg", "https://y.org/a.jpg"]
    bad = f"https://bad.org/{assign_files(links, {})[links[1]]}"
    for order in ([*links, bad], [bad, *links], [links[1], bad, links[0]]):
        assert len(set(assign_files(order, {}).values())) == 3


# ------------------------------------------------------------------------ placeholders


@pytest.mark.parametrize("name", ["a.jpg", "a.PNG", "a.webp", "a.gif", "a"])
def test_placeholders_decode_and_are_recognised(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(placeholder(name))
    assert (abs(decode(tmp_path / name).astype(int) - 128) < 3).all()
    assert is_placeholder(tmp_path / name)
    (tmp_path / name).write_bytes(photo(name))
    assert not is_placeholder(tmp_path / name)
    assert not is_placeholder(tmp_path / "gone")


def test_placeholders_never_count_as_photos(server: Server, tmp_path: Path) -> None:
    links = [server.url("later/a.jpg"), server.url("photo/b.png"), "path.jpg"]
    grey = replace(QUICK, placeholders=True)
    report = run(links, tmp_path, grey, progress=False)
    assert set(report.failed) == {links[0], links[2]}
    assert photos(tmp_path) == ["a.jpg", "b.png", "path.jpg"]
    assert [status.read(tmp_path)[link].status for link in links] == ["placeholder", "ok", "placeholder"]
    assert status.read(tmp_path)[links[0]].problem == "HTTP 404 Not Found"
    # not in a later run, not without the table, and not after failing again
    assert set(run(links, tmp_path, QUICK, progress=False).failed) == {links[0], links[2]}
    (tmp_path / status.TABLE).unlink()
    assert set(run(links, tmp_path, QUICK, progress=False).failed) == {links[0], links[2]}
    again = replace(QUICK, retry_failed=True)
    assert set(run(links, tmp_path, again, progress=False).failed) == {links[0], links[2]}
    assert status.read(tmp_path)[links[0]].status == "placeholder"
    # once there is a photo, it counts
    server.mended = True
    assert set(run(links, tmp_path, again, progress=False).failed) == {links[2]}
    assert (tmp_path / "a.jpg").read_bytes() == photo("/later/a.jpg")
    assert status.read(tmp_path)[links[0]].status == "ok"


def test_placeholders_for_photos_that_failed_earlier(server: Server, tmp_path: Path) -> None:
    link = server.url("missing/a.jpg")
    run([link], tmp_path, QUICK, progress=False)
    assert photos(tmp_path) == []
    run([link], tmp_path, replace(QUICK, placeholders=True), progress=False)
    assert photos(tmp_path) == ["a.jpg"]
    assert server.hits["/missing/a.jpg"] == 1


# -------------------------------------------------------------------------- the command


def test_the_command_checks_rows_against_files(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    links = [
        server.url("photo/a.png"),
        server.url("photo/a.png"),
        server.url("missing/b.png"),
        server.url("missing/b.png"),
        "",
    ]
    rows, images = write_rows(tmp_path / "rows.csv", links), tmp_path / "images"
    assert command(rows, images) == 1
    out, errors = capsys.readouterr()
    assert out.strip() == str(images / "download.csv")
    assert "2 links: 1 photos fetched" in errors
    assert "1 x HTTP 404 Not Found" in errors
    assert "5 rows: 2 have their photo, 3 have none; 0 files in" in errors
    faults = pd.read_csv(images / "download.faults.csv", keep_default_na=False)
    assert sorted(faults["index"]) == [2, 3, 4]
    assert set(faults["problem"][faults["index"] != 4]) == {"HTTP 404 Not Found"}
    assert "blank; expected a URL" in faults["problem"][faults["index"] == 4].item()
    table = pd.read_csv(images / "download.csv")
    assert list(table.columns) == list(status.COLUMNS)

    write_rows(rows, links[:2])
    assert command(rows, images) == 0
    assert not (images / "download.faults.csv").exists()


def test_the_command_takes_two_tables_and_its_settings(server: Server, tmp_path: Path) -> None:
    one = write_rows(tmp_path / "one.csv", [server.url("photo/a.png"), server.url("huge/c.png")])
    two = write_rows(tmp_path / "two.csv", [server.url("photo/a.png"), server.url("broken/b.png")])
    options = "--retries 0 --max-bytes 1000 --user-agent me --placeholders --jobs 2 --per-host 1 --timeout 5"
    assert command(one, tmp_path / "images", "--rows", str(two), *options.split()) == 1
    assert photos(tmp_path / "images") == ["a.png", "b.png", "c.png"]
    assert server.hits == {"/photo/a.png": 1, "/huge/c.png": 1, "/broken/b.png": 1}
    assert {headers["User-Agent"] for headers in server.headers} == {"me"}


def test_private_addresses_are_refused_by_the_command(server: Server, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.csv", [server.url("photo/a.png")])
    assert main(["-q", "download", "--rows", str(rows), "--images", str(tmp_path)]) == 1
    assert not server.hits


def test_without_its_extra_the_command_names_the_extra_to_install(tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.csv", ["a.png"])
    code = (
        "import sys, hybridml.cli; assert 'aiohttp' not in sys.modules; sys.modules['aiohttp'] = None; "
        f"sys.exit(hybridml.cli.main(['download', '--rows', {str(rows)!r}, '--images', {str(tmp_path)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert 'needs aiohttp, which is not installed: pip install ".[download]"' in done.stderr


def test_settings_out_of_range_are_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = write_rows(tmp_path / "rows.csv", ["a.png"])
    assert command(rows, tmp_path / "images", "--timeout", "0") == 2
    assert "timeout must be above 0" in capsys.readouterr().err
    assert not (tmp_path / "images").exists()
