"""Training of the number classifier from random weights, on drawings and on photos with agreed answers.

    python -m benchmarks.train_number_classifier --shared ../shared --minutes 50 --out models/number-classifier.pt

The schedule follows the clock, so a busy machine trains on fewer samples, not for longer. An interrupted run continues
from its last checkpoint. On Linux ``MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=8000000000`` in the environment saves the
time of returning memory to the system after every step.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn

from benchmarks import command
from benchmarks.number_classifier_data import Photo, SampleSource, photos, split
from benchmarks.number_classifier_scores import answers, samples_of, score_rows, table, tensors
from hybridml.utils.hashing import sha256_of
from hybridml.vision.number_classifier.inputs import SIZE
from hybridml.vision.number_classifier.network import NumberClassifierNetwork

SHARES = (0.25, 0.5)
"""Share of photos in each batch, at the start and in the second half."""

CHECKPOINT, VALIDATION = 300, 600
"""Seconds between checkpoints, and between validations on the held-out photos."""

WARM_UP = 0.06
"""Share of the training in which the learning rate rises."""


def produce(queue: Any, found: list[Photo], size: int, batch: int, seed: int, clock: Any) -> None:
    """Fill ``queue`` with batches; ``clock`` has the progress from 0 to 1, and 2 to end."""
    source = SampleSource(found, size, seed)
    while clock.value < 1.5:
        share = SHARES[0] + (SHARES[1] - SHARES[0]) * min(1.0, clock.value * 2)
        queue.put(source.batch(batch, share))
    queue.cancel_join_thread()


def rate(progress: float, peak: float) -> float:
    """Return the learning rate: it rises, then falls along a cosine."""
    if progress < WARM_UP:
        return peak * (0.05 + 0.95 * progress / WARM_UP)
    return peak * (0.01 + 0.99 * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP))) / 2)


def export(network: nn.Module, path: Path) -> str:
    """Write the weights in half precision and return their SHA-256."""
    state = {
        k: v.half() if v.is_floating_point() else v
        for k, v in network.state_dict().items()
        if not k.endswith("num_batches_tracked")
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    torch.save({k: v.contiguous() for k, v in state.items()}, part)
    os.replace(part, path)
    return sha256_of(path)


def main(argv: list[str] | None = None) -> int:
    """Train, export, and write the scores beside the weights."""
    parser = command.parser(__doc__)
    parser.add_argument(
        "--shared", type=Path, required=True, help="folder with data/agreed and data/readings"
    )
    parser.add_argument(
        "--minutes", type=float, default=50.0, help="minutes of training, checkpoints included (default: 50)"
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="file of weights to write; a .json goes beside it"
    )
    parser.add_argument(
        "--checkpoint", type=Path, help="checkpoint to write and continue from (default: OUT.ckpt)"
    )
    parser.add_argument("--batch", type=int, default=16, help="photos and drawings per step (default: 16)")
    parser.add_argument(
        "--rate", type=float, default=1e-3, help="peak learning rate of AdamW (default: 0.001)"
    )
    parser.add_argument("--threads", type=int, default=2, help="threads of torch (default: 2)")
    parser.add_argument("--evaluate", action="store_true", help="only score OUT again and rewrite its table")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    train, held = split(photos(args.shared), 0.12, args.seed)
    network = NumberClassifierNetwork().to(memory_format=torch.channels_last)
    if args.evaluate:
        report = json.loads(args.out.with_suffix(".json").read_text())
        return _report(args, network, report, train, held)
    optimizer = torch.optim.AdamW(network.parameters(), lr=args.rate, weight_decay=0.02)
    checkpoint = args.checkpoint or args.out.with_suffix(".ckpt")
    done = {"elapsed": 0.0, "samples": 0, "steps": 0}
    if checkpoint.is_file():
        saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
        network.load_state_dict(saved["network"])
        optimizer.load_state_dict(saved["optimizer"])
        done = saved["done"]
        print(f"continues after {done['steps']} steps, {done['elapsed']:.0f} s", flush=True)
    context = multiprocessing.get_context("spawn")
    queue, clock = context.Queue(6), context.Value("d", 0.0)
    seed = args.seed * 1_000_003 + done["steps"]
    worker = context.Process(target=produce, args=(queue, train, SIZE, args.batch, seed, clock), daemon=True)
    worker.start()
    _train(args, network, optimizer, queue, clock, checkpoint, done, held)
    clock.value = 2.0
    worker.terminate()
    digest = export(network, args.out)
    # the next training would continue from it
    checkpoint.unlink(missing_ok=True)
    report = {
        "settings": {
            "size": SIZE,
            "batch": args.batch,
            "rate": args.rate,
            "seed": args.seed,
            "shares": SHARES,
        },
        **{k: round(v, 1) for k, v in done.items()},
        "sha256": digest,
    }
    return _report(args, network, report, train, held)


def _report(
    args: argparse.Namespace,
    network: nn.Module,
    report: dict[str, Any],
    train: list[Photo],
    held: list[Photo],
) -> int:
    # photos come one at a time: more threads would mostly wait for each other
    torch.set_num_threads(1)
    # the weights as written, in half precision
    weights = torch.load(args.out, map_location="cpu", weights_only=True)
    network.load_state_dict({k: v.float() for k, v in weights.items()}, strict=False)
    report["photos"] = {"trained on": len(train), "held out": len(held)}
    report["validation"] = score_rows(network, train, held, args.seed)
    text = json.dumps(report, indent=2)
    args.out.with_suffix(".json").write_text(text + "\n")
    print(text)
    return 0


def _train(
    args: argparse.Namespace,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    queue: Any,
    clock: Any,
    checkpoint: Path,
    done: dict[str, Any],
    held: list[Photo],
) -> None:
    limit, before = args.minutes * 60, done["elapsed"]
    start = time.monotonic()
    saved = validated = time.monotonic()
    loss_sum = hits = lines = 0.0
    while (elapsed := before + time.monotonic() - start) < limit:
        clock.value = progress = elapsed / limit
        for group in optimizer.param_groups:
            group["lr"] = rate(progress, args.rate)
        planes, geometry, photo, labels = tensors(queue.get())
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(planes, geometry, photo)
        loss = nn.functional.cross_entropy(logits, labels, label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        done["steps"] += 1
        done["samples"] += len(planes)
        done["elapsed"] = before + time.monotonic() - start
        loss_sum += loss.item() * len(labels)
        hits += float((logits.argmax(1) == labels).sum())
        lines += len(labels)
        if done["steps"] % 20 == 0:
            print(
                f"{done['elapsed']:6.0f} s  step {done['steps']:5d}  "
                f"{done['samples'] / done['elapsed']:.2f} samples/s  queue {queue.qsize()}  "
                f"loss {loss_sum / lines:.3f}  accuracy {hits / lines:.3f}",
                flush=True,
            )
            loss_sum = hits = lines = 0.0
        if time.monotonic() - saved > CHECKPOINT:
            state = {"network": network.state_dict(), "optimizer": optimizer.state_dict(), "done": done}
            torch.save(state, checkpoint.with_suffix(".ckpt.part"))
            os.replace(checkpoint.with_suffix(".ckpt.part"), checkpoint)
            saved = time.monotonic()
        if time.monotonic() - validated > VALIDATION:
            print(f"held-out photos: {table(*answers(network, samples_of(held)))}", flush=True)
            validated = time.monotonic()


if __name__ == "__main__":
    command.run(main)
