"""A training config: its keys, their types and defaults.

Every key is a field, with what it means below it; `dessurt train --help` and configs/README.md show
the same. What a section hands on as it stands (the model's sizes, a data set's options, the
arguments of an optimiser) is a dictionary here, checked by whoever takes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

from dessurt.train.original.keys import OriginalError, optimiser_arguments
from dessurt.train.section import ConfigError, Count, Positive, Section, Share, refuse_unknown


@dataclass(frozen=True)
class Part(Section):
    """Batches of some tasks about synthetic pages, or of a data set's questions."""

    batch: Count
    """Samples in each process."""
    tasks: dict[str, float] = field(default_factory=dict)
    """Task tokens, and how often each is asked beside the others. Synthetic pages need some; of a
    data set's pages, its own questions are asked without them, and with them only these: of its
    own questions, or made from what it knows of its pages. A text that is typed with one has at
    most the tokens of it that the model sees."""
    window: tuple[Count, Count] | None = None
    """Height and width of the image in pixels: a window round the marks, or a part of the page.
    Synthetic pages in the frame `focus` need it; data sets can do without (then it is the model's
    largest image)."""
    data: dict[str, Any] | None = None
    """A data set instead of synthetic pages: `{"set": NAME, "folder": ..., "split": "train", ...}`.
    DocVQA, HW-SQuAD and SQuAD are gone through question by question, other sets page by page."""
    weight: Positive = 1
    """How often the part is chosen, beside the others."""
    most_answer: Count = 110
    """Characters that an answer made from a page may have; what is longer than the model writes is
    cut."""
    lines: Count = 1
    """Lines that an answer has at least: most blocks of a page have only one."""
    smallest: Positive = 10
    """Model pixels of the height of a line; what gets smaller is left out."""
    text: bool = True
    """`false`: only the convolutions learn, which characters lie in each cell."""
    kinds: tuple[str, ...] = ()
    """Kinds of synthetic documents; without any, all but `strings`, `headings` and `small`."""
    documents: Count = 12
    """Synthetic documents from which 16 micro-batches in a row are drawn. Drawing takes time, so
    take fewer for a short run."""
    vary: bool = False
    """`true`, for few examples: a data set's questions are asked as if their pages had been scanned
    and marked another time, and of new lines put together out of the words of read ones."""
    rescale: tuple[Positive, Positive] = (0.9, 1.1)
    """The range of the scale. This key and the next six are for whole pages (frame `fit`), which
    are changed as the original changes them."""
    fit: Literal[True, False, "width", "height"] = True
    """Whether the scale is relative to that at which the page fits into the image; `"width"` and
    `"height"`: to that at which this side fits."""
    rotate: float = 1
    """The standard deviation of the angle by which pages are turned, in degrees."""
    turned: float = 0.99
    """The share of pages that are turned, where `rotate` is not 0."""
    pad: int = 0
    """Pixels by which the page may be shifted over the edge of the image."""
    centred: bool = False
    """`true`: the middle of the page is seen, and not a part drawn at random."""
    shade: float = 0
    """The share of pages whose ink and paper are made darker or brighter."""
    cased: bool = True
    """`false`: questions and answers are in small letters."""


@dataclass(frozen=True)
class Stage(Section):
    """Some steps on one mixture of parts."""

    steps: Count
    """Steps of the optimiser."""
    lr: Positive
    """The learning rate, where the schedule is at its highest."""
    parts: dict[str, Part]
    """What is learned, by name; each micro-batch comes from one part."""
    accumulate: Count = 1
    """Micro-batches of a step."""


@dataclass(frozen=True)
class FrameConfig(Section):
    """How a page is laid into the model's image, when it is asked too."""

    mode: Literal["focus", "fit"]
    """`fit`: the whole page, as the original does it; the other keys are for `focus`: a window
    round the marks."""
    text_height: Positive | None = None
    """Model pixels of the height of a highlighted line; `focus` needs it."""
    least: tuple[Count, Count] | None = None
    """Height and width of the smallest image; the sides grow where the marks need more."""
    step: Count | None = None
    """Without marks, the whole page is seen in an image whose sides are multiples of it (64)."""
    by_line: tuple[str, ...] | None = None
    """Tasks that are answered by reading the highlighted lines, or all lines found, one by one;
    `json>` and `natural_q~` by `ner_line>`, whose pieces are put together by where they stand."""

    def to_json(self) -> dict[str, Any]:
        """The keys that are there, as a checkpoint keeps them."""
        return {key: list(value) if isinstance(value, tuple) else value
                for key, value in vars(self).items() if value is not None}  # fmt: skip


@dataclass(frozen=True)
class Losses(Section):
    """What each loss counts."""

    answer: float = 1
    """Factor of the answers' loss."""
    mask: float = 1
    """Factor of the output mask's loss."""
    distillation: float = 2.5
    """Factor of the distance to the teacher's answers, or to those of the first weights (see
    `remember`)."""
    features: float = 40
    """Factor of the distance to the first weights' image tokens (see `remember`)."""
    smoothing: Share = 0
    """The share of a label that goes to all other tokens."""
    per: Literal["token", "answer"] = "token"
    """What counts alike: tokens or, as in the original, answers, so that long ones dominate."""


@dataclass(frozen=True)
class Optimizer(Section):
    """The optimiser. The arguments of its class, all but `lr`, are keys beside these."""

    type: str
    """A class of `torch.optim`."""
    decay: Literal["matrices", "all"] = "matrices"
    """The weights that `weight_decay` is for."""
    clip: Literal["norm", "value"] = "norm"
    """What is clipped to 1: the norm of all gradients, or the value of each."""
    arguments: dict[str, Any] = field(default_factory=dict)  # not a key: the keys beside the others

    @classmethod
    def of(cls, raw: Any, label: str = "its optimizer") -> Self:
        """Check and read the section; see `Section.of`."""
        if not isinstance(raw, Mapping) or not isinstance(raw.get("type"), str):
            return super().of(raw, label)  # which says what is wrong
        try:
            known = sorted(optimiser_arguments(raw["type"]) - {"lr"})
        except OriginalError as error:
            raise ConfigError(str(error)) from error
        own = ("type", "decay", "clip")
        refuse_unknown(raw, f"keys of {label}", (*own, *known))
        arguments = {key: value for key, value in raw.items() if key not in own}
        kept = {key: value for key, value in raw.items() if key in own}
        return super().of({**kept, "arguments": arguments}, label)


@dataclass(frozen=True)
class MonitorConfig(Section):
    """Validation as the original does it."""

    every: Count
    """Micro-batches from one validation to the next."""
    figure: str
    """The figure by which the best weights are chosen, such as `val_E_ANLS`."""
    best: Literal["max", "min", "none"]
    """Which value of the figure is best; `none`: no weights are kept."""
    parts: dict[str, Part]
    """Parts with data sets, like those of a stage; give these `"split": "valid"`."""


@dataclass(frozen=True, kw_only=True)
class Config(Section):
    """A whole training config."""

    name: str
    """The run lies in `runs/NAME/`."""
    seed: int
    """Everything random follows from it and the number of the step."""
    start: str | None = None
    """A checkpoint, folder or official `.pth`, to begin with its weights and vocabulary; without
    it, random weights and the small vocabulary. What the config leaves open of `model`, `frame` and
    `card` comes from it."""
    tokenizer: str | None = None
    """`facebook/bart-base` or a folder: the vocabulary without `start` (else the small one), or
    that of an official `.pth` to start with (else a folder `tokenizer` beside it, or
    `facebook/bart-base`). Also `--tokenizer FOLDER`."""
    model: dict[str, Any]
    """As in the original's config, and our `conv_channels`, `position_rows`, `position_width`. With
    `init_from_pretrained` (the original's default, not ours) a model without `start` begins with
    BART's text embedding and positions, from `model.safetensors` or `pytorch_model.bin` in the
    folder of the `tokenizer`, or from the hub; if they cannot be had, the run says so."""
    frame: FrameConfig
    """How a page is laid into the model's image."""
    card: dict[str, Any]
    """Written into the checkpoint: `description`, `tasks` that it has learned, `licence`."""
    stages: tuple[Stage, ...]
    """What is learned, one stage after another."""
    precision: Literal["bf16", "no"] | None = None
    """The precision of the computation; without it, `bf16` where the device computes in it."""
    warm_up: Count = 200
    """Steps after which the learning rate is full."""
    cool_down: Positive = 0.25
    """The share of the run or of its `--budget`, at the end, in which the learning rate falls to
    2 %."""
    schedule: dict[str, Any] | None = None
    """Instead of `warm_up` and `cool_down`, a schedule of the original: `kind` is `multi_rise`,
    `multi_rise then ramp_to_lower`, `... then swa`, `... then ramp_to_swa`, `multi_rise with
    cyclic_full then swa`, `step`, `detector`, `spike`, `spike then swa`, `cyclic`, `cyclic-full`,
    `cyclic-decay`, `1cycle` or `LR_test`; the other keys are those of its `trainer` (`LR_test` and
    `1cycle` need `iterations`). The numbers count micro-batches."""
    optimizer: Optimizer = Optimizer(
        "AdamW", arguments={"betas": [0.9, 0.98], "weight_decay": 0.01}
    )
    """The optimiser; without it, AdamW with betas 0.9 and 0.98 and a decay of 0.01."""
    losses: Losses = Losses()
    """What each loss counts."""
    mean: Share = 0.998
    """The checkpoint holds the running mean of the weights, of which each step keeps at most this
    share. At the beginning a step keeps less, so that the mean reaches back over a third of the
    steps done, and nothing remains of the first weights however short the run is. 0: the
    checkpoint holds the weights themselves, as with the original's configs."""
    auxiliary: bool = True
    """`false`: only text, pointing and regions are learned, as is right for weights that can read
    already: the heads of the dense losses are not in a checkpoint and would start at random."""
    freeze: tuple[str, ...] = ()
    """Parts of names of weights that stay as they are; `dessurt checkpoint show FILE --weights`
    lists the names."""
    slow: dict[str, float] = field(default_factory=dict)
    """Parts of names of weights, and a factor on their learning rate."""
    teacher: str | None = None
    """A text-to-text model with the same vocabulary, e.g. `facebook/bart-large`: where text is
    masked on the page, the model learns to be as sure as the teacher. Needs
    `pip install -e '.[distill]'`."""
    remember: bool = False
    """`true`: about synthetic pages the model stays as sure, and as unsure, as the first weights
    were, and its convolutions see them as they did, so that it does not forget while it learns a
    few pages by heart; nothing else is learned from these pages. `losses` says with `distillation`
    and `features` how much both count."""
    validate: dict[str, Any] | None = None
    """A data set (its split `valid`) whose pages choose what is kept: the run is measured five
    times, and `checkpoint/` is the state that reads them best, and other pages (those of the first
    part about synthetic ones) hardly worse than before. `log.jsonl` has the errors before and
    after."""
    monitor: MonitorConfig | None = None
    """For the frame `fit`: all questions of some data sets are answered now and then as the
    original does it while it validates, each token after the right ones; `log.jsonl` has the
    figures under its names. The weights with the best figure are kept as `runs/NAME/best/`."""
    log_every: Count | None = None
    """Micro-batches whose mean figures are logged; without it 50 steps, or 5 with `validate`."""
    suppressed_token_ids: tuple[int, ...] | None = None
    """Tokens that the checkpoint never writes; as a rule those of the checkpoint to start with."""

    @property
    def whole_pages(self) -> bool:
        """Whether the model sees whole pages, and not windows."""
        return self.frame.mode == "fit"

    @property
    def parts(self) -> Iterator[Part]:
        """The parts of all stages."""
        return (part for stage in self.stages for part in stage.parts.values())

    @property
    def draws_pages(self) -> bool:
        """Whether some part is about synthetic pages, for which fonts are needed."""
        return any(part.data is None for part in self.parts)

    def with_data(self, folder: str) -> Config:
        """The same config with all data sets, those for validation too, in this folder."""

        def moved(parts: Mapping[str, Part]) -> dict[str, Part]:
            return {
                name: replace(part, data=part.data and {**part.data, "folder": folder})
                for name, part in parts.items()
            }

        return replace(
            self,
            validate=self.validate and {**self.validate, "folder": folder},
            monitor=self.monitor and replace(self.monitor, parts=moved(self.monitor.parts)),
            stages=tuple(replace(stage, parts=moved(stage.parts)) for stage in self.stages),
        )


SECTIONS: dict[str, type[Section]] = {
    "a config": Config, "a stage": Stage, "a part": Part, "`frame`": FrameConfig,
    "`losses`": Losses, "`optimizer`": Optimizer, "`monitor`": MonitorConfig,
}  # fmt: skip
