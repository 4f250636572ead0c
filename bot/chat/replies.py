"""Results as messages: lists, reasons, people, progress, errors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, tzinfo

from bot.chat import phrases, plans
from bot.chat.commands import VERBS
from bot.chat.words import Words
from bot.domain.consent import ConsentRequest
from bot.domain.inventory import AppRecord, OrgScan
from bot.domain.people import ChatIdentity, Choice, Point
from bot.errors import AppAmbiguous, AppUnknown, O365BotError
from bot.message import (
    Block,
    Buttons,
    Cell,
    Command,
    Fact,
    Facts,
    Heading,
    Message,
    Note,
    Progress,
    Table,
    Text,
)
from bot.services.ask import Asked
from bot.services.rehearse import Plan

PAGE = 15
# More buttons than this are noise.
OFFERS = 3


class Replies:
    """Writes results out in one language."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def apps(
        self,
        records: tuple[AppRecord, ...],
        scans: Mapping[str, OrgScan],
        requests: Mapping[str, ConsentRequest],
        now: datetime,
        *,
        page: int,
        everything: bool,
    ) -> Message:
        """Which apps need migration. `requests` are the open ones, by id."""
        words = self._words
        open_ones = sorted((r for r in records if r.state.is_open), key=phrases.by_urgency)
        listed = sorted(records, key=phrases.by_urgency) if everything else open_ones
        pages = max(1, -(-len(listed) // PAGE))
        page = min(page, pages)
        shown = listed[(page - 1) * PAGE : page * PAGE]
        title = words("apps.title", count=len(open_ones))
        blocks: list[Block] = [Heading(title)]
        if records:
            blocks.append(phrases.progress(words, records))
        if shown:
            blocks.append(
                Table(
                    self._columns("app", "org", "state", "known", "asked"),
                    tuple(self._row(record, requests, now) for record in shown),
                )
            )
        blocks += [
            Text(words("apps.org_failed", org=scan.org, failure=scan.failure))
            for scan in scans.values()
            if scan.failure
        ]
        if pages > 1:
            command = "all" if everything else "apps"
            blocks.append(Note(words("apps.page", page=page, pages=pages, command=command)))
        blocks.append(Note(self._freshness(scans, now)))
        offers = [r for r in shown if r.state.wants_consent and r.request_id not in requests][
            :OFFERS
        ]
        if offers:
            blocks.append(Buttons(tuple(self._who_button(r, f"who:{r.app.ref}") for r in offers)))
        return Message(title, tuple(blocks))

    def _columns(self, *names: str) -> tuple[str, ...]:
        return tuple(self._words(f"column.{name}") for name in names)

    def _who_button(self, record: AppRecord, button_id: str) -> Command:
        label = self._words("button.who", app=record.app.label)
        return Command(button_id, label, f"who {record.app.ref}")

    def _row(
        self, record: AppRecord, requests: Mapping[str, ConsentRequest], now: datetime
    ) -> tuple[Cell, ...]:
        words = self._words
        request = requests.get(record.request_id)
        asked = (
            words(
                "apps.asked", name=request.admin_name, stage=words(f"stage.{request.stage.value}")
            )
            if request
            else words("apps.nobody_asked")
        )
        assessment = record.assessment
        return (
            Cell(record.app.label),
            Cell(record.app.ref.org),
            phrases.state_cell(words, assessment.state),
            Cell(phrases.known_how(words, assessment, now)),
            Cell(asked if record.state.is_open else "–"),
        )

    def _freshness(self, scans: Mapping[str, OrgScan], now: datetime) -> str:
        looked = [scan.finished_at for scan in scans.values() if scan.finished_at]
        if not looked:
            return self._words("apps.never_looked")
        return self._words("apps.looked", age=self._words.ago(min(looked), now))

    def why(self, record: AppRecord, now: datetime) -> Message:
        """What is known of one app, and how."""
        words = self._words
        assessment = record.assessment
        state = words(f"state.{assessment.state.value}")
        title = words("why.title", app=record.app.label, state=state)
        tenant = record.tenant
        blocks: list[Block] = [
            Heading(title),
            Facts(
                (
                    Fact(words("fact.known"), phrases.known_how(words, assessment, now)),
                    Fact(words("fact.org"), record.app.ref.org),
                    Fact(words("fact.tenant"), tenant.domain if tenant else words("fact.unknown")),
                    Fact(words("fact.app_id"), record.app.ref.app_id),
                )
            ),
        ]
        blocks += [
            Text(
                words(
                    "why.contradiction",
                    done=phrases.evidence_text(words, c.done),
                    undone=phrases.evidence_text(words, c.not_done),
                )
            )
            for c in assessment.contradictions
        ]
        rows = [(e, "column.because") for e in assessment.because]
        rows += [(e, "column.beside") for e in assessment.beside]
        if rows:
            blocks.append(
                Table(
                    self._columns("evidence", "weight", "source", "when"),
                    tuple(
                        (
                            Cell(phrases.evidence_text(words, evidence)),
                            Cell(words(weight)),
                            Cell(words(f"source.{evidence.rule.source.value}")),
                            Cell(words.ago(evidence.at, now)),
                        )
                        for evidence, weight in rows
                    ),
                )
            )
        blocks.append(Text(words(f"next.{assessment.state.value}")))
        buttons = [Command("check", words("button.check"), f"check {record.app.ref}")]
        if assessment.state.wants_consent:
            buttons.insert(
                0,
                self._who_button(record, "who"),
            )
        blocks.append(Buttons(tuple(buttons)))
        return Message(title, tuple(blocks))

    def who(self, record: AppRecord, choice: Choice) -> Message:
        """Who can do it, and what speaks for and against each."""
        words = self._words
        chosen = choice.chosen
        title = words("who.title", app=record.app.label)
        blocks: list[Block] = [Heading(title)]
        if chosen is not None and chosen.chat is not None:
            blocks.append(
                Text(
                    words(
                        "who.chosen",
                        name=phrases.person(chosen),
                        platform=words(f"platform.{chosen.chat.platform.value}"),
                    )
                )
            )
            if Point.OKTA_ADMIN_TOO not in chosen.pro:
                blocks.append(Text(words("who.two_roles")))
            if Point.ELIGIBLE_ROLE in chosen.con:
                blocks.append(Text(words("who.eligible")))
        elif record.tenant is None:
            blocks.append(Text(words("who.no_tenant", domain=record.app.tenant_domain)))
        elif not choice.candidates:
            blocks.append(Text(words("who.nobody_known")))
        else:
            blocks.append(Text(words("who.nobody_reachable")))
        if choice.candidates:
            blocks.append(
                Table(
                    self._columns("person", "pro", "con"),
                    tuple(
                        (
                            Cell(phrases.person(candidate)),
                            Cell(phrases.point_texts(words, candidate.pro) or "–"),
                            Cell(phrases.point_texts(words, candidate.con) or "–"),
                        )
                        for candidate in choice.candidates[:PAGE]
                    ),
                )
            )
        if chosen is not None and record.state.wants_consent:
            label = words("button.send", name=chosen.admin.display_name)
            blocks.append(
                Buttons((Command("send", label, f"send {record.app.ref}", primary=True),))
            )
        return Message(title, tuple(blocks))

    def asked(self, asked: Asked, link_hours: int) -> Message:
        """Somebody was asked."""
        words = self._words
        request = asked.request
        title = words("asked.title", name=request.admin_name, app=request.app_label)
        blocks: list[Block] = [
            Text(title),
            Facts(
                (
                    Fact(words("fact.where"), words(f"platform.{request.chat.platform.value}")),
                    Fact(words("fact.code"), request.code),
                    Fact(words("fact.valid"), words("asked.valid", count=link_hours)),
                )
            ),
        ]
        if asked.replaced is not None:
            blocks.append(Text(words("asked.replaced", name=asked.replaced.admin_name)))
        blocks.append(Note(words("asked.next")))
        return Message(title, tuple(blocks))

    def reminded(self, channels: int) -> Message:
        """The reminder is on its way."""
        return _plain(self._words("remind.sent", count=channels))

    def reported(self, channels: int) -> Message:
        """The report is on its way."""
        return _plain(self._words("report.sent", count=channels))

    def plan(self, found: Plan, days: int) -> Message:
        """Who would get what, when and why."""
        return plans.plan(self._words, found, days)

    def sample(self, found: Message | None) -> Message:
        """A personal reminder as its receiver would see it, and that it is none."""
        if found is None:
            return _plain(self._words("sample.nobody"))
        return Message(found.summary, (*found.blocks, Note(self._words("sample.reason"))))

    def put_off(self, until: datetime, wanted: datetime, zone: tzinfo) -> Message:
        """When the person hears again; says so when that is not what they asked for."""
        key = "later.done" if until == wanted else "later.moved"
        return _plain(self._words(key, at=self._words.moment(until, zone)))

    def nothing_to_put_off(self) -> Message:
        """Nothing waits for this person."""
        return _plain(self._words("later.nothing"))

    def away(self, until: date, ahead: bool) -> Message:
        """An absence was noted, or ended."""
        if not ahead:
            return _plain(self._words("away.back"))
        return _plain(self._words("away.done", date=self._words.date(until)))

    def no_moment(self, verb: str) -> Message:
        """The time was not understood."""
        return _plain(self._words("away.unclear" if verb == "away" else "later.unclear"))

    def scanning(self, org: str, done: int, total: int) -> Message:
        """A look at an org, while it goes on."""
        label = self._words("scan.progress", org=org, done=done, total=total)
        return Message(label, (Progress(done, total, label),))

    def help(self, operator: bool) -> Message:
        """What can be said."""
        words = self._words
        title = words("help.title")
        blocks: list[Block] = [Heading(title), Text(words("help.what"))]
        if operator:
            said = (Fact(words(f"help.say_{verb}"), words(f"help.{verb}")) for verb in VERBS)
            blocks.append(Facts(tuple(said)))
        else:
            blocks.append(Text(words("help.not_operator")))
        blocks.append(Note(words("help.note")))
        return Message(title, tuple(blocks))

    def not_allowed(self, asker: ChatIdentity) -> Message:
        """Only operators may ask; says what to do."""
        return _plain(self._words("error.not_operator", id=asker.user_id))

    def unclear(self, said: str, closest: str) -> Message:
        """Not understood: the closest command, or help."""
        words = self._words
        text = words("unclear.text", said=said[:60])
        buttons = [Command("help", words("button.help"), "help")]
        if closest in ("why", "who", "send", "check"):
            text = words("unclear.closest_app", said=said[:60], closest=closest)
        elif closest:
            text = words("unclear.closest", said=said[:60], closest=closest)
            say = words("button.say", words=closest)
            buttons.insert(0, Command("closest", say, closest, primary=True))
        return Message(text, (Text(text), Buttons(tuple(buttons))))

    def needs_app(self, verb: str) -> Message:
        """A command that needs an app."""
        return _plain(self._words("unclear.needs_app", verb=verb))

    def error(self, error: O365BotError) -> Message:
        """What went wrong, in words, and what to do next."""
        words = self._words
        match error:
            case AppUnknown(name=name, closest=closest) if closest:
                text = words("error.app_unknown_close", name=name, closest=", ".join(closest))
            case AppUnknown(name=name):
                text = words("error.app_unknown", name=name)
            case AppAmbiguous(name=name, choices=choices):
                text = words("error.app_ambiguous", name=name, choices=", ".join(choices))
            case _:
                key = f"error.{error.code}"
                text = words(key if words.has(key) else "error.other", says=str(error))
        return _plain(text)

    def broken(self, reference: str) -> Message:
        """A bug: says so, with the reference that the log line carries."""
        return _plain(self._words("error.broken", reference=reference))


def _plain(text: str) -> Message:
    return Message(text, (Text(text),))
