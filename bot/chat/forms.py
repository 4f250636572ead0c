"""What answers ask back for, as forms: each says what could be typed instead."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from bot.chat.words import Words
from bot.form import Field, FieldKind, Form


class Forms:
    """Writes forms out in one language."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def later(self, code: str) -> Form:
        """Until when a request is put off, and why. `code` may be several, with commas."""
        reason = self._field("reason", FieldKind.TEXT, optional=True)
        return self._form("later", (f"later {code}", "{day}", "{reason}"), self._day(), reason)

    def not_me(self, code: str, name: str = "") -> Form:
        """Who would be right instead; `name` stands there already."""
        name_field = replace(self._field("name", optional=True), value=name)
        return self._form("not_me", (f"notme {code} sure", "{name}"), name_field)

    def away(self, since: date | None = None) -> Form:
        """Until when somebody is away, and from when on, where that is later."""
        value = since.isoformat() if since else ""
        begins = replace(self._field("from", FieldKind.DAY, optional=True), value=value)
        return self._form("away", ("away", "from {from}", "until {day}"), begins, self._day())

    def waive(self, app: str, until: date | None, latest: date) -> Form:
        """Which app ("": to be told), until when and why it is accepted as it is."""
        hint = self._words("form.latest", date=self._words.date(latest))
        day = self._day(value=until.isoformat() if until else "", hint=hint)
        reason = self._field("reason", FieldKind.TEXT)
        asked = () if app else (self._field("app"),)
        about = f"waive {app}" if app else "waive {app}"
        said = (f"{about} until {{day}} because {{reason}}",)
        return self._form("waive", said, *asked, day, reason)

    def owner(self) -> Form:
        """Who is the person behind an admin account."""
        owner = self._field("owner")
        return self._form("owner", ("owner {account} is {owner}",), self._field("account"), owner)

    def account(self, verb: str) -> Form:
        """Which account a command is about."""
        return self._form(verb, (f"{verb} {{account}}",), self._field("account"))

    def app(self, verb: str) -> Form:
        """Which app a command is about."""
        return self._form(verb, (f"{verb} {{app}}",), self._field("app"))

    def domain(self) -> Form:
        """Which tenant is to let the bot read it."""
        return self._form("onboard", ("onboard {domain}",), self._field("domain"))

    def _form(self, name: str, said: tuple[str, ...], *fields: Field) -> Form:
        words = self._words
        title, send = words(f"form.title_{name}"), words(f"form.send_{name}")
        return Form(title, send, words("form.cancel"), said, fields, words("form.missing"))

    def _field(
        self, name: str, kind: FieldKind = FieldKind.LINE, *, optional: bool = False
    ) -> Field:
        return Field(name, self._words(f"form.{name}"), kind, optional=optional)

    def _day(self, value: str = "", hint: str = "") -> Field:
        return Field("day", self._words("form.day"), FieldKind.DAY, hint, value)
