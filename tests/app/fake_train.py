"""In place of `dessurt train`: logs what a run logs, five steps a second.

Text in a file `fail` beside the config ends it with that text as its error. With `--wait PHASE` it
stays in that phase until there is a file `go`.
"""

import argparse
import json
import shutil
import signal
import sys
import time
from pathlib import Path

parser = argparse.ArgumentParser()
for name in ("verb", "config"):
    parser.add_argument(name)
parser.add_argument("--budget", type=float)
parser.add_argument("--runs")
parser.add_argument("--steps", type=int, default=20)
parser.add_argument("--wait")
given = parser.parse_args()
folder = Path(given.config).parent
stopped = []
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda *_: stopped.append(True))

if (folder / "fail").exists():
    sys.exit((folder / "fail").read_text("utf-8"))


def enter(phase: str) -> None:
    log(step, "phase", phase=phase, at=int(time.time()))
    while phase == given.wait and not stopped and not (folder / "go").exists():
        time.sleep(0.05)


def log(step: int, kind: str, **figures: object) -> None:
    line = {"step": step, "minutes": step / 60, "kind": kind, **figures}
    with (folder / "log.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


state = folder / "state"
step = int(state.read_text("utf-8")) if state.exists() else 0
if step == 0:
    enter("before")
    log(0, "before", **{"w0> CER": 0.5, "other pages, w0> CER": 0.04}, questions=2)
enter("training")
while step < given.steps and not stopped:
    time.sleep(0.2)
    step += 1
    log(step, "train", **{"mine/text": 2 - step / 20, "rehearsal/text": 0.5})
    if step % 5 == 0:
        answers = [{"page": "a.png", "task": "w0>", "right": "a <cat>", "written": "a <bat>"}]
        log(step, "look", loss=1 - step / 40, share=0.8, kept=True, answers=answers)
        shutil.copytree(json.loads(Path(given.config).read_text("utf-8"))["start"],
                        folder / "checkpoint", dirs_exist_ok=True)  # fmt: skip
state.write_text(str(step))
if stopped:
    log(step, "stopped")
    print(f"Stopped and saved at step {step}: the same command goes on from there.")
else:
    enter("after")
    log(step, "after", **{"w0> CER": 0.2, "other pages, w0> CER": 0.041}, questions=2)
