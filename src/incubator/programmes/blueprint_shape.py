"""How a table of a TOML file becomes a frozen dataclass - or every fault of it, by line and key - and back. Pure.

Each field of the dataclass carries the rule that reads and writes it: `name: str = field(metadata=ruled(Text(200)))`.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, Field, dataclass, fields
from decimal import Decimal
from inspect import signature
from typing import Any, ClassVar, Final, Protocol, TypeAlias, TypeVar, cast

from incubator.foundation.i18n import Message
from incubator.programmes.blueprint_text import Lines, Path, hostile_line, tokens
from incubator.programmes.blueprint_values import WRONG, Anchors, BlueprintFaults, Fault, OneOf, Reading, Rule

Check: TypeAlias = Callable[..., Iterable[tuple[Path, Message]]]
"""Looks at values of one table, named by its parameters, and yields the place in it and the reason of each fault."""


class Shaped(Protocol):
    """A dataclass whose fields carry rules; a check runs where every value that it names was read."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    checks: ClassVar[tuple[Check, ...]]


Shape = TypeVar("Shape", bound=Shaped)

MOST_BYTES: Final = 256 * 1024


def ruled(rule: Rule, note: Message | None = None) -> dict[str, Rule | Message | None]:
    """The metadata that ties a rule to a dataclass field, and the note that explains it in a written file."""
    return {"rule": rule, "note": note}


def rule_of(declared: Field[Any]) -> Rule:
    """The rule tied to a dataclass field."""
    return cast("Rule", declared.metadata["rule"])


def default_of(declared: Field[Any]) -> Any:
    """What an absent key means; MISSING where the key must be there."""
    return declared.default if declared.default_factory is MISSING else declared.default_factory()


def refuse_repeats(found: Iterable[tuple[Path, Any]], reading: Reading) -> None:
    """Note a fault at each value that stood earlier in the list."""
    seen = set()
    for path, value in found:
        if value in seen:
            reading.refuse(path, Message("This stands here twice: {value}.", value=str(value)))
        seen.add(value)


def refuse_count(rule: "Many | Tables", count: int, path: Path, reading: Reading) -> None:
    """Note a fault where a list has too few or too many entries."""
    if not rule.least <= count <= rule.most:
        reading.refuse(
            path, Message("The list must have from {low} to {high} entries.", low=rule.least, high=rule.most)
        )


@dataclass(frozen=True, slots=True)
class Many:
    """A list of different values, each by the same rule."""

    rule: Rule
    least: int
    most: int

    def read(self, value: Any, path: Path, reading: Reading) -> Any:
        """The values as a tuple."""
        if not isinstance(value, list):
            return reading.refuse(path, Message("This must be a list in square brackets."))
        before = len(reading.faults)
        refuse_count(self, len(value), path, reading)
        found = [self.rule.read(each, (*path, place), reading) for place, each in enumerate(value)]
        refuse_repeats([((*path, place), each) for place, each in enumerate(found) if each is not WRONG], reading)
        return tuple(found) if len(reading.faults) == before else WRONG

    def write(self, value: tuple[Any, ...]) -> str:
        """On one line, or one entry a line where they are long."""
        entries = [self.rule.write(each) for each in value]
        if sum(map(len, entries)) < 90:
            return f"[{', '.join(entries)}]"
        return "[\n" + "".join(f"  {entry},\n" for entry in entries) + "]"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of its own."""

    shape: type[Shaped]

    def read(self, value: Any, path: Path, reading: Reading) -> Any:
        """The dataclass."""
        if not isinstance(value, dict):
            return reading.refuse(path, Message("This must be a table."))
        return read_table(self.shape, value, path, reading)

    def write(self, value: Any) -> str:
        """A table has a header and lines; `Writing` makes them."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Tables:
    """A list of tables, no two of them with the same key."""

    shape: type[Shaped]
    least: int
    most: int

    def read(self, value: Any, path: Path, reading: Reading) -> Any:
        """The dataclasses as a tuple."""
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            return reading.refuse(path, Message("This must be a list of tables."))
        before = len(reading.faults)
        refuse_count(self, len(value), path, reading)
        found = [read_table(self.shape, each, (*path, place), reading) for place, each in enumerate(value)]
        keys = [((*path, place, "key"), each.get("key")) for place, each in enumerate(value)]
        refuse_repeats([(place, key) for place, key in keys if isinstance(key, str)], reading)
        return tuple(found) if len(reading.faults) == before else WRONG

    def write(self, value: Any) -> str:
        """Each table has a header and lines; `Writing` makes them."""
        raise NotImplementedError


def read_table(shape: type[Shape], raw: dict[str, Any], path: Path, reading: Reading) -> Shape | object:
    """The dataclass from a parsed table, or WRONG after every fault of the table was noted."""
    before = len(reading.faults)
    known = {declared.name: declared for declared in fields(shape)}
    for name in raw:
        if name not in known:
            reading.refuse((*path, name), Message("Unknown key. Known here: {known}.", known=", ".join(known)))
    read = {name: _read_key(declared, raw, (*path, name), reading) for name, declared in known.items()}
    values = {name: value for name, value in read.items() if value is not WRONG}
    for check in shape.checks:
        needed = signature(check).parameters
        if needed.keys() <= values.keys():
            for place, reason in check(*(values[each] for each in needed)):
                reading.refuse((*path, *place), reason)
    return shape(**values) if len(reading.faults) == before else WRONG


def read_part(shape: type[Shape], raw: dict[str, Any]) -> Shape:
    """One dataclass of a blueprint from the values of a form or of a row; `BlueprintFaults` has all on line 1."""
    reading = Reading(Lines([]))
    part = read_table(shape, raw, (), reading)
    if reading.faults:
        raise BlueprintFaults(reading.faults)
    return cast("Shape", part)


def _read_key(declared: Field[Any], raw: dict[str, Any], path: Path, reading: Reading) -> Any:
    if declared.name in raw:
        return rule_of(declared).read(raw[declared.name], path, reading)
    default = default_of(declared)
    return reading.refuse(path, Message("This key is missing.")) if default is MISSING else default


def _stop(line: int, reason: Message) -> BlueprintFaults:
    return BlueprintFaults([Fault(line, "", reason)])


def parse(text: str) -> tuple[dict[str, Any], Reading]:
    """What a TOML file holds, numbers as exact decimals; raises `BlueprintFaults` where it is not TOML or too much."""
    if len(text.encode(errors="replace")) > MOST_BYTES:
        raise _stop(1, Message("The file is larger than {limit} kB.", limit=MOST_BYTES // 1024))
    pieces = tokens(text)
    if line := hostile_line(pieces):
        raise _stop(line, Message("Tables, lists or keys with dots go too deep here."))
    try:
        raw = tomllib.loads(text, parse_float=Decimal)
    except ValueError as problem:
        # A TOMLDecodeError, or an integer of thousands of digits, which Python declines to convert.
        place = re.search(r"\(at line (\d+)", str(problem))
        raise _stop(int(place[1]) if place else text.count("\n") + 1, _reason(str(problem))) from None
    return raw, Reading(Lines(pieces))


def _reason(problem: str) -> Message:
    if re.search("overwrite|twice|redefine|mutate|already|Duplicate", problem):
        return Message("This key or table is set twice.")
    return Message("From here on the file is not TOML. Check the quotes, the brackets and the equals signs.")


class Writing:
    """The lines of a file in the making; a key is explained where it appears first."""

    def __init__(self) -> None:
        self._explained: set[tuple[type, str]] = set()

    def table(self, value: Shaped, path: str = "") -> Iterator[str]:
        """The lines of one dataclass: its own keys first, for TOML has no way back from a table within."""
        inner = []
        for declared in fields(value):
            rule, content = rule_of(declared), getattr(value, declared.name)
            if not content and content == default_of(declared):
                # Empty texts and lists say nothing; any other default is written, to be seen and changed.
                continue
            if isinstance(rule, (Table, Tables, Anchors)):
                inner.append((declared, rule, content))
            else:
                yield from self._note(type(value), declared)
                yield f"{declared.name} = {rule.write(content)}"
        for declared, rule, content in inner:
            yield ""
            yield from self._note(type(value), declared)
            yield from self._inner(rule, content, f"{path}.{declared.name}".removeprefix("."))

    def _inner(self, rule: Table | Tables | Anchors, content: Any, path: str) -> Iterator[str]:
        if isinstance(rule, Tables):
            for place, each in enumerate(content):
                yield from ["", f"[[{path}]]"] if place else [f"[[{path}]]"]
                yield from self.table(each, path)
            return
        yield f"[{path}]"
        yield from [rule.write(content).rstrip()] if isinstance(rule, Anchors) else self.table(content, path)

    def _note(self, shape: type, declared: Field[Any]) -> Iterator[str]:
        if (shape, declared.name) in self._explained:
            return
        self._explained.add((shape, declared.name))
        note, rule = declared.metadata["note"], rule_of(declared)
        if note is not None:
            yield f"# {note}"
        if isinstance(rule, OneOf):
            yield f"# {' | '.join(rule.words)}"
