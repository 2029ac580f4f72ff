"""The blueprints that come with the product."""

from functools import cache

from incubator.foundation.refusals import NotFound
from incubator.programmes.blueprint import Blueprint, read
from incubator.settings import PACKAGE


@cache
def _texts() -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted((PACKAGE / "blueprints").glob("*.toml"))}


@cache
def shipped() -> tuple[Blueprint, ...]:
    """Every shipped blueprint; its key is its file's name."""
    return tuple(read(text) for text in _texts().values())


def text_of(key: str) -> str:
    """The file of a shipped blueprint; raises NotFound."""
    if key not in _texts():
        raise NotFound
    return _texts()[key]
