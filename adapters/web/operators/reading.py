"""What stands on the operators' pages: apps, one app, who was asked, the plan, incidents, CSV."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from adapters.web.context import PageContext
from bot.chat import phrases
from bot.chat.campaign import plans
from bot.chat.words import Words
from bot.domain.evidence.rules import Evidence
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.domain.normalization import exact
from bot.domain.summaries import AppSummary, Page, Part, Wanted
from bot.services.inventory.export import Inventory, as_csv
from bot.services.operators.read import ROWS, Read

LONGEST_TEXT = 200  # characters that are searched for
PARTS = {exact(part.name): part for part in (Part.OPEN, Part.WAIVED, Part.ALL)}
STATES = tuple(state for state in State)
_NAME = re.compile(r"[\w.~-]{1,200}", re.ASCII)


class Reading:
    """Each page reads, and changes nothing."""

    def __init__(self, context: PageContext, read: Read) -> None:
        self._context = context
        self._read = read

    async def apps(self, request: Request) -> Response:
        """The list, narrowed by the address's query."""
        words, wanted = self._context.pages.words(request), _wanted(request.query_params)
        found = await self._read.apps(wanted, _number(request))
        scans = await self._read.scans()
        now = self._read.now()
        return self._show(
            request,
            "apps",
            here="waivers" if wanted.part is Part.WAIVED else "apps",
            wanted=wanted,
            found=found,
            rows=[self._row(words, one, found) for one in found.shown],
            orgs=sorted(scans),
            parts=[(name, words(f"operators.part_{name}")) for name in PARTS],
            states=[(state.value, words(f"state.{state.value}")) for state in STATES],
            scans=[
                (
                    scan.org,
                    words.ago(scan.finished_at, now) if scan.finished_at else "",
                    scan.failure,
                )
                for scan in scans.values()
            ],
            progress=phrases.progress(words, found.counts),
            pager=_pager(found.number, found.pages, lambda n: _at("/operators", wanted, page=n)),
            csv=_at("/operators/apps.csv", wanted),
        )

    async def app(self, request: Request) -> Response:
        """One app: what it needs, what shows it, who was asked."""
        words = self._context.pages.words(request)
        org, app_id = request.path_params["org"], request.path_params["app_id"]
        plain = _NAME.fullmatch(org) and _NAME.fullmatch(app_id)
        found = await self._read.app(AppRef(org, app_id)) if plain else None
        if found is None:
            return self._context.pages.problem(request, 404, again="/operators")
        record, now = found.record, self._read.now()
        verdict = record.assessed(now)

        def told(evidence: Evidence) -> tuple[str, str, str]:
            return (
                phrases.evidence_text(words, evidence),
                phrases.source(words, evidence),
                phrases.when(words, evidence, now),
            )

        prospect = found.prospect
        return self._show(
            request,
            "app",
            record=record,
            state=phrases.state_cell(words, verdict.state),
            known=phrases.known_how(words, verdict, now),
            next_step=phrases.next_step(words, verdict),
            against=[
                (phrases.dated(words, one.done, now), phrases.dated(words, one.not_done, now))
                for one in verdict.contradictions
            ],
            evidence=[
                (words(f"operators.{weight}"), [told(one) for one in some])
                for weight, some in (
                    ("because", verdict.because),
                    ("beside", verdict.beside),
                    ("past", verdict.past),
                )
                if some
            ],
            asked=[
                (
                    one,
                    words(f"stage.{one.stage.value}"),
                    words.moment(one.requested_at, self._read.zone),
                    words.moment(one.changed_at, self._read.zone) if one.changed_at else "",
                )
                for one in reversed(found.requests)
            ],
            would_ask=prospect.admin_name if prospect and not prospect.nobody else "",
            nobody=words(f"nobody.{prospect.nobody.value}") if prospect and prospect.nobody else "",
            wants_consent=verdict.state.wants_consent and not record.is_waived,
            waived=words.date(record.waiver.until) if record.waiver and record.is_waived else "",
            scanned=words.ago(record.scanned_at, now) if record.scanned_at else "",
        )

    async def requests(self, request: Request) -> Response:
        """Who is asked for what, and where that stands."""
        words, now = self._context.pages.words(request), self._read.now()
        found = await self._read.requests(_number(request))
        return self._show(
            request,
            "requests",
            rows=[
                (one, words(f"stage.{one.stage.value}"), words.ago(one.requested_at, now))
                for one in found.shown
            ],
            pager=_pager(found.number, found.pages, lambda n: f"/operators/requests?page={n}"),
        )

    async def plan(self, request: Request) -> Response:
        """Who will get what in the next weeks, when and why."""
        words, found = self._context.pages.words(request), await self._read.plan()
        lines = found.lines
        pages = max(1, -(-len(lines) // ROWS))
        number = min(_number(request), pages)
        shown = lines[(number - 1) * ROWS : number * ROWS]
        return self._show(
            request,
            "plan",
            rows=[plans.line(words, found, one) for one in shown],
            unasked=found.unasked,
            left=found.left,
            pager=_pager(number, pages, lambda n: f"/operators/plan?page={n}"),
        )

    async def incidents(self, request: Request) -> Response:
        """What is wrong, since when."""
        words = self._context.pages.words(request)
        return self._show(
            request,
            "incidents",
            rows=[
                (one.place, words.moment(one.since, self._read.zone), one.reason)
                for one in await self._read.incidents()
            ],
        )

    async def csv(self, request: Request) -> Response:
        """The same list as a file, whole; its columns are told in docs/terminal.md."""
        some = self._read.every(_wanted(request.query_params))
        # The first is read before the answer begins: a store that is down is no empty list.
        first = as_csv(await anext(some, Inventory((), {}, {}, {})))

        async def lines() -> AsyncIterator[str]:
            yield first
            async for inventory in some:
                yield as_csv(inventory, head=False)

        headers = {"Content-Disposition": 'attachment; filename="office-365-apps.csv"'}
        return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)

    def _row(self, words: Words, app: AppSummary, page: Page) -> Mapping[str, object]:
        request = page.requests.get(app.request_id)
        if request is not None:
            asked = (request.admin_name, words(f"stage.{request.stage.value}"))
        elif app.is_open:
            asked = ("", phrases.nobody_asked(words, app, page.prospects).text)
        else:
            asked = ("", "")
        waiver = app.waiver
        return {
            "label": app.app.label,
            "org": app.ref.org,
            "at": f"/operators/apps/{quote(app.ref.org)}/{quote(app.ref.app_id)}",
            "tone": phrases.TONES[app.state].value if waiver is None else "neutral",
            "state": words(f"state.{app.state.value}")
            if waiver is None
            else words("waiver.state", date=words.date(waiver.until)),
            "why": f"{waiver.why} ({waiver.by_name})" if waiver else "",
            "known": phrases.known_how(words, app, self._read.now()),
            "asked": asked,
        }

    def _show(self, request: Request, template: str, *, here: str = "", **values: Any) -> Response:
        return self._context.form_page(
            request, f"operators/{template}.html", here=here or template, **values
        )


def _wanted(query: Mapping[str, str]) -> Wanted:
    """What the address asks for; what it does not say, or says wrongly, is not asked for."""
    part = PARTS.get(query.get("part", ""), Part.OPEN)
    state = next((one for one in STATES if one.value == query.get("state")), None)
    if state is not None and not state.is_open:
        part = Part.ALL
    org, text = (query.get(name, "")[:LONGEST_TEXT] for name in ("org", "q"))
    return Wanted(part, org, None if part is Part.WAIVED else state, text=text)


def _at(path: str, wanted: Wanted, **more: object) -> str:
    asked = {
        "part": exact(wanted.part.name),
        "org": wanted.org,
        "state": wanted.state.value if wanted.state else "",
        "q": wanted.text,
        **more,
    }
    return f"{path}?{urlencode({name: value for name, value in asked.items() if value})}"


def _pager(number: int, pages: int, at: Callable[[int], str]) -> Mapping[str, Any]:
    """How to leaf on and back."""
    return {
        "number": number,
        "pages": pages,
        "previous": at(number - 1) if number > 1 else "",
        "next": at(number + 1) if number < pages else "",
    }


def _number(request: Request) -> int:
    said = request.query_params.get("page", "")
    return max(1, int(said)) if re.fullmatch(r"[0-9]{1,6}", said, re.ASCII) else 1
