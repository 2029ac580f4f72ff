"""One page with every control and part on it, served to a real browser under the real content policy."""

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import parse_qs

from incubator.foundation import pages
from incubator.foundation.forms import Form
from incubator.foundation.guard import CONTENT_POLICY
from incubator.foundation.i18n import MOSCOW, Message, speaking

PAGE = """
{% extends "shared/base.html" %}
{% import "shared/forms.html" as f with context %}
{% import "shared/parts.html" as p with context %}
{% import "shared/charts.html" as c with context %}
{% block title %}Проба{% endblock %}
{% block scripts %}{{ fixed("shared/_live.html") }}{{ fixed("shared/_autosave.html") }}{% endblock %}
{% block heading %}<h1>Проба</h1>{{ p.tag("returned") }}{% endblock %}
{% block content %}
{% call p.tasks() %}{{ p.task("/x", "Описание проблемы", "2 замечания", "returned") }}{{ p.task("", "Защита", "", "locked") }}{% endcall %}
<form method="post" action="/send" id="sheet" data-autosave="/save">{{ f.csrf() }}{{ f.error_summary(form) }}
<input type="hidden" name="version" value="3">
{{ f.segmented(form, "proof", "Доказанность", [(0, 0), (1, 1), (2, 2), (3, 3)], 2) }}
{{ f.segmented(form, "real", "Реализуемость", [(0, 0), (5, 5), (10, 10)], 1) }}
<p>Итог <output data-total>–</output> <span data-filled="оценок: {n} из {all}"></span></p>
{{ f.textarea(form, "text", "Текст", limit=20) }}
{{ f.rows(form, "Показатели", [("ind", "Показатель"), ("plan", "План")], spare=1) }}
{{ f.saved() }}{{ f.actions("Сохранить") }}</form>
{{ p.button_post("/remove", "Удалить", "danger", confirm="Удалить команду?", yes="Удалить команду") }}
{{ p.live_pause("live") }}<div id="live" hx-get="/part" hx-trigger="every 100ms">0</div>
{{ p.live_pause("stream") }}<div id="stream" hx-sse:connect="/stream">0</div>
{{ c.bars("Профиль", [{"label": "Реализуемость", "value": 3.1, "mean": 3.4, "words": "3,1", "cells": ["3,1"]}], 5, ["Критерий", "Балл"]) }}
<div class="table-box"><table class="table table--cards"><caption>Очередь</caption><thead><tr>{{ p.sort_header("Команда", "?s", "ascending") }}
<th scope="col">Ждёт</th></tr></thead><tbody><tr><th scope="row">Тында</th><td data-label="Ждёт">2 дня</td></tr></tbody></table></div>
{{ p.empty("Команд пока нет.", "/new", "Добавить") }}{{ p.banner("warn", "Осталось два часа.") }}
{% endblock %}
"""


class Site(ThreadingHTTPServer):
    """The page, the static files and an autosave that answers what the test tells it to."""

    answer = (200, {"message": "Сохранено в 14:05", "version": 9})
    wrong: tuple[str, ...] = ()
    body = ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.saved: list[dict[str, list[str]]] = []
        self.posted: list[str] = []
        self.parts = 0
        self.slow: dict[str, float] = {}  # seconds until the answer, by path

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.server_port}/"

    def html(self) -> str:
        form = Form.empty({"proof": 2, "ind": ["Доля"], "plan": ["40"]})
        for name in self.wrong:
            form.fail(name, Message("Choose an answer."))
        context = {"viewer": SimpleNamespace(name="Анна", email="a@example.org"), "locale": "ru", "path": "/",
                   "demo": False, "flash": [], "nav": [("/", "Задачи", True), ("/team", "Команда", False)], "form": form,
                   "keeping": ("anna", "A" * 43 + "="), "answers": ""}  # fmt: skip
        with speaking("ru", MOSCOW), pages.carrying("t0ken"):
            return pages.environment().from_string(PAGE).render(context)


class Handler(BaseHTTPRequestHandler):
    server: Site

    def log_message(self, *_):
        pass

    def send(self, status, body, kind):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.send_header("content-security-policy", CONTENT_POLICY)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path.startswith("/static/"):
            answer = pages.static().answer(*self.path.split("/", 3)[2:], "")
            self.send(answer.status_code or 200, answer.content, answer.media_type)
        elif self.path == "/session":
            time.sleep(self.server.slow.get(self.path, 0))
            status = 401 if self.server.answer[0] == 401 else 200
            self.send(status, b'{"viewer": "anna", "csrf": "t0ken"}', "application/json")
        elif self.path == "/stream":
            self.stream()
        elif self.path == "/part":
            self.server.parts += 1
            self.send(200, str(self.server.parts).encode(), "text/html")
        else:
            self.send(200, self.server.html().encode(), "text/html; charset=utf-8")

    def stream(self):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for number in range(1, 200):
            try:
                self.wfile.write(f"id: {number}\ndata: {number}\n\n".encode())
            except OSError:
                return
            time.sleep(0.05)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        if self.path != "/save":
            self.server.posted.append(self.path)
            self.server.body = body
            self.send(200, b"<title>sent</title><p>sent", "text/html")
            return
        assert self.headers["x-autosave"] == "1"
        self.server.saved.append(parse_qs(body))
        time.sleep(self.server.slow.get(self.path, 0))
        status, answer = self.server.answer
        self.send(status, json.dumps(answer).encode(), "application/json")
