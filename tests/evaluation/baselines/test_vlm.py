"""The vision-language baseline, with a tiny Idefics2 of random weights that is built here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hybridml.entities import default_entities
from hybridml.errors import HybridmlError, NotFittedError, WeightsError
from hybridml.evaluation import baselines
from hybridml.evaluation.baselines.system import Dataset
from hybridml.evaluation.baselines.vlm import VlmSystem
from hybridml.evaluation.baselines.vlm.photo import PhotoSettings, prepared
from hybridml.evaluation.baselines.vlm.prompt import prompt, question, repaired
from hybridml.utils.optional import lacking
from hybridml.utils.registry import SettingsError

SCHEMA = default_entities()
PIECES = ("<unk>", "<pad>", "<s>", "</s>", "<image>", "<fake_token_around_image>", "<end_of_utterance>")

needs_vlm = pytest.mark.skipif(
    bool(lacking("vlm", ("torch", "transformers", "peft", "accelerate", "cv2"), "vlm")),
    reason="the extra [vlm] is not installed",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny Idefics2 with random weights."""
    from hybridml.vision.torchvision_compat import import_torchvision

    import_torchvision()
    import torch
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import (
        Idefics2Config,
        Idefics2ForConditionalGeneration,
        Idefics2ImageProcessor,
        Idefics2Processor,
        MistralConfig,
        PreTrainedTokenizerFast,
    )
    from transformers.models.idefics2.configuration_idefics2 import (
        Idefics2PerceiverConfig,
        Idefics2VisionConfig,
    )

    words = [*PIECES, *(chr(c) for c in range(32, 127))]
    raw = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    raw.decoder = decoders.Fuse()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw,
        unk_token="<unk>",
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        additional_special_tokens=list(PIECES[4:]),
    )
    processor = Idefics2Processor(
        Idefics2ImageProcessor(size={"shortest_edge": 28, "longest_edge": 56}, do_image_splitting=False),
        tokenizer,
        image_seq_len=4,
    )
    torch.manual_seed(0)
    text = MistralConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=512,
        pad_token_id=1,
        bos_token_id=2,
        eos_token_id=3,
    )
    vision = Idefics2VisionConfig(
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=56,
        patch_size=14,
    )
    perceiver = Idefics2PerceiverConfig(
        resampler_n_latents=4,
        resampler_depth=1,
        resampler_n_heads=2,
        resampler_head_dim=16,
        num_key_value_heads=1,
        hidden_size=32,
    )
    config = Idefics2Config(
        vision_config=vision.to_dict(),
        perceiver_config=perceiver.to_dict(),
        text_config=text.to_dict(),
        image_token_id=4,
        tie_word_embeddings=False,
    )
    model = Idefics2ForConditionalGeneration(config)
    where = tmp_path_factory.mktemp("idefics2")
    model.save_pretrained(where)
    processor.save_pretrained(where)
    return where


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Return five rows: three photos of different shapes, one broken, one missing."""
    from PIL import Image

    rng = np.random.default_rng(0)
    photos = {}
    for key, size in (("a", (90, 60)), ("b", (50, 80)), ("c", (700, 640))):
        path = tmp_path / f"{key}.png"
        Image.fromarray(rng.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)).save(path)
        photos[key] = path
    (tmp_path / "broken.png").write_bytes(b"\x89PNG no photo")
    photos["d"] = tmp_path / "broken.png"
    frame = pd.DataFrame(
        {
            "index": range(5),
            "image_link": [f"{key}.png" for key in "abcde"],
            "group_id": ["1"] * 5,
            "entity_name": ["item_weight", "width", "voltage", "width", "width"],
            "entity_value": ["500 gram", "3 inch", "12 volt", "1 inch", "2 inch"],
        }
    )
    return Dataset(frame, list("abcde"), {}, {}, photos, SCHEMA)


def system(folder: Path, **settings: Any) -> VlmSystem:
    return VlmSystem(model=str(folder), progress=False, new_tokens=6, **settings)


def test_the_question_names_the_entity_and_its_units() -> None:
    asked = question(SCHEMA.entity("item_volume"))
    assert "item volume" in asked
    assert all(unit in asked for unit in SCHEMA.entity("item_volume").units)


def test_a_chat_template_is_used_where_there_is_one() -> None:
    class Templated:
        chat_template = "yes"

        @staticmethod
        def apply_chat_template(messages: list[dict[str, Any]], add_generation_prompt: bool) -> str:
            assert add_generation_prompt
            return "|".join(part["type"] + part.get("text", "") for part in messages[0]["content"])

    class Plain:
        chat_template = None
        image_token = "<img>"

    assert prompt(Templated(), "how wide?") == "image|texthow wide?"
    assert prompt(Plain(), "how wide?") == "<img>how wide?\nAnswer:"


@pytest.mark.parametrize(
    ("text", "entity", "answer"),
    [
        ("500 gram", "item_weight", "500 gram"),
        (" 1,5 KG.", "item_weight", "1.5 kilogram"),
        ("The bottle holds 12 oz", "item_volume", "12 fluid ounce"),
        ("12 oz", "item_weight", "12 ounce"),
        ("Height: 3 cm, weight: 40 g", "item_weight", "40 gram"),
        ("5 feet", "height", "5 foot"),
        ("220 V", "item_weight", ""),
        ("500", "item_weight", ""),
        ("I cannot tell.", "item_weight", ""),
        ("", "voltage", ""),
    ],
)
def test_answers_are_repaired_to_legal_ones(text: str, entity: str, answer: str) -> None:
    assert repaired(text, SCHEMA.entity(entity), SCHEMA) == answer


def test_photos_are_scaled_down_never_up_and_each_step_can_be_left_out() -> None:
    pytest.importorskip("cv2")
    photo = np.tile(np.linspace(90, 160, 900, dtype=np.uint8)[None, :, None], (300, 1, 3))
    plain = PhotoSettings(clahe=0, unsharp=0)
    assert prepared(photo, plain).shape == (200, 600, 3)
    small = photo[:50, :40]
    assert (prepared(small, plain) == small).all()
    assert prepared(photo, PhotoSettings(unsharp=0)).std() > prepared(photo, plain).std()
    step = np.full((60, 60, 3), 100, np.uint8)
    step[:, 30:] = 150
    sharp = prepared(step, PhotoSettings(clahe=0, unsharp=1.0))
    assert (sharp.min(), sharp.max()) != (100, 150)


@needs_vlm
def test_a_batch_is_answered_as_its_rows_are_one_by_one(folder: Path, dataset: Dataset) -> None:
    fitted = system(folder).fit(dataset)
    made, rows = fitted.network_, dataset.subset([0, 1, 2])
    prompts = [prompt(made.processor, question(SCHEMA.entity(e))) for e in rows.frame["entity_name"]]
    assert len({len(p) for p in prompts}) == 3
    photos = [fitted._prepared(rows.photos[k or ""]) for k in rows.keys]
    together = made.answers(prompts, photos, 6)
    alone = [made.answers([p], [photo], 6)[0] for p, photo in zip(prompts, photos, strict=True)]
    assert together == alone
    assert len(set(alone)) > 1


@needs_vlm
def test_rows_that_cannot_be_asked_cost_themselves(
    folder: Path, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = system(folder, questions=2).fit(dataset)
    seen: list[int] = []

    def answers(prompts: list[str], photos: list[Any], new_tokens: int) -> list[str]:
        seen.append(len(prompts))
        return ["7 kg" if "weight" in p else "7 cm" for p in prompts]

    monkeypatch.setattr(made.network_, "answers", answers)
    assert made.predict(dataset.unlabelled()) == ["7 kilogram", "7 centimetre", "", "", ""]
    assert seen == [2, 1]


@needs_vlm
def test_the_loss_is_on_the_answer_alone_and_padding_changes_nothing(folder: Path, dataset: Dataset) -> None:
    import torch

    from hybridml.evaluation.baselines.vlm.tuning import IGNORED, Collator

    made = system(folder).fit(dataset)
    examples = list(made._examples(dataset))
    assert [e.answer for e in examples] == ["500 gram", "3 inch", "12 volt"]
    collate = Collator(made.network_)
    batch = collate(examples)
    tokenizer = made.network_.processor.tokenizer
    for example, labels, tokens in zip(examples, batch["labels"], batch["input_ids"], strict=True):
        learned = labels[labels != IGNORED]
        assert tokenizer.decode(learned).strip() == f"{example.answer}</s>"
        assert (tokens[labels != IGNORED] == learned).all()
    with torch.no_grad():
        together = made.network_.model(**batch).loss
        alone = [collate([e]) for e in examples]
        counts = [int((b["labels"] != IGNORED).sum()) for b in alone]
        losses = [float(made.network_.model(**b).loss) for b in alone]
    assert float(together) == pytest.approx(np.average(losses, weights=counts), abs=1e-4)


@needs_vlm
def test_lora_steps_lower_the_loss_and_leave_the_weights_alone(
    folder: Path, dataset: Dataset, tmp_path: Path
) -> None:
    import torch

    from hybridml.evaluation.baselines.vlm.tuning import Collator

    before = system(folder).fit(dataset)
    batch = Collator(before.network_)(list(before._examples(dataset)))
    settings = {"epochs": 1, "batch": 3, "accumulate": 1, "learning_rate": 0.02, "dropout": 0.0, "rank": 4}
    after = system(folder, **settings).fit(dataset)
    assert len(after.losses_) == 1
    trained = {n for n, p in after.network_.model.named_parameters() if p.requires_grad}
    assert trained
    assert all("lora_" in name for name in trained)
    with torch.no_grad():
        untuned = float(before.network_.model(**batch).loss)
        tuned = float(after.network_.model(**batch).loss)
    assert tuned < untuned - 0.01

    after.save(tmp_path / "adapter")
    loaded = system(folder, adapter=str(tmp_path / "adapter")).fit(dataset)
    with torch.no_grad():
        assert float(loaded.network_.model(**batch).loss) == pytest.approx(tuned, abs=1e-4)
    assert loaded.size() > before.size()


@needs_vlm
def test_an_interrupted_run_goes_on_and_other_rows_start_anew(
    folder: Path, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hybridml.evaluation.baselines.vlm import tuning

    settings = {"batch": 3, "accumulate": 1, "epochs": 2, "learning_rate": 0.01}
    whole = system(folder, **settings).fit(dataset)

    class Stops(tuning.Collator):
        left = 1

        def __call__(self, examples: Any) -> dict[str, Any]:
            Stops.left -= 1
            if Stops.left < 0:
                raise KeyboardInterrupt
            return super().__call__(examples)

    settings["checkpoints"] = str(tmp_path / "runs")
    with monkeypatch.context() as patch:
        patch.setattr(tuning, "Collator", Stops)
        with pytest.raises(KeyboardInterrupt):
            system(folder, **settings).fit(dataset)
        Stops.left = 1
        resumed = system(folder, **settings).fit(dataset)
    assert resumed.losses_ == pytest.approx(whole.losses_, rel=1e-3)
    assert len(list((tmp_path / "runs").iterdir())) == 1
    system(folder, **settings).fit(dataset.subset([0, 1]))
    assert len(list((tmp_path / "runs").iterdir())) == 2


@needs_vlm
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": ""}, "idefics2-8b"),
        ({"model": "no/such/folder"}, "HF_HOME"),
        ({"adapter": "nowhere"}, "adapter_config.json"),
        ({"four_bit": True}, "bitsandbytes|NVIDIA"),
        ({"dtype": "int3"}, "dtype"),
        ({"epochs": -1}, "epochs"),
        ({"longest_side": 1}, "longest_side"),
    ],
)
def test_what_cannot_be_is_said(
    folder: Path, dataset: Dataset, settings: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(HybridmlError, match=message):
        VlmSystem(**{"model": str(folder), "progress": False, **settings}).fit(dataset)


@needs_vlm
def test_a_gpu_that_is_not_there_is_said(folder: Path, dataset: Dataset) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(HybridmlError, match="device='cpu'"):
        system(folder, device="cuda").fit(dataset)


@needs_vlm
def test_nothing_to_learn_from_is_said(folder: Path, dataset: Dataset) -> None:
    with pytest.raises(HybridmlError, match="at least one"):
        system(folder, epochs=1).fit(dataset.subset([3, 4]))


def test_before_fit_it_says_so(dataset: Dataset, tmp_path: Path) -> None:
    made = VlmSystem("some/model", progress=False)
    for ask in (made.size, lambda: made.predict(dataset.unlabelled()), lambda: made.save(tmp_path / "lora")):
        with pytest.raises(NotFittedError, match="call fit"):
            ask()


def test_it_is_a_system_by_name() -> None:
    made = baselines.create("vlm", model="a/b", epochs=2)
    assert made.get_params()["model"] == "a/b"
    assert made.needs == {"photos"}
    with pytest.raises(SettingsError):
        baselines.create("vlm", modle="a/b")
    assert issubclass(WeightsError, HybridmlError)
