"""The LSTM over tokens: what it learns, what it is told, and that it predicts in TorchScript what it learned."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hybridml.entities import default_entities
from hybridml.errors import HybridmlError, NotFittedError
from hybridml.evaluation import metrics
from hybridml.evaluation.baselines import Given, create
from hybridml.evaluation.baselines.lstm import LstmSystem, photo
from hybridml.evaluation.baselines.lstm.batch import Example, batches, tensors, varied
from hybridml.evaluation.baselines.lstm.script import loaded, scripted
from hybridml.evaluation.baselines.lstm.sheets import sheets
from hybridml.evaluation.baselines.lstm.tokens import FEATURES, MOST_TOKENS, Page
from hybridml.utils.registry import SettingsError
from hybridml.vision.photo_features import PhotoFeatures
from tests.helpers.lines import line, ocr_result

torch = pytest.importorskip("torch")

SCHEMA = default_entities()
QUICK = {"photo": "none", "hidden": 16, "epochs": 10, "batch_size": 16, "learning_rate": 0.02, "dropout": 0.1}


def rows_of(
    photos: list[list[str]], entities: list[str], values: list[str] | None = None, **more: list[str]
) -> Given:
    """Return one row per photo, each of a group of its own; texts stand below each other."""
    n = len(photos)
    keys = [f"key{i}" for i in range(n)]
    frame = pd.DataFrame(
        {
            "index": range(n),
            "image_link": [f"https://example.org/{i}.jpg" for i in range(n)],
            "group_id": [str(i) for i in range(n)],
            "entity_name": entities,
            **more,
        }
    )
    if values is not None:
        frame["entity_value"] = values
    seen = {
        key: PhotoFeatures(ocr_result(line(text, 100, 100 + 60 * j) for j, text in enumerate(texts)))
        for key, texts in zip(keys, photos, strict=True)
    }
    return Given(frame, keys, seen, {}, {}, SCHEMA)


def packages(n: int, seed: int = 0) -> Given:
    """Return photos on which the weight asked for is the one called net, wherever it stands."""
    rng = np.random.default_rng(seed)
    photos, values = [], []
    for _ in range(n):
        serving, gross, net = rng.choice(np.arange(20, 900), 3, replace=False)
        texts = [f"serving {serving} g", f"gross {gross} g", f"net {net} g", "best before"]
        rng.shuffle(texts)
        photos.append(texts)
        values.append(f"{net} gram")
    return rows_of(photos, ["item_weight"] * n, values)


@pytest.fixture(scope="module")
def fitted() -> LstmSystem:
    """Return an LSTM that has learned from packages."""
    return LstmSystem(**QUICK).fit(packages(100))


def test_learns_which_number_is_asked_for_and_beats_the_first(fitted: LstmSystem) -> None:
    held = packages(60, seed=1)
    truth = list(held.frame["entity_value"])
    found = fitted.predict(held.unlabelled())
    first = create("first").fit(held).predict(held.unlabelled())
    assert metrics.score(truth, found).f1 > 0.9 > 0.6 > metrics.score(truth, first).f1


def test_is_the_same_for_a_seed_and_after_pickling(fitted: LstmSystem) -> None:
    short, given = {**QUICK, "epochs": 1}, packages(24)
    fits = [LstmSystem(**short, random_state=seed).fit(given) for seed in (0, 0, 1)]
    one, again, other = (dict(loaded(fit.script_).named_parameters()) for fit in fits)
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not any(torch.equal(one[name], other[name]) for name in one if "weight" in name)
    held = packages(20, seed=1).unlabelled()
    assert pickle.loads(pickle.dumps(fitted)).predict(held) == fitted.predict(held)


def test_leaves_torch_as_it_was() -> None:
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    LstmSystem(**{**QUICK, "epochs": 1}, threads=threads + 1).fit(packages(12))
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_torchscript_predicts_what_the_network_does() -> None:
    from hybridml.evaluation.baselines.lstm.network import TokenNetwork

    allowed = torch.tensor([[u in e.units for u in SCHEMA.units] for e in SCHEMA.entities.values()])
    torch.manual_seed(0)
    network = TokenNetwork(torch.zeros(18), torch.eye(18), allowed).eval()
    given = rows_of([["5 cm", "8 cm x 3 cm"], ["230 V"]], ["width", "voltage"])
    rng = np.random.default_rng(0)
    examples = [
        Example(sheet, rng.random((1, 18)).astype(np.float32)) for sheet in sheets(given) if sheet is not None
    ]
    inputs = tensors(examples, 18, "cpu")
    with torch.inference_mode():
        eager, script = network(*inputs), loaded(scripted(network))(*inputs)
    assert torch.allclose(eager, script, atol=1e-5)
    assert torch.allclose(eager.exp().sum((1, 2)), torch.ones(2), atol=1e-5)


def test_export_writes_what_predicts(fitted: LstmSystem, tmp_path: Path) -> None:
    fitted.export(tmp_path / "lstm.pt")
    assert (tmp_path / "lstm.pt").stat().st_size == fitted.size() > 0
    sheet = sheets(packages(1))[0]
    assert sheet is not None
    scores = loaded((tmp_path / "lstm.pt").read_bytes())(*tensors([Example(sheet)], fitted.numbers_, "cpu"))
    assert scores.shape == (1, len(sheet.token), len(SCHEMA.units))


def test_gives_a_number_without_unit_the_unit_of_its_like() -> None:
    rng = np.random.default_rng(0)
    numbers = rng.integers(20, 900, 60)
    photos = [[f"net weight {number}", "made with care"] for number in numbers]
    given = rows_of(photos, ["item_weight"] * 60, [f"{number} gram" for number in numbers])
    system = LstmSystem(**QUICK).fit(given)
    asked = rows_of([["net weight 321", "made with care"]], ["item_weight"])
    assert system.predict(asked) == ["321 gram"]


def test_rows_without_what_could_be_the_answer_are_blank(fitted: LstmSystem) -> None:
    asked = rows_of([["best before"], ["net 340 g"], ["net 341 g"], ["net 342 g"]], ["item_weight"] * 4)
    asked.frame.loc[3, "entity_name"] = "brightness"
    seen = {key: found for key, found in asked.seen.items() if key != "key2"}
    assert fitted.predict(replace(asked, seen=seen)) == ["", "340 gram", "", ""]
    assert fitted.predict(replace(asked, keys=[None] * 4)) == [""] * 4


def test_a_number_of_another_family_is_no_answer(fitted: LstmSystem) -> None:
    assert fitted.predict(rows_of([["230 V"], ["230 V"]], ["item_weight", "voltage"])) == ["", "230 volt"]


def test_the_second_look_answers_where_the_first_shows_nothing(fitted: LstmSystem) -> None:
    asked = rows_of([["best before"]], ["item_weight"])
    second = ocr_result([line("net 340 g", 100, 100)])
    seen = {"key0": replace(asked.seen["key0"], second=second)}
    assert fitted.predict(replace(asked, seen=seen)) == ["340 gram"]
    shown = rows_of([["net 120 g"]], ["item_weight"])
    assert fitted.predict(replace(shown, seen={"key0": replace(shown.seen["key0"], second=second)})) == [
        "120 gram"
    ]


def test_labels_of_no_use_teach_nothing() -> None:
    given = packages(40)
    labels = list(given.frame["entity_value"])
    poisoned = rows_of([["net 77 g"]] * 3, ["item_weight"] * 3, ["", "not a label", "55 volt"])
    both = given.frame.assign(group_id=[f"g{i}" for i in range(40)])
    more = pd.concat([both, poisoned.frame.assign(group_id="g0")], ignore_index=True)
    keys = [*given.keys, *(f"more{i}" for i in range(3))]
    seen = {**given.seen, **{f"more{i}": poisoned.seen[f"key{i}"] for i in range(3)}}
    system = LstmSystem(**QUICK)
    with_them = Given(more, keys, seen, {}, {}, SCHEMA)
    examples = system._examples(with_them, [None] * 43)
    assert [e is not None for e in examples] == [True] * 40 + [False] * 3
    assert labels == [
        f"{float(e.sheet.values[e.right.any(axis=1)][0]):g} gram" for e in examples if e is not None
    ]


def test_what_says_when_to_stop_shares_no_group_with_what_is_learned_from() -> None:
    given = packages(40)
    group = np.arange(40) // 4
    given = replace(given, frame=given.frame.assign(group_id=group.astype(str)))
    system = LstmSystem(**QUICK)
    examples = system._examples(given, [None] * 40)
    learn, held = system._parted(given, examples)
    of = {id(example): g for example, g in zip(examples, group, strict=True)}
    learned, judged = {of[id(e)] for e in learn}, {of[id(e)] for e in held}
    assert learned
    assert judged
    assert not learned & judged
    assert len(learned | judged) == 10


def test_stops_early() -> None:
    photos = packages(40)
    rng = np.random.default_rng(0)
    # nothing tells which of the numbers it is: there is only noise to learn by heart
    values = [f"{rng.choice(sheet.values):g} gram" for sheet in sheets(photos) if sheet is not None]
    noisy = replace(photos, frame=photos.frame.assign(entity_value=values))
    assert LstmSystem(**{**QUICK, "epochs": 60}, patience=2).fit(noisy).epochs_ < 30


def test_others_rows_are_learned_from_without_their_regions() -> None:
    own, others = packages(24), packages(24, seed=1)
    frame = others.frame.assign(image_link=[f"https://example.org/o{i}.jpg" for i in range(24)])
    frame["group_id"] = [f"o{i}" for i in range(24)]
    regions = np.full((4, 9), 0.5, np.float32)
    seen = {f"o{key}": replace(found, regions=regions) for key, found in others.seen.items()}
    others = replace(others, frame=frame, keys=[f"o{key}" for key in others.keys], seen=seen)
    own = replace(own, seen={key: replace(found, regions=regions) for key, found in own.seen.items()})
    rows = replace(own, others=others).with_others()
    found = photo.features(rows, "number_classifier")
    assert [line is not None for line in found] == [True] * 24 + [False] * 24
    examples = LstmSystem(**QUICK)._examples(rows, found)
    learn, held = LstmSystem(**QUICK)._parted(rows, examples)
    of_others = {id(example) for example in examples[24:]}
    assert of_others & {id(example) for example in learn}
    assert held
    assert not of_others & {id(example) for example in held}
    answers = (
        LstmSystem(**{**QUICK, "photo": "number_classifier", "epochs": 1}).fit(rows).predict(own.unlabelled())
    )
    assert all(answers)


def test_optuna_chooses_on_the_held_out_part() -> None:
    pytest.importorskip("optuna")
    slow = {**QUICK, "epochs": 1, "learning_rate": 1e-6}
    first = LstmSystem(**slow, n_trials=1).fit(packages(24)).hyper_
    assert (first.hidden, first.dropout, first.learning_rate) == (16, 0.1, 1e-6)
    # at which nothing is learned: any other is better
    assert LstmSystem(**slow, n_trials=4).fit(packages(24)).hyper_.learning_rate > 1e-6


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"photo": "gist"}, "photo must be one of"),
        ({"device": "tpu"}, "device must be one of"),
        ({"epochs": 0}, "epochs must be"),
        ({"dropout": 1.5}, "dropout must be"),
        ({"augment": 2}, "photo='vectors'"),
    ],
)
def test_settings_that_make_no_sense(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        LstmSystem(**{**QUICK, **wrong}).fit(packages(4))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_named() -> None:
    with pytest.raises(HybridmlError, match="no GPU here"):
        LstmSystem(**QUICK, device="cuda").fit(packages(4))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_learns_on_a_gpu() -> None:
    held = packages(40, seed=1)
    system = LstmSystem(**QUICK, device="cuda").fit(packages(120))
    answers = system.predict(held.unlabelled())
    assert metrics.score(list(held.frame["entity_value"]), answers).f1 > 0.9
    assert system.set_params(device="cpu").predict(held.unlabelled()) == answers


def test_what_cannot_be_learned_from_is_told(fitted: LstmSystem) -> None:
    with pytest.raises(HybridmlError, match="0 of 3 rows"):
        LstmSystem(**QUICK).fit(rows_of([["best before"]] * 3, ["item_weight"] * 3, ["5 gram"] * 3))
    one_group = packages(6)
    one_group = replace(one_group, frame=one_group.frame.assign(group_id="1"))
    with pytest.raises(HybridmlError, match="give rows of more groups"):
        LstmSystem(**QUICK).fit(one_group)
    with pytest.raises(HybridmlError, match="photo='vectors'"):
        LstmSystem(**{**QUICK, "photo": "vectors"}).fit(packages(6))
    infinite = replace(packages(12), vectors={f"key{i}": np.full(8, np.inf) for i in range(12)})
    with pytest.raises(HybridmlError, match="loss is no number"):
        LstmSystem(**{**QUICK, "photo": "vectors", "epochs": 1}).fit(infinite)
    with pytest.raises(NotFittedError):
        LstmSystem().predict(packages(1))
    units = {name: unit for name, unit in SCHEMA.units.items() if name != "watt"}
    with pytest.raises(HybridmlError, match="other entities or units"):
        fitted.predict(replace(packages(1), schema=replace(SCHEMA, units=units)))


def test_needs_what_its_photo_features_are_made_from() -> None:
    assert LstmSystem().needs == {"reading"}
    assert LstmSystem().further(frozenset({"lines", "second_pass"})) == {"number_classifier", "second_pass"}
    assert LstmSystem(photo="vectors").needs == {"reading", "vectors"}
    assert LstmSystem(photo="vectors").further(frozenset({"lines", "number_classifier"})) == frozenset()
    assert LstmSystem(photo="vectors", augment=1).needs == {"reading", "vectors", "photos"}
    assert isinstance(create("lstm", hidden=32), LstmSystem)


def test_tokens_of_a_reading() -> None:
    page = Page.of(ocr_result([line("Net 12 OZ", 100, 50), line("340g", 700, 900, confidence=0.5)]), SCHEMA)
    letters = ["".join(map(chr, codes[codes > 0])) for codes in page.characters]
    assert letters == ["net", "12", "oz", "340", "g"]
    known = dict(zip(FEATURES, page.features[3], strict=True))
    assert min(known["x"], known["y"]) > 0
    assert (known["begins"], known["number"], known["confidence"]) == (1, 1, 0.5)
    assert known["logarithm"] == pytest.approx(np.log10(340) / 3)
    assert [list(SCHEMA.units)[u - 1] if u else "" for u in page.units] == ["", "ounce", "", "gram", ""]


def test_small_print_is_left_out_of_a_poster() -> None:
    small = [line("a b c d e f g h", 0, 30 * i, size=10) for i in range(100)]
    page = Page.of(ocr_result([*small, line("net 340 g", 0, 3100, size=80)], 1000, 4000), SCHEMA)
    assert MOST_TOKENS - 8 < len(page.units) <= MOST_TOKENS
    assert [candidate.value for _, candidate in page.candidates] == [340.0]


def test_varied_tokens_keep_the_answer_and_their_shape() -> None:
    sheet = sheets(rows_of([["5 x 8 cm", "net 340 g", *["some more words of text"] * 20]], ["width"]))[0]
    assert sheet is not None
    rng = np.random.default_rng(0)
    for _ in range(20):
        other = varied(sheet, rng)
        assert 0.75 < len(other.page.units) / len(sheet.page.units) < 1
        for name in ("characters", "units"):
            before, after = getattr(sheet.page, name)[sheet.token], getattr(other.page, name)[other.token]
            assert np.array_equal(before, after)
        assert np.array_equal(sheet.values, other.values)
        where = [s.page.features[s.token][:, :2] for s in (sheet, other)]
        spread = [np.linalg.norm(xy[0] - xy[1]) for xy in where]
        assert not np.allclose(*where)
        assert 0.9 <= spread[1] / spread[0] <= 1.1
        direction = other.page.features[:, FEATURES.index("cosine")] ** 2
        assert np.allclose(direction + other.page.features[:, FEATURES.index("sine")] ** 2, 1, atol=1e-5)


def test_batches_have_each_example_once_and_those_of_a_length_together() -> None:
    given = rows_of([["1 g " * n] for n in (1, 40, 2, 39, 3)], ["item_weight"] * 5)
    examples = [Example(sheet) for sheet in sheets(given) if sheet is not None]
    assert list(batches(examples, 3)) == [[0, 2, 4], [3, 1]]
    drawn = [
        tuple(i for part in batches(examples, 1, np.random.default_rng(k)) for i in part) for k in range(5)
    ]
    assert {tuple(sorted(order)) for order in drawn} == {(0, 1, 2, 3, 4)}
    assert len(set(drawn)) > 1


def test_an_embedding_is_reduced_to_what_training_photos_differ_in() -> None:
    rng = np.random.default_rng(0)
    vectors = [rng.normal(size=100).astype(np.float32) for _ in range(50)]
    mean, components = photo.reduction([*vectors, None], 32, 0)
    assert components.shape == (32, 100)
    assert np.allclose((np.stack(vectors) - mean) @ components.T @ np.ones(32) / 32, 0, atol=3)
    few = [vector[:18] for vector in vectors]
    assert np.array_equal(photo.reduction(few, 32, 0)[1], np.eye(18))


def test_copies_are_embedded_once_and_learned_from(tmp_path: Path) -> None:
    from PIL import Image

    from hybridml.datasets.images import decode
    from tests.helpers.fakes import MeanEmbedder

    rng = np.random.default_rng(0)
    given = packages(12)
    paths = {key: tmp_path / f"{key}.png" for key in given.keys if key}
    for path in paths.values():
        Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(path)
    vectors = {key: MeanEmbedder().embed([decode(path)])[0] for key, path in paths.items()}
    given = replace(given, vectors=vectors, photos=paths)
    settings = {**QUICK, "photo": "vectors", "epochs": 1, "augment": 2}
    system = LstmSystem(**settings, embedding="tests.helpers.fakes:MeanEmbedder", store=tmp_path / "store")
    examples = system._examples(given, photo.features(given, "vectors"))
    for example, key in zip(examples, given.keys, strict=True):
        assert example is not None
        assert example.photo is not None
        assert example.photo.shape == (3, 8)
        assert np.array_equal(example.photo[0], vectors[key or ""])
        assert len(np.unique(example.photo, axis=0)) == 3
        assert np.abs(example.photo[1:] - example.photo[0]).max() < 100
    shards = sorted((tmp_path / "store" / "embedding").rglob("*.parquet"))
    assert len(shards) == 2
    before = [shard.stat().st_mtime_ns for shard in shards]
    system.fit(given)
    assert [shard.stat().st_mtime_ns for shard in shards] == before
    assert all(system.predict(given.unlabelled()))
    other = replace(given, vectors={key: vector + 20 for key, vector in vectors.items()})
    with pytest.raises(HybridmlError, match="not those of"):
        system.fit(other)
