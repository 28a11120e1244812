#!/usr/bin/env python3
"""dhcp6_stub.py INTERFACE ADDRESS T1 T2 VALID: a DHCPv6 server with one address and times that no real one has.

Says on its output what it was asked.  A RENEW or REBIND for any other address is answered with "no binding"."""
import socket
import struct
import sys

SOLICIT, ADVERTISE, REQUEST, RENEW, REBIND, REPLY, RELEASE = 1, 2, 3, 5, 6, 7, 8
NAMES = {SOLICIT: "solicit", REQUEST: "request", RENEW: "renew", REBIND: "rebind", RELEASE: "release"}
OWN = b"\0\3\0\1" + sys.argv[2].encode()  # a server of another address is another server


def options(data):
    found = {}
    while data:
        code, size = struct.unpack(">HH", data[:4])
        found[code] = data[4 : 4 + size]
        data = data[4 + size :]
    return found


def option(code, data):
    return struct.pack(">HH", code, len(data)) + data


def main():
    interface, address = sys.argv[1:3]
    t1, t2, valid = map(int, sys.argv[3:])
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("::", 547))
    s.setsockopt(
        socket.IPPROTO_IPV6,
        socket.IPV6_JOIN_GROUP,
        socket.inet_pton(socket.AF_INET6, "ff02::1:2") + struct.pack("@I", socket.if_nametoindex(interface)),
    )
    print("ready", address, flush=True)
    while True:
        data, peer = s.recvfrom(2000)
        kind, got = data[0], options(data[4:])
        if kind not in NAMES or (kind not in (SOLICIT, REBIND) and got.get(2) != OWN and kind != RENEW):
            continue
        ia = got[3]
        had = options(ia[12:]).get(5)
        had = socket.inet_ntop(socket.AF_INET6, had[:16]) if had else "-"
        print(NAMES[kind], had, flush=True)
        inner = option(5, socket.inet_pton(socket.AF_INET6, address) + struct.pack(">II", valid, valid))
        if kind in (RENEW, REBIND) and had != address:
            inner = option(13, b"\0\3nobody's")
        answer = bytes([ADVERTISE if kind == SOLICIT else REPLY]) + data[1:4]
        answer += option(1, got[1]) + option(2, OWN)
        answer += option(3, ia[:4] + struct.pack(">II", t1, t2) + inner)
        try:
            s.sendto(answer, peer)
        except OSError:  # our own link-local address is not there yet: it will be asked again
            pass


main()
