"""The page to play in: what is said in both pretend platforms, and the pretend Okta apps below it.

`GET /state` is everything as JSON, `GET /stream` tells by server-sent events that something
changed, `POST /do` is what a person does. The page itself is `static/`, without a framework.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox.chatlog import ChatLog, Conversation, Message
from sandbox.company.clock import AheadClock
from sandbox.company.records import OktaApp, OktaOrg, Person
from sandbox.faults import FAULTS, Faults
from sandbox.okta.pages import INTEGRATION_TAB
from sandbox.slack import workspace as slack_workspace
from sandbox.slack.people import SlackPeople
from sandbox.teams import service as teams_service
from sandbox.teams.people import TeamsPeople

Json = dict[str, Any]

STATIC = Path(__file__).parent / "static"
SECURITY = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: http://127.0.0.1:*; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


def page_app(
    slack: SlackPeople, teams: TeamsPeople, log: ChatLog, clock: AheadClock, faults: Faults
) -> Starlette:
    """The ASGI app of the page."""
    page = Page(slack, teams, log, clock, faults)
    return Starlette(
        routes=[
            Route("/", page.index),
            Route("/state", page.state),
            Route("/stream", page.stream),
            Route("/do", page.do, methods=["POST"]),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]
    )


class Page:
    """The handlers."""

    def __init__(
        self,
        slack: SlackPeople,
        teams: TeamsPeople,
        log: ChatLog,
        clock: AheadClock,
        faults: Faults,
    ) -> None:
        self.slack = slack
        self.teams = teams
        self.log = log
        self.clock = clock
        self.faults = faults
        self.company = slack.workspace.company

    async def index(self, request: Request) -> Response:
        """The page."""
        return FileResponse(STATIC / "index.html", headers=SECURITY)

    async def state(self, request: Request) -> Response:
        """Everything there is to draw."""
        people = self.company.people.values()
        return JSONResponse(
            {
                "revision": self.log.revision,
                "clock": {
                    "now": self.clock.now().timestamp(),
                    "ahead": self.clock.ahead.total_seconds(),
                    "zone": self.clock.zone,
                    "deadline": str(self.clock.deadline or ""),
                },
                "channels": {
                    "slack": slack_workspace.CHANNEL,
                    "teams": teams_service.CHANNEL,
                },
                "people": [self._person(p) for p in people if p.slack_id or p.teams],
                "conversations": [_conversation(c) for c in self.log],
                "faults": {
                    name: {"label": fault.label, "on": name in self.faults.on}
                    for name, fault in FAULTS.items()
                },
                "modals": self.slack.workspace.modals,
                "homes": self.slack.workspace.homes,
                "dialogs": self.teams.dialogs,
                "apps": [
                    self._app(org, app) for org in self.company.orgs.values() for app in org.apps
                ],
            },
            headers=SECURITY,
        )

    async def stream(self, request: Request) -> Response:
        """One server-sent event per change; the first at once."""

        async def events() -> AsyncIterator[str]:
            revision = -1
            while not self.log.closed:
                revision = await self.log.changed(revision)
                yield f"event: change\ndata: {revision}\n\n"

        return StreamingResponse(events(), media_type="text/event-stream", headers=SECURITY)

    async def do(self, request: Request) -> Response:
        """Say something or press a button as a person; `open` is the link of a pressed button.

        Only JSON is taken: a page of another origin cannot send that without being asked first.
        """
        if not request.headers.get("content-type", "").startswith("application/json"):
            return JSONResponse({"error": "JSON only"}, 415)
        try:
            opened = await self._do(json.loads(await request.body()))
        except (ValueError, LookupError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"open": opened})

    async def _do(self, deed: Json) -> str | None:
        if deed["what"] == "jump":
            self.clock.jump(deed["to"])
            self.log.touch()
            return None
        if deed["what"] == "fault":
            await self.faults.switch(deed["name"], deed["on"] is True)
            self.log.touch()
            return None
        if deed["what"] == "kill":
            await self.faults.kill()
            return None
        who, where = deed["as"], deed.get("conversation", "")
        slack = deed["platform"] == "slack"
        match deed["what"]:
            case "say" if slack and deed["text"].startswith("/"):
                await self.slack.command(who, deed["text"], where)
            case "say":
                say = partial((self.slack if slack else self.teams).say, mention=False)
                await say(who, deed["text"], where)
            case "press" | "about":
                conversation = self.log.get(where)
                message = conversation.message(deed["message"]) if conversation else None
                if message is None:
                    raise LookupError("the message is gone")
                if deed["what"] == "about":
                    await (self.slack if slack else self.teams).ask_about(who, message)
                    return None
                if slack:
                    return await self.slack.press(who, message, deed["action"])
                return await self.teams.press(who, message, deed["action"], deed.get("inputs"))
            case "home":
                await self.slack.open_home(who)
            case "press home":
                return await self.slack.press_home(who, deed["action"])
            case "fill":
                await self.slack.fill(who, deed["values"])
            case "press dialog":
                return await self.teams.press_in_dialog(who, deed["action"], deed.get("inputs"))
            case "close":
                if slack:
                    self.slack.workspace.modals.pop(self.slack.slack_id(who), None)
                else:
                    service = self.teams.service
                    self.teams.dialogs.pop(service.user_id(self.company.person(who)), None)
                self.log.touch()
            case "dm":
                self.slack.dm_of(who) if slack else self.teams.dm_of(who)
            case other:
                raise ValueError(f"nobody knows how to {other}")
        return None

    def _person(self, person: Person) -> Json:
        service = self.teams.service
        here = person in service.people()
        active = person.slack_id not in self.slack.workspace.deactivated
        return {
            "key": person.key,
            "name": person.display_name,
            "note": person.role_note,
            "slack": person.slack_id if active else None,
            "teams": service.user_id(person) if here else None,
            "installed": person.key in service.installed,
        }

    def _app(self, org: OktaOrg, app: OktaApp) -> Json:
        base = self.company.addresses.get(f"okta-{org.name}", "")
        return {
            "org": org.label,
            "label": app.label,
            "domain": app.domain,
            "active": app.status == "ACTIVE",
            "provisioning": app.connection_status,
            "button": app.button.value,
            "saved": app.saved,
            "url": f"{base}/admin/app/office365/instance/{app.id}/{INTEGRATION_TAB}",
        }


def _conversation(conversation: Conversation) -> Json:
    return {
        "id": conversation.id,
        "platform": conversation.platform,
        "kind": conversation.kind,
        "name": conversation.name,
        "who": conversation.who,
        "pinned": conversation.pinned,
        "messages": [_message(message) for message in conversation.messages],
    }


def _message(message: Message) -> Json:
    return {
        "id": message.id,
        "author": message.author,
        "authorId": message.author_id,
        "bot": message.from_bot,
        "text": message.text,
        "blocks": message.blocks,
        "card": message.card,
        "views": message.views,
        "at": message.sent_at.timestamp(),
        "edited": message.edited_at is not None,
        "thread": message.thread,
        "onlyFor": message.only_for,
    }
