"""The device and number format that a decoder computes in, chosen by measuring.

bfloat16 through a decoder layer is two to three times as fast as float32 on a processor with
AVX512-BF16, and up to hundreds of times slower on one that must emulate it, so the choice is
measured once and kept beside the converted bases, or pinned by whoever makes the embedder.

int8 here means one scale a token and one a weight row. PyTorch's own dynamic quantisation has
one scale a batch, which the decoder's few huge activations spoil: measured on 64 passages it
moved the vectors to a cosine of 0.971 of float32's and made them depend on their batch mates
by 0.02 an element, against 0.999 and 0.0003 with a scale a token.
"""

from __future__ import annotations

import contextlib
import json
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from embedder.atomic import StorageError, write_text
from embedder.decoder.llama import Llama, LlamaShape

Precision = Literal["float32", "bfloat16", "int8"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

# Measured in the processor's cache against its cost of starting a batch; see docs/log/embedder.md.
_CPU_TOKENS = 2048
# Fills a GPU without filling its memory: some 2 GB of activations for a 7B decoder.
_ACCELERATOR_TOKENS = 16_384
# A lower precision must be worth its rounding, and by more than one trial differs from the next.
_WORTHWHILE = 1.3
# Tokens of the first, careful trial and of those that count, and how many of these there are.
_CAREFUL, _TOKENS = 16, 512
_ROUNDS = 5
# An emulated format would take minutes: left out where it is so many times as slow as float32.
_HOPELESS = 2
# One layer of the bundled base, with a vocabulary that costs nothing to make.
_PROBE = LlamaShape(
    vocabulary=8,
    hidden=576,
    intermediate=1536,
    layers=1,
    heads=9,
    key_value_heads=3,
    head_width=64,
    epsilon=1e-5,
    rope_base=1e5,
    projection_bias=False,
    query_key_norm=False,
)


class Int8Linear(nn.Module):
    """A linear layer without bias on int8 products: one scale a token, one a weight row."""

    weight: Tensor
    scale: Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        scale = linear.weight.abs().amax(dim=1, keepdim=True).clamp_min(1e-12) / 127
        weight = (linear.weight / scale).round().to(torch.int8)
        self.register_buffer("weight", weight.t().contiguous(), persistent=False)
        self.register_buffer("scale", scale.t().contiguous(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """[..., in] → [..., out], in the precision of `x`."""
        rows = x.reshape(-1, x.shape[-1])
        scale = rows.abs().amax(dim=1, keepdim=True).clamp_min(1e-12) / 127
        product = torch._int_mm((rows / scale).round().to(torch.int8), self.weight)
        return (product * scale * self.scale).reshape(*x.shape[:-1], -1)


def with_int8_products(decoder: nn.Module) -> nn.Module:
    """The float32 decoder with its linear layers replaced, in place, by `Int8Linear`."""
    for module in list(decoder.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Linear) and child.bias is None:
                setattr(module, name, Int8Linear(child))
    return decoder


@dataclass(frozen=True, slots=True)
class Compute:
    """Where to compute, how, and how many tokens (padding included) at a time."""

    device: str
    precision: Precision
    tokens_a_batch: int

    @property
    def dtype(self) -> torch.dtype:
        """Of the weights as they are loaded."""
        return torch.bfloat16 if self.precision == "bfloat16" else torch.float32

    @classmethod
    def here(cls, cache: Path, pinned: Precision | None = None) -> Compute:
        """What is best on this machine: an accelerator if there is one, else the processor.

        `cache` keeps what was measured; `pinned` is a precision to compute in whatever is fastest
        (int8 is for processors alone).
        """
        accelerator = torch.accelerator.current_accelerator(check_available=True)
        if accelerator is None:
            return cls("cpu", pinned or precision_here(cache), _CPU_TOKENS)
        fast = accelerator.type == "cuda" and torch.cuda.is_bf16_supported()
        best: Precision = "bfloat16" if fast else "float32"
        wanted = best if pinned in (None, "int8") else pinned
        return cls(accelerator.type, wanted, _ACCELERATOR_TOKENS)


@dataclass(frozen=True, slots=True)
class Machine:
    """What the measurement holds for."""

    processor: str
    torch: str
    threads: int

    @classmethod
    def here(cls) -> Machine:
        """This process's machine."""
        return cls(_processor(), torch.__version__, torch.get_num_threads())


def precision_here(cache: Path) -> Precision:
    """The precision to compute in on this processor, from `cache` or by a second's trial."""
    path = cache / "precision.json"
    machine = asdict(Machine.here())
    if path.exists():
        with contextlib.suppress(ValueError, KeyError, TypeError):  # cut off: tried anew
            known = json.loads(path.read_text(encoding="utf-8"))
            if known["machine"] == machine:
                return known["precision"]
    seconds = measure()
    precision = choose(seconds)
    found = {"machine": machine, "precision": precision, "seconds": seconds}
    with contextlib.suppress(StorageError):  # then it is tried anew the next time
        write_text(path, json.dumps(found))
    return precision


def choose(seconds: Mapping[Precision, float]) -> Precision:
    """The fastest precision, if it is so by a margin; int8 must beat bfloat16 by it again."""
    best: Precision = "float32"
    for candidate in ("bfloat16", "int8"):
        if candidate in seconds and seconds[candidate] * _WORTHWHILE < seconds[best]:
            best = candidate
    return best


def measure() -> dict[Precision, float]:
    """Processor seconds for a layer in each precision; those hopelessly slow are left out.

    The median of several rounds, each of which tries all: what else the machine does for a while
    meets all alike. The fastest trial would be the luckiest one, and what is chosen is kept.
    """
    probes = {precision: _probe(precision) for precision in PRECISIONS}
    for probe in probes.values():
        probe(_CAREFUL)  # the first run also makes what the others find made
    rounds: dict[Precision, list[float]] = {precision: [] for precision in PRECISIONS}
    for tokens in (_CAREFUL, *[_TOKENS] * _ROUNDS):
        seconds = {precision: _seconds(probes[precision], tokens) for precision in rounds}
        slow = {one for one in seconds if seconds[one] > _HOPELESS * seconds["float32"]}
        rounds = {one: [*rounds[one], seconds[one]] for one in rounds.keys() - slow}
    return {one: statistics.median(times[1:]) for one, times in rounds.items()}


def _probe(precision: Precision) -> Callable[[int], None]:
    decoder: nn.Module = Llama(_PROBE).eval().requires_grad_(False)
    for parameter in decoder.parameters():
        parameter.fill_(0.01)
    if precision == "bfloat16":
        decoder = decoder.bfloat16()
    elif precision == "int8":
        decoder = with_int8_products(decoder)

    def run(tokens: int) -> None:
        with torch.inference_mode():
            decoder(torch.zeros(1, tokens, dtype=torch.long), None, (1,))

    return run


def _seconds(probe: Callable[[int], None], tokens: int) -> float:
    # The processor's time, not the clock's: others may be at work while this is measured.
    start = time.process_time()
    probe(tokens)
    return time.process_time() - start


def _processor() -> str:
    """The processor's name; on Linux `platform` does not know it."""
    path = Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
