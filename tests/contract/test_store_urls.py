"""The addresses a store may have: what they mean, and that they are really spoken to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.server.store import check, connect
from adapters.redis.server.urls import (
    ClusterAddress,
    SentinelAddress,
    ServerAddress,
    parse,
    weaknesses,
    with_files,
)
from adapters.redis.shared.pace import RedisPace
from bot.domain.changes import Changes
from bot.errors import StoreUnavailable
from tests.contract.test_pace import to_person
from tests.examples import LETTER, NOW, RECORD, REQUEST
from tests.servers import running_server
from tests.waiting import wait_until


@pytest.mark.parametrize(
    "url", ["redis://h:6379/0", "rediss://u:p@h/1?ssl_ca_certs=/x", "unix:///run/x.sock"]
)
def test_one_server_is_taken_as_it_is(url: str) -> None:
    """redis-py reads these itself."""
    assert parse(url) == ServerAddress(url)


def test_a_cluster_is_any_of_its_nodes() -> None:
    """The scheme says that it is one; what remains is a plain address."""
    assert parse("redis+cluster://u:p@h:7000") == ClusterAddress("redis://u:p@h:7000")
    assert parse("rediss+cluster://h:7000") == ClusterAddress("rediss://h:7000")


def test_sentinels_are_listed_and_name_a_service() -> None:
    """Ports may be left out, addresses may be IPv6, the database follows the service."""
    found = parse("redis+sentinel://bot:s%40crt@s1,s2:26380,[::1]:26381/main/2?socket_timeout=3")
    assert isinstance(found, SentinelAddress)
    assert found.sentinels == (("s1", 26379), ("s2", 26380), ("::1", 26381))
    assert found.service == "main"
    assert found.options == {
        "username": "bot",
        "password": "s@crt",
        "db": 2,
        "socket_timeout": 3.0,
    }
    assert found.sentinel_options == {}


def test_sentinels_may_have_credentials_and_certificates_of_their_own() -> None:
    """A private authority counts for both, the password of the data for the data alone."""
    found = parse(
        "rediss+sentinel://:data@s1/main?sentinel_password=watch&ssl_ca_certs=/etc/ca.pem"
    )
    assert isinstance(found, SentinelAddress)
    assert found.sentinel_options == {
        "password": "watch",
        "ssl": True,
        "ssl_ca_certs": "/etc/ca.pem",
    }
    assert found.options["password"] == "data"
    assert found.options["ssl"] is True


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hush/word@h:6379",
        "redis+cluster://:hush/word@h:6379",
        "redis://h:port",
        "redis://h:99999",
        "redis://[::1",
        "redis://h?socket_timeout=soon",
    ],
)
def test_what_is_said_of_an_unreadable_address_repeats_nothing_of_it(url: str) -> None:
    """A password with a slash that was not escaped ends where the port is looked for."""
    with pytest.raises(StoreUnavailable) as caught:
        parse(url)
    told = f"{caught.value!r} {caught.value.hint} {caught.value.__cause__!r}"
    assert "hush" not in told
    assert caught.value.__suppress_context__
    assert "%2F" in caught.value.hint


@pytest.mark.parametrize(
    "url",
    [
        "",
        "redis",
        "redis://",
        "http://h",
        "memory://",
        "redis+sentinel://:hush@s1",
        "redis+sentinel://:hush@/main",
        "redis+sentinel://:hush@s1:port/main",
        "redis+sentinel://:hush@s1/main/db",
        "redis+sentinel://:hush@s1/main/0/more",
    ],
)
def test_an_address_of_no_use_is_refused_without_repeating_it(url: str) -> None:
    """It may hold a password; the hint shows the forms that there are."""
    with pytest.raises(StoreUnavailable, match="redis\\+sentinel://host") as caught:
        parse(url)
    assert "hush" not in str(caught.value)


def test_no_address_shows_its_password() -> None:
    """Not even by accident in a log line."""
    for url in ("redis://:hush@h", "redis+cluster://:hush@h", "redis+sentinel://:hush@h/main"):
        assert "hush" not in repr(parse(url))


async def test_a_cluster_keeps_the_ledger_and_the_limits(tmp_path: Path) -> None:
    """One node that holds every slot: all keys of an installation share one of them."""
    async with running_server(tmp_path, "--cluster-enabled", "yes") as port:
        async with Redis.from_url(f"redis://127.0.0.1:{port}") as node:
            ask: Any = node.execute_command  # redis-py leaves it untyped
            await ask("CLUSTER", "ADDSLOTSRANGE", 0, 16383)

            async def serves() -> bool:
                info = await ask("CLUSTER", "INFO")
                return "cluster_state:ok" in str(info)

            await wait_until(serves, within=60, what="the cluster serves")
        async with connect(f"redis+cluster://127.0.0.1:{port}") as client:
            info = await check(client)
            assert info["cluster_enabled"] == 1
            ledger = RedisLedger(client, Keys())
            await ledger.commit(Changes(apps=(RECORD,), requests=(REQUEST,), planned=(LETTER,)))
            assert await ledger.open_requests() == (REQUEST,)
            assert await ledger.due(NOW, 10) == (LETTER.key,)
            pace = RedisPace(client, Keys())
            await pace.pause("slack", NOW)
            assert await pace.slot(to_person(1), NOW) == NOW


async def test_behind_sentinel_the_master_is_found(tmp_path: Path) -> None:
    """The sentinel is asked, the master is spoken to."""
    async with running_server(tmp_path / "data") as data:
        watch = f"port 0\nsentinel monitor main 127.0.0.1 {data} 1\n"
        async with running_server(tmp_path / "watch", "--sentinel", config=watch) as sentinel:
            url = f"redis+sentinel://127.0.0.1:{sentinel}/main"
            async with connect(url) as client:
                assert (await check(client))["role"] == "master"
                ledger = RedisLedger(client, Keys())
                await ledger.commit(Changes(requests=(REQUEST,)))
                assert await ledger.request(REQUEST.id) == REQUEST


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("redis://store:6379", ["clear_text", "no_password"]),
        ("redis://:hush@store", ["clear_text"]),
        ("redis://:hush@10.0.0.7", ["clear_text"]),
        ("redis://[2001:db8::1]", ["clear_text", "no_password"]),
        ("redis://localhost.example.com", ["clear_text", "no_password"]),
        ("redis://0.0.0.0", ["clear_text", "no_password"]),
        ("rediss://store", ["no_password"]),
        ("rediss://:hush@store?ssl_cert_reqs=none", ["unchecked_certificate"]),
        ("rediss://:hush@store?ssl_cert_reqs=optional", ["unchecked_certificate"]),
        ("rediss://:hush@store?ssl_check_hostname=no", ["unchecked_certificate"]),
        ("rediss://store?ssl_certfile=/c&ssl_keyfile=/k", []),
        ("rediss://u:hush@store", []),
        ("redis+cluster://store", ["clear_text", "no_password"]),
        ("rediss+cluster://:hush@store?ssl_cert_reqs=none", ["unchecked_certificate"]),
        ("redis+sentinel://s1,127.0.0.1/main", ["clear_text", "no_password"]),
        ("rediss+sentinel://:hush@s1,s2/main", []),
        ("rediss+sentinel://:hush@s1/main?ssl_check_hostname=false", ["unchecked_certificate"]),
        ("redis://127.0.0.1", []),
        ("redis://127.9.9.9", []),
        ("redis://[::1]:7000", []),
        ("redis://LOCALHOST", []),
        ("redis+sentinel://127.0.0.1,localhost/main", []),
        ("unix:///run/store.sock", []),
    ],
)
def test_what_is_weak_about_a_store_on_another_machine_has_its_name(
    url: str, found: list[str]
) -> None:
    """On this machine nobody is between the two."""
    assert list(weaknesses(parse(url))) == found


@pytest.mark.parametrize(
    "query",
    ["unknown=1", "decode_responses=no", "host=elsewhere", "ssl=true", "db=", "ssl_ca_certs=/x"],
)
@pytest.mark.parametrize("url", ["redis://h", "redis+cluster://h", "redis+sentinel://h/main"])
def test_an_option_that_the_client_would_stumble_over_is_refused(url: str, query: str) -> None:
    """Before anything is connected; `ssl_…` needs TLS."""
    with pytest.raises(StoreUnavailable, match=r"option|no value|no TLS"):
        parse(f"{url}?{query}")


@pytest.mark.parametrize(
    "url",
    [
        "redis://:6379",
        "redis://h:0",
        "redis://h/99999999999",
        "redis://h?socket_timeout=-1",
        "redis://h?socket_timeout=0",
        "redis://h?socket_timeout=nan",
        "redis://h?socket_connect_timeout=inf",
        "redis://::1:6379",
        "redis://h/main",
        "redis://h/0/1",
        "redis://a,b",
        "redis://h st",
        "redis://h:0x50",
        "unix://run/x.sock",
        "unix://",
        "rediss+cluster://h/1",
        "redis+sentinel://[::1/main",
    ],
)
def test_an_address_that_would_lead_elsewhere_is_refused(url: str) -> None:
    """redis-py would take another host, database or socket than was written, without a word."""
    with pytest.raises(StoreUnavailable):
        parse(url)


def test_files_for_tls_are_read_before_anything_is_connected(tmp_path: Path) -> None:
    """One that is not there, one that is none, and a CA file for an address without TLS."""
    empty = tmp_path / "empty.pem"
    empty.write_text("no certificate")
    for url, ca_file in [
        ("rediss://h?ssl_ca_certs=/nowhere/ca.pem", None),
        ("rediss://h?ssl_cert_reqs=maybe", None),
        ("rediss://h", tmp_path / "gone.pem"),
        ("rediss://h", empty),
        ("rediss+sentinel://h/main", empty),
        ("redis://h", empty),
    ]:
        with pytest.raises(StoreUnavailable):
            with_files(parse(url), ca_file)
