"""What a test needs of the machine: a laptop that lacks it skips and says so, in CI the test fails."""

import functools
import os
from collections.abc import Callable
from typing import Any, NoReturn

import pytest


def missing(what: str, *, whole_module: bool = False) -> NoReturn:
    """End the test, or at import its `whole_module`: skipped on a laptop, failed in CI."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}; in CI nothing is skipped", pytrace=False)
    pytest.skip(what, allow_module_level=whole_module)


def needs(there: bool, otherwise: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator of tests that can run only where something is `there`."""

    def decorate(test: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(test)
        def absent(*_args: Any, **_fixtures: Any) -> None:
            missing(otherwise)

        return test if there else absent

    return decorate
