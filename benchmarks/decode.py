"""Our decoding beside the original's way, on the same random weights and the same page.

    python -m benchmarks.decode --config official|small [--tokens 12] [--json]

Each way runs in a process of its own, so that its peak memory can be measured.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import torch

from benchmarks.naive import NaiveAnswer
from dessurt.model import Dessurt, DessurtConfig
from dessurt.model.latent import Answer, Decoder

OFFICIAL = ({"image_size": [1152, 768]}, 50265)
SMALL = (
    {
        "image_size": [384, 384],
        "window_size": 12,
        "decode_dim": 256,
        "dim_ff": 1024,
        "im_embed_dim": 64,
    },
    4000,
)
CONFIGS = {"official": OFFICIAL, "small": SMALL}
PAGES = 3  # whose first tokens are measured
QUESTIONS = ((105, [0, 2264, 16, 5, 746, 1280, 528, 116, 2]), (14, [0, 2]))


def measure(config: str, naive: bool, tokens: int, seed: int) -> dict[str, Any]:
    """Ask two questions about one page and one about others: seconds, tokens, peak memory in MB."""
    torch.manual_seed(seed)
    settings, vocab_size = CONFIGS[config]
    model = Dessurt(DessurtConfig.from_dict(settings, vocab_size)).eval()
    pages = [torch.rand(1, 2, *model.config.image_size) * 2 - 1 for _ in range(PAGES)]
    before = _peak_megabytes()
    decoder = None if naive else Decoder(model)
    results: dict[str, Any] = {"tokens": [], "first": [], "second": [], "step": []}
    for number, image in enumerate(pages):
        seen = None
        for kind, (row, ids) in zip(("first", "second"), QUESTIONS, strict=True):
            if number and kind == "second":
                break
            task = torch.tensor([row])
            ids = [id_ % vocab_size for id_ in ids]
            query = torch.tensor([ids + [1] * (model.config.max_q_tokens - 1 - len(ids))])
            started = time.perf_counter()
            if decoder is None:
                answer: Any = NaiveAnswer(model, image, task, query)
            else:
                seen = decoder.see(image) if seen is None else seen
                answer = Answer(decoder, seen, task, query, tokens)
            token = answer.probabilities.argmax(-1)
            results[kind].append(time.perf_counter() - started)
            written = [int(token)]
            for _ in range(0 if number else tokens - 1):
                started = time.perf_counter()
                answer.append(token)
                token = answer.probabilities.argmax(-1)
                results["step"].append(time.perf_counter() - started)
                written.append(int(token))
            results["tokens"].append(written)
        results.setdefault("memory", _peak_megabytes() - before)
    return results


def _peak_megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _alone(function: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def main() -> None:
    """Measure both ways and print them side by side."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--config", choices=CONFIGS, default="official")
    parser.add_argument("--tokens", type=int, default=12, help="tokens written to each question")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one object")
    options = parser.parse_args()

    measured = [
        _alone(measure, options.config, naive, options.tokens, options.seed)
        for naive in (True, False)
    ]
    rows = {
        "ms_per_token": [1000 * statistics.median(run["step"]) for run in measured],
        "first_token": [statistics.median(run["first"]) for run in measured],
        "second_question": [run["second"][0] for run in measured],
        "peak_memory": [run["memory"] for run in measured],
    }
    result = {
        "config": options.config,
        "threads": torch.get_num_threads(),
        "original": {name: pair[0] for name, pair in rows.items()},
        "ours": {name: pair[1] for name, pair in rows.items()},
        "ratios": {name: pair[0] / pair[1] for name, pair in rows.items()},
        "same_tokens": measured[0]["tokens"] == measured[1]["tokens"],
    }
    if options.json:
        print(json.dumps(result))
        return
    units = {"ms_per_token": "ms", "peak_memory": "MB above the model"}
    print(f"{options.config}, {options.tokens} tokens a question, {result['threads']} threads")
    print(f"{'':16} {'original':>10} {'ours':>10} {'ratio':>7}")
    for name, (original, ours) in rows.items():
        unit = units.get(name, "s")
        print(f"{name:16} {original:10.3f} {ours:10.3f} {original / ours:6.1f}x  {unit}")
    print(f"same tokens: {'yes' if result['same_tokens'] else 'NO'}")


if __name__ == "__main__":
    main()
