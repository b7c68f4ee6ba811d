"""An embedder for other tools: a sentence-transformers folder with the peft adapter beside it.

The folder holds the decoder with the adapter merged, and modules that come with
sentence-transformers (`training.stock` says which): it loads without Footnote and without code
of its own. Its vectors equal ours within 1e-3 in float32, which its configuration asks for.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedder.decoder.load import converted, holds_whole_weights
from embedder.errors import FootnoteError
from embedder.tokens import limits_of, load_tokenizer
from training.export.adapter import write_adapter
from training.export.model_card import model_card
from training.export.sentence_transformers import Base, StockModule, chain

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from embedder.decoder.load import Converted
    from embedder.model import Embedder
    from embedder.spec import EmbedderSpec
    from embedder.tokens import TokenLimits

_CONFIG_FILES = {"Transformer": "sentence_bert_config.json", "Router": "router_config.json"}
# Written last: without it the folder is no sentence-transformers folder.
_MODULES = "modules.json"


class ExportError(FootnoteError):
    """An embedder that other tools could not compute, or a folder that cannot be written."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: `modules` by class, `files` relative to `folder`."""

    embedder: str
    folder: str
    modules: tuple[str, ...]
    adapter: bool
    files: tuple[str, ...]


def export(embedder: Embedder, folder: Path) -> Exported:
    """Write `folder`, new or empty, for `SentenceTransformer(folder)`; see its README.md.

    Where the embedder has a LoRA adapter, `folder/adapter` holds it in peft's layout. Raises
    `ExportError`.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ExportError(f"{folder} is not empty; give a new or an empty folder")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".export-") as aside:
        modules = _write(embedder, Path(aside))
        for part in sorted(Path(aside).iterdir(), key=lambda part: part.name == _MODULES):
            part.rename(folder / part.name)
    return Exported(
        embedder=embedder.spec.name,
        folder=str(folder),
        modules=tuple(module.kind for module in modules),
        adapter=_for_peft(embedder) is not None,
        files=tuple(sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())),
    )


def _write(embedder: Embedder, folder: Path) -> tuple[StockModule, ...]:
    spec = embedder.spec
    prompts = {
        "query": _prompt(spec.query_template, spec.task),
        "document": _prompt(spec.passage_template, spec.task),
    }
    adapter = embedder.files.adapter if spec.adapter else None
    apart = _for_peft(embedder)
    source = converted(spec, embedder.files.cache, adapter)
    limits = limits_of(spec, source.config)
    tokenizer = load_tokenizer(source.tokenizer)
    modules = chain(spec, _base(source, tokenizer, limits), embedder.load_projection())

    _write_tokenizer(tokenizer, limits, folder)
    shutil.copyfile(source.weights, folder / source.weights.name)
    _write_json(folder / "config.json", _decoder_config(spec, source.config))
    _write_json(
        folder / "config_sentence_transformers.json",
        {
            "model_type": "SentenceTransformer",
            "prompts": prompts,
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
            # Earlier ones read over "is_causal" and would look at one direction only.
            "requirements": {"transformers": ">=5.2"},
        },
    )
    if apart is not None:
        write_adapter(spec, apart, folder / "adapter")
    card = model_card(spec, prompts["query"], adapter=apart is not None)
    (folder / "README.md").write_text(card, encoding="utf-8")
    _write_json(folder / _MODULES, _write_modules(modules, folder))
    return modules


def _for_peft(embedder: Embedder) -> Path | None:
    """The folder of the adapter, None where there is none: whole weights are all in the decoder."""
    there = bool(embedder.spec.adapter) and not holds_whole_weights(embedder.files.adapter)
    return embedder.files.adapter if there else None


def _prompt(template: str, task: str) -> str:
    """What stands before the text, which is all that sentence-transformers can put there.

    Raises `ExportError` for a template with something behind its text.
    """
    before, _, behind = template.partition("{text}")
    if behind:
        raise ExportError(
            f"the template {template!r} goes on behind {{text}}; sentence-transformers can only "
            "put a prompt before a text"
        )
    return before.replace("{task}", task)


def _decoder_config(spec: EmbedderSpec, config: Mapping[str, Any]) -> dict[str, Any]:
    """The decoder's `config.json`, without what says where it once lay."""
    window = config.get("sliding_window")
    if spec.attention == "bidirectional" and window is not None and window < spec.max_tokens:
        raise ExportError(
            f"{spec.name} looks at all {spec.max_tokens} tokens in both directions; transformers "
            f"would keep to the base's sliding window of {window}"
        )
    values = {name: value for name, value in config.items() if not name.startswith("_")}
    # Loaded as float32, although the file holds bfloat16: else vectors differ from ours by more
    # than 1e-3.
    values |= {"dtype": "float32", "output_hidden_states": len(spec.features) > 1}
    values |= {"architectures": values.get("architectures") or _architectures(values)}
    if spec.attention == "bidirectional":
        values["is_causal"] = False
    return values


def _architectures(config: Mapping[str, Any]) -> list[str]:
    from transformers.models.auto.modeling_auto import MODEL_MAPPING_NAMES

    name = MODEL_MAPPING_NAMES[config["model_type"]]
    return [name] if isinstance(name, str) else list(name)


def _base(source: Converted, tokenizer: Tokenizer, limits: TokenLimits) -> Base:
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(source.folder)
    vocabulary = [f"<no token {number}>" for number in range(config.vocab_size)]
    for token, number in tokenizer.get_vocab(with_added_tokens=True).items():
        if number < len(vocabulary):
            vocabulary[number] = token
    return Base(config.hidden_size, config.num_hidden_layers, vocabulary, limits.bos)


def _write_tokenizer(tokenizer: Tokenizer, limits: TokenLimits, folder: Path) -> None:
    """A tokenizer that puts around a text what `embedder.tokens` does, also when it cuts."""
    from tokenizers.processors import TemplateProcessing

    before, behind = _around(tokenizer, limits)
    parts = {"BEFORE": before, "BEHIND": behind}
    template = [*["BEFORE"][: len(before)], "$A", *["BEHIND"][: len(behind)]]
    tokenizer.post_processor = TemplateProcessing(
        single=template,
        special_tokens=[
            {"id": name, "ids": ids, "tokens": [tokenizer.id_to_token(i) for i in ids]}
            for name, ids in parts.items()
            if ids
        ],
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    padding = tokenizer.id_to_token(limits.filler)
    _write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": limits.max_tokens,
            "padding_side": "right",
            "truncation_side": "right",
            "pad_token": padding,
            "clean_up_tokenization_spaces": False,
        },
    )


def _around(tokenizer: Tokenizer, limits: TokenLimits) -> tuple[list[int], list[int]]:
    """Ids before and behind every text. Raises `ExportError` where a cut text would differ."""
    bare = tokenizer.encode("a", add_special_tokens=False).ids
    whole = tokenizer.encode("a").ids
    start = next((i for i in range(len(whole)) if whole[i : i + len(bare)] == bare), 0)
    before, behind = whole[:start], whole[start + len(bare) :]
    if behind and behind != [limits.eos]:
        raise ExportError(
            f"the base's tokenizer ends a text with {tokenizer.id_to_token(behind[-1])!r}, which "
            "the spec cuts off where a text is too long; a folder for other tools cannot"
        )
    if limits.bos is not None and before[:1] != [limits.bos]:
        before = [limits.bos, *before]
    return before, behind or ([] if limits.eos is None else [limits.eos])


def _write_modules(modules: Sequence[StockModule], folder: Path) -> list[dict[str, Any]]:
    """Each module's folder, and the rows of modules.json. The same module is written once."""
    places: dict[int, str] = {}
    rows = []
    for number, module in enumerate(modules):
        if id(module) not in places:
            root = module.kind == "Transformer"
            places[id(module)] = "" if root else f"{number}_{module.kind}"
            _write_module(module, folder / places[id(module)])
        kind = f"sentence_transformers.models.{module.kind}"
        path = places[id(module)]
        rows.append({"idx": number, "name": str(number), "path": path, "type": kind})
    return rows


def _write_module(module: StockModule, folder: Path) -> None:
    from safetensors.torch import save_file

    folder.mkdir(exist_ok=True)
    config: dict[str, Any] = dict(module.config)
    if module.routes:
        names = {side: f"{side}_0_{part.kind}" for side, part in module.routes.items()}
        for side, part in module.routes.items():
            _write_module(part, folder / names[side])
        config = {
            "types": {
                names[side]: f"sentence_transformers.models.{part.kind}"
                for side, part in module.routes.items()
            },
            "structure": {side: [name] for side, name in names.items()},
            "parameters": config,
        }
    _write_json(folder / _CONFIG_FILES.get(module.kind, "config.json"), config)
    if module.tensors:
        save_file(dict(module.tensors), folder / "model.safetensors")


def _write_json(path: Path, values: Any) -> None:
    text = json.dumps(values, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
