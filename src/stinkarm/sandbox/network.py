"""Which network addresses a guest in the sandbox may reach: what `--allow-net` names.

A rule is HOST, HOST:PORT, HOST:FIRST-LAST or :PORT. HOST is an IP address (IPv6 in brackets when a port follows), a
network (10.0.0.0/8), a name, which the host's resolver is asked for once, or `*`. `@NAME` is an abstract
Unix socket.
"""

import _socket
from errno import EACCES, EAFNOSUPPORT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stinkarm.sandbox.policy import Policy

AF_UNSPEC = 0
AF_UNIX = 1
AF_INET = 2
AF_INET6 = 10
AF_NETLINK = 16

INET_SIZE = 8  # up to sin_addr: what is read of a struct sockaddr_in
INET6_SIZE = 24  # up to sin6_addr
V4_MAPPED = bytes(10) + b"\xff\xff"
MAX_PORT = 65535


class Rule:
    """One word of `--allow-net`, read. Raises ValueError when it is none.

    `networks` are (address, its leading bits that count); it is None for every host, and empty until `name`
    is looked up. `same` are rules that say the same, then without the name.
    """

    __slots__ = ("abstract", "high", "low", "name", "networks", "same", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.same = [text]
        self.abstract = text.startswith("@")
        self.low, self.high = 0, MAX_PORT
        self.name = ""
        self.networks: list[tuple[bytes, int]] | None = []
        if self.abstract:
            return
        host, port = _split(text)
        if port not in ("", "*"):
            self.low, self.high = _read_ports(text, port)
        if host in ("", "*"):
            self.networks = None
            return
        bare, slash, bits = host.partition("/")
        address = _packed(bare)
        if address is None:
            if slash or not _may_be_name(host):
                raise ValueError(f"{text!r} is no HOST:PORT: its host is neither an address nor a name.")
            self.name = host
            return
        width = 8 * len(address)
        if slash and not (bits.isascii() and bits.isdigit() and int(bits) <= width):
            raise ValueError(f"{text!r} is no HOST:PORT: a network has at most /{width}.")
        self.networks = [(address, int(bits) if slash else width)]

    def covers(self, address: bytes, port: int) -> bool:
        """Say whether an address and port are among those named; names are known by now."""
        if self.abstract or not self.low <= port <= self.high:
            return False
        if self.networks is None:
            return True
        for network, bits in self.networks:
            if len(network) == len(address):
                rest = 8 * len(address) - bits
                if int.from_bytes(network, "big") >> rest == int.from_bytes(address, "big") >> rest:
                    return True
        return False

    def look_up(self) -> None:
        """Ask the host's resolver for the addresses of the name; raises OSError."""
        found = []
        for row in _socket.getaddrinfo(self.name, None):
            address = _packed(str(row[4][0]).partition("%")[0])
            if address is not None:
                found.append((address, 8 * len(address)))
        self.networks = found
        self.name = ""
        self.same = [f"{show_address(address, self.low)}-{self.high}" for address, _ in found]


def _split(text: str) -> tuple[str, str]:
    """Take a rule apart into host and port."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith((":", "/"))):
            raise ValueError(f"{text!r} is no [HOST]:PORT.")
        if rest.startswith("/"):
            bits, _, port = rest.partition(":")
            return host + bits, port
        return host, rest[1:]
    if text.count(":") > 1:  # a bare IPv6 address
        return text, ""
    host, _, port = text.partition(":")
    return host, port


def _read_ports(text: str, port: str) -> tuple[int, int]:
    first, dash, last = port.partition("-")
    numbers = (first, last) if dash else (first, first)
    if not all(number.isascii() and number.isdigit() and len(number) < 6 for number in numbers):
        raise ValueError(f"{text!r} is no HOST:PORT: a port is a number or FIRST-LAST.")
    low, high = (int(number) for number in numbers)
    if not low <= high <= MAX_PORT:
        raise ValueError(f"{text!r} is no HOST:PORT: ports go from 0 to {MAX_PORT}.")
    return low, high


def _packed(text: str) -> bytes | None:
    """Give the bytes of an IP address, or None; an IPv4 address in an IPv6 one is the IPv4 address."""
    for family in (AF_INET, AF_INET6):
        try:
            return _plain(_socket.inet_pton(family, text))
        except (OSError, ValueError):
            continue
    return None


def _plain(address: bytes) -> bytes:
    return address[12:] if len(address) == 16 and address.startswith(V4_MAPPED) else address


def _may_be_name(text: str) -> bool:
    return all(character.isalnum() or character in "-._" for character in text)


def show_address(address: bytes, port: int) -> str:
    """Give an address as it can be granted."""
    if len(address) == 4:
        return f"{_socket.inet_ntop(AF_INET, address)}:{port}"
    return f"[{_socket.inet_ntop(AF_INET6, address)}]:{port}"


class Network:
    """What one guest process may reach over the network: everything (True), nothing (False), or what rules cover."""

    def __init__(self, policy: "Policy", grant: bool | tuple[str, ...]) -> None:
        self._policy = policy
        self.everything = grant is True
        self.rules = [] if isinstance(grant, bool) else [Rule(text) for text in grant]
        self._pending = [rule for rule in self.rules if rule.name]

    @property
    def something(self) -> bool:
        """Say whether there is any grant."""
        return self.everything or bool(self.rules)

    def refuse(self, what: str, grant: str = "") -> OSError:
        """Record a denial; make the error that the guest gets."""
        self._policy.deny(what, grant)
        return OSError(EACCES, "the sandbox does not grant it")

    def check(self, data: bytes) -> None:
        """Raise OSError unless the guest may reach, or be, what a struct sockaddr of the network names."""
        family = int.from_bytes(data[:2], "little")
        if self.everything:
            return
        if family not in (AF_INET, AF_INET6) or len(data) < (INET_SIZE if family == AF_INET else INET6_SIZE):
            raise OSError(EAFNOSUPPORT, "not an address that the sandbox can check")
        port = int.from_bytes(data[2:4], "big")
        address = data[4:8] if family == AF_INET else _plain(data[8:24])
        if not self.covers(address, port):
            text = show_address(address, port)
            raise self.refuse(text, f"--allow-net={text}")

    def covers(self, address: bytes, port: int) -> bool:
        """Say whether a rule covers an address and port."""
        if self.everything or any(rule.covers(address, port) for rule in self.rules):
            return True
        if not self._pending:
            return False
        self.look_up()
        return any(rule.covers(address, port) for rule in self.rules)

    def look_up(self) -> None:
        """Ask the host's resolver for the names that rules have. It is out of reach behind the walls."""
        while self._pending:
            rule = self._pending.pop()
            try:
                rule.look_up()
            except (OSError, UnicodeError) as error:
                if self._policy.report is not None:
                    self._policy.report(f"the grant --allow-net={rule.text} gives nothing: {error}")

    def looked_up(self) -> list[str]:
        """Give the rules with addresses in the place of names, for the programs that the guest executes."""
        return [text for rule in self.rules for text in rule.same]

    def check_abstract(self, name: bytes) -> None:
        """Raise OSError unless the guest may use an abstract Unix socket of this name."""
        text = "@" + name.decode("utf-8", "backslashreplace")
        if not self.everything and not any(rule.abstract and rule.text == text for rule in self.rules):
            raise self.refuse(text, f"--allow-net={text}" if name else "--allow-net")
