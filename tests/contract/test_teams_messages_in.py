"""Messages from Teams: signed activities in, answers out over the Bot Connector."""

from __future__ import annotations

import asyncio

from starlette.responses import JSONResponse, Response

from bot.domain.people.admins import ChatIdentity, Platform
from tests.contract.pretend_teams import ADA, APP, CHANNEL, PERSONAL, TENANT
from tests.contract.teams_world import TeamsBorder
from tests.waiting import wait_until


async def test_a_message_is_taken_at_once_and_answered_with_a_card(teams: TeamsBorder) -> None:
    """The request ends before the answer is there; the answer replies to the message."""
    teams.answers.let_go.clear()
    response = await teams.post(teams.said("which O365 apps need migration"))
    assert (response.status_code, response.content) == (202, b"")
    assert teams.microsoft.calls == []

    teams.answers.let_go.set()
    (call,) = await teams.calls(1)
    assert call.path == f"/emea/v3/conversations/{PERSONAL}/activities/1700000000001"
    assert call.card["body"][0]["text"] == "You said: which O365 apps need migration"
    assert call.body["replyToId"] == "1700000000001"
    assert call.body["summary"] == "You said: which O365 apps need migration"
    assert call.body["from"] == {"id": f"28:{APP}"}
    assert call.body["channelData"] == {"tenant": {"id": TENANT}}


async def test_who_asks_is_told_by_the_signed_request(teams: TeamsBorder) -> None:
    """The asker is the Entra object id, with name, language and time zone."""
    await teams.post(teams.said("help"))
    await wait_until(lambda: bool(teams.answers.asked))
    assert teams.answers.asked == [
        (
            "help",
            ChatIdentity(
                Platform.TEAMS,
                ADA,
                display_name="Ada Byron",
                time_zone="Europe/London",
                language="en-GB",
            ),
        )
    ]


# A client's own emoji, as it comes in a message of HTML
EMOJI = (
    '<span class="animated-emoticon-20-rocket" title="Rocket" type="(rocket)"><img itemscope '
    'itemtype="http://schema.skype.com/Emoji" itemid="rocket" src="https://example.com/r" '
    'title="Rocket" alt="🚀" style="width:20px"></span>'
)
WRAPPED: list[tuple[str | None, str]] = [
    ("<at>O365 bot</at> who Contoso Mail\n", "who Contoso Mail"),
    ("<at>O365 bot</at>", ""),
    ("\r\n<at>O365 bot</at>&nbsp;\xa0 send   Mail &amp; More ", "send Mail & More"),
    ("<p>apps</p>", "apps"),
    ("send <at>Ada</at>", "send Ada"),
    (None, ""),
    # only Teams' own tags are markup, and a person types angle brackets, too
    ("<at>O365 bot</at> send Mail <EMEA>\n", "send Mail <EMEA>"),
    ("<at>O365 bot</at> send Mail &lt;EMEA&gt;", "send Mail <EMEA>"),
    ("<at>O365 bot</at> why <Sales> & <b> Labs", "why <Sales> & <b> Labs"),
    ("why AT&T &copy R&D &amp;lt;", "why AT&T &copy R&D &lt;"),
    ("why <App 2> < 3 > 1", "why <App 2> < 3 > 1"),
    ("<p><strong>apps</strong></p><p>&nbsp;</p>", "apps"),
    ("<div><div><i>why</i> <u>Sales</u></div></div>", "why Sales"),
    ("<ul><li>why Sales</li></ul>", "why Sales"),
    ("apps<br>please", "apps\nplease"),
    ("<blockquote>what Ben said</blockquote>\n<p>apps</p>", "apps"),
    ("<blockquote>apps</blockquote>", "> apps"),
    ("<div><blockquote><p>send all</p><p>now</p></blockquote></div>", "> send all\n> now"),
    (f"why {EMOJI} Office", "why 🚀 Office"),
    ('<emoji id="rocket" alt="🚀" title="Rocket"></emoji> Office', "🚀 Office"),
    ('apps <img alt="image" src="https://example.com/1.png">', "apps"),
    ("why M&uuml;ller &amp; Co&#46;", "why Müller & Co."),
    ("<table><tbody><tr><td>apps</td></tr></tbody></table>", "apps"),
    ("<sup>why</sup> <table>", "why <table>"),
    ('<attachment id="1"></attachment> apps', "apps"),
    ('<emoji id="launch" alt="🚀">🚀</emoji> apps', "🚀 apps"),
    # a client that gives its entities no text, and one that numbers its mentions
    ('<at id="0">O365 bot</at>&nbsp;who <at id="1">Ada</at>', "who Ada"),
]


async def test_mentions_markup_and_odd_spaces_are_no_part_of_the_words(teams: TeamsBorder) -> None:
    """What Teams wraps around a command is taken off."""
    mention = {
        "type": "mention",
        "text": "<at>O365 bot</at>",
        "mentioned": {"id": f"28:{APP}", "name": "O365 bot"},
    }
    hostile = {"type": "mention", "text": 5, "mentioned": "x"}
    for number, (text, words) in enumerate(WRAPPED, start=1):
        entities = [hostile, mention]
        await teams.post(teams.activity("message", id=str(number), text=text, entities=entities))
        await teams.calls(number)
        assert teams.answers.asked[-1][0] == words


async def test_a_mention_without_a_text_of_its_own_is_none_of_the_words(teams: TeamsBorder) -> None:
    """Some clients tell only who was mentioned, or nothing at all."""
    bot = {"type": "mention", "mentioned": {"id": f"28:{APP}", "name": "O365 bot"}}
    ada = {"type": "mention", "mentioned": {"id": "29:ada", "name": "Ada Byron"}}
    for number, (text, entities, words) in enumerate(
        [
            ("<at>O365 bot</at> apps", [bot], "apps"),
            ("<at>O365 bot</at> apps", [], "apps"),
            ("<at>O365 bot</at> apps", None, "apps"),
            ("<at>Ada Byron</at> <at>O365 bot</at> apps", [ada, bot], "Ada Byron apps"),
        ],
        start=1,
    ):
        await teams.post(teams.activity("message", id=str(number), text=text, entities=entities))
        await teams.calls(number)
        assert teams.answers.asked[-1][0] == words


async def test_an_edit_never_acts(teams: TeamsBorder) -> None:
    """What was edited was acted on when it was new; nor does what was deleted or restored."""
    for number, (kind, event) in enumerate(
        [
            ("messageUpdate", {"eventType": "editMessage"}),
            ("messageUpdate", {"eventType": "undeleteMessage"}),
            ("messageDelete", {"eventType": "softDeleteMessage"}),
            ("messageUpdate", {}),
            ("message", {"eventType": "editMessage"}),
        ]
    ):
        body = teams.activity(kind, id=f"1700{number}", text="send Sales")
        body["channelData"] = body.get("channelData", {}) | event
        assert (await teams.post(body)).status_code in (200, 202)
    await teams.inbound.drain(20)
    assert teams.answers.asked == []
    assert teams.microsoft.calls == []


async def test_progress_is_shown_once_and_then_changed_into_the_answer(teams: TeamsBorder) -> None:
    """A long answer is one message that changes, not many."""
    teams.answers.progress = ("1 of 2", "2 of 2")
    await teams.post(teams.said("scan"))
    first, second, last = await teams.calls(3)
    assert [first.method, second.method, last.method] == ["POST", "PUT", "PUT"]
    assert second.path == last.path == f"/emea/v3/conversations/{PERSONAL}/activities/1001"
    assert last.card["body"][0]["text"] == "You said: scan"


async def test_an_answer_in_a_channel_goes_into_its_thread(teams: TeamsBorder) -> None:
    """The thread is kept for the answer; the channel is what is remembered."""
    await teams.post(teams.in_channel(teams.said("apps")))
    (call,) = await teams.calls(1)
    thread = f"{CHANNEL};messageid=17"
    assert call.path == f"/emea/v3/conversations/{thread}/activities/1700000000001"
    ref = teams.conversations.refs[CHANNEL]
    assert (ref.kind, ref.object_id, ref.name) == ("channel", "", "O365 migration")


async def test_a_message_that_comes_twice_is_acted_on_once(teams: TeamsBorder) -> None:
    """Teams sends an activity again when it heard nothing for a while."""
    statuses = [(await teams.post(teams.said("apps"))).status_code for _ in range(3)]
    await teams.post(teams.said("help", id="1700000000002"))
    await teams.calls(2)
    await teams.inbound.drain(20)
    assert statuses == [202, 202, 202]
    assert [words for words, _ in teams.answers.asked] == ["apps", "help"]
    assert len(teams.microsoft.calls) == 2


async def test_an_answer_that_teams_throttles_is_sent_again(teams: TeamsBorder) -> None:
    """429 and 412 say that nothing was taken, so the answer is not lost."""
    teams.microsoft.refusals = [
        JSONResponse({"error": {"code": "Throttled"}}, 429, {"Retry-After": "0"}),
    ]
    await teams.post(teams.said("apps"))
    (call,) = await teams.calls(1)
    assert call.card["body"][0]["text"] == "You said: apps"


async def test_an_answer_whose_fate_is_unknown_is_not_sent_again(teams: TeamsBorder) -> None:
    """After a 502 the message may be there: better none than two."""
    teams.microsoft.refusals = [Response("<html>bad gateway</html>", 502)]
    await teams.post(teams.said("apps"))
    await wait_until(lambda: not teams.microsoft.refusals)
    await teams.inbound.drain(20)
    assert teams.microsoft.calls == []


async def test_a_bug_in_an_answer_stops_nothing_else(teams: TeamsBorder) -> None:
    """The next message is answered."""
    teams.answers.fails = True
    assert (await teams.post(teams.said("apps"))).status_code == 202
    await teams.inbound.drain(20)
    teams.answers.fails = False
    await teams.post(teams.said("help", id="2"))
    assert len(await teams.calls(1)) == 1


async def test_draining_cancels_what_does_not_end(teams: TeamsBorder) -> None:
    """Shutting down waits, but not for ever."""
    teams.answers.let_go.clear()
    await teams.post(teams.said("apps"))
    await wait_until(lambda: bool(teams.answers.asked))
    await asyncio.wait_for(teams.inbound.drain(0.05), 20)
    teams.answers.let_go.set()
    assert teams.microsoft.calls == []
