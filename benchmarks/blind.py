"""What a reader gets who is shown the photo, the question and the candidates, beside the ranker on the same rows.

    python -m benchmarks.crossval --shared ../shared --readers rapidocr --out build/crossval
    python -m benchmarks.blind --shared ../shared --predictions build/crossval/ranker-rapidocr.csv

blind_seen.csv has what came out for every width, height, depth, volume and greatest weight whose right answer was among
the candidates at ``balanced``, and for 70 weights drawn from those. The reader was a large vision-language model that
looked at each photo with care. It never saw a label; it knew that of a size given in two units labels mostly take the
first, and that depth is often a length. What it gets right is what a photo tells of its label; what it does not, labels
decide by habits that no photo shows.

judged_seen.csv turns it round: every weight, volume and greatest weight that a ranker got wrong although the right
answer was among its candidates, looked at by such a reader with label and answer in view. "label is right": a careful
person would give the label; "other unit": both stand there, one quantity in two units; "either": several values answer
as well; "ours is better"; "neither". The second table counts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks import command
from benchmarks.errors import read_predictions
from benchmarks.labelled import Sources
from benchmarks.tables import table
from hybridml.datasets.labels import parse_truth
from hybridml.entities import EntitySchema, default_entities
from hybridml.quantity.unit_pairs import could_pair

SEEN = Path(__file__).parent / "blind_seen.csv"
JUDGED = Path(__file__).parent / "judged_seen.csv"

VERDICTS = ("label is right", "other unit", "either", "ours is better", "neither")
"""What was said of a wrong answer, and of its label."""

RIGHT, OTHER_UNIT, OTHER = ("right", "other unit", "other number")


def outcome(answer: str, label: str, schema: EntitySchema) -> str:
    """Return how an answer compares with the label.

    Examples
    --------
    >>> schema = default_entities()
    >>> [outcome(answer, "10.0 inch", schema) for answer in ("10 inch", "25 centimetre", "9 inch", "")]
    ['right', 'other unit', 'other number', 'other number']
    """
    said, truth = (parse_truth([text], schema)[0].quantity for text in (answer, label))
    if said == truth:
        return RIGHT
    return OTHER_UNIT if said and truth and could_pair(said, truth, schema) else OTHER


def compared(frame: pd.DataFrame, predictions: Sequence[str], seen: pd.DataFrame) -> pd.DataFrame:
    """Return, per row that was read blind, ``entity_name`` and the outcomes ``blind`` and ``ranker``."""
    schema = default_entities()
    at = pd.Series(range(len(frame)), index=frame["index"].astype(int))[seen["index"].astype(int)].tolist()
    names, labels = list(frame["entity_name"]), list(frame["entity_value"])
    return pd.DataFrame(
        {
            "entity_name": [names[i] for i in at],
            "blind": list(seen["outcome"]),
            "ranker": [outcome(predictions[i], labels[i], schema) for i in at],
        }
    )


def scored_rows(frame: pd.DataFrame, seen: pd.DataFrame) -> list[list[str]]:
    """Return a line per verdict: how many wrong rows have it, by entity and in all."""
    names = dict(zip(frame["index"].astype(int), frame["entity_name"], strict=True))
    of_row = seen["index"].astype(int).map(names)
    counts = pd.crosstab(seen["verdict"], of_row).reindex(VERDICTS, fill_value=0)
    lines = [[verdict, *map(str, row), str(sum(row))] for verdict, *row in counts.itertuples()]
    return [["", *map(str, counts.columns), "all"], *lines]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = command.parser(__doc__)
    command.add_sources(parser)
    parser.add_argument(
        "--predictions", type=Path, required=True, help="ranker-rapidocr.csv that crossval --out wrote"
    )
    options = parser.parse_args(argv)
    frame = Sources(options.shared, options.store).rows("labelled")
    found = read_predictions(options.predictions, frame)
    both = compared(frame, list(found["prediction"]), pd.read_csv(SEEN))
    lines = []
    for name, part in both.groupby("entity_name"):
        blind, ranker = (part[who] for who in ("blind", "ranker"))
        shares = [(x == RIGHT).mean() for x in (blind, ranker)]
        shares += [(x != OTHER).mean() for x in (blind, ranker)]
        shares += [((blind == RIGHT) | (ranker == RIGHT)).mean()]
        lines.append([str(name), str(len(part)), *(f"{share:.3f}" for share in shares)])
    table(
        "Chosen right, of rows whose right answer is among the candidates",
        ("entity", "rows", "blind", "ranker", "blind, any unit", "ranker, any unit", "one of the two"),
        lines,
    )
    head, *counted = scored_rows(frame, pd.read_csv(JUDGED))
    table(
        "Wrong although the right answer was among the candidates, judged with the label in view",
        head,
        counted,
    )
    return 0


if __name__ == "__main__":
    command.run(main)
