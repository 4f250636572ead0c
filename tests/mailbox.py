"""A real IMAP server on loopback, with TLS from the first byte in front of it."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import NamedTuple

from imap_tools import AND, MailBoxUnencrypted, MailMessageFlags

from sandbox.bot_process import free_port
from tests.mail_server import Certificates

USER, PASSWORD = "bounces@contoso.com", "imap-hush"
# With a password that is hashed once: else each sign-in takes a fifth of a second.
PYMAP = """
from pysasl.hashing import BuiltinHash
from pymap.main import main
BuiltinHash.__init__.__kwdefaults__["rounds"] = 1
main()
"""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """`port` speaks TLS, as the world sees it; tests look in behind it."""

    port: int
    behind: MailBoxUnencrypted

    async def put(self, mail: bytes) -> None:
        """A mail arrives."""
        await asyncio.to_thread(self._put, mail)

    async def unread(self) -> list[str]:
        """The subjects of what nobody has read."""
        return await asyncio.to_thread(self._unread)

    def _put(self, mail: bytes) -> None:
        self.behind.append(mail, "INBOX")

    def _unread(self) -> list[str]:
        found = self.behind.fetch(AND(seen=False), mark_seen=False)
        return [mail.subject for mail in found]

    def clear(self) -> None:
        """What the server comes with is read."""
        self.behind.flag(self.behind.uids(), MailMessageFlags.SEEN, value=True)


class Imap(NamedTuple):
    """The server's port, and somebody who is signed in."""

    port: int
    within: MailBoxUnencrypted


@contextmanager
def imap_server() -> Iterator[Imap]:
    """Served without TLS until the end."""
    port = free_port()
    command = [sys.executable, "-c", PYMAP, "--no-tls", "--host", "127.0.0.1", "--port", str(port)]
    command += ["dict", "--demo-data", "--demo-user", USER, "--demo-password", PASSWORD]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            with MailBoxUnencrypted("127.0.0.1", port).login(USER, PASSWORD) as within:
                yield Imap(port, within)
        finally:
            process.terminate()


@asynccontextmanager
async def mailbox(server: Imap, certificates: Certificates) -> AsyncIterator[Mailbox]:
    """The server's mailbox, with nothing unread in it, behind TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.server)

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            await asyncio.gather(
                _copy(reader, there[1]), _copy(there[0], writer), return_exceptions=True
            )
        finally:
            for one in (writer, there[1]):
                one.close()
                with suppress(OSError):
                    await one.wait_closed()

    async with await asyncio.start_server(forward, "127.0.0.1", 0, ssl=context) as front:
        box = Mailbox(front.sockets[0].getsockname()[1], server.within)
        await asyncio.to_thread(box.clear)
        yield box


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


def _wait_for(port: int) -> None:
    """Until the server answers."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise TimeoutError("the IMAP server did not start")
