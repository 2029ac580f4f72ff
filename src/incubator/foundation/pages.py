"""Pages and fragments from templates, forms from requests, redirects, static files, and refusals for people."""

import base64
import contextlib
import hashlib
import mimetypes
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import jinja2
from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.exceptions import HTTPException
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from incubator import __version__
from incubator.foundation import filters, i18n, packing
from incubator.foundation.drawing import Generator
from incubator.foundation.files import made_here
from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message
from incubator.foundation.owner import Owner, become, owner
from incubator.foundation.refusals import BadRequest, Refusal
from incubator.settings import asset_folder, settings

MOST_FIELDS = 2000
FORM_LIMIT = 256 * 1024  # bytes of a form without files
TEXT_LIMIT = 1024 * 1024  # bytes of text in any form: where files may come, text still has a bound

MARK = "_sent"  # field of a form, and without the underscore a cookie; see static/keeping.js
LONGEST_MARK = 40

# Made of several files, in this order: one request instead of six, and they pack better together.
BUNDLES = {"css/site.css": ("base", "layout", "forms", "parts", "plots", "print")}

# What a feature's composition adds to each page (navigation, say): functions from the request to template variables.
CONTEXT: list[Callable[[Any], Mapping[str, Any]]] = []


class Static:
    """Every static file by content: its hash goes into its address, so that a browser never asks twice."""

    def __init__(self, folder: Path) -> None:
        self.files: dict[str, bytes] = {}
        self.packed: dict[str, bytes] = {}
        self.versions: dict[str, str] = {}
        self.digests: dict[str, str] = {}
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            name = path.relative_to(folder).as_posix()
            self._add(name, packing.without_notes(name, path.read_bytes()))
        for name, parts in BUNDLES.items():
            self._add(name, b"".join(self.files[f"css/{part}.css"] for part in parts))

    def _add(self, name: str, content: bytes) -> None:
        self.files[name] = content
        self.packed[name] = packing.of_file(name, content)
        self.versions[name] = hashlib.sha256(content).hexdigest()[:12]
        self.digests[name] = base64.b64encode(hashlib.sha384(content).digest()).decode()

    def address(self, name: str) -> str:
        """Address of a file for templates; an unknown name is a fault of the template."""
        return f"/static/{self.versions[name]}/{name}"

    def integrity(self, name: str) -> str:
        """The value of an `integrity` attribute (Subresource Integrity)."""
        return "sha384-" + self.digests[name]

    def answer(self, version: str, name: str, known_tag: str, *, packed: bool = False) -> Response[bytes]:
        """The file, 304 when the browser has it, 404 when there is none. `-` as version is a short-lived address.

        `packed` says that the browser unpacks gzip.
        """
        content = self.files.get(name)
        if content is None or version not in {"-", self.versions[name]}:
            return Response(b"", status_code=404, media_type="text/plain")
        packed = packed and bool(self.packed[name])
        tag = f'"{self.versions[name]}{"-gzip" if packed else ""}"'
        headers = {
            "etag": tag,
            "vary": "Accept-Encoding",
            "cache-control": "public, max-age=86400" if version == "-" else "public, max-age=31536000, immutable",
            "cross-origin-resource-policy": "same-origin",
        }
        if tag in known_tag:
            return Response(b"", status_code=304, headers=headers, media_type="text/plain")
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        if packed:
            headers["content-encoding"] = "gzip"
            content = self.packed[name]
        return Response(content, headers=headers, media_type=kind)


@cache
def static() -> Static:
    """The static files of this process, read once."""
    return Static(asset_folder("static"))


# --- Templates --------------------------------------------------------------------------------------------------------

_token: ContextVar[str | None] = ContextVar("token", default="")


class Token:
    """`csrf` in templates: the hidden token of whoever is being answered.

    It is no variable of the page, so that macros need not be imported with its context: Jinja makes such macros once,
    the others again for each page.
    """

    def __html__(self) -> str:
        token = _token.get()
        if token is None:
            raise jinja2.UndefinedError("a part that is drawn once for everybody must not hold a token")
        return escape(token)

    def __str__(self) -> str:
        return self.__html__()


@contextlib.contextmanager
def carrying(token: str | None) -> Iterator[None]:
    """Forms drawn in the `with` block carry this token; with None there may be no form."""
    before = _token.set(token)
    try:
        yield
    finally:
        _token.reset(before)


def fixed(name: str) -> Markup:
    """A template that depends on nothing but the language and the organisation: drawn once, and then the same for everybody."""
    return _drawn(name, i18n.locale())


def belongs_to(known: Owner) -> None:
    """Say from now on whose installation this is; what was drawn once for everybody is drawn again."""
    if become(known):
        _drawn.cache_clear()


@cache
def _drawn(name: str, locale: str) -> Markup:
    with carrying(None):
        return Markup(environment().get_template(name).render(locale=locale))  # noqa: S704  (drawn with autoescape)


class Environment(jinja2.Environment):
    """Jinja's, with our compiler, and plain dictionaries for globals: each import and each page walks through them."""

    code_generator_class = Generator

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """What a template sees beside its variables. Jinja's ChainMap would also see globals that are added later."""
        return {**self.globals, **(d or {})}


@cache
def environment() -> jinja2.Environment:
    """The one template environment: autoescape, strict about missing variables."""
    made = Environment(
        loader=jinja2.FileSystemLoader(asset_folder("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    filters.install(made)
    made.globals.update(
        asset=static().address,
        integrity=static().integrity,
        version=__version__,
        csrf=Token(),
        fixed=fixed,
        owner=owner,
    )
    made.filters["markdown"] = markdown
    return made


@cache
def _parser(*, breaks: bool) -> MarkdownIt:
    return MarkdownIt("js-default", {"html": False, "breaks": breaks, "linkify": False}).disable("image")


def markdown(text: str, *, breaks: bool = True) -> Markup:
    """Text of people as safe HTML: no raw HTML, no pictures, no script addresses; headings start below the page's.

    Without `breaks` a line's end is a space, as in our own texts, whose lines are wrapped.
    """
    import nh3

    tags = {"p", "br", "strong", "em", "ul", "ol", "li", "a", "code", "pre", "blockquote", "h3", "h4", "h5", "h6",
            "table", "thead", "tbody", "tr", "th", "td", "hr", "s"}  # fmt: skip
    html = _parser(breaks=breaks).render(text).replace("<h1", "<h3").replace("</h1", "</h3").replace("<h2", "<h4")
    safe = nh3.clean(html.replace("</h2", "</h4"), tags=tags, attributes={"a": {"href"}}, link_rel="noopener nofollow")
    return Markup(safe)  # noqa: S704  (cleaned by nh3 just above)


def render(request: Any, template: str, context: Mapping[str, Any], *, block: str | None = None) -> str:
    """HTML of a template, or of one of its blocks."""
    state = request.scope.get("state", {})
    variables: dict[str, Any] = {
        "viewer": state.get("viewer"),
        "locale": i18n.locale(),
        "path": request.scope["path"],
        "flash": state.get("flash", ()),
        "now": state.get("now"),
        "display": state.get("display") or {},
        "nav": (),
        "demo": False,
        "keeping": None,
        "answers": mark(request),
        "refused": any(isinstance(each, Form) and each.errors for each in context.values()),  # whichever of its forms
    }
    for add in CONTEXT:
        variables.update(add(request))
    variables.update(context)
    with carrying(state.get("csrf", "")):
        return _render(environment().get_template(template), variables, block)


def _render(template: jinja2.Template, variables: Mapping[str, Any], block: str | None) -> str:
    if block is None:
        return template.render(variables)
    made = template.new_context(dict(variables))
    # The first step of the page runs its imports and macros, which Jinja otherwise leaves out of a single block.
    next(template.root_render_func(made), None)
    return "".join(template.blocks[block](made))


def is_partial(request: Any) -> bool:
    """Whether htmx asks for a part of a page."""
    return bool(request.headers.get("hx-request") == "true" and request.headers.get("hx-request-type") != "full")


def page(
    request: Any,
    template: str,
    /,
    *,
    status: int = 200,
    block: str | None = None,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> Response[str]:
    """The whole page, or only `block` when htmx asks for a part and there is one."""
    context["posted"] = status >= 400 and request.scope.get("method") == "POST"
    html = render(request, template, context, block=block if block and is_partial(request) else None)
    sent = {"vary": "HX-Request, Cookie, Accept-Language", **(headers or {})}
    return Response(html, status_code=status, media_type="text/html", headers=sent)


def redirect(request: Any, path: str) -> Response[None]:
    """Send the browser to `path` of this site: 303 after a form, HX-Redirect for htmx.

    A form that the browser keeps until it is taken learns by a cookie that it was: nothing else leads on.
    """
    if not path.startswith("/") or path.startswith(("//", "/\\")):
        path = "/"
    answer = Response(None, status_code=303, headers={"location": path})
    if is_partial(request):
        answer = Response(None, status_code=204, headers={"hx-redirect": path})
    if taken := mark(request):
        answer.set_cookie(Cookie(key=MARK.lstrip("_"), value=taken, path="/", max_age=600, secure=settings().https,
                                 samesite="lax"))  # fmt: skip
    return answer


def mark(request: Any) -> str:
    """The mark that a script put on the form being answered, "" when there is none."""
    pairs: list[tuple[str, str]] = request.scope.get("state", {}).get("form_pairs", [])
    given = next((value for name, value in pairs if name == MARK), "")
    return given if len(given) <= LONGEST_MARK and given.isascii() and given.isalnum() else ""


def download(content: bytes | str, suffix: str, media_type: str, *words: str) -> Response[bytes]:
    """Something made here that the browser saves under these words, as «Контакты, Чита.csv»."""
    data = content.encode() if isinstance(content, str) else content
    headers = {"content-disposition": made_here(suffix, *words)}
    return Response(data, status_code=200, media_type=media_type, headers=headers)


async def form_pairs(request: Request[Any, Any, Any]) -> list[tuple[str, str]]:
    """The fields of an urlencoded form, read once. Raises BadRequest for what no browser sends."""
    state = request.scope["state"]
    if "form_pairs" not in state:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "multipart/form-data":
            state["form_pairs"] = await _multipart(request)
        elif kind in {"application/x-www-form-urlencoded", ""}:
            state["form_pairs"] = _urlencoded(await request.body())
        else:
            raise BadRequest(Message("This form was sent in a way that the site does not understand."))
    pairs: list[tuple[str, str]] = state["form_pairs"]
    return pairs


def _urlencoded(body: bytes) -> list[tuple[str, str]]:
    if len(body) > TEXT_LIMIT:
        raise HTTPException(status_code=413)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as fault:  # not UTF-8, or too many fields
        raise BadRequest(Message("The form holds too many fields or invalid text.")) from fault
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise BadRequest(Message("The form holds too many fields or invalid text."))
    return pairs


async def _multipart(request: Request[Any, Any, Any]) -> list[tuple[str, str]]:
    """Text fields of a multipart form; its files are kept for `uploads`."""
    try:
        data = await request.form()
        items = list(data.multi_items())
    except (UnicodeDecodeError, LookupError, ValueError, TypeError) as fault:
        raise BadRequest(Message("The form holds too many fields or invalid text.")) from fault
    request.scope["state"]["form_files"] = [(k, v) for k, v in items if hasattr(v, "filename")]
    pairs = [(k, v) for k, v in items if isinstance(v, str)]
    if sum(len(v.encode()) for _, v in pairs) > TEXT_LIMIT:
        raise HTTPException(status_code=413)
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise BadRequest(Message("The form holds too many fields or invalid text."))
    return pairs


async def read_form(request: Request[Any, Any, Any], initial: Mapping[str, Any] | None = None) -> Form:
    """The raw form of this request, without the framework's own fields."""
    return Form([pair for pair in await form_pairs(request) if not pair[0].startswith("_")], initial)


async def uploads(request: Request[Any, Any, Any]) -> list[tuple[str, str, bytes]]:
    """(field, file name, content) of the files in a multipart form."""
    await form_pairs(request)
    files = request.scope["state"].get("form_files", [])
    return [(field, file.filename, await file.read()) for field, file in files if file.filename]


def refuse(request: Request[Any, Any, Any], fault: Exception) -> Response[Any]:
    """A refusal of ours as a page for people (a part of one for htmx), or problem+json for programs."""
    if isinstance(fault, Refusal):
        status, reason = fault.status, str(fault.reason)
    elif isinstance(fault, HTTPException):
        status, reason = fault.status_code, ""
    else:
        status, reason = 500, ""
    headers = {"retry-after": str(getattr(fault, "retry_after", 1))} if status in {429, 503} else {}
    if wants_json(request):
        body = {"type": "about:blank", "status": status, "detail": reason, "message": reason}
        return Response(body, status_code=status, media_type="application/problem+json", headers=headers)
    back = came_from(request) if status == 409 or (request.method == "POST" and status != 401) else ""
    return page(request, "shared/error.html", status=status, headers=headers, block="content", back=back,
                code=status, reason=reason, incident=request.scope["state"].get("incident", ""))  # fmt: skip


def page_before(connection: Any) -> str:
    """Path and query of the page of this site that a request comes from, "" where a browser tells of none."""
    try:
        said = urlsplit(connection.headers.get("referer", ""))
    except ValueError:  # no browser sends such a one
        return ""
    if not said.netloc or said.netloc not in {connection.headers.get("host", ""), urlsplit(settings().origin).netloc}:
        return ""
    path = said.path + (f"?{said.query}" if said.query else "")
    good = path.startswith("/") and not path.startswith("//") and "\\" not in said.path and path.isprintable()
    return path if good else ""


def came_from(request: Request[Any, Any, Any]) -> str:
    """The page of this site on which somebody pressed what is refused, "" when there is none that can be asked for.

    Only path and query are kept, so it never leads away. A form that came back with errors stands at an address that
    takes forms only: then the nearest page above it is meant.
    """
    whole = page_before(request)
    path = whole.partition("?")[0]
    while path and not _can_be_asked_for(request, path):
        whole = path = path.rpartition("/")[0]
    return whole


def _can_be_asked_for(request: Request[Any, Any, Any], path: str) -> bool:
    try:
        request.app.asgi_router.handle_routing(path=unquote(path), method="GET")
    except HTTPException:
        return False
    return True


def wants_json(request: Any) -> bool:
    """Whether a program (or an autosaving page) asks rather than a person."""
    accept = request.headers.get("accept", "")
    return "x-autosave" in request.headers or ("json" in accept and "text/html" not in accept)
