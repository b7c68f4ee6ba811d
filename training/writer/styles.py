"""The styles that a search is written in, and the form in which passage and search are read."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from tokenizers import Tokenizer

# As the searches' authors were told → the word that stands before the search.
STYLES = MappingProxyType(
    {
        "plain question": "question",
        "how-to or what-to-do question": "how to",
        "asks for a specific fact or number": "fact",
        "asks why or what follows": "why",
        "yes/no question": "yes or no",
        "long-tail, very specific question": "specific",
        "broader question that the passage helps answer": "broad",
        "comparison or difference": "comparison",
        "question with one typo or informal wording": "informal",
        "vague or half-remembered question": "vague",
        "describes a situation and asks (15-30 words)": "situation",
        "question in other words than the passage (no shared content words where possible)": (
            "other words"
        ),
        "one short phrase, other words than the passage": "phrase",
        "3-6 search keywords": "keywords",
        "a claim to check, stated as a sentence": "claim",
    }
)
# Read of a passage at most: what it is about stands in its first half, and each token costs.
MAX_TOKENS = 160
_BEFORE, _BEHIND = "<|im_start|>", "\n\n"


@dataclass(frozen=True, slots=True)
class Form:
    """Token ids of passages and of what continues them."""

    tokenizer: Tokenizer

    def passage(self, text: str) -> list[int]:
        """What is read: the passage behind the token that decoders pile a huge vector on."""
        ids = self.tokenizer.encode(_BEFORE + text.strip(), add_special_tokens=False).ids
        behind = self.tokenizer.encode(_BEHIND, add_special_tokens=False).ids
        return ids[: MAX_TOKENS - len(behind)] + behind

    def opening(self, style: str) -> list[int]:
        """What stands before a search of the style: a word of `STYLES`."""
        return self.tokenizer.encode(f"{style}:", add_special_tokens=False).ids

    def search(self, text: str) -> list[int]:
        """The search and its end."""
        return [*self.tokenizer.encode(f" {text.strip()}", add_special_tokens=False).ids, self.end]

    @property
    def end(self) -> int:
        """The token that ends a search."""
        found = self.tokenizer.token_to_id("<|im_end|>")
        return 0 if found is None else found

    def text(self, ids: list[int]) -> str:
        """The search that the ids spell, without its end."""
        return self.tokenizer.decode(ids, skip_special_tokens=True).strip()
