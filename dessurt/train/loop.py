"""The training loop: stages one after another, each for its minutes; resumable at any moment.

    python -m dessurt.train configs/dessurt_small.json
    torchrun --nproc-per-node 2 -m dessurt.train configs/dessurt_small.json   # two processes

Everything of a run lies in `runs/NAME/`: `state.pt` (weights, their running mean, optimiser, how
far it has come) and `log.txt`. Ctrl-C saves. Batches follow from the seed and the step at which a
sitting began, so a resumed run sees new pages.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from dessurt.train.student import Student

SAVE_EVERY = 120.0  # seconds
REPORT_EVERY = 20.0
CHECK_EVERY = 600.0
EMA = 0.995


def main(argv: Sequence[str] | None = None) -> int:
    """Train as a config says; what is there in `runs/NAME` is continued."""
    parser = argparse.ArgumentParser(prog="dessurt train", description=main.__doc__)
    parser.add_argument("config", type=Path, help="a file like configs/dessurt_small.json")
    parser.add_argument("--minutes", type=float, help="stop after so many minutes")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where runs are kept")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--workers", type=int, default=1, help="processes that draw pages")
    parser.add_argument("--export", type=Path, help="write the checkpoint folder and stop")
    args = parser.parse_args(argv)
    config = json.loads(args.config.read_text(encoding="utf-8"))
    if "WORLD_SIZE" in os.environ:
        dist.init_process_group()
        if args.device == "cuda":
            args.device = f"cuda:{os.environ['LOCAL_RANK']}"
    run = Run(config, args.runs / config["name"], args.device)
    if args.export:
        run.export(args.export)
    else:
        run.train(args.minutes, args.workers)
    return 0


class Batches(IterableDataset):
    """Batches of a stage, drawn in worker processes."""

    def __init__(self, student: Student, stage: dict[str, Any], seed: int) -> None:
        """`seed`: other seeds give other pages."""
        self.stage = {**stage, "batch": max(stage["batch"] // _processes(), 1)}
        self.make, self.seed = student.batches, seed
        self.rank = _rank()  # workers do not belong to the group

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        """Batches without end."""
        worker = get_worker_info()
        torch.set_num_threads(1)
        number = self.rank * 64 + (worker.id if worker else 0)
        return self.make(self.stage, self.seed * 1009 + number)


class Run:
    """A training run and where it has come to."""

    def __init__(self, config: dict[str, Any], folder: Path, device: str) -> None:
        """Start a run or take it up from `folder`."""
        self.config, self.folder, self.device = config, folder, torch.device(device)
        folder.mkdir(parents=True, exist_ok=True)
        self.step, self.stage, self.seconds = 0, 0, 0.0
        torch.manual_seed(config["seed"])
        self.student = Student(config).to(self.device)
        self.ema = {k: v.detach().clone() for k, v in self.student.state_dict().items()}
        self.optimiser = torch.optim.AdamW(_groups(self.student), betas=(0.9, 0.98), fused=True)
        if (folder / "state.pt").exists():
            state = torch.load(folder / "state.pt", map_location=self.device, weights_only=True)
            self.student.load_state_dict(state["weights"])
            self.ema = state["ema"]
            self.step, self.stage, self.seconds = state["step"], state["stage"], state["seconds"]
            if state["optimiser"] is not None:
                self.optimiser.load_state_dict(state["optimiser"])

    def save(self) -> None:
        """Write the state, whole or not at all."""
        if _rank() > 0:
            return
        state = {
            "weights": self.student.state_dict(), "ema": self.ema, "step": self.step,
            "stage": self.stage, "seconds": self.seconds,
            "optimiser": self.optimiser.state_dict(),
        }  # fmt: skip
        torch.save(state, self.folder / "state.partial")
        (self.folder / "state.partial").replace(self.folder / "state.pt")

    def export(self, folder: Path) -> None:
        """Write the mean weights as a checkpoint folder."""
        self.student.load_state_dict(self.ema)
        self.student.export(folder)

    def check(self, stage: dict[str, Any]) -> None:
        """Measure the mean weights on fonts that were never trained on."""
        weights = {k: v.detach().clone() for k, v in self.student.state_dict().items()}
        self.student.load_state_dict(self.ema)
        try:
            figures = self.student.check(stage)
        finally:  # stopped meanwhile: the mean must not be saved as the weights
            self.student.load_state_dict(weights)
        self.log("  ".join(f"{name} {value:.4f}" for name, value in figures.items()))

    def train(self, minutes: float | None, workers: int) -> None:
        """Go on through the stages until they or the minutes are over."""
        end = math.inf if minutes is None else time.monotonic() + 60 * minutes
        # A shell that starts it in the background makes it deaf to Ctrl-C.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        try:
            while self.stage < len(self.config["stages"]) and time.monotonic() < end:
                self._stage(self.config["stages"][self.stage], end, workers)
        except KeyboardInterrupt:
            self.log("stopped by hand")
        finally:  # also when another process was stopped first
            self.save()

    def _stage(self, stage: dict[str, Any], end: float, workers: int) -> None:
        length = 60 * stage["minutes"]
        self.student.prepare(stage)
        loader = DataLoader(
            Batches(self.student, stage, self.config["seed"] + self.step),
            batch_size=None, num_workers=workers, prefetch_factor=6 if workers else None,
        )  # fmt: skip
        saved = checked = reported = last = time.monotonic()
        samples, sums = 0, dict[str, tuple[float, int]]()
        for batch in loader:
            progress = self.seconds / length
            for group in self.optimiser.param_groups:
                group["lr"] = stage["lr"] * _rate(self.seconds, progress, stage["final"])
            figures = self._learn(stage, batch, progress)
            samples += len(batch[0]) * _processes()
            now = time.monotonic()
            self.seconds = _of_first(self.seconds + now - last)
            last = now
            for name, value in figures.items():
                total, times = sums.get(name, (0.0, 0))
                sums[name] = total + float(value), times + 1
            if now - reported > REPORT_EVERY:
                shown = "  ".join(f"{k} {total / n:.3f}" for k, (total, n) in sums.items())
                left = (length - self.seconds) / 60
                rate = samples / (now - reported)
                self.log(f"{stage['kind']} step {self.step}  {shown}  {rate:.0f}/s  {left:.1f} min")
                samples, sums, reported = 0, {}, now
            if now - saved > SAVE_EVERY:
                self.save()
                saved = now
            if now - checked > CHECK_EVERY:
                if _rank() == 0:
                    self.check(stage)
                checked = last = reported = time.monotonic()
                samples = 0
            if self.seconds >= length:
                self.stage, self.seconds = self.stage + 1, 0.0
                break
            if _of_first(float(now >= end)):
                break
        self.save()

    def _learn(
        self, stage: dict[str, Any], batch: tuple[Tensor, ...], progress: float
    ) -> dict[str, Tensor]:
        student = self.student.train()
        batch = tuple(tensor.to(self.device, non_blocking=True) for tensor in batch)
        with torch.autocast(self.device.type, torch.bfloat16):
            loss, figures = student.loss(stage, batch, progress)
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss is {float(loss)} at step {self.step}")
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        _share_gradients(student)
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        keep = min(EMA, self.step / (self.step + 10))
        with torch.no_grad():
            for name, weight in student.state_dict().items():
                self.ema[name].lerp_(weight, 1 - keep)
        return figures

    def log(self, line: str) -> None:
        """Print a line and keep it."""
        if _rank() > 0:
            return
        line = f"{time.strftime('%H:%M:%S')} {line}"
        print(line, flush=True)
        with (self.folder / "log.txt").open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def _rate(seconds: float, progress: float, final: float) -> float:
    """Warm-up over 45 seconds, then a cosine from 1 down to `final`."""
    down = final + (1 - final) * (1 + math.cos(math.pi * min(progress, 1))) / 2
    return min(seconds / 45 + 0.02, 1) * down


def _rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def _processes() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def _of_first(value: float) -> float:
    """The first process's value, so that all agree."""
    if not dist.is_initialized():
        return value
    shared = torch.tensor([value], dtype=torch.float64)
    dist.broadcast(shared, 0)
    return float(shared)


def _share_gradients(student: nn.Module) -> None:
    """Give every process the mean gradient."""
    if not dist.is_initialized():
        return
    found = [p.grad for p in student.parameters() if p.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in found])
    dist.all_reduce(flat)
    parts = (flat / _processes()).split([gradient.numel() for gradient in found])
    for gradient, part in zip(found, parts, strict=True):
        gradient.copy_(part.view_as(gradient))


def _groups(student: nn.Module) -> list[dict[str, Any]]:
    """Weight decay on matrices only."""
    matrices = [p for p in student.parameters() if p.ndim > 1]
    others = [p for p in student.parameters() if p.ndim <= 1]
    return [
        {"params": matrices, "weight_decay": 0.01},
        {"params": others, "weight_decay": 0.0},
    ]
