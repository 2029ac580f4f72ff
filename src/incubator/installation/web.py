"""The set-up of an empty installation, page by page, and afterwards the settings of its organisation."""

from typing import Any, NoReturn

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath

from incubator.foundation import i18n, pages
from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import NotFound
from incubator.installation import actions, queries, rules
from incubator.installation.rules import Done, Page, Press, Step
from incubator.people import sessions, throttle
from incubator.people.queries import clock, standing_anywhere
from incubator.people.rights import Viewer
from incubator.people.sessions import flash
from incubator.settings import settings

Asked = Request[Any, Any, Any]
MARK = "setup"
MARK_LASTS = 24 * 3600  # seconds

SET_UP = Message("The installation is set up, and you are its administrator. Begin with the first steps below.")
LETTER_SENT = Message("The letter is handed to the mail server. See whether it has come, in the spam folder too.")


async def _waits() -> None:
    """Pass while the installation is to be set up; afterwards there is no such page."""
    if not await queries.is_open():
        raise NotFound


async def _knows_code(request: Asked) -> bool:
    return bool(request.cookies.get(MARK)) and request.cookies.get(MARK) == await queries.mark()


def _mark(value: str) -> Cookie:
    return Cookie(
        key=MARK, value=value, max_age=MARK_LASTS if value else 0, path="/setup", httponly=True, samesite="lax",
        secure=settings().https,
    )  # fmt: skip


# The door


@get("/setup", opt={"public": True})
async def setup_page(request: Asked) -> Response[Any]:
    """Where the code from the terminal is typed in; who has done so goes on where he was."""
    await _waits()
    if await _knows_code(request):
        return pages.redirect(request, f"/setup/{(await queries.progress()).current}")
    return pages.page(request, "installation/code.html", form=Form.empty())


@post("/setup", opt={"public": True})
async def show_code(request: Asked) -> Response[Any]:
    """Look at the code; tries are counted."""
    form = await pages.read_form(request)
    typed = form.text("code", limit=60)
    form.finish()
    if not await queries.is_open():
        _over(form)
    network = throttle.network(request.client.host if request.client else "")
    await throttle.count((throttle.CODE, throttle.CODE.key(network)))
    if form.ok and not await queries.is_code(typed):
        form.fail("code", rules.WRONG_CODE)
    if not form.ok:
        return pages.page(request, "installation/code.html", status=422, form=form)
    response = pages.redirect(request, f"/setup/{(await queries.progress()).current}")
    response.set_cookie(_mark(await queries.mark()))
    return response


# The pages of the set-up


def _step(word: str) -> Step:
    if word not in set(Step):
        raise NotFound
    return Step(word)


async def _step_page(
    request: Asked,
    step: Step,
    form: Form,
    status: int = 200,
    *,
    sent: bool = False,
    unsent: actions.Unsent | None = None,
) -> Response[Any]:
    said = await queries.progress()
    return pages.page(
        request, "installation/step.html", status=status, step=step, form=form, names=rules.NAMES, steps=rules.STEPS,
        number=rules.STEPS.index(step) + 1, zones=i18n.zone_choices(await clock()), mail=bool(settings().smtp_url),
        left=said.at(step).done, sent=LETTER_SENT if sent else None, unsent=unsent, said=said,
    )  # fmt: skip


@get("/setup/{word:str}", opt={"public": True})
async def step_page(request: Asked, word: FromPath[str]) -> Response[Any]:
    """One page, with what was typed into it before."""
    step = _step(word)
    await _waits()
    if not await _knows_code(request):
        return pages.redirect(request, "/setup")
    return await _step_page(request, step, Form.empty((await queries.progress()).at(step).typed))


@post("/setup/{word:str}", opt={"public": True})
async def leave_step(request: Asked, word: FromPath[str]) -> Response[Any]:
    """Go on, go back or leave a page out; what was typed is kept either way. The last page ends the set-up."""
    step, form = _step(word), await pages.read_form(request)
    press = form.choice("press", Press, required=False) or Press.NEXT
    typed = rules.kept(form, step)
    form.only("password")
    if not await queries.is_open():
        _over(form, step)
    if not await _knows_code(request):
        return pages.redirect(request, "/setup")
    if press is Press.BACK:
        return await _go_back(request, step, typed)
    if press is Press.SKIP and step is not Step.ADMINISTRATOR:
        return await _go_on(request, step, Page(typed, Done.SKIPPED))
    if press is Press.TEST and step is Step.MAIL:
        return await _try_mail(request, form, typed)
    return await (_finish(request, form, typed) if step is Step.ADMINISTRATOR else _fill(request, step, form, typed))


def _over(form: Form, step: Step | None = None) -> NoReturn:
    """The set-up is over: there is no such page, and what no browser sends is refused as everywhere."""
    if step in READERS:
        READERS[step](form)
    form.demand()
    raise NotFound


async def _go_back(request: Asked, step: Step, typed: dict[str, str]) -> Response[Any]:
    before = (await queries.progress()).at(step).done
    await actions.keep(step, Page(typed, before))
    return pages.redirect(request, f"/setup/{rules.neighbour(step, -1)}")


async def _go_on(request: Asked, step: Step, page: Page) -> Response[Any]:
    await actions.keep(step, page)
    return pages.redirect(request, f"/setup/{rules.neighbour(step, 1)}")


READERS = {Step.ORGANISATION: rules.read_organisation, Step.ZONE: rules.read_zone, Step.DEMO: rules.read_beginning}


async def _fill(request: Asked, step: Step, form: Form, typed: dict[str, str]) -> Response[Any]:
    read = READERS.get(step)
    values = read(form) if read else typed
    form.finish()
    if not form.ok:
        await actions.keep(step, Page(typed))
        return await _step_page(request, step, form, 422)
    return await _go_on(request, step, Page(values, Done.FILLED))


async def _try_mail(request: Asked, form: Form, typed: dict[str, str]) -> Response[Any]:
    address = form.email("email")
    form.finish()
    await actions.keep(Step.MAIL, Page(typed, (await queries.progress()).at(Step.MAIL).done))
    if not form.ok:
        return await _step_page(request, Step.MAIL, form, 422)
    try:
        for send in actions.TEST_LETTER:
            await send(address)
    except actions.Unsent as fault:
        return await _step_page(request, Step.MAIL, form, unsent=fault)
    return await _step_page(request, Step.MAIL, form, sent=True)


async def _finish(request: Asked, form: Form, typed: dict[str, str]) -> Response[Any]:
    founder = rules.read_founder(form)
    form.finish()
    await actions.keep(Step.ADMINISTRATOR, Page(typed))
    if not form.ok:
        return await _step_page(request, Step.ADMINISTRATOR, form, 422)
    person, token = await actions.found(founder)
    viewer = await sessions.load(token)
    if viewer is not None:
        await flash(viewer, "success", SET_UP)
    response = pages.redirect(request, "/")
    for cookie in (sessions.cookie(token), sessions.device_cookie(person), _mark("")):
        response.set_cookie(cookie)
    return response


# Afterwards


async def _settings_page(request: Asked, form: Form, status: int = 200) -> Response[Any]:
    zones = i18n.zone_choices(request.scope["state"]["now"])
    return pages.page(request, "installation/settings.html", status=status, form=form, zones=zones)


@get("/installation")
async def settings_page(request: Asked, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Whose installation this is, for its administrator."""
    standing_anywhere(viewer).need(rules.EDIT_INSTALLATION)
    known, version = await queries.load_owner()
    fields = {name: getattr(known, name) for name in (*rules.FIELDS[Step.ORGANISATION], "time_zone")}
    return await _settings_page(request, Form.empty({**fields, "version": version}))


@post("/installation")
async def edit_settings(request: Asked, viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Say anew whose installation this is."""
    standing_anywhere(viewer).need(rules.EDIT_INSTALLATION)
    form = await pages.read_form(request)
    known, version = rules.read_owner(form), form.integer("version", 1, 2**31 - 1)
    form.finish()
    if not form.ok or version is None:
        return await _settings_page(request, form, 422)
    await actions.edit_owner(viewer, known, version)
    await flash(viewer, "success", Message("The settings are saved. They stand in every page and letter from now on."))
    return pages.redirect(request, "/installation")


HANDLERS: list[Any] = [setup_page, show_code, step_page, leave_step, settings_page, edit_settings]
