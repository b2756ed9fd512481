"""The model against arrays that the original research code produced.

The arrays are in `../shared/golden`.
"""

import json
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from dessurt.checkpoint import load, model_from_state_dict
from dessurt.decode import beam, greedy
from dessurt.tasks import split_query
from tests.unit.vocabulary import byte_tokenizer

TOKENIZER = byte_tokenizer()  # the stub that the golden runs used


class Case:
    """One golden folder: manifest, arrays, and our model with its weights."""

    def __init__(self, folder: Path) -> None:
        self.manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        self.arrays = load_file(folder / "arrays.safetensors")
        state = torch.load(folder / "state_dict.pth", weights_only=True)
        self.model = model_from_state_dict(state, self.manifest["model_config"])
        counts = torch.tensor([len(questions) for questions in self.manifest["questions"]])
        self.images = self.arrays["image"].repeat_interleave(counts, 0)
        self.suppressed = self.manifest["suppressed_token_ids"]

    def forward(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        return self.model(
            self.images,
            self.arrays["task_token_index"],
            self.arrays["q_input_ids"],
            self.arrays["a_input_ids"][:, :-1],
        )


@pytest.fixture(scope="module", params=["A_default_like", "C_multi_question"])
def case(request: pytest.FixtureRequest, shared: Path) -> Case:
    return Case(shared / "golden" / "dessurt" / request.param)


def test_teacher_forced_logits_and_region(case: Case) -> None:
    with torch.no_grad():
        logits, region = case.forward()
    assert (logits - case.arrays["tf_logits"]).abs().max() < 2e-3
    assert (region - case.arrays["tf_mask"]).abs().max() < 1e-4


def test_every_layer(case: Case) -> None:
    found: dict[str, torch.Tensor] = {}

    def keep(name: str):
        def hook(module: object, inputs: object, output: object) -> None:
            found[name] = output[0] if isinstance(output, tuple) else output.flatten(1, 2)

        return hook

    case.model.patch_embed.register_forward_hook(keep("patch_embed_out"))
    for i, (swin, _, text, _, merging) in enumerate(case.model.swin_layers):
        for module, what in ((swin, "im_after_swin"), (text, "qa_after_text")):
            if module is not None:
                module.register_forward_hook(keep(f"L{i:02d}_{what}"))
        if merging is not None:
            merging.register_forward_hook(keep(f"L{i:02d}_im_after_merge"))
    with torch.no_grad():
        case.forward()
    assert len(found) > 8
    for name, value in found.items():
        assert (value[:1] - case.arrays[f"act/{name}"]).abs().max() < 1e-3, name


def test_generated_tokens(case: Case) -> None:
    config = case.manifest["model_config"]
    for run in case.manifest["runs"]:
        task, text = split_query(run["query"])
        query, _ = TOKENIZER.encode_query(text, config["max_q_tokens"])
        image = case.arrays["image"][run["image_index"]]
        arguments = (case.model, image, task.row, query, config["max_a_tokens"])
        if run["mode"] == "greedy":
            ids = greedy(*arguments, suppressed=case.suppressed)
        else:
            beams = int(run["mode"].removeprefix("beam"))
            ids = beam(*arguments, beams, "sum_prob", case.suppressed)
        # The original pads a beam that ended to the full length.
        padding = [1] * (len(run["token_ids"]) - len(ids))
        assert ids + padding == run["token_ids"], run
        assert TOKENIZER.decode(ids) == run["text"]


def test_suppression_changes_the_answer(case: Case) -> None:
    config = case.manifest["model_config"]
    run = next(
        run
        for run in case.manifest["runs"]
        if run["mode"] == "greedy" and run["token_ids"] != run["token_ids_if_nothing_suppressed"]
    )
    task, text = split_query(run["query"])
    query, _ = TOKENIZER.encode_query(text, config["max_q_tokens"])
    image = case.arrays["image"][run["image_index"]]
    ids = greedy(case.model, image, task.row, query, config["max_a_tokens"])
    assert ids == run["token_ids_if_nothing_suppressed"]


def test_gradients_of_every_parameter(case: Case) -> None:
    model = case.model
    model.zero_grad()
    logits, region = case.forward()
    loss = _label_smoothing(logits, case.arrays["tf_target"])
    if "gt_mask" in case.arrays:
        loss = loss + _focal(region, case.arrays["gt_mask"].float())
    assert loss.item() == pytest.approx(case.manifest["total_loss"], rel=1e-4)
    loss.backward()
    expected = dict(case.manifest["grad_l2"])
    expected.pop("answer_decode.weight", None)  # the tied embedding under its second name
    ours = {name: p.grad for name, p in model.named_parameters()}
    assert set(ours) == set(expected)
    for name, norm in expected.items():
        if norm is None:
            assert ours[name] is None, name
        elif _cancels(name):
            assert ours[name].norm().item() < 1e-3 and norm < 1e-3, name
        else:
            assert ours[name].norm().item() == pytest.approx(norm, rel=0.01), name
    model.zero_grad()


def _cancels(name: str) -> bool:
    """Whether a parameter's gradient is zero in exact arithmetic, so that only rounding is left.

    A key's bias cancels in the softmax, a convolution's bias in the instance norm after it.
    """
    key_bias = name.endswith("self_attn.linears.1.bias")
    return key_bias or (
        name.startswith("upsample_net") and name != "upsample_net.20.bias" and name.endswith("bias")
    )


def _label_smoothing(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """The original's answer loss: smoothing 0.1, padding left out, a sum over the batch size."""
    log_p = F.log_softmax(logits, -1)
    truth = torch.full_like(log_p, 0.1 / (log_p.shape[-1] - 2))
    truth.scatter_(-1, target[..., None], 0.9)
    truth[..., 1] = 0
    truth[target == 1] = 0
    log_p = log_p.masked_fill((target == 1)[..., None], 0)
    return F.kl_div(log_p, truth, reduction="sum") / len(target)


def _focal(region: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    right = torch.where(target > 0.5, region, 1 - region)
    return 0.5 * (-((1 - right) ** 2) * right.log()).mean()


def test_golden_checkpoint(shared: Path) -> None:
    folder = shared / "golden" / "dessurt"
    expected = json.loads((folder / "checkpoint_expect" / "manifest.json").read_text("utf-8"))
    arrays = load_file(folder / "checkpoint_expect" / "arrays.safetensors")
    checkpoint = load(folder / "checkpoint-golden.pth", TOKENIZER)
    model, config = checkpoint.model, checkpoint.model.config
    task, text = split_query(expected["question"])
    query, cut = TOKENIZER.encode_query(text, config.max_q_tokens)
    assert (cut == "") == (len(TOKENIZER.encode(text)) <= config.max_q_tokens - 2)
    answer = [0, *TOKENIZER.encode(expected["answer"]), 2]
    answer += [1] * (config.max_a_tokens + 1 - len(answer))
    with torch.no_grad():
        logits, region = model(
            arrays["image"],
            torch.tensor([task.row]),
            torch.tensor([query]),
            torch.tensor([answer[:-1]]),
        )
    assert (logits - arrays["tf_logits"]).abs().max() < 2e-3
    assert (region - arrays["tf_mask"]).abs().max() < 1e-4
    suppressed = expected["suppressed_token_ids"]
    ids = greedy(model, arrays["image"], task.row, query, config.max_a_tokens, suppressed)
    assert ids == expected["greedy_token_ids"]
    assert TOKENIZER.decode(ids) == expected["greedy_text"]
    for number, entry in expected["logger_entries"].items():
        for name, value in entry.items():
            known = float(value.removeprefix("np.float64(").removesuffix(")"))
            assert checkpoint.history[int(number)][name] == pytest.approx(known)
