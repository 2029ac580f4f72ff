"""What templates say in the reader's language: gettext and the filters for numbers and time.

Apart from `i18n`, so that rules may use messages without knowing Jinja.
"""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from jinja2 import Environment, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

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


# Jinja's own gettext copies the whole context for each text inside a loop. Like it, ours take a text for a format, in
# which `%%` is a per cent sign, and escape what is filled in.


@cache
def _format(locale: str, message: str, context: str | None) -> tuple[Markup, Markup | None]:  # noqa: ARG001
    """The translation as a format and, if it has no placeholders, as text. `locale` is the current one."""
    text = i18n.gettext(message) if context is None else i18n.pgettext(context, message)
    made = Markup(text)  # noqa: S704  (a translation of ours)
    return made, made if "%(" in text else made % {}


def _gettext(message: str, /, **values: Any) -> Markup:
    made, plain = _format(i18n.locale(), message, None)
    return made % values if values or plain is None else plain


def _pgettext(context: str, message: str, /, **values: Any) -> Markup:
    made, plain = _format(i18n.locale(), message, context)
    return made % values if values or plain is None else plain


def _ngettext(one: str, many: str, num: int, /, **values: Any) -> Markup:
    return Markup(i18n.ngettext(one, many, num)) % {"num": num, **values}  # noqa: S704


def _npgettext(context: str, one: str, many: str, num: int, /, **values: Any) -> Markup:
    return Markup(i18n.npgettext(context, one, many, num)) % {"num": num, **values}  # noqa: S704


def install(environment: Environment) -> None:
    """Give templates gettext in the current locale and our filters; `deadline` and `ago` take `now` from the context."""
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    environment.newstyle_gettext = True  # type: ignore[attr-defined]  # the extension adds it
    environment.globals.update(
        _=_gettext, gettext=_gettext, ngettext=_ngettext, pgettext=_pgettext, npgettext=_npgettext
    )
    for function in (i18n.moment, i18n.day, i18n.clock, i18n.number, i18n.score, i18n.exact, i18n.file_size):
        environment.filters[function.__name__] = _at_run_time(function)
    environment.filters["deadline"] = _deadline
    environment.filters["weekday"] = i18n.weekday
    environment.filters["stated_deadline"] = lambda instant, zone=None: i18n.deadline(instant, zone or i18n.zone())
    environment.filters["ago"] = _ago
