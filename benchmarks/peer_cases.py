"""The quantity parser on other projects' test cases: ``python -m benchmarks.peer_cases [--shared DIR]``.

A case passes when every expected quantity is returned (compared in base units, 1e-6 relative) and nothing else, apart
from repaired quantities, parts, sums and range ends. Expected quantities in units that no entity has need not be
returned, but nothing else may be in their place. Cases that contradict the task are left out by name in
:data:`EXCLUDED`. The exit status is 1 below :data:`TARGETS`.
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import command
from hybridml.entities import default_entities
from hybridml.quantity import Quantity, parse, parse_number

TARGETS = {"duckling": 0.90, "robotoff": 0.90, "price_parser": 0.95}
"""Smallest share of cases that must pass, of those not excluded; for duckling of those in hybridml's units."""

NO_TEXT = "there is no text to read"
CURRENCY_ALONE = "a currency without a number, taken as one of it"
NO_INPUT = "starts from tokens or objects: there is no text"
EXCLUDED = {
    "duckling:Distance#89": "takes the m of 1m for a mile because a foot follows",
    "quantulum3:quantities.ambiguity.json#0": "pounds are money here, which no text of a product says",
    "quantulum3:quantities.ambiguity.json#2": "minutes and seconds of arc; on a product they are feet and inches",
    "quantulum3:quantities.ambiguity.json#10": "a tolerance as a range; the quantity is its middle",
    "robotoff:test_find_product_weight#48": "what is written is left out as unlikely for one food product",
    "robotoff:test_normalize_weight#56": "converts with 30 ml to the fluid ounce instead of 29.57",
    "price_parser:PRICE_PARSING_EXAMPLES_BUGS_CAUGHT#3": "given the decimal separator from outside",
    "price_parser:PRICE_PARSING_DECIMAL_SEPARATOR_EXAMPLES#1181": "given the decimal separator from outside",
    "price_parser:PRICE_PARSING_DECIMAL_SEPARATOR_EXAMPLES#1182": "given the decimal separator from outside",
    "ingredient_parser:test_fake_fraction#4": "its own notation for fractions, #1$2",
}
"""Cases left out by name, each with the reason why it contradicts the task."""

FREE_FORMS = frozenset({"sum part", "sum", "multipack total", "product part", "range low", "range high"})
UNITS = {"m (ambiguous)": "metre", "cubic centimetre": "millilitre"}


@dataclass
class Tally:
    """Outcome of one file: cases passed, failures and exclusions as text."""

    name: str
    passed: int = 0
    failures: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """The number of cases that count."""
        return self.passed + len(self.failures)

    def score_rows(self, key: str, text: object, problem: Callable[[], str]) -> None:
        """Count one case: ``problem`` returns what is wrong, nothing when it passes."""
        if reason := EXCLUDED.get(f"{self.name.split()[0]}:{key}"):
            self.excluded.append(f"{key} {text!r}: {reason}")
        elif wrong := problem():
            self.failures.append(f"{key} {text!r}: {wrong}")
        else:
            self.passed += 1


def base(value: float, unit: str) -> tuple[str, float]:
    """Return the family and the value in its base unit."""
    known = default_entities().unit(unit)
    return known.family, value * known.factor


def same(a: tuple[str, float], b: tuple[str, float]) -> bool:
    """Return whether two quantities in base units are one."""
    return a[0] == b[0] and math.isclose(a[1], b[1], rel_tol=1e-6, abs_tol=1e-12)


def compare(text: str, expected: Iterable[tuple[float, str]]) -> str:
    """Return how what is read in ``text`` differs from what is expected, nothing when it does not."""
    wanted = [base(v, u) for v, u in expected]
    found = [q for q in parse(text) if not q.repaired]
    read = [(q, base(q.value, q.unit)) for q in found]
    missing = [w for w in wanted if not any(same(w, r) for _, r in read)]
    extra = [q for q, r in read if q.form not in FREE_FORMS and not any(same(w, r) for w in wanted)]
    if not missing and not extra:
        return ""
    return f"missing {missing}, extra {[shown(q) for q in extra]}, read {[shown(q) for q in found]}"


def shown(q: Quantity) -> str:
    """Return a quantity in short."""
    return f"{q.value:g} {q.unit} ({q.form})"


def ours(expected: Iterable[dict[str, Any]]) -> list[tuple[float, str]]:
    """Return those of a case's expected quantities that are in units of ours, of a range both ends."""
    out = []
    for e in expected:
        unit = UNITS.get(str(e["unit"]), str(e["unit"]).lower())
        if unit in default_entities().units:
            out += [(abs(float(v)), unit) for v in e.get("range", [e.get("value")])]
    return out


def load(folder: Path, name: str) -> list[dict[str, Any]]:
    """Return the cases of one file."""
    return list(json.loads((folder / f"{name}.json").read_text(encoding="utf-8")))


def text_and_units(folder: Path, name: str) -> list[Tally]:
    """Count the cases of a file of texts with expected values and units: those in hybridml's units, and the others."""
    inside, outside = Tally(name), Tally(f"{name} (other units)")
    for case in load(folder, name):
        tally = inside if case["in_challenge_units"] else outside
        text, expected = case["input"], ours(case["expected"])
        tally.score_rows(case["id"], text, partial(compare, text, expected))
    return [inside, outside]


def robotoff(folder: Path) -> list[Tally]:
    """Count cases on food packaging: texts, and pairs of a number and a unit that are parsed as text."""
    tally = Tally("robotoff")
    for n, case in enumerate(load(folder, "robotoff")):
        test, source = case["test"], case["case_src"]
        key = f"{test}#{n}"
        if test == "test_find_product_weight":
            text = str(ast.literal_eval(re.match(r"\(('(?:[^'\\]|\\.)*'), ", source)[1]))  # type: ignore[index]
            found = re.findall(r"'normalized_unit': '(\w+)', 'normalized_value': ([\d.]+)", source)
            wanted = [(float(v), {"g": "gram", "ml": "millilitre"}[u]) for u, v in found]
            tally.score_rows(key, text, partial(compare, text, wanted))
            continue
        values = ast.literal_eval(source)
        if test == "test_is_valid_weight":
            tally.score_rows(key, values[0], partial(number_problem, values[0], plain_number(values[0])))
        elif test.endswith("_regex"):
            tally.score_rows(key, values[0], partial(mention_problem, *values))
        elif test == "test_normalize_weight":
            value, unit, (amount, base_unit) = values
            wanted = [(float(amount), {"g": "gram", "ml": "millilitre"}[base_unit])]
            text = f"{value} {unit}"
            tally.score_rows(key, text, partial(compare, text, wanted))
        else:
            text = f"{values[0]} {values[1]}"
            wanted = [(float(values[0]), {"g": "gram", "ml": "millilitre"}[values[1]])]
            tally.score_rows(key, text, partial(compare, text, wanted))
    return [tally]


def plain_number(text: str) -> float | None:
    """Return the number of digits with one separator, without its sign."""
    cleaned = text.lstrip("-").replace(",", ".")
    return float(cleaned) if re.fullmatch(r"[\d.]+", cleaned) else None


def mention_problem(text: str, mentioned: bool) -> str:
    """Count a case of a mention: if one is expected a quantity must be parsed, if not only a malformed one may be."""
    found = [q for q in parse(text) if not q.repaired]
    well_formed = re.search(r"(?<!\w)\d+(?:[.,]\d+)? ?(?:g|kg|l|fl oz)(?!\w)", text)
    if mentioned or well_formed:
        return "" if len(found) == 1 else f"read {[shown(q) for q in found]}"
    return f"read {[shown(q) for q in found]}" if found else ""


def number_problem(text: str, expected: float | None) -> str:
    """Count a case of one number."""
    got = parse_number(text)
    same_number = (
        got is None if expected is None else got is not None and math.isclose(got, expected, rel_tol=1e-9)
    )
    return "" if same_number else f"expected {expected}, read {got}"


def price_parser(folder: Path) -> list[Tally]:
    """Count cases of numbers only."""
    tally = Tally("price_parser")
    for n, case in enumerate(load(folder, "price_parser")):
        text, amount = case["price_raw"], case["amount"]
        key = f"{case['list']}#{n}"
        if text is None:
            tally.excluded.append(f"{key}: {NO_TEXT}")
        elif amount == 1 and not re.search(r"\d", text):
            tally.excluded.append(f"{key} {text!r}: {CURRENCY_ALONE}")
        else:
            tally.score_rows(key, text, partial(number_problem, text, amount))
    return [tally]


def ingredient_parser(folder: Path) -> list[Tally]:
    """Count rewritten sentences: the quantities must be those of the rewritten form, fractions by value."""
    tally = Tally("ingredient_parser")
    for n, case in enumerate(load(folder, "ingredient_parser")):
        key = f"{case['test']}#{n}"
        if case["input_src"] is None:
            tally.excluded.append(f"{key}: {NO_INPUT}")
            continue
        text = str(ast.literal_eval(case["input_src"]))
        tally.score_rows(key, text, partial(rewrite_problem, text, case["asserts"][0]))
    return [tally]


def rewrite_problem(text: str, asserted: str) -> str:
    """Count one rewrite: the same quantities before and after, and the same bare number where none has a unit."""
    right = asserted.split("==", 1)[1].strip()
    after = text if right == "input_sentence" else str(ast.literal_eval(right))
    after = re.sub(r"(?<=\d)#", " ", after).replace("#", "").replace("$", "/").strip()
    wanted, got = (
        [(q.value, q.unit) for q in parse(t) if not q.repaired and q.form != "sum"] for t in (after, text)
    )
    if sorted(set(wanted)) != sorted(set(got)):
        return f"read {got}, and {wanted} once rewritten as {after!r}"
    if wanted:
        return ""
    m = re.match(r"(\d+)?\s*(\d+)/(\d+) ", after)
    if m and (expected := int(m[1] or 0) + int(m[2]) / int(m[3])):
        values = [parse_number(text)]
        return (
            ""
            if any(v and math.isclose(v, expected) for v in values)
            else f"expected {expected}, read {values}"
        )
    return ""


def run(folder: Path) -> list[Tally]:
    """Count the cases of every file of the folder."""
    return [
        *text_and_units(folder, "duckling"),
        *text_and_units(folder, "quantulum3"),
        *robotoff(folder),
        *price_parser(folder),
        *ingredient_parser(folder),
    ]


def main(argv: list[str] | None = None) -> int:
    """Print passed/total per file with failures and exclusions; return 1 below a target."""
    parser = command.parser(__doc__)
    command.add_shared(parser, "peer_cases/")
    folder = parser.parse_args(argv).shared / "peer_cases"
    if not folder.is_dir():
        parser.error(f"{folder} is not there; name the folder that holds peer_cases/ with --shared")
    status = 0
    for tally in run(folder):
        target = TARGETS.get(tally.name)
        share = tally.passed / max(tally.total, 1)
        below = target is not None and share < target
        status |= below
        note = f", target {target:.0%}{' MISSED' if below else ''}" if target else ""
        print(
            f"{tally.name}: {tally.passed}/{tally.total} = {share:.1%}{note}; {len(tally.excluded)} left out"
        )
        for line in tally.failures:
            print(f"  fails     {line}")
        for line in tally.excluded:
            print(f"  left out  {line}")
    return int(status)


if __name__ == "__main__":
    command.run(main)
