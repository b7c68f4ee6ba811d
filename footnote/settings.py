"""Settings: the only reader of the environment. Each one knows where it came from.

Order, strongest first: what the caller gave (a command-line option), the environment, the
file `settings.toml` in the home, the default.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from embedder.atomic import writing
from embedder.errors import FootnoteError

# Where questions and passages go, with what key and at what price: out of a backup only with a yes.
ASKED_FOR = ("base_url", "api_key", "price_in", "price_out", "ray")

# Why a key of the environment is not used, as its source.
_NOT_SENT = (
    "environment, but not sent to the address in settings.toml: set OPENAI_BASE_URL beside it"
)

# What becomes of text that a person does not see.
LEAVE_OUT, KEEP = "leave out", "keep"
ON, OFF = "on", "off"

# What vectors are computed in on a processor: what is fastest on it, or one of the formats.
MEASURED, FORMATS = "measured", ("float32", "bfloat16", "int8")

DEFAULT_HOME = Path("~/.footnote")


class SettingsError(FootnoteError):
    """A setting has a value that cannot be used."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A resolved setting. `source` is "option", "environment", "settings.toml" or "default"."""

    name: str
    value: str
    source: str
    meaning: str
    secret: bool = False

    @property
    def shown(self) -> str:
        """The value as it may be printed."""
        if self.secret and self.value:
            return "…" + self.value[-4:] if len(self.value) > 8 else "(set)"
        return self.value


@dataclass(frozen=True, slots=True)
class _Known:
    name: str
    variable: str
    default: str
    meaning: str
    secret: bool = False


_KNOWN = (
    _Known("base_url", "OPENAI_BASE_URL", "", "OpenAI-compatible endpoint that writes answers"),
    _Known("api_key", "OPENAI_API_KEY", "", "key for that endpoint", secret=True),
    _Known("model", "FOOTNOTE_MODEL", "", "name of the language model at that endpoint"),
    _Known("llm_timeout", "FOOTNOTE_LLM_TIMEOUT", "60", "seconds without a token until giving up"),
    _Known("price_in", "FOOTNOTE_PRICE_IN", "0", "price of a million tokens that it reads"),
    _Known("price_out", "FOOTNOTE_PRICE_OUT", "0", "price of a million tokens that it writes"),
    _Known("reader", "FOOTNOTE_READER", ON, f"the trained reader beside the rules: {ON}, or {OFF}"),
    _Known(
        "writer",
        "FOOTNOTE_WRITER",
        ON,
        f"the question writer that training asks by: {ON}, or {OFF}",
    ),
    _Known("workers", "FOOTNOTE_WORKERS", "0", "parser processes; 0 means one a core"),
    _Known("ray", "FOOTNOTE_RAY", "", "Ray cluster that parses and embeds: an address, or local"),
    _Known("shared_root", "FOOTNOTE_SHARED_ROOT", "", "folder that all its machines have, if any"),
    _Known(
        "answerers",
        "FOOTNOTE_ANSWERERS",
        "1",
        "processes that help where several ask at once; half a gigabyte each",
    ),
    _Known("niceness", "FOOTNOTE_NICENESS", "10", "how far indexing and jobs give way, 0 to 19"),
    _Known(
        "precision",
        "FOOTNOTE_PRECISION",
        MEASURED,
        f"number format that vectors are computed in: {MEASURED}, {', '.join(FORMATS)}",
    ),
    _Known("parse_seconds", "FOOTNOTE_PARSE_SECONDS", "120", "time limit for parsing one file"),
    _Known("parse_mb", "FOOTNOTE_PARSE_MB", "1536", "memory limit of a parser process in MB"),
    _Known("draw_seconds", "FOOTNOTE_DRAW_SECONDS", "20", "time limit for drawing one page"),
    _Known("file_mb", "FOOTNOTE_FILE_MB", "512", "largest file that is read, in MB"),
    _Known("file_pages", "FOOTNOTE_FILE_PAGES", "20000", "most pages that are read of a file"),
    _Known("unpack_mb", "FOOTNOTE_UNPACK_MB", "1024", "most that a file may unpack to, in MB"),
    _Known("unpack_ratio", "FOOTNOTE_UNPACK_RATIO", "300", "most times its size it may unpack to"),
    _Known("nesting", "FOOTNOTE_NESTING", "2", "archives and mails inside each other, at most"),
    _Known("web_pages", "FOOTNOTE_WEB_PAGES", OFF, f"pages of the web by address: {OFF}, or {ON}"),
    _Known("api_rate", "FOOTNOTE_API_RATE", "600", "API requests a minute of one person, at most"),
    _Known("api_at_once", "FOOTNOTE_API_AT_ONCE", "32", "API requests worked on at once, at most"),
    _Known(
        "hidden_text",
        "FOOTNOTE_HIDDEN_TEXT",
        LEAVE_OUT,
        f"text in documents that a person does not see: {LEAVE_OUT}, or {KEEP}",
    ),
)


class Settings:
    """The resolved settings of one home."""

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        self._settings = dict(settings)

    @classmethod
    def resolve(cls, home: Path, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the environment and `home/settings.toml`.

        Raises `SettingsError` for a file that is no TOML or names an unknown setting.
        """
        environment = os.environ if environment is None else environment
        stored = _read_file(home / "settings.toml")
        resolved = {}
        for known in _KNOWN:
            value, source = known.default, "default"
            if known.name in stored:
                value, source = str(stored[known.name]), "settings.toml"
            if environment.get(known.variable):
                value, source = environment[known.variable], "environment"
            resolved[known.name] = Setting(known.name, value, source, known.meaning, known.secret)
        return cls(_without_foreign_key(resolved, str(stored.get("api_key", ""))))

    def __iter__(self) -> Iterator[Setting]:
        return iter(self._settings.values())

    def given(self, options: Mapping[str, str | None]) -> Settings:
        """These settings with what the caller gave instead; None leaves one as it is."""
        chosen = {
            name: replace(self._settings[name], value=value, source="option")
            for name, value in options.items()
            if value is not None
        }
        return Settings(self._settings | chosen)

    def text(self, name: str) -> str:
        """The value of setting `name`."""
        return self._settings[name].value

    def number(self, name: str) -> int:
        """The value of setting `name` as a whole number ≥ 0; raises `SettingsError`."""
        setting = self._settings[name]
        if not setting.value.isdecimal():
            raise SettingsError(
                f"{name} = {setting.value!r} (from {setting.source}) is not a whole number"
            )
        return int(setting.value)

    def amount(self, name: str) -> float:
        """The value of setting `name` as a number ≥ 0; raises `SettingsError`."""
        setting = self._settings[name]
        try:
            value = float(setting.value)
        except ValueError:
            value = -1.0
        if not 0 <= value < float("inf"):
            raise SettingsError(
                f"{name} = {setting.value!r} (from {setting.source}) is not a number of 0 or more"
            )
        return value

    def choice(self, name: str, *allowed: str) -> str:
        """The value of setting `name`, one of `allowed`; raises `SettingsError`."""
        setting = self._settings[name]
        if setting.value not in allowed:
            raise SettingsError(
                f"{name} = {setting.value!r} (from {setting.source}) is not one of: "
                + ", ".join(allowed)
            )
        return setting.value


def save(home: Path, values: Mapping[str, str]) -> None:
    """Write settings into `home/settings.toml` beside those it has; '' takes one out.

    The file may hold a key: its owner alone may read it. Raises `SettingsError` for a setting
    that there is not, `StorageError` where it cannot be written.
    """
    path = home / "settings.toml"
    unknown = sorted(set(values) - {known.name for known in _KNOWN})
    if unknown:
        raise SettingsError(f"there is no setting {', '.join(unknown)}")
    kept = {**_read_file(path), **values}
    lines = [f"{name} = {_toml(value)}" for name, value in kept.items() if value != ""]
    with writing(path) as new:
        new.touch(mode=0o600)
        new.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _toml(value: object) -> str:
    """A value as TOML writes it; settings are texts, numbers and truths."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else json.dumps(value, ensure_ascii=False)


def home_path(
    option: str | Path | None = None, environment: Mapping[str, str] | None = None
) -> Path:
    """Where the home is: the option, `FOOTNOTE_HOME`, or `~/.footnote`."""
    environment = os.environ if environment is None else environment
    return Path(option or environment.get("FOOTNOTE_HOME") or DEFAULT_HOME).expanduser().resolve()


def _without_foreign_key(resolved: dict[str, Setting], stored: str) -> dict[str, Setting]:
    """The settings, without a key from the environment where the address comes from the home.

    Whoever put the key there meant the address beside it, or OpenAI; a home may be anybody's. The
    home's own key, `stored` beside its address, is used then.
    """
    key = resolved["api_key"]
    if key.source == "environment" and resolved["base_url"].source == "settings.toml":
        source = "settings.toml" if stored else _NOT_SENT
        return resolved | {"api_key": replace(key, value=stored, source=source)}
    return resolved


def _read_file(path: Path) -> dict[str, object]:
    if not path.exists():
        return {}
    try:
        stored = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read as TOML: {error}") from error
    unknown = sorted(set(stored) - {known.name for known in _KNOWN})
    if unknown:
        names = ", ".join(known.name for known in _KNOWN)
        raise SettingsError(f"{path} sets {', '.join(unknown)}; known settings are {names}")
    return stored
