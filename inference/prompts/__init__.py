"""Prompts as data: what a generative engine is told, in TOML files that are checked and pinned.

A prompt's own file holds its task, sections, length and examples; `_frame.toml` holds what all prompts share,
and the loader fills the one from the other. The digest is taken of the filled text and stands in every
summary's model version, so a changed prompt is a new version: change the text, raise `version`, and pin the
new digest in `digests.toml`.
"""

import hashlib
import json
import tomllib
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

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
    """A section of the summary: its heading, the categories that stand under it, what it must carry.

    A section without categories is never written: its `carry` says what people do there instead.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1)
    categories: tuple[Category, ...]
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
    most_claims: int | None = Field(default=None, ge=1)  # None: as many as it takes
    examples: tuple[Example, ...] = ()

    @field_validator("sections")
    @classmethod
    def _a_category_stands_once(cls, sections: tuple[PromptSection, ...]) -> tuple[PromptSection, ...]:
        named = [category for section in sections for category in section.categories]
        if not named:
            raise ValueError("no section names a category, so nothing could be written")
        if repeated := sorted({category.value for category in named if named.count(category) > 1}):
            raise ValueError(f"a category stands in more than one place: {', '.join(repeated)}")
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


class Frame(BaseModel):
    """What all prompts share: a system text with named places, and the user text around a note."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    system: str = Field(min_length=1)
    user: str = Field(min_length=1)
    details: dict[Category, str]  # said only to prompts that ask for the category

    @field_validator("system")
    @classmethod
    def _has_every_place(cls, system: str) -> str:
        template = Template(system)
        if not template.is_valid() or sorted(template.get_identifiers()) != _PLACES:
            raise ValueError(f"the frame's places are ${', $'.join(_PLACES)}, each of them at least once")
        return system


_PLACES = ["categories", "details", "length", "sections", "task"]


class ExampleFile(BaseModel):
    """An example as a prompt's file has it: the claims as rows, so that a person can read them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    note: str = Field(min_length=1)
    claims: tuple[dict[str, Any], ...] = Field(min_length=1)

    def rendered(self) -> Example:
        """Write the answer in the spacing that the schema-bound decoder emits: none."""
        answer = json.dumps({"claims": self.claims}, ensure_ascii=False, separators=(",", ":"))
        return Example(note=self.note, answer=answer)


class PromptFile(BaseModel):
    """What is a prompt's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    purpose: str
    version: int
    task: str = Field(min_length=1)  # first words of the system text: what is written, and for whom
    length: str = Field(min_length=1)  # how many claims, and what to leave out
    most_claims: int | None = None  # binds the decoder too
    sections: tuple[PromptSection, ...]
    examples: tuple[ExampleFile, ...] = Field(min_length=1)

    def rendered(self, frame: Frame) -> Prompt:
        """Fill the frame's places.

        Raises:
            ValueError: the sections name no category, or one twice.
        """
        categories = [category for section in self.sections for category in section.categories]
        details = [frame.details[category] for category in categories if category in frame.details]
        system = Template(frame.system).substitute(
            task=self.task,
            categories=", ".join(categories),
            details="".join(f"\n- {detail}" for detail in details),
            sections="\n".join(_line(*numbered) for numbered in enumerate(self.sections, start=1)),
            length=self.length,
        )
        return Prompt(
            name=self.name,
            title=self.title,
            purpose=self.purpose,
            version=self.version,
            sections=self.sections,
            system=system,
            user=frame.user,
            most_claims=self.most_claims,
            examples=tuple(example.rendered() for example in self.examples),
        )


def _line(number: int, section: PromptSection) -> str:
    """Write a section as the model reads it: `3. Allergies (allergy): every allergy ...`."""
    return f"{number}. {section.title} ({', '.join(section.categories) or 'no claims'}): {section.carry}."


def prompt_names() -> tuple[str, ...]:
    """Name every prompt that ships with Epitome, in alphabetical order."""
    return tuple(sorted(pinned_digests()))


@cache
def pinned_digests() -> dict[str, str]:
    """Read the digest that each prompt must have: {name: sha256 hex}."""
    return {str(name): str(digest) for name, digest in read_toml("digests").items()}


@cache
def load_prompt(name: str) -> Prompt:
    """Read a prompt, fill the frame with it and check the result against its pinned digest.

    Raises:
        KeyError: no prompt has this name.
        ValueError: a file is malformed, or the prompt differs from its pin.
    """
    pinned = pinned_digests()[name]
    prompt = render_prompt(read_toml(name), read_toml("_frame"))
    if prompt.name != name:
        raise ValueError(f"prompt file {name}.toml names itself {prompt.name}")
    if prompt.digest != pinned:
        raise ValueError(
            f"prompt {name} has digest {prompt.digest}, not the pinned {pinned}: "
            "if the change is meant, raise its version and pin the new digest in digests.toml"
        )
    return prompt


def render_prompt(content: dict[str, Any], frame: dict[str, Any]) -> Prompt:
    """Check a prompt file's content and the frame's, and fill the one with the other.

    Raises:
        ValueError: one of them is malformed; says which prompt, which key and what is wrong with it.
    """
    try:
        return PromptFile.model_validate(content).rendered(Frame.model_validate(frame))
    except ValidationError as error:
        wrong = [
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_context=False)
        ]
        raise ValueError(f"prompt {content.get('name')} ({error.title}): {'; '.join(wrong)}") from None


def read_toml(name: str) -> dict[str, Any]:
    """Read one of this folder's data files by its name without `.toml`."""
    return tomllib.loads((files(__name__) / f"{name}.toml").read_text(encoding="utf-8"))
