"""A figure with its limit beside it, and the report of several."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import machine

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Figure:
    """What was found and what it may come to; `least`: the limit is the least, else the most. None: told without a limit."""

    part: str
    name: str
    value: float
    unit: str
    limit: float | None = None
    least: bool = False

    @property
    def met(self) -> bool:
        """Whether it keeps to the limit."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.least else self.value <= self.limit

    @property
    def bound(self) -> str:
        """The limit in words."""
        return "" if self.limit is None else f"{'at least' if self.least else 'at most'} {self.limit:,g} {self.unit}"


def line(figure: Figure) -> str:
    """One line while the bench runs."""
    word = "    " if figure.limit is None else "ok  " if figure.met else "OVER"
    return f"{word} {figure.part:10} {figure.name:60} {figure.value:>12,.2f} {figure.unit:9} {figure.bound}"


def publish(figures: Sequence[Figure], name: str, title: str, noise: float) -> None:
    """Write `name`.md and `name`.json beside this file."""
    about = {"at": time.strftime("%Y-%m-%d %H:%M"), "others": round(noise, 2), **machine.description()}
    rows = [
        f"| {each.part} | {each.name} | {each.value:,.2f} {each.unit} | {each.bound} | {_word(each)} |"
        for each in figures
    ]
    text = [
        f"# {title}", "",
        f"{about['at']}, {about['processor']}, Python {about['python']}.",
        f"Other programs kept {noise:.0%} of the machine busy before it began.", "",
        "| part | figure | found | limit | |", "| --- | --- | --- | --- | --- |", *rows, "",
    ]  # fmt: skip
    (HERE / f"{name}.md").write_text("\n".join(text))
    document = {"about": about, "figures": [asdict(each) for each in figures]}
    (HERE / f"{name}.json").write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")


def _word(figure: Figure) -> str:
    return "" if figure.limit is None else "met" if figure.met else "**missed**"
