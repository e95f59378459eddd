"""The command ``features``: the extraction of photo features into the feature store."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from hybridml.errors import HybridmlError
from hybridml.store.extraction import ExtractionReport
from hybridml.store.status_text import text_of
from hybridml.store.tables import RowTables, extract_tables
from hybridml.utils.paths import path_of

from .extractor import new_extractor
from .options import add_files, add_stages, images_of, schema_of, tell, write_faults
from .outputs import check_outputs, paths_given

DESCRIPTION = """\
Each photo is processed once, however many rows it has. After an interruption, the same command continues where it
stopped; once everything is done, running it again takes seconds. A photo that cannot be read is named and costs only
its own rows.

  hybridml features --rows train.csv --rows test.csv --images photos/
  hybridml features --rows train.csv --images photos/ --status      what is done, failed, missing
"""

ROWS_PER_EXTRACTION = 100_000
"""Rows whose photos are worked on together: each start of the processes costs seconds, of a cluster more."""


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--rows", required=True, action="append", metavar="CSV", help="rows; may be given again")
    add_files(parser)
    add_stages(parser)
    add("--retry-failed", action="store_true", help="try photos again that are recorded as undecodable")
    add("--status", action="store_true", help="print what is done, failed and missing; extract nothing")
    add("--json", action="store_true", help="with --status: print JSON")


def run(arguments: argparse.Namespace) -> int:
    if arguments.json and not arguments.status:
        raise HybridmlError("--json says how to print --status; give both")
    faults_file = path_of(arguments.store) / "faults.csv"
    if not arguments.status:
        check_outputs(
            paths_given(arguments, "rows", "entities", "resnet_weights"), {"--store": [faults_file]}
        )
    tables = RowTables(arguments.rows, schema_of(arguments), images_of(arguments), ROWS_PER_EXTRACTION)
    extractor = new_extractor(arguments)
    if arguments.status:
        found = extractor.status((tables.together()[0], []))
        print(json.dumps(asdict(found), indent=1) if arguments.json else text_of(found))
        return 0
    report, faulty = extract_tables(
        tables,
        lambda frame: extractor.extract((frame, []), retry_failed=arguments.retry_failed),
        progress=not arguments.quiet,
    )
    _print_report(report)
    write_faults(faults_file, faulty)
    return 0


def _print_report(report: ExtractionReport) -> None:
    rate = f", {report.done / report.seconds:.2f} photos a second" if report.done and report.seconds else ""
    tell(
        f"{report.photos} photos: {report.cached} already in the store, {report.done} processed now, "
        f"{len(report.failed)} failed; {report.seconds:.1f} s{rate}"
    )
    if report.second_pass:
        tell(
            f"{report.second_pass} photos show no possible answer in the first OCR pass: "
            f"{report.second_pass_done} got a second pass now"
        )
