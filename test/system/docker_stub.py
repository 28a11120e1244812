#!/usr/bin/env python3
"""docker_stub.py SOCKET FILE: as much of a Docker daemon as docker-daemon: needs.

POST /images/load keeps the body in FILE; GET /images/NAME/get gives it back when its manifest has NAME.
"""
import http.server
import json
import socketserver
import sys
import tarfile
import urllib.parse

PATH, FILE = sys.argv[1:3]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "local"

    def log_message(self, *args):
        pass

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        with open(FILE, "wb") as f:
            left = int(self.headers["Content-Length"])
            while left:
                data = self.rfile.read(min(left, 1 << 20))
                f.write(data)
                left -= len(data)
        self.answer(200, b'{"stream":"Loaded image"}\n')

    def do_GET(self):
        name = urllib.parse.unquote(self.path).removeprefix("/images/").removesuffix("/get")
        with tarfile.open(FILE) as tar:
            tags = json.load(tar.extractfile("manifest.json"))[0]["RepoTags"]
        if name not in [t.removeprefix("docker.io/") for t in tags]:
            self.answer(404, b'{"message":"No such image: %s"}' % name.encode())
            return
        with open(FILE, "rb") as f:
            self.answer(200, f.read())


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


Server(PATH, Handler).serve_forever()
