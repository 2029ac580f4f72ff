"""What templates say in the reader's language: gettext and the filters for numbers and time.

Apart from `i18n`, so that rules may use messages without knowing Jinja.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from jinja2 import Environment, pass_context
from jinja2.runtime import Context

from incubator.foundation import i18n


@pass_context
def _deadline(context: Context, instant: datetime, zone: str | None = None, now: datetime | None = None) -> str:
    return i18n.deadline(instant, zone or i18n.zone(), now or context["now"])


@pass_context
def _ago(context: Context, instant: datetime, now: datetime | None = None) -> str:
    return i18n.ago(instant, now or context["now"])


def _at_run_time(function: Callable[..., str]) -> Callable[..., str]:
    """Keep Jinja from computing a filter of constants at compile time, in whatever locale came first."""

    @pass_context
    def call(_context: Context, *values: Any, **options: Any) -> str:
        return function(*values, **options)

    return call


def install(environment: Environment) -> None:
    """Give templates gettext in the current locale and our filters; `deadline` and `ago` take `now` from the context."""
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # the extension adds it
        i18n.gettext, i18n.ngettext, newstyle=True, pgettext=i18n.pgettext, npgettext=i18n.npgettext
    )
    for function in (i18n.moment, i18n.day, i18n.clock, i18n.number, i18n.score, i18n.file_size):
        environment.filters[function.__name__] = _at_run_time(function)
    environment.filters["deadline"] = _deadline
    environment.filters["ago"] = _ago
