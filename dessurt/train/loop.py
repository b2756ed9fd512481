"""The training loop, on Accelerate.

Everything of a run lies in `runs/NAME/`: `state.pt` (weights, their running mean, the optimiser,
the step), `log.jsonl`, TensorBoard's events and `checkpoint/`, the running mean, or without one the
weights themselves, as a checkpoint to ask; with a monitor also `best/`, a checkpoint of the weights
that it found best. Every step draws its batch and its random numbers from the seed and its own
number, so a run that was stopped, by Ctrl-C or otherwise, goes on as if it had not been (the number
of workers that draw the pages has to be the same).
"""

from __future__ import annotations

import math
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs, broadcast, send_to_device
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from dessurt.checkpoint.official import TrainingState
from dessurt.checkpoint.runs import append_log, forget_log_after, read_state, write_state
from dessurt.opening import device_of
from dessurt.train.checks import check
from dessurt.train.config import OPTIMIZER, ConfigError, Part, draws_pages
from dessurt.train.learner.start import moments, optimiser_of, student_of
from dessurt.train.learner.student import Student
from dessurt.train.learner.teacher import Former, Teacher, TeacherError
from dessurt.train.monitoring import Monitor
from dessurt.train.original.schedules import multiplier
from dessurt.train.samples.batch import Batch
from dessurt.train.samples.loading import Batches, loader
from dessurt.train.samples.pages import Records
from dessurt.train.samples.sampler import Sampler
from dessurt.train.selection import MEANWHILE, SHARES, Chooser

SAVE_EVERY = 180.0  # seconds
CHECK_EVERY = 900.0
LOOKS = 5  # in a budget, for a run with validation pages
REPORT_EVERY = 50  # steps
WARM_UP = 200  # steps after which the rate of learning is full, from a fresh optimiser on
COOL_DOWN = 0.25  # of the steps or of the budget, at the end, unless the config says otherwise
COLDEST = 0.02
EMA = 0.998  # of the mean weights, the share that each step keeps in a long run
CHECK_TIME = 0.06  # of a budget, kept for measuring at the end
CHOOSE_TIME = 0.12  # the same where validation pages are read, too


@dataclass
class Figures:
    """What was seen since the last report; it is kept with the state, so that none is lost."""

    values: dict[str, list[float]] = field(default_factory=dict)  # of each figure
    samples: int = 0
    seconds: float = 0.0


class Run:
    """A training run and where it has come to."""

    def __init__(
        self,
        config: dict[str, Any],
        folder: Path,
        device: str | None = None,
        as_original: bool = False,
        resumed: TrainingState | None = None,
    ) -> None:
        """Start a run, or take it up from `folder`.

        Args:
            config: see configs/README.md.
            folder: of the run.
            device: as `device_of` takes it, or None for the best there is.
            as_original: tensors of another shape are cut and pasted as the original does it.
            resumed: where the original's run had come to whose checkpoint this one starts with.

        Raises:
            CheckpointError: the checkpoint to start with, or the device, is not there.
            ConfigError: what is in `folder` is of a model of other sizes.
            TeacherError: the teacher cannot be opened.
        """
        self.config, self.folder = config, folder
        chosen = device_of(device) if device else None
        if chosen and chosen.type == "cuda" and chosen.index is not None:
            torch.cuda.set_device(chosen)  # Accelerate takes the present one
        self.accelerator = Accelerator(
            mixed_precision=config.get("precision") or fastest_precision(chosen),
            cpu=chosen is not None and chosen.type == "cpu",
            kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
        )
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(config["seed"])
        state = read_state(folder)
        student, changed = student_of(config, as_original)
        for line in changed if state is None and self.accelerator.is_main_process else ():
            print(f"{config.get('start', 'Without a checkpoint')}: {line}", file=sys.stderr)
        optimiser = optimiser_of(student, config)
        self.student, self.optimiser = self.accelerator.prepare(student, optimiser)
        self.plain: Student = self.accelerator.unwrap_model(self.student)
        keep = config.get("mean", EMA)
        averaged = AveragedModel(self.plain, multi_avg_fn=partial(_average, keep)) if keep else None
        self.mean = averaged
        self.step, self.warm_from, self.seconds = 0, 0, 0.0
        self.since = Figures()
        self.chooser: Chooser | None = None
        if "validate" in config and self.accelerator.is_main_process:
            self.chooser = Chooser(config, self._sampler(), self.plain, folder)
        self.monitor: Monitor | None = None
        if "monitor" in config:
            share = self.accelerator.process_index, self.accelerator.num_processes
            self.monitor = Monitor(config["monitor"], self._sampler(), config["seed"], *share)
        # Before anything is learned, or taken up that was.
        self.former = Former(self.plain) if config.get("remember") else None
        if state is not None:
            self._take_up(state)
        elif resumed is not None:
            self._resume(resumed)
        self.teacher = self._teacher()
        self.check_every, self.report_every = CHECK_EVERY, REPORT_EVERY
        self.stopped = False
        self.skipped: set[str] = set()  # records and figures told of
        self.writer: SummaryWriter | None = None
        self.ends = torch.tensor([stage["steps"] for stage in config["stages"]]).cumsum(0).tolist()

    def _take_up(self, state: dict[str, Any]) -> None:
        try:
            self.plain.load_state_dict(state["weights"])
            if self.mean and "mean" in state:
                self.mean.load_state_dict(state["mean"])
            elif self.mean:  # the run was without one until now
                self.mean.module.load_state_dict(state["weights"])
        except RuntimeError as error:
            raise ConfigError(
                f"what is in {self.folder} is not of the config's model: give the run another "
                "`name`, or move its folder away."
            ) from error
        self.step, self.warm_from = state["step"], state["step"]
        self.seconds = state["seconds"]
        if self.monitor:
            self.monitor.best = state.get("best", self.monitor.best)
        self.since = Figures(**state.get("since", {}))
        if state["optimiser"] is not None:
            try:
                self.optimiser.load_state_dict(state["optimiser"])
                self.warm_from = state["warm_from"]
            except ValueError:
                self._begins_anew("the run's is of other groups of parameters")
        if self.accelerator.is_main_process:
            forget_log_after(self.folder, self.step)

    def _resume(self, resumed: TrainingState) -> None:
        """Go on where a run of the original stood."""
        self.step = resumed.iteration // self.config["stages"][0].get("accumulate", 1)
        state = self.optimiser.state_dict()
        state["state"] = moments(self.plain, self.optimiser.param_groups, resumed.moments)
        self.optimiser.load_state_dict(state)
        self.warm_from = 0 if state["state"] else self.step
        if resumed.missing:
            self._begins_anew(resumed.missing)
        elif anew := len(resumed.moments) - len(state["state"]):
            self._begins_anew("they are of another shape here, or do not learn", anew)

    def _begins_anew(self, reason: str, parameters: int | None = None) -> None:
        """Say that an optimiser's state, or what it has of some parameters, is not taken up."""
        if self.accelerator.is_main_process:
            some = f" for {parameters} parameters" if parameters else ""
            print(f"The optimiser begins anew{some}: {reason}.", file=sys.stderr)

    def _teacher(self) -> Teacher | None:
        name = self.config.get("teacher")
        if name is None:
            return None
        mask = self.plain.tokenizer.backend.token_to_id("<mask>")
        if mask is None:
            raise TeacherError("the learner's vocabulary has no <mask>: take the teacher's.")
        known = self.plain.model.config.vocab_size
        return Teacher(name, known, mask, self.accelerator.device)

    def save(self) -> None:
        """Write the state, whole or not at all."""
        if not self.accelerator.is_main_process:
            return
        write_state(self.folder, {
            "weights": self.plain.state_dict(),
            **({"mean": self.mean.state_dict()} if self.mean else {}),
            "optimiser": self.optimiser.state_dict(), "step": self.step,
            "warm_from": self.warm_from, "seconds": self.seconds, "since": vars(self.since),
            **({"best": self.monitor.best} if self.monitor else {}),
        })  # fmt: skip

    @property
    def exported(self) -> Student:
        """What a checkpoint is made of."""
        student: Student = self.mean.module if self.mean else self.plain
        return student

    def validate(self, over: Callable[[], bool], workers: int) -> None:
        """Measure as the original does, and keep the weights that the monitor finds best.

        Args:
            over: whether the run is to end; then nothing is measured.
            workers: processes that open pages.
        """
        assert self.monitor is not None
        found = self.monitor.validate(self.exported, self.accelerator.autocast, over, workers)
        if found is None:
            return
        figures, damaged = found
        self._tell(tuple(damaged))
        best = self.monitor.is_best(figures)
        if best and self.accelerator.is_main_process:
            self.exported.export(self.folder / "best")
        self.log({"kind": "validation", **figures, "best": best})
        wanted = self.monitor.figure
        if self.monitor.mode != "none" and wanted not in (*figures, *self.skipped):
            self.skipped.add(wanted)
            told = f"Nothing is kept as best: the validation has no figure {wanted!r}."
            tqdm.write(told, file=sys.stderr)
        self.save()  # so that state and best weights belong together

    def measure(self, final: bool = False) -> None:
        """Write the mean weights, or without a mean the weights, as a checkpoint and measure it on
        fonts never trained on; with validation pages, on these, to keep the best. `final`: at the
        end of the run.
        """
        if not self.accelerator.is_main_process:
            return
        if self.chooser:
            self.log(self.chooser.look(self.exported, SHARES if final else MEANWHILE))
            if final:
                self.log(self.chooser.after())
            return
        self.exported.export(self.folder / "checkpoint")
        if draws_pages(self.config):
            self.log({"kind": "check", **check(self.exported.checkpoint(), self.config["seed"])})

    def train(self, budget: float | None = None, workers: int = 1) -> None:
        """Go on until the steps or the budget's minutes are over, or somebody stops it.

        Args:
            budget: minutes, with saving and measuring at the end; None: no limit.
            workers: processes that draw pages; 0: they are drawn between the steps.

        Raises:
            FloatingPointError: the loss is not finite; what was saved last stays.
        """
        before = {s: signal.signal(s, self._stop) for s in (signal.SIGINT, signal.SIGTERM)}
        if self.accelerator.is_main_process:
            self.writer = SummaryWriter(str(self.folder), purge_step=self.step)
        began = time.monotonic()
        kept = CHOOSE_TIME if self.chooser else CHECK_TIME
        limit = math.inf if budget is None else 60 * budget * (1 - kept)
        if self.chooser:
            self.check_every, self.report_every = min(limit / LOOKS, CHECK_EVERY), 5
        try:
            if self.chooser and self.step == 0:
                self.log(self.chooser.before())
            while self.step < self.ends[-1] and not self._over(began, limit):
                self._stage(began, limit, workers)
            self.save()
            if not self.stopped:
                self.measure(final=True)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            if self.writer:
                self.writer.close()

    def _stop(self, *_: object) -> None:
        self.stopped = True  # after this step

    def _over(self, began: float, limit: float) -> bool:
        """Whether to stop: as the first process sees it, so that all agree."""
        over = self.stopped or time.monotonic() - began >= limit
        told = torch.tensor(float(over), device=self.accelerator.device)
        return bool(broadcast(told) > 0)

    def _stage(self, began: float, limit: float, workers: int) -> None:
        """The steps of one stage; ends early when it is over."""
        number = next(i for i, end in enumerate(self.ends) if self.step < end)
        stage, end = self.config["stages"][number], self.ends[number]
        accumulate = stage.get("accumulate", 1)
        self.accelerator.gradient_accumulation_steps = accumulate
        batches = iter(loader(self.batches(stage, accumulate), workers))
        saved = checked = time.monotonic()
        shown = tqdm(
            total=end if limit == math.inf else None, initial=self.step, unit="step",
            dynamic_ncols=True, disable=not self.accelerator.is_main_process,
        )  # fmt: skip
        last = time.monotonic()
        while self.step < end and not self._over(began, limit):
            elapsed = (time.monotonic() - began) / limit if limit < math.inf else 0.0
            done = max(self.step / self.ends[-1], elapsed)
            rate = stage["lr"] * self._rate(done, accumulate)
            for group in self.optimiser.param_groups:
                group["lr"] = rate * group.get("factor", 1.0)
            for _ in range(accumulate):
                name, text, batch, told = next(batches)
                self._tell(told)
                for key, value in self._learn(batch, text).items():
                    self.since.values.setdefault(f"{name}/{key}", []).append(value)
                self.since.samples += len(batch.image) * self.accelerator.num_processes
            if self.mean:
                self.mean.update_parameters(self.plain)
            self.step += 1
            shown.update()
            now = time.monotonic()
            self.seconds += now - last
            self.since.seconds += now - last
            last = now
            if self._came_past(self.config.get("log_every", self.report_every * accumulate)):
                per_second = self.since.samples / self.since.seconds
                told = f"{per_second:.1f} samples/s"
                if limit < math.inf:
                    told += f", {(limit - (now - began)) / 60:.1f} min left"
                shown.set_postfix_str(told)
                means = {key: fmean(values) for key, values in self.since.values.items()}
                self.log({"kind": "train", "lr": rate, "samples/s": per_second, **means})
                self.since = Figures()
            if self.monitor and self._came_past(self.monitor.every):
                self.validate(lambda: self.stopped or time.monotonic() - began >= limit, workers)
                last = now = time.monotonic()  # validating is no training
            if now - saved > SAVE_EVERY:
                self.save()
                saved = now
            if now - checked > self.check_every:
                self.measure()
                self.accelerator.wait_for_everyone()
                last = checked = time.monotonic()  # measuring is no training
        shown.close()

    def _came_past(self, every: int) -> bool:
        """Whether a multiple of so many micro-batches was reached in the last step."""
        accumulate = self.accelerator.gradient_accumulation_steps
        done = self.step * accumulate
        return done // every > (done - accumulate) // every

    def _learn(self, batch: Batch, text: bool) -> dict[str, float]:
        """One micro-batch; the optimiser steps when enough of them were seen."""
        accelerator = self.accelerator
        torch.manual_seed(hash((self.config["seed"], self.step, accelerator.process_index)))
        batch = send_to_device(batch, accelerator.device, non_blocking=True)
        self.student.train()
        with accelerator.accumulate(self.student):
            with accelerator.autocast():
                taught = self.teacher(batch) if self.teacher else None
                if self.former and text and bool(batch.known.all()):
                    batch, taught = self.former(batch)
                loss, figures = self.student(batch, text, taught)
            if not torch.isfinite(loss):
                raise FloatingPointError(f"the loss is {float(loss)} at step {self.step}")
            accelerator.backward(loss)
            if accelerator.sync_gradients:
                by_value = self.config.get("optimizer", OPTIMIZER).get("clip") == "value"
                clip = accelerator.clip_grad_value_ if by_value else accelerator.clip_grad_norm_
                clip(self.student.parameters(), 1.0)
            self.optimiser.step()
            self.optimiser.zero_grad(set_to_none=True)
        return {name: float(value) for name, value in figures.items()}

    def batches(self, stage: dict[str, Any], accumulate: int) -> Batches:
        """The batches of a stage from the present step on."""
        parts = {name: Part.of(given) for name, given in stage["parts"].items()}
        rank = self.accelerator.process_index
        for part in parts.values():
            if part.data is not None:  # said now, and not by a worker
                Records(part.data, "").find_one()
        return Batches(self._sampler(), parts, self.config["seed"], rank, self.step * accumulate)

    def _sampler(self) -> Sampler:
        model = self.plain.model.config
        return Sampler(
            self.plain.tokenizer, model.image_size, self.config["frame"].get("text_height"),
            model.max_q_tokens, model.max_a_tokens,
        )  # fmt: skip

    def _rate(self, progress: float, accumulate: int = 1) -> float:
        """The rate of learning as a share of the stage's: warm-up, plateau, cool-down, or as the
        config's schedule has it, which counts micro-batches.
        """
        if "schedule" in self.config:
            return multiplier(self.config["schedule"], (self.step + 1) * accumulate)
        warm = min((self.step - self.warm_from + 1) / self.config.get("warm_up", WARM_UP), 1.0)
        cool_down = self.config.get("cool_down", COOL_DOWN)
        return warm * max(min((1 - progress) / cool_down, 1.0), COLDEST)

    def _tell(self, told: tuple[str, ...]) -> None:
        """Report records that were skipped, each once."""
        for message in told:
            if message not in self.skipped:
                self.skipped.add(message)
                tqdm.write(f"Skipped: {message}", file=sys.stderr)
                self.log({"kind": "skipped", "record": message})

    def log(self, figures: dict[str, Any]) -> None:
        """Keep figures in `log.jsonl` and for TensorBoard, and print them."""
        if not self.accelerator.is_main_process:
            return
        figures = {"step": self.step, "minutes": round(self.seconds / 60, 2), **figures}
        line = append_log(self.folder, figures)
        if figures["kind"] in ("check", "before", "after", "validation"):
            tqdm.write(line)
        for name, value in figures.items():
            if self.writer and isinstance(value, float):
                self.writer.add_scalar(f"{figures['kind']}/{name}", value, self.step)


def fastest_precision(device: torch.device | None) -> str:
    """`bf16`, or `no` on a processor that lacks its instructions: there it takes ten times as long.

    Args:
        device: that the run is on; None: a GPU if there is one.
    """
    if torch.cuda.is_available() and (device is None or device.type != "cpu"):
        return "bf16"
    # avx512_bf16, amx_bf16 and so on; older versions of PyTorch do not tell.
    known = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return "bf16" if any(has for name, has in known.items() if "bf16" in name) else "no"


def _average(keep: float, mean: list[Tensor], weights: list[Tensor], steps: Tensor | int) -> None:
    """Move mean weights towards the present ones, so that they are of the last part of a run.

    The share that stays grows with the steps done, in the manner of TensorFlow's
    `ExponentialMovingAverage`: the mean reaches back over about a third of them, and the first
    weights weigh 24 / steps^3, however short the run will be. From some 3 / (1 - keep) steps on it
    stays `keep`.

    Args:
        keep: the share of the mean that a step leaves at most.
        mean, weights: of each parameter.
        steps: that are in the mean already.
    """
    done = int(steps)
    get_ema_multi_avg_fn(min(keep, (1 + done) / (4 + done)))(mean, weights, steps)
