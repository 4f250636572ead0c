"""A real mail server on loopback: SMTP over TLS with a certificate authority of its own."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from ipaddress import ip_address
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "bot@contoso.com", "mail-hush"


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files: a server's certificate with its key, and who signed it."""

    authority: Path
    server: Path


def make_certificates(folder: Path, host: str = "127.0.0.1") -> Certificates:
    """An authority made on the spot, and a certificate of it for `host`, valid for a day."""
    now = datetime.now(UTC)

    def certificate(
        name: str, key: ec.EllipticCurvePrivateKey, issuer: str, signer: ec.EllipticCurvePrivateKey
    ) -> x509.Certificate:
        def named(text: str) -> x509.Name:
            return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

        builder = (
            x509.CertificateBuilder()
            .subject_name(named(name))
            .issuer_name(named(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=key is signer, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False
            )
        )
        if key is not signer:
            by_ip = host[0].isdigit()
            names = [x509.IPAddress(ip_address(host)) if by_ip else x509.DNSName(host)]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(signer, hashes.SHA256())

    root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority, server = folder / "authority.pem", folder / "server.pem"
    pem = serialization.Encoding.PEM
    authority.write_bytes(certificate("Test root", root, "Test root", root).public_bytes(pem))
    server.write_bytes(
        certificate("Test server", leaf, "Test root", root).public_bytes(pem)
        + leaf.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return Certificates(authority, server)


@dataclass
class MailServer:
    """What arrived, and what the server says when asked to take something.

    `refuses` holds the reply to `RCPT TO` by address, `says` the reply after the message
    ("": it is taken).
    """

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    refuses_sender: str = ""
    says: str = ""
    hangs: bool = False

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuses_sender:
            return self.refuses_sender
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.hangs:
            await asyncio.Event().wait()
        if self.says:
            return self.says
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(BytesParser(EmailMessage, policy=policy.default).parsebytes(content))
        self.envelopes.append((str(envelope.mail_from), tuple(envelope.rcpt_tos)))
        return "250 2.6.0 queued"


def _known(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
) -> AuthResult:
    assert isinstance(data, LoginPassword)
    right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


@asynccontextmanager
async def mail_server(
    certificates: Certificates, *, implicit: bool = False, tls: bool = True
) -> AsyncIterator[MailServer]:
    """Served until the end. `implicit`: TLS from the first byte; else STARTTLS, if `tls`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.server)
    server = MailServer()

    def protocol() -> SMTP:
        return SMTP(
            server,
            loop=asyncio.get_running_loop(),
            hostname="mail.contoso.com",
            tls_context=context if tls and not implicit else None,
            require_starttls=tls and not implicit,
            auth_required=tls and not implicit,
            auth_require_tls=not implicit,  # this server does not count TLS from the first byte
            authenticator=_known,
        )

    loop = asyncio.get_running_loop()
    listening = await loop.create_server(
        protocol, "127.0.0.1", 0, ssl=context if implicit else None
    )
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


def mail_settings(server: MailServer, certificates: Certificates) -> str:
    """A bot's settings for it, which may write to two domains of the sandbox."""
    return f"""
[mail]
host = "127.0.0.1"
port = {server.port}
ca_file = "{certificates.authority}"
user = "{USER}"
password = "{PASSWORD}"
sender = "o365bot@contoso.example"
domains = ["northwind.example.com", "contoso.example"]
"""
