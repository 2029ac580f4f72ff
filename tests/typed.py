"""Every reader of the raw-form layer, to be tried with anything a person or an attacker may type."""

from decimal import Decimal
from enum import StrEnum

from incubator.foundation.forms import Form
from incubator.foundation.i18n import MOSCOW, speaking


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


# One call of every reader of a single value.
READERS = {
    "text": lambda form: form.text("x"),
    "lines": lambda form: form.text("x", lines=True, limit=5000),
    "name": lambda form: form.name("x"),
    "email": lambda form: form.email("x"),
    "url": lambda form: form.url("x"),
    "integer": lambda form: form.integer("x", -100, 100),
    "decimal": lambda form: form.decimal("x", Decimal(-10), Decimal(10), 2),
    "thousandths": lambda form: form.thousandths("x", 0, 10_000, 500),
    "date": lambda form: form.date("x"),
    "local_moment": lambda form: form.local_moment("x", "Asia/Kamchatka"),
    "uuid": lambda form: form.uuid("x"),
    "choice": lambda form: form.choice("x", Colour),
}


def read(reader, raw):
    """The value and the error of one reader for one raw string."""
    form = Form([("x", raw)])
    value = READERS[reader](form)
    return value, form.error("x")


def refused(reader, raw):
    """The English words of the refusal; fails when the text was taken."""
    value, error = read(reader, raw)
    assert error is not None, f"{reader} took {raw!r} as {value!r}"
    assert value in {None, ""}
    with speaking("en", MOSCOW):
        return str(error)
