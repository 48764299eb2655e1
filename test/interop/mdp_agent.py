# Plays Majordomo peers as it is told: words in lines of JSON come in on stdin, what the peers hear goes out on stdout as lines of JSON.
#
# A frame is a text of as many characters as it has bytes (latin-1). The agent ends when its stdin does.

import json
import os
import sys
import time

import zmq

from mdp_peer import Client, Worker

# How often peers are looked after that nothing happens to, in ms: they send heartbeats.
TICK_MS = 20
BIGGEST_READ = 1 << 16


def say(event, **rest):
    sys.stdout.write(json.dumps({"event": event, "at": time.time() * 1000, **rest}) + "\n")
    sys.stdout.flush()


def bytes_of(value):
    return [bytes_of(each) for each in value] if isinstance(value, list) else value.encode("latin-1")


def text_of(value):
    if isinstance(value, list):
        return [text_of(each) for each in value]
    return value.decode("latin-1") if isinstance(value, bytes) else value


class Agent:
    def __init__(self):
        self.context = zmq.Context()
        self.context.max_sockets = 4096
        self.peers = {}
        self.poller = zmq.Poller()
        self.poller.register(0, zmq.POLLIN)

    def open(self, peer, role, endpoint, version, **rest):
        rest = {name: bytes_of(value) if name in ("routing_id", "prefix") else value for name, value in rest.items()}
        role_class = {"client": Client, "worker": Worker}[role]
        self.peers[peer] = role_class(self.context, endpoint, version, **rest)
        self.poller.register(self.peers[peer].socket, zmq.POLLIN)

    def close(self, peer):
        closed = self.peers.pop(peer)
        self.poller.unregister(closed.socket)
        closed.close()

    def obey(self, word):
        number, verb, peer = word.pop("number"), word.pop("do"), word.pop("peer")
        if verb == "open":
            self.open(peer, **word)
        elif verb == "close":
            self.close(peer)
        else:
            getattr(self.peers[peer], verb)(*[bytes_of(value) for value in word["with"]])
        say("done", number=number)

    def listen(self, peer):
        while True:
            said = self.peers[peer].receive()
            if said is None:
                return
            say("said", peer=peer, **{name: text_of(value) for name, value in said.items()})

    def look_after(self, name, peer):
        peer.tick()
        if isinstance(peer, Worker) and peer.is_deserted():
            say("said", peer=name, kind="deserted")

    def run(self):
        pending = b""
        while True:
            ready = dict(self.poller.poll(TICK_MS))
            if 0 in ready:
                chunk = os.read(0, BIGGEST_READ)
                if chunk == b"":
                    return
                *lines, pending = (pending + chunk).split(b"\n")
                for line in lines:
                    self.obey(json.loads(line))
            for name, peer in list(self.peers.items()):
                self.listen(name)
                self.look_after(name, peer)


say("ready", libzmq=zmq.zmq_version())
Agent().run()
