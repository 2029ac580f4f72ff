"""The `incubator` command: run, migrate, demo, user add, worker, analyse, ledger."""

import contextlib
import gc
import json
import logging.config
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from incubator.foundation import locales
from incubator.foundation.postgres import SITE, as_site, embedded
from incubator.logs import LOGGING
from incubator.settings import OperatorError, Settings, read

if TYPE_CHECKING:
    from uuid import UUID

    from incubator.upkeep import Account

T = TypeVar("T")

READY = "Incubator is ready at {url}   (Ctrl-C ends it)"
INVENTED = "Demo accounts; the people and their data are invented. Sign in at {url}/sign-in\n"
OPEN_TO_ALL = """
These passwords are no secret, and HOST={host} lets other machines in.
Take the demo out before real people come:  incubator demo --remove
"""
WORKING = "Waiting for jobs   (Ctrl-C ends it)"
WAITS = 5  # seconds between looks at a database that is not there
AGAIN = "Trying again in {seconds} seconds (Ctrl-C ends it)."
STOPPED = "Incubator has ended."
MIGRATED = "The database is up to date."
LOADED = "The demo is in the database. Its accounts:\n"
REMOVED = "The demo is out of the database."
SET_UP = """\
Nobody is in the database yet. Open {url}/setup
and type in the set-up code:  {code}
"""
LINK = "Give {email} this link; it sets the password:\n{link}"
ADDED = "{email} can sign in now."
WELL = "All is well."
WELL_WITHIN = "All is well within itself. Compare the root with the one that was made known."
NO_REDIS = """\
REDIS_URL is not set, so the web process does the jobs itself and there is nothing for a worker to do.
Set REDIS_URL (like redis://127.0.0.1:6379/0) for the web process and for the workers, and start both again."""
TO_TRY = {
    "admin": "see who holds which role, and the letters that wait",
    "organiser": "see who is overdue, edit a module, open a jury round",
    "moderator": "take the oldest work from the queue, return it with a remark",
    "juror": "declare conflicts, then score a project by keyboard alone",
    "team_lead": "answer the remarks on a returned assignment, send it again",
    "participant": "see what to do now, and where the team stands on the map",
}
OWN_MACHINE = {"127.0.0.1", "::1", "localhost"}


class _Bad(click.ClickException):
    """What the operator handed in can't be used."""

    exit_code = 2


class _Commands(click.Group):
    """Commands in the order in which an operator meets them; what he can mend is one message, not a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except OperatorError as fault:
            raise click.ClickException(str(fault)) from fault

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.commands)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="incubator")
def main() -> None:
    """Cohort programmes for municipal teams, from a problem case to a defended jury result.

    `incubator run` starts everything and needs nothing else. `incubator COMMAND --help` tells more.

    \b
    Words of the environment:
      HOST, PORT           where the site listens (127.0.0.1, 8000)
      PUBLIC_URL           how people reach it, like https://incubator.example
      WORKERS              number of web processes (1)
      INCUBATOR_VAR        folder of the embedded database, of files and of the secret key (./var)
      DATABASE_URL         like postgresql://user:password@host/incubator; without it an embedded
                           PostgreSQL runs for as long as the command does
      REDIS_URL            like redis://host:6379/0; lets `incubator worker` do the jobs
      SMTP_URL             like smtp://user:password@host:587; without it letters wait
      MAIL_FROM            sender of the letters
      SECRET_KEY           signs links and codes (without it one is made and kept in INCUBATOR_VAR)
      CLAMD_URL            like unix:/run/clamav/clamd.ctl; a virus scanner that every file is shown to first
      FORWARDED_ALLOW_IPS  reverse proxies whose X-Forwarded headers are believed (127.0.0.1,::1)
    """  # noqa: D301  (\b is click's mark for lines to be kept)
    logging.config.dictConfig(LOGGING)  # all on stderr: stdout is for answers


@main.command()
@click.option("--host", metavar="ADDRESS", help="Listen here instead of on HOST; 0.0.0.0 lets other machines in.")
@click.option("--port", type=int, metavar="N", help="Listen on this port instead of PORT.")
@click.option("--workers", type=int, metavar="N", help="Number of web processes instead of WORKERS.")
def run(host: str | None, port: int | None, workers: int | None) -> None:
    """Start the site and serve it until Ctrl-C.

    Brings the database up to date first. Without DATABASE_URL an embedded PostgreSQL starts and ends with the site; its
    data stay in INCUBATOR_VAR/pg. If they are empty the demo is loaded: invented people in two cohorts, with accounts of
    every role. With DATABASE_URL nothing is loaded unasked: the site then begins with its set-up, whose code is printed.
    """
    from incubator.serving import listen, serve

    words = _words(HOST=host, PORT=port, WORKERS=workers)
    _end_on_signals()
    try:
        with listen(words.host, words.port) as listener, _database(words, join=False) as address:
            from incubator.upkeep import prepare

            ours = not words.database_url
            accounts, code = _aside(words, partial(prepare, address, with_demo=ours, role=SITE if ours else ""))
            os.environ["DATABASE_URL"] = as_site(address) if ours else address
            serve(listener, words, lambda: _announce(words, accounts, code))
    except KeyboardInterrupt:
        pass
    click.echo(STOPPED, err=True)


@main.command()
@click.option("--grant", metavar="ROLE", help="Give this role of the database what `incubator run` needs, and no more.")
def migrate(grant: str | None) -> None:
    """Bring the schema of the database up to date.

    Safe to repeat, and to start twice at once. `incubator run` does it too; run it by itself before you start a new
    version on several machines.

    With --grant the site can run as a role that is not the owner of the tables: it can't change or delete what is
    written once (journal, revisions, consents, score ledger). Migrate as the owner, run as the other.
    """
    from incubator import upkeep

    with _database(_words()) as address:
        upkeep.migrate(address)
        if grant:
            upkeep.grant(address, grant)
    click.echo(MIGRATED)


@main.command()
@click.option("--remove", is_flag=True, help="Take the demo out again.")
@click.option("--json", "as_json", is_flag=True, help="Print accounts and cohorts as JSON, and nothing else.")
def demo(*, remove: bool, as_json: bool) -> None:
    """Load the demo into an empty database, or show its accounts.

    Invented people in two cohorts: one with a published result, one in the middle. A database that holds anything else
    is refused. Works while `incubator run` is running.
    """
    from incubator import upkeep

    with _database(_words()) as address:
        story = upkeep.remove_demo(address) if remove else upkeep.load_demo(address)
        code = upkeep.setup_code(address) if remove else ""
    if as_json:
        click.echo(json.dumps(story, ensure_ascii=False, indent=2))
    else:
        click.echo(REMOVED if remove else LOADED)
        _show(story["accounts"])
        _invite_to_set_up(_words(), code)


@main.group()
def user() -> None:
    """Add accounts of people, and let people in who forgot their password."""


@user.command("add")
@click.argument("email")
@click.option("--name", required=True, help="Full name, as others will see it.")
@click.option(
    "--role", type=click.Choice(["administrator", "organiser"]), required=True, help="What the person may do."
)
@click.option("--programme", metavar="TITLE", help="Programme of an organiser; may be left out when there is only one.")
@click.option("--password", is_flag=True, help="Ask for a password now instead of printing a link.")
def user_add(email: str, name: str, role: str, programme: str | None, *, password: bool) -> None:
    """Give EMAIL an account and a role; so the first administrator comes in.

    Prints a link on which the person sets a password. With --password it is asked for here.
    """
    from incubator import upkeep

    secret = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True) if password else None
    with _database(_words()) as address:
        link = upkeep.add_user(address, email=email, name=name, role=role, programme=programme, password=secret)
    click.echo(LINK.format(email=email, link=link) if link else ADDED.format(email=email))


@user.command("reset")
@click.argument("email")
def user_reset(email: str) -> None:
    """Print a link on which the person with the address EMAIL sets a new password.

    For an installation without a mail server. The link opens once and for half an hour; earlier ones stop working.
    """
    from incubator import upkeep

    with _database(_words()) as address:
        click.echo(LINK.format(email=email, link=upkeep.reset_link(address, email)))


@main.command()
def worker() -> None:
    """Do the jobs of the web process (letters, exports).

    Start as many as you like, with the REDIS_URL and the DATABASE_URL of the web process.
    """
    words = _words()
    if not words.redis_url:
        raise click.ClickException(NO_REDIS)
    with _database(words) as address:
        from incubator import upkeep
        from incubator.worker import work

        _migrate_when_there(partial(upkeep.migrate, address))
        click.echo(WORKING)
        work()


def _migrate_when_there(migrate: Callable[[], None]) -> None:
    """A worker waits for its database: nobody looks at whether it has ended, as people do with a site."""
    from incubator.upkeep import UpkeepError

    while True:
        try:
            return migrate()
        except UpkeepError as fault:
            if not fault.passes:
                raise
            click.echo(f"{fault}\n{AGAIN.format(seconds=WAITS)}", err=True)
            time.sleep(WAITS)


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--top", type=click.IntRange(min=1), metavar="K", help="How many win (3).")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, notes in English, and nothing else.")
@click.option(
    "--weights", metavar="LIST", default="", help='Weights of criteria, like "idea=2,team=1"; all equal without.'
)
@click.option("--order", metavar="COLUMN", default="", help="Column with each project's turn; adds the order effect.")
@click.option("--band", type=click.IntRange(0, 100), metavar="PERCENT", help="How far each weight may move (20).")
def analyse(file: str, top: int | None, *, as_json: bool, weights: str, order: str, band: int | None) -> None:
    """Say what a table of marks shows once harsh jurors and chance are taken into account.

    FILE is .csv, .xlsx, .xls, .ods, or - for standard input. Its first line names the columns: project, juror, score,
    and criterion where there are several; other columns are ignored. CSV may stand with commas, semicolons or tabs,
    decimals with a comma. A row without a score is a gap. No database is needed, and nothing is kept.

    Prints for each project the mean and the score adjusted for the severity of its jurors, with a 95 % interval, its
    place and its chance to be among the first K; the severity of each juror; how far jurors agree; whether the winners
    depend on a single juror or on the weights. No score is adjusted from fewer than three sheets, or where jurors and
    projects fall into groups without a common sheet; the notes say why a figure is missing.

    A bad row is named by line and reason, nothing is printed, and the exit status is 2. With LANG=ru… the answer is
    Russian. The method and its sources: docs/analysis.md.
    """
    from incubator.jury import analysis
    from incubator.jury.analysis import reading, telling

    gc.disable()  # rows by the thousand, all of them needed to the end
    locales.use("en" if as_json else _language(), locales.MOSCOW)
    try:
        with click.open_file(file, "rb") as source:
            marks = reading.read(source.read(), order)
        named = reading.read_weights(weights, marks.criteria) if weights else None
    except reading.Unreadable as fault:
        raise _Bad(fault.told()) from fault
    share = analysis.BAND if band is None else band / 100
    found = analysis.analyse_marks(marks, weights=named, top=top or analysis.TOP, band=share)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found.as_json()), indent=2))
    else:
        click.echo(telling.tell(found))


@main.group()
def ledger() -> None:
    """Check the score ledger of a jury's round: that no mark was changed behind the jury's back."""


@ledger.command("list")
def ledger_list() -> None:
    """Name every round that has a ledger, with its root."""
    from incubator import upkeep

    with _database(_words()) as address:
        for round_id, name, root in upkeep.ledgers(address):
            click.echo(f"{round_id}  {root}  {name}")


@ledger.command("verify")
@click.argument("round_id", metavar="ROUND", type=click.UUID)
@click.option("--root", metavar="HEX", help="The root as it was made known: in the minutes, in a juror's letter.")
def ledger_verify(round_id: "UUID", root: str | None) -> None:
    """Check the ledger of ROUND and that its score sheets and its published result agree with it.

    Without --root nobody notices a forger who writes the whole ledger anew. The exit status is 1 if anything is wrong.
    """
    from incubator import upkeep

    with _database(_words()) as address:
        faults, found = upkeep.verify_ledger(address, round_id, root)
    click.echo(f"root {found}")
    click.echo("\n".join(faults) or (WELL if root else WELL_WITHIN))
    if faults:
        raise SystemExit(1)


@ledger.command("export")
@click.argument("round_id", metavar="ROUND", type=click.UUID)
def ledger_export(round_id: "UUID") -> None:
    """Print the ledger of ROUND for the verifier that needs nothing of ours, one entry on a line. It holds every mark."""
    from incubator import upkeep

    with _database(_words()) as address:
        click.echo("\n".join(upkeep.ledger_lines(address, round_id)))


# --- what the commands share (imports of the application are late: --help and the watching process stay light) ------


def _words(**changes: str | int | None) -> Settings:
    """The settings, with options in place of words; the processes that we start will read the same."""
    os.environ.update({name: str(value) for name, value in changes.items() if value is not None})
    return read(os.environ)


@contextlib.contextmanager
def _database(words: Settings, *, join: bool = True) -> Iterator[str]:
    """Address of the database, for us and for what we start: DATABASE_URL, else the embedded server."""
    if words.database_url:
        yield words.database_url
        return
    with embedded(words.var, join=join) as address:
        os.environ["DATABASE_URL"] = address
        yield address


def _aside(words: Settings, task: Callable[[], T]) -> T:
    """Do `task` here or, if several web processes follow, in another: the one that watches over them stays small."""
    if words.workers == 1:
        return task()
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, fresh, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
        return pool.submit(task).result()


def _language() -> str:
    """The language of the terminal, as far as we speak it: Russian, else English."""
    spoken = next((said for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (said := os.environ.get(name))), "")
    return "ru" if spoken.lower().startswith("ru") else "en"


def _end_on_signals() -> None:
    """A kill and a closed terminal end us as Ctrl-C does, with all that we started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as under nohup
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))


def _announce(words: Settings, accounts: Sequence["Account"], code: str) -> None:
    _invite_to_set_up(words, code)
    if accounts:
        click.echo(INVENTED.format(url=words.public_url))
        _show(accounts)
        click.echo(OPEN_TO_ALL.format(host=words.host) if words.host not in OWN_MACHINE else "")
    click.echo(READY.format(url=words.public_url))


def _invite_to_set_up(words: Settings, code: str) -> None:
    if code:
        click.echo(SET_UP.format(url=words.public_url, code=code))


def _show(accounts: Sequence["Account"]) -> None:
    """A table: role, e-mail, password, what to try."""
    rows = [("role", "e-mail", "password", "try this")] if accounts else []
    rows += [(one["role"], one["email"], one["password"], TO_TRY.get(one["role"], "")) for one in accounts]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip())
