"""The webhook and the topic of each workspace, and a POST that reaches no address inside of the network.

`REGATTA_WEBHOOK_URL` and `REGATTA_SNS_TOPIC_ARN` are those of the workspace `default`, by whoever runs the service. Of
every other workspace `access/webhooks/{workspace}.json` has them. Its address may have been chosen by somebody who may
not see the network that the service runs in. So what counts is the address that is connected to, not its name: names
are resolved once, every answer is checked, and the connection goes to what was checked. No redirect is followed.
"""

import http.client
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import ValidationError

from core.access.workspace_names import DEFAULT_WORKSPACE
from core.settings import settings
from core.storage.s3.object_store import MissingObjectError, ObjectStore
from core.stored_document import FormattedDocument

FOLDER = "access/webhooks/"
# IPv6 networks that hold an IPv4 address in their last 32 bits: NAT64 (RFC 6052), and IPv4-compatible ones.
EMBEDDING = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))


class PrivateAddressError(OSError):
    """A webhook's name leads to an address that is not on the internet."""


class StoredTargets(FormattedDocument):
    """Where the decisions of a workspace are sent, as its document says."""

    url: str | None = None
    topic: str | None = None


@dataclass(frozen=True)
class Targets:
    """Where the decisions of a workspace are sent; an `is_trusted` address may be one inside of the network."""

    url: str | None
    topic: str | None
    is_trusted: bool


def targets_of(objects: ObjectStore, workspace: str) -> Targets:
    """Return where the decisions of a workspace are sent; raises `UnavailableError`, `ValueError` for a damaged one."""
    if workspace == DEFAULT_WORKSPACE:
        return Targets(settings().webhook_url, settings().sns_topic_arn, is_trusted=True)
    try:
        stored = StoredTargets.model_validate_json(objects.get(f"{FOLDER}{workspace}.json"))
    except MissingObjectError:
        return Targets(None, None, is_trusted=False)
    except ValidationError as error:
        raise ValueError(f"{FOLDER}{workspace}.json is damaged") from error
    if stored.url is not None and not stored.url.startswith("https://"):
        raise ValueError(f"the url in {FOLDER}{workspace}.json does not begin with https://")
    return Targets(stored.url, stored.topic, is_trusted=False)


def is_public(address: str) -> bool:
    """Return whether an IP address is one of the internet, also where IPv6 wraps one of IPv4."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = [found.ipv4_mapped, found.sixtofour, *(found.teredo or ())]
        inner += [ipaddress.IPv4Address(int(found) & 0xFFFFFFFF) for network in EMBEDDING if found in network]
        if any(one is not None and not one.is_global for one in inner):
            return False
    return found.is_global and not found.is_multicast


def post(url: str, headers: dict[str, str], body: bytes, seconds: float) -> int:
    """POST to an address of the internet and return the status of the answer, whatever it is.

    Raises `PrivateAddressError` before anything is sent to another address, and `OSError`.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    # Every spelling of an address, such as 2130706433 or 0x7f.1, is resolved here as a connection would do it.
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(one[4][0]) for one in found]
    private = [address for address in addresses if not is_public(address)]
    if private or not addresses:
        raise PrivateAddressError(f"{host} is {', '.join(private) or 'nowhere'}, which is no address of the internet")
    connection = _Pinned(host, port, addresses[0], seconds)
    try:
        connection.request("POST", f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}", body, headers)
        return connection.getresponse().status
    except http.client.HTTPException as error:
        raise OSError(f"no answer of HTTP: {type(error).__name__}") from error
    finally:
        connection.close()


class _Pinned(http.client.HTTPSConnection):
    """A connection to one address, which has to have the certificate of `host`."""

    def __init__(self, host: str, port: int, address: str, seconds: float) -> None:
        super().__init__(host, port, timeout=seconds, context=ssl.create_default_context())
        self._address = address

    def connect(self) -> None:
        """Connect to the address that was checked, and to no other."""
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)
