"""The LSTM baseline: what it learns, what it is given, and that TorchScript predicts what was learned."""

from __future__ import annotations

import pickle
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from hybridml.datasets.images import decode
from hybridml.entities import default_entities
from hybridml.errors import HybridmlError, NotFittedError
from hybridml.evaluation import metrics
from hybridml.evaluation.baselines import Dataset, create
from hybridml.evaluation.baselines.lstm import LstmSystem, copies, photo
from hybridml.evaluation.baselines.lstm.batch import batches, tensors, varied
from hybridml.evaluation.baselines.lstm.example import examples
from hybridml.evaluation.baselines.lstm.network import TokenNetwork, from_torchscript, to_torchscript
from hybridml.evaluation.baselines.lstm.tokens import FEATURES, MOST_TOKENS, Tokens
from hybridml.utils.registry import SettingsError
from hybridml.vision.photo_features import PhotoFeatures
from tests.helpers.fakes import MeanEmbedder
from tests.helpers.lines import line, ocr_result

SCHEMA = default_entities()
QUICK = {"photo": "none", "hidden": 16, "epochs": 10, "batch_size": 16, "learning_rate": 0.02, "dropout": 0.1}


def rows_of(
    photos: list[list[str]], entities: list[str], values: list[str] | None = None, **more: list[str]
) -> Dataset:
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
    features = {
        key: PhotoFeatures(ocr_result(line(text, 100, 100 + 60 * j) for j, text in enumerate(texts)))
        for key, texts in zip(keys, photos, strict=True)
    }
    return Dataset(frame, keys, features, {}, {}, SCHEMA)


def packages(n: int, seed: int = 0) -> Dataset:
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
    one, again, other = (dict(from_torchscript(fit.script_).named_parameters()) for fit in fits)
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
    allowed = torch.tensor([[u in e.units for u in SCHEMA.units] for e in SCHEMA.entities.values()])
    torch.manual_seed(0)
    network = TokenNetwork(torch.zeros(18), torch.eye(18), allowed).eval()
    given = rows_of([["5 cm", "8 cm x 3 cm"], ["230 V"]], ["width", "voltage"])
    rng = np.random.default_rng(0)
    found = [
        replace(example, photo=rng.random((1, 18)).astype(np.float32))
        for example in examples(given)
        if example is not None
    ]
    inputs = tensors(found, 18, "cpu")
    with torch.inference_mode():
        eager, script = network(inputs), from_torchscript(to_torchscript(network))(inputs)
    assert torch.allclose(eager, script, atol=1e-5)
    assert torch.allclose(eager.exp().sum((1, 2)), torch.ones(2), atol=1e-5)


def test_export_writes_what_predicts(fitted: LstmSystem, tmp_path: Path) -> None:
    fitted.export(tmp_path / "lstm.pt")
    assert (tmp_path / "lstm.pt").stat().st_size == fitted.size() > 0
    example = examples(packages(1))[0]
    assert example is not None
    exported = from_torchscript((tmp_path / "lstm.pt").read_bytes())
    scores = exported(tensors([example], fitted.numbers_, "cpu"))
    assert scores.shape == (1, len(example.starts), len(SCHEMA.units))


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
    read = {key: found for key, found in asked.photo_features.items() if key != "key2"}
    assert fitted.predict(replace(asked, photo_features=read)) == ["", "340 gram", "", ""]
    assert fitted.predict(replace(asked, keys=[None] * 4)) == [""] * 4


def test_a_number_of_another_family_is_no_answer(fitted: LstmSystem) -> None:
    assert fitted.predict(rows_of([["230 V"], ["230 V"]], ["item_weight", "voltage"])) == ["", "230 volt"]


def test_the_second_pass_answers_where_the_first_shows_nothing(fitted: LstmSystem) -> None:
    asked = rows_of([["best before"]], ["item_weight"])
    second = ocr_result([line("net 340 g", 100, 100)])
    features = {"key0": replace(asked.photo_features["key0"], second_pass=second)}
    assert fitted.predict(replace(asked, photo_features=features)) == ["340 gram"]
    shown = rows_of([["net 120 g"]], ["item_weight"])
    features = {"key0": replace(shown.photo_features["key0"], second_pass=second)}
    assert fitted.predict(replace(shown, photo_features=features)) == ["120 gram"]


def test_labels_of_no_use_teach_nothing() -> None:
    given = packages(40)
    labels = list(given.frame["entity_value"])
    poisoned = rows_of([["net 77 g"]] * 3, ["item_weight"] * 3, ["", "not a label", "55 volt"])
    both = given.frame.assign(group_id=[f"g{i}" for i in range(40)])
    more = pd.concat([both, poisoned.frame.assign(group_id="g0")], ignore_index=True)
    keys = [*given.keys, *(f"more{i}" for i in range(3))]
    features = {**given.photo_features, **{f"more{i}": poisoned.photo_features[f"key{i}"] for i in range(3)}}
    system = LstmSystem(**QUICK)
    with_them = Dataset(more, keys, features, {}, {}, SCHEMA)
    found = system._examples(with_them, [None] * 43)
    assert [e is not None for e in found] == [True] * 40 + [False] * 3
    assert labels == [
        f"{float(e.values[e.right.any(axis=1)][0]):g} gram"
        for e in found
        if e is not None and e.right is not None
    ]


def test_held_out_examples_share_no_group_with_those_trained_on() -> None:
    given = packages(40)
    group = np.arange(40) // 4
    given = replace(given, frame=given.frame.assign(group_id=group.astype(str)))
    system = LstmSystem(**QUICK)
    known = system._examples(given, [None] * 40)
    train, held = system._split(given, known)
    group_of = {id(example): g for example, g in zip(known, group, strict=True)}
    trained_groups, held_groups = {group_of[id(e)] for e in train}, {group_of[id(e)] for e in held}
    assert trained_groups
    assert held_groups
    assert not trained_groups & held_groups
    assert len(trained_groups | held_groups) == 10


def test_stops_early() -> None:
    photos = packages(40)
    rng = np.random.default_rng(0)
    # nothing tells which of the numbers it is: there is only noise to learn by heart
    values = [f"{rng.choice(example.values):g} gram" for example in examples(photos) if example is not None]
    noisy = replace(photos, frame=photos.frame.assign(entity_value=values))
    assert LstmSystem(**{**QUICK, "epochs": 60}, patience=2).fit(noisy).epochs_ < 30


def test_weakly_labelled_rows_are_trained_on_without_their_number_classes() -> None:
    own, weak = packages(24), packages(24, seed=1)
    frame = weak.frame.assign(image_link=[f"https://example.org/o{i}.jpg" for i in range(24)])
    frame["group_id"] = [f"o{i}" for i in range(24)]
    classes = np.full((4, 9), 0.5, np.float32)
    features = {f"o{k}": replace(found, number_classes=classes) for k, found in weak.photo_features.items()}
    weak = replace(weak, frame=frame, keys=[f"o{key}" for key in weak.keys], photo_features=features)
    features = {k: replace(found, number_classes=classes) for k, found in own.photo_features.items()}
    own = replace(own, photo_features=features)
    rows = replace(own, weak_labels=weak).with_weak_labels()
    found = photo.features(rows, "number_classifier")
    assert [line is not None for line in found] == [True] * 24 + [False] * 24
    known = LstmSystem(**QUICK)._examples(rows, found)
    train, held = LstmSystem(**QUICK)._split(rows, known)
    of_weak = {id(example) for example in known[24:]}
    assert of_weak & {id(example) for example in train}
    assert held
    assert not of_weak & {id(example) for example in held}
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
    ("wrong", "message"),
    [
        ({"photo": "gist"}, "photo must be one of"),
        ({"device": "tpu"}, "device must be one of"),
        ({"epochs": 0}, "epochs must be"),
        ({"dropout": 1.5}, "dropout must be"),
        ({"augment": 2}, "photo='vectors'"),
    ],
)
def test_settings_that_make_no_sense(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
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


def test_what_cannot_be_trained_on_is_an_error(fitted: LstmSystem) -> None:
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
    assert LstmSystem().needs == {"ocr"}
    assert LstmSystem().stages(frozenset()) == {"number_classifier"}
    assert LstmSystem().stages(frozenset({"second_pass"})) == {"number_classifier", "second_pass"}
    assert LstmSystem(photo="vectors").needs == {"ocr", "vectors"}
    assert LstmSystem(photo="vectors").stages(frozenset({"number_classifier"})) == frozenset()
    assert LstmSystem(photo="vectors", augment=1).needs == {"ocr", "vectors", "photos"}
    assert isinstance(create("lstm", hidden=32), LstmSystem)


def test_tokens_of_an_ocr_result() -> None:
    tokens = Tokens.of(
        ocr_result([line("Net 12 OZ", 100, 50), line("340g", 700, 900, confidence=0.5)]), SCHEMA
    )
    letters = ["".join(map(chr, codes[codes > 0])) for codes in tokens.characters]
    assert letters == ["net", "12", "oz", "340", "g"]
    known = dict(zip(FEATURES, tokens.features[3], strict=True))
    assert min(known["x"], known["y"]) > 0
    assert (known["begins"], known["number"], known["confidence"]) == (1, 1, 0.5)
    assert known["logarithm"] == pytest.approx(np.log10(340) / 3)
    assert [list(SCHEMA.units)[u - 1] if u else "" for u in tokens.units] == ["", "ounce", "", "gram", ""]


def test_small_print_is_left_out_of_a_poster() -> None:
    small = [line("a b c d e f g h", 0, 30 * i, size=10) for i in range(100)]
    tokens = Tokens.of(ocr_result([*small, line("net 340 g", 0, 3100, size=80)], 1000, 4000), SCHEMA)
    assert MOST_TOKENS - 8 < len(tokens) <= MOST_TOKENS
    assert [candidate.value for _, candidate in tokens.candidates] == [340.0]


def test_varied_tokens_keep_the_answer_and_their_shape() -> None:
    example = examples(rows_of([["5 x 8 cm", "net 340 g", *["some more words of text"] * 20]], ["width"]))[0]
    assert example is not None
    rng = np.random.default_rng(0)
    for _ in range(20):
        other = varied(example, rng)
        assert 0.75 < len(other.tokens) / len(example.tokens) < 1
        for name in ("characters", "units"):
            before, after = (getattr(e.tokens, name)[e.starts] for e in (example, other))
            assert np.array_equal(before, after)
        assert np.array_equal(example.values, other.values)
        where = [e.tokens.features[e.starts][:, :2] for e in (example, other)]
        spread = [np.linalg.norm(xy[0] - xy[1]) for xy in where]
        assert not np.allclose(*where)
        assert 0.9 <= spread[1] / spread[0] <= 1.1
        direction = other.tokens.features[:, FEATURES.index("cosine")] ** 2
        assert np.allclose(direction + other.tokens.features[:, FEATURES.index("sine")] ** 2, 1, atol=1e-5)


def test_batches_have_each_example_once_and_those_of_a_length_together() -> None:
    given = rows_of([["1 g " * n] for n in (1, 40, 2, 39, 3)], ["item_weight"] * 5)
    found = [example for example in examples(given) if example is not None]
    assert list(batches(found, 3)) == [[0, 2, 4], [3, 1]]
    drawn = [tuple(i for part in batches(found, 1, np.random.default_rng(k)) for i in part) for k in range(5)]
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


def test_copies_are_embedded_once_and_learned_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # in this process: others take seconds to start
    monkeypatch.setattr(copies, "extract_photos", partial(copies.extract_photos, workers=1))
    rng = np.random.default_rng(0)
    given = packages(12)
    paths = {key: tmp_path / f"{key}.png" for key in given.keys if key}
    for path in paths.values():
        Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(path)
    vectors = {key: MeanEmbedder().embed([decode(path)])[0] for key, path in paths.items()}
    given = replace(given, vectors=vectors, photos=paths)
    settings = {**QUICK, "photo": "vectors", "epochs": 1, "augment": 2}
    system = LstmSystem(**settings, embedding="tests.helpers.fakes:MeanEmbedder", store=tmp_path / "store")
    known = system._examples(given, photo.features(given, "vectors"))
    for example, key in zip(known, given.keys, strict=True):
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
