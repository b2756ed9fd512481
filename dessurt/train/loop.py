"""The training loop, on Accelerate.

Everything of a run lies in `runs/NAME/`: `state.pt` (weights, their running mean, the optimiser,
the step), `log.jsonl`, TensorBoard's events and `checkpoint/`, the running mean, or without one the
weights themselves, as a checkpoint to ask; with a monitor also `best/`, a checkpoint of the weights
that it found best. Every step draws its batch and its random numbers from the seed and its own
number, so a run that was stopped, by Ctrl-C or otherwise, goes on as if it had not been (as long as
the same number of workers draws the pages).
"""

from __future__ import annotations

import math
import signal
import sys
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from accelerate.utils import broadcast, send_to_device
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from dessurt.checkpoint.official import TrainingState
from dessurt.checkpoint.runs import forget_log_after, read_state, write_state
from dessurt.run_log import Kind, Phase, append_log, entered
from dessurt.train.checks import check
from dessurt.train.config import Config, Stage
from dessurt.train.learner.optimiser import mean_of, moments, optimiser_of, rate_factor
from dessurt.train.learner.start import accelerator_of, student_of
from dessurt.train.learner.student import Student
from dessurt.train.learner.teacher import FirstWeights, Teacher, teacher_of
from dessurt.train.monitoring import Monitor
from dessurt.train.pace import PACE, Clock, Figures, steps_bar
from dessurt.train.samples.batch import Batch
from dessurt.train.samples.pages import Records
from dessurt.train.samples.preprocessor import Preprocessor
from dessurt.train.samples.sampler import Batches, PartBatch, Sampler, loader
from dessurt.train.section import ConfigError
from dessurt.train.selection import MEANWHILE, SHARES, Chooser

SHOWN = (Kind.CHECK, Kind.BEFORE, Kind.AFTER, Kind.VALIDATION)  # lines of the log that are printed


class Run:
    """A training run and where it has come to."""

    def __init__(
        self,
        config: Config,
        folder: Path,
        device: str | None = None,
        as_original: bool = False,
        resumed: TrainingState | None = None,
    ) -> None:
        """Start a run, or take it up from `folder`.

        Args:
            config: The config of the run.
            folder: The folder of the run.
            device: As `device_of` takes it, or None for the best there is.
            as_original: Whether tensors of another shape are cut and pasted as the original does.
            resumed: Where the original's run had come to whose checkpoint this one starts with.

        Raises:
            CheckpointError: The checkpoint to start with, or the device, is not there.
            ConfigError: What is in `folder` is of a model of other sizes.
            TeacherError: The teacher cannot be opened.
        """
        self.config, self.folder = config, folder
        self.accelerator = accelerator_of(device, config.precision)
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(config.seed)
        state = read_state(folder)
        self._make_student(as_original, is_new=state is None)
        self.step, self.warm_from, self.seconds = 0, 0, 0.0
        self.since = Figures()
        self.check_every, self.report_every = PACE.check, PACE.report
        self.stopped = False
        self.skipped: set[str] = set()  # records and figures that were reported
        self.writer: SummaryWriter | None = None
        self.ends = torch.tensor([stage.steps for stage in config.stages]).cumsum(0).tolist()
        self._make_measures()
        # Before anything is learned, or taken up that was.
        self.first_weights = FirstWeights(self.plain) if config.remember else None
        if state is not None:
            self._take_up(state)
        elif resumed is not None:
            self._resume(resumed)
        self.teacher: Teacher | None = None
        if config.teacher:
            self.teacher = teacher_of(config.teacher, self.plain, self.accelerator.device)

    def _make_student(self, as_original: bool, is_new: bool) -> None:
        """The learner, its optimiser and its running mean."""
        student, changed = student_of(self.config, as_original)
        for line in changed if is_new and self.accelerator.is_main_process else ():
            print(f"{self.config.start or 'Without a checkpoint'}: {line}", file=sys.stderr)
        optimiser = optimiser_of(student, self.config)
        self.student, self.optimiser = self.accelerator.prepare(student, optimiser)
        self.plain: Student = self.accelerator.unwrap_model(self.student)
        self.mean = mean_of(self.plain, self.config.mean)
        # What a checkpoint is made of.
        self.exported: Student = self.mean.module if self.mean else self.plain

    def _make_measures(self) -> None:
        """What chooses the weights to keep, where the config says so."""
        config, accelerator = self.config, self.accelerator
        self.chooser: Chooser | None = None
        if config.validate is not None and accelerator.is_main_process:
            self.chooser = Chooser(config, self._sampler(), self.plain, self.folder)
        self.monitor: Monitor | None = None
        if config.monitor is not None:
            share = accelerator.process_index, accelerator.num_processes
            self.monitor = Monitor(config.monitor, self._sampler(), config.seed, *share)

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
        self._take_up_optimiser(state)
        if self.accelerator.is_main_process:
            forget_log_after(self.folder, self.step)

    def _take_up_optimiser(self, state: dict[str, Any]) -> None:
        if state["optimiser"] is not None:
            try:
                self.optimiser.load_state_dict(state["optimiser"])
                self.warm_from = state["warm_from"]
            except ValueError:
                self._begins_anew("the run's is of other groups of parameters")

    def _resume(self, resumed: TrainingState) -> None:
        """Go on where a run of the original stood."""
        self.step = resumed.iteration // self.config.stages[0].accumulate
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
            which = f" for {parameters} parameters" if parameters else ""
            print(f"The optimiser begins anew{which}: {reason}.", file=sys.stderr)

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

    def validate(self, is_over: Callable[[], bool], workers: int) -> None:
        """Measure as the original does, and keep the weights that the monitor finds best.

        Args:
            is_over: Whether the run is to end; then nothing is measured.
            workers: Processes that open pages.
        """
        assert self.monitor is not None
        autocast = self.accelerator.autocast
        measured = self.monitor.validate(self.exported, autocast, is_over, workers)
        if measured is None:
            return
        figures, problems = measured
        self._report_skipped(tuple(problems))
        best = self.monitor.is_best(figures)
        if best and self.accelerator.is_main_process:
            self.exported.export(self.folder / "best")
        self.log(Kind.VALIDATION, {**figures, "best": best})
        wanted = self.monitor.figure
        if self.monitor.mode != "none" and wanted not in (*figures, *self.skipped):
            self.skipped.add(wanted)
            problem = f"the validation has no figure {wanted!r}"
            tqdm.write(f"Nothing is kept as best: {problem}.", sys.stderr)
        self.save()  # so that state and best weights belong together

    def measure(self, final: bool = False) -> None:
        """Write the mean weights, or without a mean the weights, as a checkpoint and measure it on
        fonts never trained on; with validation pages, on these, to keep the best.

        Args:
            final: Whether the run ends here.
        """
        if not self.accelerator.is_main_process:
            return
        if self.chooser:
            self.log(Kind.LOOK, self.chooser.look(self.exported, SHARES if final else MEANWHILE))
            if final:
                self.log(Kind.AFTER, self.chooser.after())
            return
        self.exported.export(self.folder / "checkpoint")
        if self.config.draws_pages:
            self.log(Kind.CHECK, check(self.exported.checkpoint(), self.config.seed))

    def train(self, budget: float | None = None, workers: int = 1) -> None:
        """Go on until the steps or the budget's minutes are over, or somebody stops it.

        Args:
            budget: Minutes from the first step on, which is made in any case, with saving and
                measuring at the end; None: no limit.
            workers: Processes that draw pages; 0: they are drawn between the steps.

        Raises:
            FloatingPointError: The loss is not finite; what was saved last stays.
        """
        before = {s: signal.signal(s, self._stop) for s in (signal.SIGINT, signal.SIGTERM)}
        if self.accelerator.is_main_process:
            self.writer = SummaryWriter(str(self.folder), purge_step=self.step)
        at_the_end = PACE.looking if self.chooser else PACE.checking
        clock = Clock(math.inf if budget is None else 60 * budget * (1 - at_the_end))
        if self.chooser:
            self.check_every = min(clock.limit / PACE.looks, PACE.check)
            self.report_every = PACE.report_with_looks
        try:
            if self.chooser and self.step == 0:
                self.log(Kind.PHASE, entered(Phase.BEFORE))
                self.log(Kind.BEFORE, self.chooser.before())
            while self.step < self.ends[-1] and not self._is_over(clock):
                self._stage(clock, workers)
            self.save()
            if not self.stopped:
                self.log(Kind.PHASE, entered(Phase.AFTER))
                self.measure(final=True)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            if self.writer:
                self.writer.close()

    def _stop(self, *_: object) -> None:
        self.stopped = True  # after this step

    def _is_over(self, clock: Clock) -> bool:
        """Whether to stop: as the first process sees it, so that all agree."""
        over = torch.tensor(float(self.stopped or clock.is_over), device=self.accelerator.device)
        return bool(broadcast(over) > 0)

    def _stage(self, clock: Clock, workers: int) -> None:
        """The steps of one stage; ends early when the time is up."""
        number = next(i for i, end in enumerate(self.ends) if self.step < end)
        stage, end = self.config.stages[number], self.ends[number]
        self.accelerator.gradient_accumulation_steps = stage.accumulate
        batches = iter(loader(self.batches(stage), workers))
        batches = chain([next(batches)], batches)  # opens pages, which takes a while
        last = end if clock.limit == math.inf else None
        bar = steps_bar(self.step, last, not self.accelerator.is_main_process)
        clock.begin_stage()
        self.log(Kind.PHASE, entered(Phase.TRAINING))
        while self.step < end and not self._is_over(clock):
            rate = self._set_rate(stage, clock)
            self._take_step(batches, stage.accumulate)
            bar.update()
            seconds = clock.lap()
            self.seconds += seconds
            self.since.seconds += seconds
            if self._came_past(self.config.log_every or self.report_every * stage.accumulate):
                self._report(rate, bar, clock)
            if self.monitor and self._came_past(self.monitor.every):
                self.validate(lambda: self.stopped or clock.is_over, workers)
                clock.skip()
            self._keep(clock)
        bar.close()

    def _set_rate(self, stage: Stage, clock: Clock) -> float:
        """Give the optimiser its learning rate for the next step."""
        progress = max(self.step / self.ends[-1], clock.elapsed / clock.limit)
        rate = stage.lr * self._rate(progress, stage.accumulate)
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group.get("factor", 1.0)
        return rate

    def _rate(self, progress: float, accumulate: int = 1) -> float:
        """The learning rate as a share of the stage's; see `rate_factor`."""
        return rate_factor(self.config, self.step, accumulate, self.warm_from, progress)

    def _take_step(self, batches: Iterator[PartBatch], accumulate: int) -> None:
        """Learn from so many micro-batches."""
        for _ in range(accumulate):
            part, text, batch, problems = next(batches)
            self._report_skipped(problems)
            for key, value in self._learn(batch, text).items():
                self.since.values.setdefault(f"{part}/{key}", []).append(value)
            self.since.samples += len(batch.image) * self.accelerator.num_processes
        if self.mean:
            self.mean.update_parameters(self.plain)
        self.step += 1

    def _report(self, rate: float, bar: tqdm, clock: Clock) -> None:
        """Log the mean figures since the last report."""
        per_second = self.since.samples / self.since.seconds
        postfix = f"{per_second:.1f} samples/s"
        if clock.limit < math.inf:
            postfix += f", {(clock.limit - clock.elapsed) / 60:.1f} min left"
        bar.set_postfix_str(postfix)
        means = {key: fmean(values) for key, values in self.since.values.items()}
        self.log(Kind.TRAIN, {"lr": rate, "samples/s": per_second, **means})
        self.since = Figures()

    def _keep(self, clock: Clock) -> None:
        """Save and measure, where it is time to."""
        now = clock.counted
        if now - clock.saved > PACE.save:
            self.save()
            clock.saved = now
        if now - clock.checked > self.check_every:
            self.measure()
            self.accelerator.wait_for_everyone()
            clock.skip()
            clock.checked = clock.counted

    def _came_past(self, every: int) -> bool:
        """Whether a multiple of so many micro-batches was reached in the last step."""
        accumulate = self.accelerator.gradient_accumulation_steps
        done = self.step * accumulate
        return done // every > (done - accumulate) // every

    def _learn(self, batch: Batch, text: bool) -> dict[str, float]:
        """One micro-batch; the optimiser steps when enough of them were seen."""
        accelerator = self.accelerator
        torch.manual_seed(hash((self.config.seed, self.step, accelerator.process_index)))
        batch = send_to_device(batch, accelerator.device, non_blocking=True)
        self.student.train()
        with accelerator.accumulate(self.student):
            with accelerator.autocast():
                targets = self.teacher(batch) if self.teacher else None
                if self.first_weights and text and bool(batch.known.all()):
                    batch, targets = self.first_weights(batch)
                loss, figures = self.student(batch, text, targets)
            if not torch.isfinite(loss):
                raise FloatingPointError(f"the loss is {float(loss)} at step {self.step}")
            accelerator.backward(loss)
            if accelerator.sync_gradients:
                by_value = self.config.optimizer.clip == "value"
                clip = accelerator.clip_grad_value_ if by_value else accelerator.clip_grad_norm_
                clip(self.student.parameters(), 1.0)
            self.optimiser.step()
            self.optimiser.zero_grad(set_to_none=True)
        return {name: float(value) for name, value in figures.items()}

    def batches(self, stage: Stage) -> Batches:
        """The batches of a stage from the present step on."""
        for part in stage.parts.values():
            if part.data is not None:  # said now, and not by a worker
                Records(part.data, "").find_one()
        rank, first = self.accelerator.process_index, self.step * stage.accumulate
        return Batches(self._sampler(), stage.parts, self.config.seed, rank, first)

    def _sampler(self) -> Sampler:
        student = self.plain
        height = self.config.frame.text_height
        return Sampler(Preprocessor.of(student.tokenizer, student.model.config, height))

    def _report_skipped(self, problems: tuple[str, ...]) -> None:
        """Report records that were skipped, each once."""
        for problem in problems:
            if problem not in self.skipped:
                self.skipped.add(problem)
                tqdm.write(f"Skipped: {problem}", file=sys.stderr)
                self.log(Kind.SKIPPED, {"record": problem})

    def log(self, kind: Kind, figures: dict[str, Any] | None = None) -> None:
        """Keep figures in `log.jsonl` and for TensorBoard, and print some of them."""
        if not self.accelerator.is_main_process:
            return
        line = {"step": self.step, "minutes": round(self.seconds / 60, 2), "kind": kind}
        line |= figures or {}
        text = append_log(self.folder, line)
        if kind in SHOWN:
            tqdm.write(text)
        for name, value in line.items():
            if self.writer and isinstance(value, float):
                self.writer.add_scalar(f"{kind}/{name}", value, self.step)
