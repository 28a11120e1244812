#!/usr/bin/env python3
"""registry_stub.py PORT-FILE: a registry that misbehaves when told to.

It keeps everything in memory, writes its port to PORT-FILE and speaks plain HTTP on loopback.

    GET  /_stats              what was asked for and how many bytes of which blob went out and came in
    POST /_fault  {...}       the next requests that match (and hold "path") are spoiled:
         {"what": "blobs|manifests|uploads|tags|ping", "kind": KIND, "times": N, ...}
         (what "elsewhere": uploads go to another host name of ours)
         cut (at: share of the body), slow (rate: bytes a second), flip, longer, shorter, status (status,
         headers, body), redirect-loop, redirect-cross, endless, endless-error,
         endless-redirect, stall
    POST /_reset              no faults, statistics at zero
    POST /_auth   {...}       {"kind": "none|basic|bearer", "user": .., "password": ..}
    GET  .../special/...      a repository "special" has manifests that no valid image has: layersN, huge, deep, schema1

Uploads: POST, PATCH and PUT, mounting; with fault kind "parts" a PUT with a body is answered 413.
"""
import base64
import hashlib
import http.server
import json
import os
import re
import socketserver
import sys
import threading
import time
import urllib.parse

LOCK = threading.Lock()
BLOBS, MANIFESTS, UPLOADS = {}, {}, {}  # digest: bytes; (repo, reference): (type, bytes); id: bytearray
REPO_BLOBS = set()  # (repo, digest)
FAULTS, AUTH = [], {"kind": "none"}
STATS = {}
HUGE = 1 << 30


def reset_stats():
    STATS.clear()
    STATS.update(sent={}, received=0, mounts=0, requests=[], tokens=[], patches=0, leaked=0)


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def fault_for(what, path=""):
    with LOCK:
        for f in FAULTS:
            if f["what"] == what and f["times"] > 0 and f.get("path", "") in path:
                f["times"] -= 1
                return f
    return {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def parse_request(self):
        """As a proxy it is asked for whole URLs."""
        if not super().parse_request():
            return False
        if m := re.match(r"http://([^/]+)(/.*)$", self.path):
            STATS["proxied"] = STATS.get("proxied", []) + [m[1]]
            self.path = m[2]
        return True

    # ---------- answers ----------

    def answer(self, status, body=b"", kind="application/json", **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for k, v in headers.items():
            self.send_header(k.replace("_", "-"), v)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def fail(self, status, code, message, **headers):
        body = {"errors": [{"code": code, "message": message}]}
        self.answer(status, json.dumps(body).encode(), **headers)

    def hang_up(self):
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(2)

    def endless(self, status, start=b""):
        self.send_response(status)
        self.endless_body(start)

    def endless_body(self, start=b""):
        self.end_headers()
        self.close_connection = True
        self.wfile.write(start)
        while True:
            self.wfile.write(b" " * 65536)

    def spoiled(self, what, body, kind):
        """True when a fault has answered in place of @body."""
        f = fault_for(what, self.path)
        how = f.get("kind")
        if how == "status":
            headers = {k.replace("-", "_"): v for k, v in f.get("headers", {}).items()}
            self.answer(f["status"], f.get("body", "").encode(), **headers)
        elif how == "redirect-loop":
            self.answer(307, Location=self.path)
        elif how == "redirect-cross":  # to our other name, which wants no password
            self.answer(307, Location=f"http://127.0.0.1:{self.server.server_address[1]}{self.path}")
        elif how == "endless-redirect":
            self.send_response(307)
            self.send_header("Location", self.path)
            self.endless_body()
        elif how == "endless":
            self.endless(200, body)
        elif how == "endless-error":
            self.endless(500)
        elif how == "stall":
            time.sleep(f.get("seconds", 3600))
        elif how in ("cut", "slow", "flip", "longer", "shorter"):
            self.spoil_body(f, body, kind)
        else:
            return False
        return True

    def spoil_body(self, f, body, kind):
        start = self.range_start()
        part = bytearray(body[start:])
        if f["kind"] == "flip" and part:
            part[len(part) // 2] ^= 1
        length = len(part) + {"longer": 10, "shorter": -10}.get(f["kind"], 0)
        if f["kind"] == "longer":
            part += b"x" * 10
        self.send_response(206 if start else 200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        if f["kind"] == "cut":
            self.count(body, self.write(part[: max(0, int(len(body) * f["at"]) - start)]))
            self.hang_up()
        elif f["kind"] == "slow":
            for i in range(0, len(part), 16384):
                self.count(body, self.write(part[i : i + 16384]))
                time.sleep(16384 / f["rate"])
        else:
            self.count(body, self.write(part[:length]))

    def write(self, data):
        try:
            self.wfile.write(data)
        except OSError:
            self.close_connection = True
            return 0
        return len(data)

    def count(self, body, n):
        with LOCK:
            name = digest(body)
            STATS["sent"][name] = STATS["sent"].get(name, 0) + n

    def range_start(self):
        m = re.match(r"bytes=(\d+)-$", self.headers.get("Range", ""))
        return int(m[1]) if m else 0

    # ---------- authentication ----------

    def allowed(self):
        kind = AUTH["kind"]
        have = self.headers.get("Authorization", "")
        if self.headers["Host"].startswith("127.0.0.1"):  # where "elsewhere" leads to
            STATS["leaked"] += bool(have)
            return True
        if kind == "none" or kind == "basic" and have == "Basic " + self.good():
            return True
        if kind == "bearer" and have in ["Bearer " + t for t in STATS["tokens"]]:
            return True
        host = self.headers["Host"]
        ask = 'Basic realm="stub"' if kind == "basic" else f'Bearer realm="http://{host}/token",service="stub"'
        self.fail(401, "UNAUTHORIZED", "authentication required", WWW_Authenticate=ask)
        return False

    def good(self):
        return base64.b64encode(f"{AUTH['user']}:{AUTH['password']}".encode()).decode()

    def token(self, form):
        ok = form.get("refresh_token") == [AUTH.get("refresh")] if form else self.headers.get(
            "Authorization") == "Basic " + self.good()
        if not ok:
            self.fail(401, "UNAUTHORIZED", "incorrect username or password")
            return
        token = f"t{len(STATS['tokens'])}"
        STATS["tokens"].append(token)
        self.answer(200, json.dumps({"token": token}).encode())

    # ---------- reading ----------

    def do_GET(self):
        path, _, query = self.path.partition("?")
        with LOCK:
            STATS["requests"].append(f"{self.command} {self.path}")
        query = urllib.parse.parse_qs(query)
        if path == "/_stats":
            return self.answer(200, json.dumps(STATS).encode())
        if path == "/token":
            return self.token(None)
        if path == "/v1/search":
            return self.search(query)
        if not self.allowed():
            return None
        if path == "/v2/":
            return None if self.spoiled("ping", b"{}", "application/json") else self.answer(200, b"{}")
        if path == "/v2/_catalog":
            return self.catalog(query)
        m = re.match(r"/v2/(.+)/(blobs|manifests|tags)/(.+)$", path)
        if not m:
            return self.fail(404, "NOT_FOUND", "no such page")
        return getattr(self, "get_" + m[2])(m[1], m[3])

    do_HEAD = do_GET

    def search(self, query):
        if not any(f["what"] == "v1" for f in FAULTS):
            return self.answer(404)
        rows = [
            {"name": "box", "description": "Small and\nuseful, with a description that is long enough to be cut",
             "star_count": 12, "is_official": True, "is_automated": False},
            {"name": "me/box", "description": "", "star_count": 1, "is_official": False, "is_automated": True},
        ]
        limit = int(query["n"][0])
        return self.answer(200, json.dumps({"results": rows[:limit]}).encode())

    def catalog(self, query):
        names = sorted({repo for repo, _ in MANIFESTS})
        last = query.get("last", [""])[0]
        page = [n for n in names if n > last][:2]
        more = {"Link": f'</v2/_catalog?last={page[-1]}&n=2>; rel="next"'} if page and page[-1] != names[-1] else {}
        self.answer(200, json.dumps({"repositories": page}).encode(), **more)

    def get_tags(self, repo, _):
        tags = sorted(r for n, r in MANIFESTS if n == repo and not r.startswith("sha256:"))
        body = json.dumps({"name": repo, "tags": tags}).encode()
        if not self.spoiled("tags", body, "application/json"):
            self.answer(200, body)

    def get_blobs(self, repo, name):
        body = BLOBS.get(name) if (repo, name) in REPO_BLOBS else None
        if body is None:
            return self.fail(404, "BLOB_UNKNOWN", "blob unknown to registry")
        if self.command == "HEAD":
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            return self.end_headers()
        if self.spoiled("blobs", body, "application/octet-stream"):
            return None
        start = self.range_start()
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        return self.count(body, self.write(body[start:]))

    def get_manifests(self, repo, reference):
        if repo == "special":
            return self.special(reference)
        kind, body = MANIFESTS.get((repo, reference), (None, None))
        if body is None:
            return self.fail(404, "MANIFEST_UNKNOWN", "manifest unknown")
        if self.spoiled("manifests", body, kind):
            return None
        return self.answer(200, body, kind, Docker_Content_Digest=digest(body))

    def special(self, tag):
        kind = "application/vnd.oci.image.manifest.v1+json"
        one = '{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:%064x","size":1}'
        config = '"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%064x","size":2}' % 0
        if tag.startswith("layers"):
            layers = ",".join(one % i for i in range(int(tag[6:])))
            return self.answer(200, f'{{"schemaVersion":2,{config},"layers":[{layers}]}}'.encode(), kind)
        if tag == "deep":
            return self.answer(200, b'{"a":' * 100000 + b"1" + b"}" * 100000, kind)
        if tag == "schema1":
            return self.answer(200, b'{"schemaVersion":1,"name":"x","tag":"y","fsLayers":[]}',
                               "application/vnd.docker.distribution.manifest.v1+prettyjws")
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(HUGE))
        self.end_headers()
        self.close_connection = True
        for _ in range(HUGE >> 16):
            if not self.write(b" " * 65536):
                return None
        return None

    # ---------- writing ----------

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        else:
            data = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        with LOCK:
            STATS["received"] += len(data)
        return data

    def do_POST(self):
        path, _, query = self.path.partition("?")
        with LOCK:
            STATS["requests"].append(f"{self.command} {self.path}")
        data = self.body()
        if path == "/_fault":
            fault = {"times": 1, **json.loads(data)}
            with LOCK:
                FAULTS.append(fault)
            return self.answer(204)
        if path == "/_auth":
            AUTH.clear()
            AUTH.update(json.loads(data))
            return self.answer(204)
        if path == "/_reset":
            with LOCK:
                FAULTS.clear()
                reset_stats()
            return self.answer(204)
        if path == "/token":
            return self.token(urllib.parse.parse_qs(data.decode()))
        if not self.allowed() or self.spoiled("uploads", b"", "text/plain"):
            return None
        repo = re.match(r"/v2/(.+)/blobs/uploads/$", path)[1]
        query = urllib.parse.parse_qs(query)
        mount = query.get("mount", [None])[0]
        if mount and (query["from"][0], mount) in REPO_BLOBS:
            REPO_BLOBS.add((repo, mount))
            STATS["mounts"] += 1
            return self.answer(201, Location=f"/v2/{repo}/blobs/{mount}")
        with LOCK:
            name = str(len(UPLOADS))
            UPLOADS[name] = bytearray()
        place = f"/v2/{repo}/blobs/uploads/{name}?state=1"
        if fault_for("elsewhere"):
            place = f"http://127.0.0.1:{self.server.server_address[1]}{place}"
        return self.answer(202, Location=place)

    def do_PATCH(self):
        data = self.body()
        if not self.allowed():
            return
        if self.spoiled("patch", b"", "text/plain"):
            return
        STATS["patches"] += 1
        UPLOADS[self.upload_name()].extend(data)
        self.answer(202, Location=f"http://{self.headers['Host']}{self.path.partition('?')[0]}?state=2")

    def upload_name(self):
        return self.path.partition("?")[0].rpartition("/")[2]

    def do_PUT(self):
        data = self.body()
        with LOCK:
            STATS["requests"].append(f"{self.command} {self.path}")
        if not self.allowed():
            return None
        path, _, query = self.path.partition("?")
        m = re.match(r"/v2/(.+)/(blobs/uploads|manifests)/(.+)$", path)
        if m[2] == "manifests":
            kind = self.headers["Content-Type"]
            if self.spoiled("put-manifest", b"", kind):
                return None
            MANIFESTS[m[1], m[3]] = MANIFESTS[m[1], digest(data)] = (kind, data)
            return self.answer(201, Docker_Content_Digest=digest(data))
        if data and fault_for("parts"):
            return self.answer(413)
        if data and self.spoiled("put-blob", b"", "text/plain"):
            return None
        whole = bytes(UPLOADS.pop(m[3]) + data)
        if digest(whole) != urllib.parse.parse_qs(query)["digest"][0]:
            return self.fail(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        BLOBS[digest(whole)] = whole
        REPO_BLOBS.add((m[1], digest(whole)))
        return self.answer(201)

    def do_DELETE(self):
        self.answer(204)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # clients hang up: that is what the tests are about


reset_stats()
server = Server(("127.0.0.1", 0), Handler)
with open(sys.argv[1] + ".tmp", "w", encoding="ascii") as f:
    f.write(str(server.server_address[1]))
os.rename(sys.argv[1] + ".tmp", sys.argv[1])
server.serve_forever()
