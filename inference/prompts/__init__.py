"""Prompts as data: what a generative engine is told, in TOML files that are checked and pinned.

A prompt's digest stands in every summary's model version, so a changed prompt is a new version: change the
text, raise `version`, and pin the new digest in `digests.toml`.
"""

import hashlib
import json
import tomllib
from functools import cache
from importlib.resources import files
from string import Template
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from inference.parts import Part
from inference.prompts.rendering import render_part
from inference.vocabulary import Category


class Message(BaseModel):
    """One chat message, as every engine with the OpenAI wire takes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Literal["system", "user", "assistant"]
    content: str


class Example(BaseModel):
    """One worked example: an invented note as `render_note` writes it, and the answer that is wanted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    note: str = Field(min_length=1)
    answer: str = Field(min_length=1)


class PromptSection(BaseModel):
    """A section of the summary: its heading, the categories that stand under it, what it must carry."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1)
    categories: tuple[
        Category, ...
    ]  # none: nothing is written here, `carry` says what the reader does instead
    carry: str = Field(min_length=1)


class Prompt(BaseModel):
    """What an engine is told before and around a note."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z_]*$")
    title: str = Field(min_length=1)  # what a clinician chooses by
    purpose: str = Field(min_length=1)  # one sentence under the title
    version: int = Field(ge=1)
    sections: tuple[PromptSection, ...] = Field(min_length=1)  # in reading order
    system: str = Field(min_length=1)
    user: str = Field(min_length=1)
    examples: tuple[Example, ...] = ()

    @field_validator("sections")
    @classmethod
    def _a_category_stands_once(cls, sections: tuple[PromptSection, ...]) -> tuple[PromptSection, ...]:
        named = [category for section in sections for category in section.categories]
        if not named or len(set(named)) != len(named):
            raise ValueError("a prompt's sections name each category at most once, and at least one in all")
        return sections

    @field_validator("user")
    @classmethod
    def _takes_a_note_and_nothing_else(cls, user: str) -> str:
        if Template(user).get_identifiers() != ["note"] or not Template(user).is_valid():
            raise ValueError("a prompt's user text has exactly one placeholder, $note")
        return user

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over the whole content, independent of layout and comments in its TOML file."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def categories(self) -> tuple[Category, ...]:
        """What this kind of summary is made of, in reading order; no other category can be written."""
        return tuple(category for section in self.sections for category in section.categories)

    def messages(self, part: Part) -> tuple[Message, ...]:
        """Write the chat for what is shown: system, the examples as finished turns, then the note itself.

        The beginning is the same for every note, so that an engine can keep it in its prefix cache.
        """
        user = Template(self.user)
        chat = [Message(role="system", content=self.system)]
        for example in self.examples:
            chat.append(Message(role="user", content=user.substitute(note=example.note)))
            chat.append(Message(role="assistant", content=example.answer))
        chat.append(Message(role="user", content=user.substitute(note=render_part(part))))
        return tuple(chat)


def prompt_names() -> tuple[str, ...]:
    """Name every prompt that ships with Epitome, in alphabetical order."""
    return tuple(sorted(pinned_digests()))


@cache
def pinned_digests() -> dict[str, str]:
    """Read the digest that each prompt must have: {name: sha256 hex}."""
    return {str(name): str(digest) for name, digest in _toml("digests").items()}


@cache
def load_prompt(name: str) -> Prompt:
    """Read a prompt and check it against its pinned digest.

    Raises:
        KeyError: no prompt has this name.
        ValueError: the file is malformed (pydantic's ValidationError is one) or differs from its pin.
    """
    pinned = pinned_digests()[name]
    prompt = Prompt.model_validate(_toml(name), strict=False)
    if prompt.name != name:
        raise ValueError(f"prompt file {name}.toml names itself {prompt.name}")
    if prompt.digest != pinned:
        raise ValueError(
            f"prompt {name} has digest {prompt.digest}, not the pinned {pinned}: "
            "if the change is meant, raise its version and pin the new digest in digests.toml"
        )
    return prompt


def _toml(name: str) -> dict[str, object]:
    return tomllib.loads((files(__name__) / f"{name}.toml").read_text(encoding="utf-8"))
