"""What `doctor` finds of the settings, the store, the public address, and of silence."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.server import store
from adapters.redis.server.probe import StoreProbe
from adapters.redis.server.rights import TRIED, lacking
from adapters.web.monitoring.reach import AddressProbe
from bot.domain.doctor.checks import examine
from bot.domain.doctor.finding import Failure, Finding, Grade
from bot.domain.doctor.seen import SettingsSeen
from bot.services.doctor import Doctor
from bot.settings.sections.store import RedisSettings
from tests.fakes import FakeClock
from tests.mail_server import make_certificates
from tests.servers import running_server

ROOT = Path(__file__).parents[2]
USER, PASSWORD = "o365bot", "pw"

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)

# Every outcome that a test below brings about; tests/unit/test_doctor.py holds it whole.
FOUND = (
    *("settings_usable_usable", "settings_usable_wrong"),
    *("settings_ends_long", "settings_ends_soon", "settings_ends_over"),
    *("settings_operators_named", "settings_operators_none"),
    *("settings_targets_ahead", "settings_targets_passed"),
    *("store_answer_answers", "store_answer_refused", "store_file_kept", "store_file_memory"),
    *("store_rights_enough", "store_rights_few", "store_memory_room", "store_memory_nearly_full"),
    *("store_replicas_enough", "store_replicas_few"),
    *("address_answer_answers", "address_answer_other", "address_answer_refused"),
    *("address_certificate_long", "address_certificate_soon", "address_certificate_over"),
    *("address_outside_unseen", "address_outside_local", "answer_silent"),
)


def outcomes(findings: list[Finding]) -> dict[str, str]:
    """What each check found; of several by one check the last."""
    return {one.check: one.found.outcome for one in findings}


# ------------------------------------------------------------------ settings


def of_settings(**seen: object) -> dict[str, str]:
    return outcomes(list(examine({"settings": SettingsSeen(**seen)}, NOW)))  # type: ignore[arg-type]  # by name


def test_what_settings_name_is_told_of_when_it_is_wrong_or_ends() -> None:
    """A key that cannot be used, a certificate within thirty days of its end, a past date."""
    well = of_settings(
        ends={"entra.certificate": NOW + 31 * DAY},
        operators=1,
        targets={"campaign.targets.0.on": date(2026, 11, 2)},
    )
    assert well == {
        "settings_usable": "usable",
        "settings_ends": "long",
        "settings_operators": "named",
        "settings_targets": "ahead",
    }
    ill = of_settings(
        problems=("okta.contoso.private_key: there is no private key in it",),
        ends={"entra.certificate": NOW + 30 * DAY},
        targets={"campaign.targets.0.on": date(2026, 11, 1)},
    )
    assert ill == {
        "settings_usable": "wrong",
        "settings_ends": "soon",
        "settings_operators": "none",
        "settings_targets": "passed",
    }
    assert of_settings(ends={"entra.certificate": NOW})["settings_ends"] == "over"


# ------------------------------------------------------------------ store


async def of_store(client: Redis | Failure, **settings: object) -> dict[str, str]:
    probe = StoreProbe(client, Keys("o365bot"), "here", RedisSettings.model_validate(settings))
    return outcomes(list(examine({"store": await probe.probe()}, NOW)))


async def test_a_store_that_keeps_what_it_is_given_is_good(redis_url: str) -> None:
    """The embedded one is such a store; its clock is this machine's."""
    async with store.connect(redis_url) as client:
        assert await of_store(client) == {
            "store_answer": "answers",
            "store_rights": "enough",
            "store_file": "kept",
            "store_memory": "room",
            "clock": "right",
        }


async def test_a_store_in_memory_that_is_nearly_full_is_told_of(tmp_path: Path) -> None:
    """Both are no reason not to run, and both will hurt."""
    async with running_server(tmp_path) as port, store.connect(f"redis://127.0.0.1:{port}") as it:
        used = int((await it.info())["used_memory"])
        await it.config_set("maxmemory", int(used * 1.05))
        found = await of_store(it)
    assert (found["store_file"], found["store_memory"]) == ("memory", "nearly_full")


def test_every_right_of_the_shipped_user_is_looked_at() -> None:
    """But those that take effect at once: opening a connection, and what the other checks use."""
    shipped = (ROOT / "deploy" / "store-users.acl").read_text().splitlines()[1].split()
    rights = {word[1:].partition("|")[0] for word in shipped if word.startswith("+")}
    others = {
        "ping",
        "hello",
        "auth",
        "select",
        "info",
        "client",
        "multi",
        "exec",
        "discard",
        "time",
    }
    assert rights - others == {line.split()[0] for line in TRIED}


@pytest.mark.parametrize("command", ["xadd", "zlexcount", "hscan", "waitaof", "evalsha", "multi"])
async def test_a_right_that_the_stores_user_lacks_is_named(tmp_path: Path, command: str) -> None:
    """Nothing is written to find it out."""
    async with (
        running_server(tmp_path) as port,
        store.connect(f"redis://127.0.0.1:{port}") as every,
        store.connect(f"redis://{USER}:{PASSWORD}@127.0.0.1:{port}") as client,
    ):
        rights = ("on", f">{PASSWORD}", "~*", "+@all", f"-{command}")
        await every.execute_command(  # type: ignore[no-untyped-call]  # of the client library
            "ACL", "SETUSER", USER, *rights
        )
        found = await lacking(client, Keys("o365bot").probe())
        assert (await of_store(client))["store_rights"] == "few"
        assert await every.keys() == [Keys("o365bot").probe()]
    assert found == (command,)


async def test_a_store_that_cannot_be_used_says_why() -> None:
    """It may be away, or there may be no address to begin with."""
    async with store.connect("redis://127.0.0.1:9") as client:
        assert await of_store(client) == {"store_answer": "refused"}
    assert await of_store(Failure("There is none.")) == {"store_answer": "refused"}


async def test_replicas_are_counted_by_those_that_are_really_connected(tmp_path: Path) -> None:
    """One is there: enough for one, too few for two."""
    async with running_server(tmp_path / "first", "--repl-diskless-sync-delay", "0") as port:
        url = f"redis://127.0.0.1:{port}"
        async with store.connect(url) as client:
            assert (await of_store(client, url=url, replicas=1))["store_replicas"] == "few"
            following = ("--replicaof", "127.0.0.1", str(port))
            async with running_server(tmp_path / "second", *following):
                await store.await_replicas(client, 1)
                assert (await of_store(client, url=url, replicas=1))["store_replicas"] == "enough"
                assert (await of_store(client, url=url, replicas=2))["store_replicas"] == "few"


# ------------------------------------------------------------------ address


@asynccontextmanager
async def answering(body: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Something that answers each request with this page; its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def of_address(url: str, now: datetime | None = None) -> tuple[dict[str, str], list[Finding]]:
    seen = await AddressProbe(url).probe()
    findings = list(examine({"address": seen}, now or datetime.now(UTC)))
    return outcomes(findings), findings


async def test_an_address_is_good_when_the_bot_itself_answers_there() -> None:
    """Another page is told of, and so is nobody; an address of this machine is no public one."""
    async with answering(b"<title>o365bot</title>") as port:
        found, _ = await of_address(f"http://127.0.0.1:{port}")
        assert found == {"address_answer": "answers", "address_outside": "local"}
    async with answering(b"<title>nginx</title>") as port:
        found, _ = await of_address(f"http://127.0.0.1:{port}")
        assert found["address_answer"] == "other"
    found, _ = await of_address("http://127.0.0.1:9")
    assert found["address_answer"] == "refused"


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's TLS whose authority this machine trusts."""
    certificates = make_certificates(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.server)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    return context


async def test_the_certificate_of_the_address_is_told_of_before_it_ends(
    trusted: ssl.SSLContext,
) -> None:
    """Thirty days before; whether the world outside gets there cannot be seen from here."""
    async with answering(b"o365bot", trusted) as port:
        _, findings = await of_address(f"https://127.0.0.1:{port}")
        (ends,) = [f.found.values["date"] for f in findings if f.check == "address_certificate"]
        assert isinstance(ends, datetime)
        for now, outcome in ((ends - 31 * DAY, "long"), (ends - 30 * DAY, "soon"), (ends, "over")):
            found, _ = await of_address(f"https://127.0.0.1:{port}", now)
            assert found == {
                "address_answer": "answers",
                "address_certificate": outcome,
                "address_outside": "unseen",
            }


async def test_a_certificate_that_nobody_trusts_is_a_fault_and_is_called_one(
    tmp_path: Path,
) -> None:
    """Browsers would show a warning instead of the link's page."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(make_certificates(tmp_path).server)
    async with answering(b"o365bot", context) as port:
        _, findings = await of_address(f"https://127.0.0.1:{port}")
    (failure,) = [one.found.failure for one in findings if one.check == "address_answer"]
    assert failure is not None
    assert "certificate is not trusted" in failure.reason


# ------------------------------------------------------------------ silence


class Mute:
    """A part of which nothing ever comes back."""

    async def probe(self) -> object:
        return await asyncio.Event().wait()


async def test_a_part_that_never_answers_holds_up_no_other() -> None:
    """It is told of as silent; the others are told of as they are."""
    doctor = Doctor(
        probes={"mail": Mute()}, orgs={}, microsoft=None, clock=FakeClock(NOW), patience=0
    )
    (finding,) = await doctor.examine()
    assert (finding.place, finding.key) == ("mail", "doctor.answer_silent")
    assert finding.grade is Grade.BROKEN
