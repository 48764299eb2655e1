# A client and a worker of the Majordomo Protocol, 0.1 and 0.2, written from RFC 7 and RFC 18 alone: nothing here knows our broker.
#
# What a broker sends is read strictly: a message that the specification does not allow is `wrong`, with the reason, and a test fails on it.

import time

import zmq


class Version:
    """What the two versions write differently."""

    def __init__(self, prefix, client_header, worker_header, verbs):
        self.prefix = prefix
        self.client_header = client_header
        self.worker_header = worker_header
        self.byte_of = {verb: bytes([number]) for verb, number in verbs.items()}
        self.verb_of = {byte: verb for verb, byte in self.byte_of.items()}


VERSIONS = {
    1: Version(
        [b""], b"MDPC01", b"MDPW01", {"ready": 1, "request": 2, "reply": 3, "heartbeat": 4, "disconnect": 5}
    ),
    2: Version(
        [], b"MDPC02", b"MDPW02", {"ready": 1, "request": 2, "partial": 3, "reply": 4, "heartbeat": 5, "disconnect": 6}
    ),
}
# What a 0.2 client hears: the second frame.
CLIENT_VERBS = {b"\x02": "partial", b"\x03": "reply"}


class Wrong(Exception):
    """The broker said what it may not say."""


class Peer:
    """One connection. `prefix` is put before each message beyond what the version asks for: some 0.2 peers write an empty frame."""

    def __init__(self, context, endpoint, version, socket="DEALER", routing_id=None, prefix=()):
        self.version = VERSIONS[version]
        self.prefix = self.version.prefix + list(prefix)
        self.is_req = socket == "REQ"
        self.socket = context.socket(getattr(zmq, socket))
        self.socket.linger = 0
        # As much as a test may leave unread.
        self.socket.rcvhwm = self.socket.sndhwm = 0
        if routing_id is not None:
            self.socket.routing_id = routing_id
        self.socket.connect(endpoint)

    def send_raw(self, frames):
        self.socket.send_multipart(frames)

    def receive(self):
        """The message that is there, as what it says; None when there is none."""
        if not self.socket.events & zmq.POLLIN:
            return None
        frames = self.socket.recv_multipart(zmq.NOBLOCK)
        try:
            return self.read(frames)
        except Wrong as wrong:
            return {"kind": "wrong", "why": str(wrong), "frames": frames}

    def tick(self):
        """Called now and then."""

    def close(self):
        self.socket.close(0)

    def _begin(self):
        # A REQ socket writes and strips the empty frame itself.
        return [] if self.is_req else self.prefix

    def _rest(self, frames, header):
        begin = self._begin() + [header]
        if frames[: len(begin)] != begin:
            raise Wrong("it does not begin with %r" % begin)
        return frames[len(begin) :]


class Client(Peer):
    def request(self, service, body):
        verb = [b"\x01"] if self.version is VERSIONS[2] else []
        self.socket.send_multipart(self._begin() + [self.version.client_header] + verb + [service] + body)

    def read(self, frames):
        rest = self._rest(frames, self.version.client_header)
        kind = "reply"
        if self.version is VERSIONS[2]:
            kind = CLIENT_VERBS.get(rest[0] if rest else b"")
            if kind is None:
                raise Wrong("neither PARTIAL nor FINAL")
            rest = rest[1:]
        if len(rest) < 2:
            raise Wrong("a reply has a service and a body")
        return {"kind": kind, "service": rest[0], "body": rest[1:]}


class Worker(Peer):
    """Sends heartbeats on its own from READY to the end, if it is given an interval, and knows when it has heard nothing for too long."""

    def __init__(self, *args, heartbeat_ms=0, patience_ms=0, echo=False, as_string=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.heartbeat_ms = heartbeat_ms
        self.patience_ms = patience_ms
        self.echo = echo
        self.as_string = as_string
        self.beat_at = None
        self.heard_at = None

    def command(self, verb, *frames):
        self.socket.send_multipart(self.prefix + [self.version.worker_header, self.version.byte_of[verb], *frames])

    def ready(self, service):
        self.command("ready", service)
        self.heard_at = time.monotonic()
        if self.heartbeat_ms > 0:
            self.beat_at = time.monotonic() + self.heartbeat_ms / 1000

    def reply(self, client, body):
        self.command("reply", client, b"", *body)

    def partial(self, client, body):
        self.command("partial", client, b"", *body)

    def heartbeat(self):
        self.command("heartbeat")

    def disconnect(self):
        self.beat_at = None
        self.command("disconnect")

    def tick(self):
        now = time.monotonic()
        if self.beat_at is None or now < self.beat_at:
            return
        self.beat_at = now + self.heartbeat_ms / 1000
        self.heartbeat()

    def is_deserted(self):
        """RFC 7: a peer MUST consider the other one disconnected when it hears nothing for some intervals. Said once."""
        if self.patience_ms == 0 or self.heard_at is None:
            return False
        if time.monotonic() - self.heard_at < self.patience_ms / 1000:
            return False
        self.heard_at = self.beat_at = None
        return True

    def read(self, frames):
        self.heard_at = time.monotonic()
        rest = self._rest(frames, self.version.worker_header)
        kind = self.version.verb_of.get(rest[0] if rest else b"")
        if kind == "request":
            return self._read_request(rest[1:])
        if kind not in ("heartbeat", "disconnect") or len(rest) != 1:
            raise Wrong("no command for a worker")
        if kind == "disconnect":
            self.beat_at = None
        return {"kind": kind}

    def _read_request(self, rest):
        if len(rest) < 3:
            raise Wrong("a request has a client, an empty frame and a body")
        client, delimiter, body = rest[0], rest[1], rest[2:]
        if client == b"":
            raise Wrong("the client frame is empty")
        if delimiter != b"":
            raise Wrong("no empty frame behind the client")
        if self.as_string:
            # As workers in C and C++ do that keep frames in strings: a zero byte ends it, and another encoding is an error.
            client = client.split(b"\0")[0].decode("ascii").encode()
        if self.echo:
            self.reply(client, body)
        return {"kind": "request", "client": client, "body": body}
