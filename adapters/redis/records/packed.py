"""App records as the first releases wrote them: deflated with a dictionary of their words.

Read only (RFC 1950, section 2.2, as base64): by the migration, and while a replica of such a
release still runs beside this one. The dictionary may never change.
"""

from __future__ import annotations

import base64
import binascii
import zlib

MARK = "z1:"

_WORDS = (
    b'"detail":{"call":"GET /api/v1/apps//connections/default","where":"","reason":"cloud_refused",'
    b'"says":"refused","needed":"yes","missing":"okta.apps.read"}'
    b'"kind":"read_failed""kind":"app_inactive""kind":"connection_off""kind":"connection_unclear"'
    b'"kind":"provisioning_app_created""kind":"service_account_used""kind":"service_account"'
    b'"kind":"admin_password_used""kind":"tenant_not_consented""kind":"settings_saved"'
    b'"kind":"saw_authenticate""kind":"saw_reauthenticate""kind":"said_saved"'
    b'"kind":"domain_not_in_tenant""kind":"federated_elsewhere"'
    b'"names":"Okta Microsoft Graph Client, Okta Office 365 Graph Client - SSO"'
    b'"status":"INACTIVE""status":"DELETED""account":"svc_OKTA_sync_@.onmicrosoft.com"'
    b'{"app":{"ref":{"org":"","app_id":"0oa"},"label":"Microsoft Office 365","status":"ACTIVE",'
    b'"domain":"example.com","msft_tenant":"","other":{"tenantType":null,"wsFedConfigureType":'
    b'"AUTO","occSettings":null,"windowsTransportEnabled":false,"domains":[],'
    b'"office365ProvisioningType":null,"requireAdminConsent":false,'
    b'"office365FlexibleProvisioningMode":null},"last_updated":"2026-01-01T00:00:00.000Z"},'
    b'"evidence":[{"kind":"connection_on","seen_at":"2026-01-01T00:00:00.000000Z",'
    b'"detail":{"auth_scheme":"OAUTH2"}},{"kind":"tenant_consented","seen_at":"2026-'
    b'","happened_at":"2026-","detail":{"name":"Okta Microsoft Graph Client","app_id":"'
    b'","permissions":"Application.Read.All, Directory.Read.All, Group.ReadWrite.All, '
    b"GroupMember.ReadWrite.All, Organization.Read.All, RoleManagement.ReadWrite.Directory, "
    b'User.ReadWrite.All","publisher":"Okta, Inc.","publisher_is_okta":"yes","found_by":"name",'
    b'"enabled":"yes"}},{"kind":"no_service_account","seen_at":"2026-"},{"kind":"domain_in_tenant",'
    b'"seen_at":"2026-","detail":{"name":""}},{"kind":"federated_with_okta","seen_at":"2026-",'
    b'"detail":{"name":"","host":".okta.com"}},{"kind":"admin_password_rejected","seen_at":"2026-",'
    b'"happened_at":"2026-","detail":{"account":"admin@.onmicrosoft.com"},"event_id":"'
    b'"},{"kind":"consent_audited","seen_at":"2026-","happened_at":"2026-","detail":{"by":"'
    b'.onmicrosoft.com","by_id":"","name":"Okta Microsoft Graph Client"},"event_id":"'
    b'"}],"tenant":{"id":"","domain":".onmicrosoft.com","graph_host":"graph.microsoft.com",'
    b'"region":"WW"},"scanned_at":"2026-01-01T00:00:00.000000Z","request_id":"","revision":1,'
    b'"microsoft_at":"2026-01-01T00:00:00.000000Z"}'
)


def unpack(text: str, longest: int) -> str:
    """The text; what was never packed as it is.

    Raises ValueError when it is damaged, or longer than that (in bytes): a kilobyte may claim to
    be a gigabyte.
    """
    if not text.startswith(MARK):
        return text
    unpacker = zlib.decompressobj(zdict=_WORDS)
    try:
        packed = base64.b64decode(text[len(MARK) :], validate=True)
        plain = unpacker.decompress(packed, longest)
    except (zlib.error, binascii.Error) as error:
        raise ValueError("a packed record is damaged") from error
    if not unpacker.eof:
        raise ValueError("a packed record breaks off")
    return plain.decode()
