"""Templates: Jinja2 around values that never meet YAML's syntax.

`{{ value }}` writes a word that stands for the value; once YAML has read the text, the value takes
the word's place, whatever it holds. That only makes sense where the word is a YAML value by itself,
so a template in which it is anything else is refused.
"""

import dataclasses
import json
from collections.abc import Mapping
from secrets import token_hex
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined, TemplateError, Undefined

from wpdeploy import strict_yaml
from wpdeploy.strict_yaml import StrictYamlError

_ALONE = (
    "{{ ... }} must stand alone as a value, unquoted and unjoined; "
    'join inside of it: {{ name ~ "-cron" }}'
)


class TemplateFault(Exception):
    """What is wrong with a template, and in which line."""


def load(source: str, values: Mapping[str, object]) -> object:
    """The document that the template makes with these values; None where it makes none."""
    words = _Words()
    text = _rendered(source, values, words)
    try:
        node = strict_yaml.compose(text)
    except StrictYamlError as error:
        lines = text.split("\n")
        shown = words.shown(lines[error.line - 1].strip()) if error.line <= len(lines) else ""
        raise TemplateFault(f"rendered line {error.line}, `{shown}`: {error.problem}") from None
    if node is None:
        return None
    _check(node, words)
    return words.replaced(strict_yaml.construct(node))


class _Words:
    """The words that stand for values; no text holds one by chance."""

    def __init__(self) -> None:
        self.mark = f"value{token_hex(8)}n"
        self._values: dict[str, Any] = {}

    def stand_for(self, value: object) -> object:
        """A new word for the value, which becomes what JSON makes of it."""
        if isinstance(value, Undefined):
            return value  # Jinja2 raises its error when it is put into the text
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=_fields)
        text.encode()  # half of a surrogate pair is no text
        if self.mark in text:
            raise ValueError(_ALONE)
        word = f"{self.mark}{len(self._values)}n"
        self._values[word] = json.loads(text)
        return word

    def replaced(self, value: Any) -> Any:
        """The document with the values in the places of their words."""
        if isinstance(value, dict):
            return {key: self.replaced(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.replaced(item) for item in value]
        return self._values.get(value, value) if isinstance(value, str) else value

    def shown(self, text: str) -> str:
        """The text with the values written out, for a message."""
        for word, value in self._values.items():
            text = text.replace(word, json.dumps(value, ensure_ascii=False))
        return text

    def is_one(self, node: yaml.Node) -> bool:
        """Whether the scalar is a word, plain and whole."""
        return node.value in self._values and not getattr(node, "style", None)


def _fields(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(f"a {type(value).__name__} is no value of a manifest")


def _rendered(source: str, values: Mapping[str, object], words: _Words) -> str:
    environment = Environment(  # noqa: S701  # its escaping is HTML's; values are kept out here
        undefined=StrictUndefined, finalize=words.stand_for, trim_blocks=True, lstrip_blocks=True
    )
    try:
        return environment.from_string(source).render(values)
    except TemplateError as error:
        line = getattr(error, "lineno", None) or _line_of(error)
        raise TemplateFault(f"line {line}: {error.message}") from None
    except Exception as error:  # a template can make Python raise anything
        raise TemplateFault(f"line {_line_of(error)}: {error}") from error


def _line_of(error: BaseException) -> int:
    """The template's line on which the error rose; Jinja2 puts template frames in tracebacks."""
    frame, line = error.__traceback__, 0
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == "<template>":
            line = frame.tb_lineno
        frame = frame.tb_next
    return line


def _check(node: yaml.Node, words: _Words) -> None:
    """Refuse a word that is joined, quoted, part of a text or a key."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if words.mark in key.value:
                raise TemplateFault(f"rendered line {key.start_mark.line + 1}: {_ALONE}")
            _check(value, words)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check(item, words)
    elif words.mark in node.value and not words.is_one(node):
        raise TemplateFault(f"rendered line {node.start_mark.line + 1}: {_ALONE}")
