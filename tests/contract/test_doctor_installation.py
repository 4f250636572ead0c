"""What `doctor` finds of the settings, the store, the public address, and of silence."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.server import store
from adapters.redis.server.probe import StoreProbe
from adapters.redis.server.rights import TRIED, lacking
from adapters.web.monitoring.address import AddressProbe
from adapters.webhook.probe import WebhookProbe
from bot.domain.doctor.checks import examine
from bot.domain.doctor.finding import Failure, Finding, Grade
from bot.domain.doctor.seen import SettingsSeen, StoreSeen, WebhookSeen
from bot.services.doctor import Doctor
from bot.settings.sections.store import RedisSettings
from bot.settings.sections.webhook import WebhookSettings
from tests.fakes import FakeClock
from tests.mail_server import make_certificates
from tests.servers import Server, running_server
from tests.waiting import wait_until

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
    *("store_file_unwritten", "store_replica_follows", "store_replica_copies"),
    *("store_replica_behind", "store_replica_silent"),
    *("server_certificate_long", "server_certificate_soon", "server_certificate_over"),
    *("webhook_answer_reached", "webhook_answer_refused"),
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


async def test_a_file_that_could_not_be_written_is_told_of(tmp_path: Path) -> None:
    """The disk is full while the server saves: it goes on, and nobody sees it."""
    server = Server(tmp_path)
    await server.start()
    try:
        async with store.connect(f"redis://127.0.0.1:{server.port}") as client:
            assert (await of_store(client))["store_file"] == "memory"
            server.limit_files(1)
            await client.bgsave()

            async def told() -> bool:
                return (await of_store(client))["store_file"] == "unwritten"

            await wait_until(told, within=60, what="what failed is told of")
    finally:
        await server.kill()


async def test_a_replica_that_misses_writes_is_named(tmp_path: Path) -> None:
    """It is stopped where it stands; with what it has taken it counts as keeping up."""
    async with running_server(tmp_path / "first", "--repl-diskless-sync-delay", "0") as port:
        second = Server(tmp_path / "second", "--replicaof", "127.0.0.1", str(port))
        await second.start()
        try:
            async with store.connect(f"redis://127.0.0.1:{port}") as client:
                await store.await_replicas(client, 1)
                assert (await of_store(client))["store_replica"] == "follows"
                second.signal(signal.SIGSTOP)
                for number in range(30):
                    await client.set(f"k{number}", "x" * 100_000)
                assert (await of_store(client))["store_replica"] == "behind"
        finally:
            second.signal(signal.SIGCONT)
            await second.kill()


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ({"state": "online", "offset": 4_900, "lag": 1}, "follows"),
        ({"state": "online", "offset": 4_900, "lag": 11}, "silent"),
        ({"state": "wait_bgsave", "offset": 0, "lag": 0}, "copies"),
    ],
)
def test_what_a_store_tells_of_a_replica_is_read(told: dict[str, object], outcome: str) -> None:
    """As INFO has it (valkey.io, "INFO", Replication)."""
    info = {
        "master_repl_offset": 5_000,
        "slave0": {"ip": "10.0.0.2", "port": 6379, **told},
        "slave_expires_tracked_keys": 0,
    }
    (replica,) = store.replicas(info)
    assert (replica.place, replica.missing) == ("10.0.0.2:6379", 5_000 - int(str(told["offset"])))
    found = list(examine({"store": StoreSeen(replicas=(replica,))}, NOW))
    assert outcomes(found)["store_replica"] == outcome


async def test_a_cluster_is_looked_at_through_one_of_its_nodes(tmp_path: Path) -> None:
    """Its client has no one connection; it is examined like any other store."""
    async with running_server(tmp_path, "--cluster-enabled", "yes") as port:
        async with Redis(port=port, decode_responses=True) as node:
            ask: Any = node.execute_command  # redis-py leaves it untyped
            await ask("CLUSTER", "ADDSLOTSRANGE", 0, 16383)

            async def serves() -> bool:
                return "cluster_state:ok" in str(await ask("CLUSTER", "INFO"))

            await wait_until(serves, within=60, what="the cluster serves")
        async with store.connect(f"redis+cluster://127.0.0.1:{port}") as client:
            found = await of_store(client)
    assert (found["store_answer"], found["store_rights"]) == ("answers", "enough")


# ------------------------------------------------------------------ certificates of servers


def dated(findings: Iterable[Finding]) -> datetime:
    """When the certificate ends that was found."""
    (end,) = [one.found.values["date"] for one in findings if one.check == "server_certificate"]
    assert isinstance(end, datetime)
    return end


def check_ending(seen: object) -> None:
    """Good until thirty days before, then told of."""
    end = dated(examine({"it": seen}, NOW))
    for now, outcome in ((end - 31 * DAY, "long"), (end - 30 * DAY, "soon"), (end, "over")):
        assert outcomes(list(examine({"it": seen}, now)))["server_certificate"] == outcome


@asynccontextmanager
async def in_tls(tls: ssl.SSLContext, port: int) -> AsyncIterator[int]:
    """A port that leads to another one, in TLS: how managed stores are reached."""

    async def flow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while block := await reader.read(65_536):
            writer.write(block)
            await writer.drain()
        writer.close()

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, here = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(flow(reader, here), flow(there, writer))

    server = await asyncio.start_server(lead, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_the_certificate_of_the_store_is_told_of_before_it_ends(
    trusted: ssl.SSLContext, tmp_path: Path
) -> None:
    """As its clients meet it."""
    async with running_server(tmp_path / "store") as port, in_tls(trusted, port) as outer:
        url = f"rediss://127.0.0.1:{outer}?ssl_ca_certs={os.environ['SSL_CERT_FILE']}"
        async with store.connect(url) as client:
            check_ending(await StoreProbe(client, Keys(), "here", RedisSettings()).probe())


async def of_webhook(url: str) -> WebhookSeen:
    values = {"url": url, "secret": "whsec_" + "a" * 40, "allow_private": True}
    return await WebhookProbe(WebhookSettings.model_validate(values)).probe()


async def test_the_receiver_of_events_is_reached_and_its_certificate_dated(
    trusted: ssl.SSLContext,
) -> None:
    """Nothing is posted; what of its address may be a secret is told to nobody."""
    asked: list[bytes] = []
    async with answering(b"", trusted, asked) as port:
        seen = await of_webhook(f"https://127.0.0.1:{port}/hush")
    check_ending(seen)
    away = await of_webhook("https://127.0.0.1:9/hush")
    assert outcomes(list(examine({"webhook": seen}, NOW)))["webhook_answer"] == "reached"
    assert outcomes(list(examine({"webhook": away}, NOW))) == {"webhook_answer": "refused"}
    assert asked == []
    assert "hush" not in repr((seen, away))


# ------------------------------------------------------------------ address


@asynccontextmanager
async def answering(
    body: bytes, tls: ssl.SSLContext | None = None, asked: list[bytes] | None = None
) -> AsyncIterator[int]:
    """Something that answers each request with this page; its port. What is asked is noted."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return  # somebody who only looked whether it is there
        if asked is not None:
            asked.append(request)
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
