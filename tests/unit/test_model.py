"""Geometry and variants of the model."""

import copy

import pytest
import torch
from torch import nn

from dessurt.model import Dessurt, DessurtConfig, swin
from dessurt.model.config import TASK_ROWS
from dessurt.model.latent import Answer, Decoder
from dessurt.model.swin import ConvPatchEmbed, attended

SMALL = {
    "image_size": [64, 96],
    "window_size": 2,
    "decode_dim": 32,
    "dim_ff": 48,
    "decode_num_heads": 4,
    "blocks_per_level": [2, 2],
    "use_swin": [True, True, True, False],
    "swin_cross_attention": [True, True, True, False],
    "swin_nheads": [2, 4],
    "im_embed_dim": 16,
    "max_q_tokens": 8,
    "max_a_tokens": 12,
    "conv_channels": [8, 8, 8, 16, 16, 16, 16],
}
VARIANTS = {
    "as it is": {},
    "one level": {
        "blocks_per_level": [3],
        "swin_nheads": [2],
        "use_swin": [True, False, True],
        "swin_cross_attention": [False, False, True],
    },
    "equal widths need no projection": {"decode_dim": 16, "im_embed_dim": 16},
    "plain patches": {"conv_patch_emb": False},
    "windows larger than the grid": {"image_size": [32, 32], "window_size": 12},
    "square image given by one number": {"image_size": 64},
    "no mask head": {"do_mask_output": False},
    "positions of another width": {"position_width": 24},
    "no query in the image": {"swin_cross_attention": [False] * 4},
}


def make(**changes: object) -> Dessurt:
    torch.manual_seed(0)
    model = Dessurt(DessurtConfig.from_dict({**SMALL, **changes}, 50)).eval()
    for parameter in model.parameters():
        if parameter.ndim > 1:
            # Large enough that a wrong layer shows.
            torch.nn.init.normal_(parameter, std=0.3)
    return model


def page_image(height: int, width: int, seed: int = 0) -> torch.Tensor:
    """A white page with lines of ink, one of them highlighted: [1, 2, height, width]."""
    torch.manual_seed(seed)
    image = torch.zeros(1, 2, height, width)
    image[:, 0] = -0.992  # white as the model sees it; noise would not show what sums lose
    for top in range(height // 8, height - 16, 24):
        ink = torch.rand(12, width - width // 4) < 0.3
        image[0, 0, top : top + 12, width // 8 : width // 8 + ink.shape[1]][ink] = 1.0
    image[:, 1, height // 8 : height // 8 + 12] = 1.0
    return image


@pytest.mark.parametrize("learns", [False, True])
@pytest.mark.parametrize(
    "size, count", [((1152, 768), 1), ((1152, 768), 2), ((64, 512), 3), ((1408, 1088), 1)]
)
def test_the_patch_embedding_is_exact(size: tuple[int, int], count: int, learns: bool) -> None:
    # The larger the plane, the more a sum in single precision loses: of 1152 x 768 it lost 1e-3.
    torch.manual_seed(0)
    embed = ConvPatchEmbed((8, 8, 8, 8, 8, 8, 8), 16).eval()
    exact = copy.deepcopy(embed).double()
    image = torch.cat([page_image(*size, seed) for seed in range(count)])
    with torch.set_grad_enabled(learns):
        ours = embed(image)
    with torch.enable_grad():  # PyTorch's own normalisation throughout
        truth = exact(image.double()).detach()
    assert ours.requires_grad == learns
    assert (ours.detach() - truth).abs().max() < 2e-5 * truth.abs().max()


@pytest.mark.skipif(not torch.backends.nnpack.is_available(), reason="NNPACK is not available")
def test_wide_convolutions_are_exact_too(monkeypatch: pytest.MonkeyPatch) -> None:
    # Half as tall as a page of the official size, which is enough for strips, in place and not.
    torch.manual_seed(0)
    embed = ConvPatchEmbed((64, 128, 128, 128, 64, 64, 64), 64).eval()
    image = torch.cat([page_image(576, 768, seed) for seed in range(2)])
    transformed = []
    winograd = swin._winograd

    def watched(conv: nn.Conv2d, x: torch.Tensor) -> torch.Tensor:
        transformed.append(conv.in_channels)
        return winograd(conv, x)

    monkeypatch.setattr(swin, "_winograd", watched)
    with torch.no_grad():
        ours, truth = embed(image), copy.deepcopy(embed).double()(image.double())
    assert transformed == [64, 128, 128]
    assert (ours - truth).abs().max() < 2e-5 * truth.abs().max()


def test_gradients_of_the_patch_embedding_are_exact() -> None:
    torch.manual_seed(0)
    embed = ConvPatchEmbed((8, 8, 8, 8, 8, 8, 8), 16).eval()
    exact = copy.deepcopy(embed).double()
    image = page_image(1152, 768)
    for model, given in ((embed, image), (exact, image.double())):
        model(given).square().mean().backward()
    for name, parameter in embed.named_parameters():
        truth = exact.get_parameter(name).grad
        largest = max(truth.abs().max(), 1e-3)  # a bias before a norm has next to none
        assert (parameter.grad - truth).abs().max() < 1e-3 * largest, name


def test_official_geometry() -> None:
    with torch.device("meta"):
        model = Dessurt(DessurtConfig.from_dict({"image_size": [1152, 768]}, 50265))
    parameters = dict(model.named_parameters())
    # 126,905,345 in the original, which counts the tied embedding once and has 136 tasks.
    of_further_tasks = 2 * 768 * (TASK_ROWS - 136)
    assert sum(p.numel() for p in parameters.values()) == 126_905_345 + of_further_tasks
    assert parameters["swin_layers.9.3.weight"].shape == (768, 256)
    assert parameters["swin_layers.3.4.reduction.weight"].shape == (256, 512)
    assert parameters["upsample_net.12.weight"].shape == (32, 16, 4, 4)
    shifted = [i for i, (swin, *_) in enumerate(model.swin_layers) if swin and swin.shift]
    assert shifted == [1, 3, 5, 7]
    # 363 entries in the original's file: ours, eight relative indices and four attention masks of
    # the Swin blocks, and the second copy of the tied embedding.
    indices = len(dict(model.named_buffers()))
    assert indices == 8
    assert len(model.state_dict()) + indices + len(shifted) + 1 == 363


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS.keys())
def test_stepwise_writing_equals_the_teacher_forced_pass(changes: dict) -> None:
    """Token by token over the latent cache, and all at once: the same probabilities."""
    model = make(**changes)
    image = torch.rand(1, 2, *model.config.image_size) * 2 - 1
    task, query = torch.tensor([14]), torch.tensor([[0, 7, 9, 2, 1, 1, 1]])
    answer_ids = [0, 11, 12, 13, 14, 15]
    with torch.no_grad():
        logits, region = model(image, task, query, torch.tensor([answer_ids]))
    decoder = Decoder(model)
    answer = Answer(decoder, decoder.see(image), task, query, len(answer_ids))
    for i, id_ in enumerate(answer_ids[1:]):
        expected = logits[0, i].softmax(-1)
        assert (answer.probabilities[0] - expected).abs().max() < 1e-4
        answer.append(torch.tensor([id_]))
    assert (answer.probabilities[0] - logits[0, -1].softmax(-1)).abs().max() < 1e-4
    if region is None:
        assert answer.region() is None
    else:
        assert torch.allclose(answer.region(), region[0, 0], atol=1e-5)


def test_answer_tokens_see_no_later_ones() -> None:
    model = make()
    image = torch.rand(1, 2, 64, 96)
    task, query = torch.tensor([3]), torch.tensor([[0, 2, 1, 1, 1, 1, 1]])
    with torch.no_grad():
        first, _ = model(image, task, query, torch.tensor([[0, 5, 6, 7]]))
        second, _ = model(image, task, query, torch.tensor([[0, 5, 6, 8]]))
    assert torch.equal(first[:, :3], second[:, :3])
    assert not torch.allclose(first[:, 3], second[:, 3])


def test_swin_never_sees_the_task_token_or_padding() -> None:
    model = make()
    image = torch.rand(1, 2, 64, 96).expand(2, -1, -1, -1)
    query = torch.tensor([[0, 2, 1, 1, 1, 1, 1], [0, 5, 6, 2, 1, 1, 1]])
    with torch.no_grad():
        tokens = model.embed_image(image)
        x = model.embed_query(torch.tensor([3, 3]), query)
        changed = x.clone()
        changed[:, 0] += 1  # the task token
        changed[0, 3:] += 1  # padding
        changed[1, 5:] += 1
        bias = model.query_bias(query)
        seen, _ = model.update_image(0, tokens, x, bias)
        seen_changed, _ = model.update_image(0, tokens, changed, bias)
        changed[:, 1] += 1  # <s>, which is seen
        seen_other, _ = model.update_image(0, tokens, changed, bias)
        alone, _ = model.update_image(0, tokens[:1], x[:1], model.query_bias(query[:1]))
    assert bias.isfinite().tolist() == [
        [False, True, True, False, False], [False, True, True, True, True],
    ]  # fmt: skip
    assert torch.equal(seen, seen_changed)
    assert (seen - seen_other).abs().amax((1, 2, 3)).min() > 1e-3
    torch.testing.assert_close(seen[:1], alone)


@pytest.mark.parametrize("looks", [True, False], ids=["which tokens are looked at", "bias"])
def test_attention_is_of_single_precision_on_a_processor(looks: bool) -> None:
    torch.manual_seed(1)
    q, k, v = (torch.randn(2, 3, n, 8).bfloat16() for n in (4, 6, 6))
    mask = torch.rand(4, 6) > 0.3 if looks else torch.randn(4, 6)
    with torch.autocast("cpu", torch.bfloat16):
        out = attended(q, k, v, mask)
    bias = torch.zeros(4, 6).masked_fill(~mask, -torch.inf) if looks else mask
    shares = (q.float() @ k.float().mT / 8**0.5 + bias).softmax(-1)
    assert out.dtype == torch.bfloat16
    # Rounded once, at the end.
    torch.testing.assert_close(out, (shares @ v.float()).bfloat16(), rtol=0.005, atol=1e-3)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"image_size": [64, 90]}, "window"),
        ({"swin_nheads": [2]}, "swin_nheads"),
        ({"use_swin": [True]}, "use_swin"),
        ({"decode_num_heads": 5}, "decode_num_heads"),
        ({"im_embed_dim": 18, "swin_nheads": [4, 4]}, "heads"),
        ({"conv_channels": [8, 8]}, "conv_channels"),
        ({"window_size": [2]}, "window_size"),
    ],
)
def test_sizes_that_do_not_fit_are_named(changes: dict, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        DessurtConfig.from_dict({**SMALL, **changes}, 50)


def test_image_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[B, 2, 64, 96\]"):
        make().embed_image(torch.zeros(1, 2, 96, 64))


def test_a_smaller_image_takes_the_middle_of_the_position_table() -> None:
    model, image = make(), torch.rand(1, 2, 32, 64)
    with torch.no_grad():
        table = model.embed_image(image) - model.patch_embed(image)
        whole = model.absolute_2dpos_embed.unflatten(1, (8, 12))
    assert torch.allclose(table, whole[:, 2:6, 2:10], atol=1e-6)


def test_windows_shift_only_along_sides_of_several_windows() -> None:
    model = make(window_size=4, image_size=[64, 128], blocks_per_level=[4], swin_nheads=[2])
    swin = model.swin_layers[1][0]
    assert swin.shift == 2 and swin.window == 4
    tokens, query = torch.rand(1, 4, 12, 16), torch.rand(1, 3, 16)
    changed = tokens.clone()
    changed[0, 0, 1, 0] += 1  # the left edge; a norm would take out what all channels share
    with torch.no_grad():
        before, after = (swin(x, query, torch.zeros(1, 3)) for x in (tokens, changed))
    reached = (before != after).any(-1)[0]
    # Windows begin at columns -2, 2, 6 and 10; the left edge is a window of two columns.
    assert reached[:, :2].all() and not reached[:, 2:].any()
