"""The service itself: sockets, HTTP, what it costs and what it refuses."""
import json
import os
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time

import pytest

from conftest import PODMAN, Service, UnixConnection, connects, eventually


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(x) for x in f.read().split()]


# ---------- HTTP ----------

def test_ping(service):
    for path in "/_ping", "/v1.41/_ping", "/libpod/_ping", "/v4.3.1/libpod/_ping":
        a = service("GET", path)
        assert (a.status, a.body) == (200, b"OK")
        assert a.headers["Ostype"] == "linux"
        assert a.headers["Docker-Experimental"] == "true"
        assert a.headers["Api-Version"] and a.headers["Libpod-Api-Version"]
        assert a.headers["Server"].startswith("Libpod/")
        assert a.headers["X-Reference-Id"]
        a = service("HEAD", path)
        assert (a.status, a.body) == (200, b"")


def test_keep_alive(service):
    c = service.connect()
    for _ in range(50):
        assert service("GET", "/_ping", connection=c).status == 200
    time.sleep(1)  # the connection has gone back to the listener meanwhile
    assert service("GET", "/v1.41/version", connection=c).json["ApiVersion"]
    c.close()


def test_pipelined(service):
    s = service.raw(b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n" * 3)
    got = b""
    while got.count(b"\r\n\r\nOK") < 3:
        got += s.recv(4096)
    s.close()


def test_http_1_0(service):
    s = service.raw(b"GET /_ping HTTP/1.0\r\n\r\n")
    got = b""
    while True:
        part = s.recv(4096)
        if not part:
            break
        got += part
    assert got.endswith(b"\r\n\r\nOK")


def test_unknown(service):
    a = service("GET", "/v1.41/nosuch")
    assert a.status == 404 and a.json["message"] == "Not Found"
    assert service("PUT", "/v1.41/containers/json").status == 405
    a = service("GET", "/v1.41/containers/nosuch/json")
    assert a.status == 404
    assert "no such container" in a.json["message"] and a.json["cause"] == "no such container"
    assert a.json["response"] == 404


def test_not_built_is_said(service):
    a = service("POST", "/v5.0.0/libpod/quadlets")
    assert a.status == 501 and "not supported" in a.json["message"]
    assert service("GET", "/v1.41/swarm").status == 503


@pytest.mark.parametrize("query", ["all=maybe", "limit=x", "filters={", "filters=[]",
                                   "filters=%7B%22status%22:%5B1%5D%7D", "all=%zz"])
def test_bad_query(service, query):
    a = service("GET", "/v1.41/containers/json?" + query)
    assert a.status == 400 and a.json["message"]


def test_bad_bodies(service):
    for body in "", "{", "[]", '{"Image": 7}', '{"HostConfig": {"Binds": "x"}}':
        a = service("POST", "/v1.41/containers/create", body=body)
        assert a.status == 400, body
        assert a.json["message"]
    # what nobody knows is passed over: the image is what is wrong
    a = service("POST", "/v1.41/containers/create", body={"Image": "nosuch", "Unheard": [1]})
    assert a.status == 404 and "No such image" in a.json["message"]


@pytest.mark.parametrize("head", [
    b"GET /_ping\r\n\r\n",
    b"GET /_ping HTTP/2.0\r\n\r\n",
    b"GET _ping HTTP/1.1\r\n\r\n",
    b"G\x00T /_ping HTTP/1.1\r\n\r\n",
    b"GET /_ping HTTP/1.1\r\nno colon\r\n\r\n",
    b"GET /_ping HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
    b"POST /_ping HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    b"POST /_ping HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /_ping HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    b"POST /_ping HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
])
def test_refused_heads(service, head):
    s = service.raw(head)
    assert s.recv(4096).split(b" ")[1] in (b"400", b"501")
    s.close()


def test_ceilings(service):
    s = service.raw(b"GET /_ping HTTP/1.1\r\nA: ")
    try:
        for _ in range(100):
            s.sendall(b"x" * 4096)
        answer = s.recv(4096)
    except (BrokenPipeError, ConnectionResetError):
        answer = b"HTTP/1.1 413"
    assert answer.split(b" ")[1] == b"413"
    s.close()
    s = service.raw(b"POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\n"
                    b"Content-Length: 999999999999\r\n\r\n")
    assert s.recv(4096).split(b" ")[1] == b"413"
    s.close()


def test_expect_continue(service):
    s = service.raw(b"POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nExpect: 100-continue\r\n"
                    b"Content-Length: 2\r\n\r\n")
    assert s.recv(4096).startswith(b"HTTP/1.1 100 ")
    s.sendall(b"{}")
    assert s.recv(4096).startswith(b"HTTP/1.1 400 ")
    s.close()


# ---------- the process model ----------

def test_idle_connections_cost_no_process(start):
    s = start()
    idle = [s.connect() for _ in range(30)]
    for c in idle:
        assert s("GET", "/_ping", connection=c).status == 200
    eventually(lambda: not children(s.process.pid))
    for c in idle:
        assert s("GET", "/_ping", connection=c).status == 200
        c.close()
    with open("/proc/%d/status" % s.process.pid) as f:
        rss = next(int(l.split()[1]) for l in f if l.startswith("VmRSS"))
    with open(PODMAN, "rb") as f:
        sanitized = b"__asan_init" in f.read()  # has memory of its own
    assert rss < 16 * 1024 or sanitized


def test_a_dead_request_is_one_request(start, podman):
    s = start()
    podman("run", "-d", "--name", "long", "busybox", "sleep", "100")
    c = s.connect()
    c.request("POST", "/v1.41/containers/long/wait")
    other = s.connect()
    assert s("GET", "/_ping", connection=other).status == 200
    worker = eventually(lambda: children(s.process.pid))
    for pid in worker:
        os.kill(pid, signal.SIGKILL)
    assert s("GET", "/_ping").status == 200


def test_a_client_that_leaves_ends_its_wait(start, podman):
    s = start()
    podman("run", "-d", "--name", "long", "busybox", "sleep", "100")
    for path in ("/v1.41/containers/long/wait", "/v5.0.0/libpod/containers/long/wait"):
        c = s.connect()
        c.request("POST", path)
        eventually(lambda: children(s.process.pid))
        c.close()
        eventually(lambda: not children(s.process.pid))
    for path in ("/v1.41/events", "/v1.41/containers/long/logs?follow=1&stdout=1",
                 "/v1.41/containers/long/stats"):
        c = s.connect()
        c.request("GET", path)
        assert c.getresponse().status == 200
        c.close()
        eventually(lambda: not children(s.process.pid))


def test_sigterm(start):
    s = start()
    c = s.connect()
    c.request("GET", "/v1.41/events")
    assert c.getresponse().status == 200
    assert os.path.exists(s.path)
    s.process.terminate()
    assert s.process.wait(timeout=20) == 0
    assert not os.path.exists(s.path)


def test_idle_timeout(podman, start):
    s = start("--time", "1")
    c = s.connect()
    c.request("GET", "/v1.41/events")  # a stream counts
    c.getresponse()
    with pytest.raises(subprocess.TimeoutExpired):
        s.process.wait(timeout=2.5)
    c.close()
    assert s.process.wait(timeout=20) == 0
    assert not os.path.exists(s.path)


def test_socket(start, podman):
    s = start()
    mode = stat.S_IMODE(os.stat(s.path).st_mode)
    assert mode == (0o600 if os.getuid() else 0o660)
    second = Service(podman, uri="unix://" + s.path)
    assert second.process.wait(timeout=20) == 125
    second.log.seek(0)
    assert "address already in use" in second.log.read()
    s.process.kill()
    s.process.wait()
    third = Service(podman, uri="unix://" + s.path)  # the old one's file is in nobody's way
    eventually(lambda: connects(s.path))
    third.stop()


def test_activation(podman):
    """As systemd does it: the socket is descriptor 3."""
    path = podman.dir + "/activated.sock"
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    s.listen(5)

    def hand_over():
        os.dup2(s.fileno(), 3)
        os.environ["LISTEN_FDS"] = "1"

    script = "import os, sys; os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid())); " \
             "os.execv(sys.argv[1], sys.argv[1:])"
    p = subprocess.Popen([sys.executable, "-c", script] + podman.args +
                         ["system", "service", "--time", "0"], env=podman.env, pass_fds=(3,),
                         preexec_fn=hand_over) if s.fileno() != 3 else None
    if p is None:
        p = subprocess.Popen([sys.executable, "-c", script] + podman.args +
                             ["system", "service", "--time", "0"], env=podman.env, pass_fds=(3,))
    c = UnixConnection(path)
    c.request("GET", "/_ping")
    assert c.getresponse().read() == b"OK"
    p.terminate()
    assert p.wait(timeout=20) == 0
    assert os.path.exists(path)  # it is not ours to remove
    s.close()


def free_port():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    port = s.getsockname()[1]
    s.close()
    return port


def test_tcp(podman):
    port = free_port()
    s = Service(podman, uri="tcp://127.0.0.1:%d" % port)
    import http.client

    def ask():
        try:
            c = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            c.request("GET", "/_ping")
            return c.getresponse().read()
        except OSError:
            return None
    assert eventually(ask) == b"OK"
    s.stop()


def test_cors(start):
    a = start()("GET", "/_ping")
    assert a.headers["Access-Control-Allow-Origin"] is None
    s = start("--cors", "https://example.com")
    a = s("GET", "/_ping")
    assert a.headers["Access-Control-Allow-Origin"] == "https://example.com"
    a = s("OPTIONS", "/v1.41/containers/json")
    assert a.status == 200 and "GET" in a.headers["Access-Control-Allow-Methods"]


# ---------- TLS ----------

def make_keys(d):
    def openssl(*args):
        subprocess.run(["openssl"] + list(args), cwd=d, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=60)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca", "-days", "2")
    for name in "server", "client":
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name)
        with open(d + "/ext", "w") as f:
            f.write("subjectAltName=IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-out", name + ".pem", "-days", "2", "-extfile", "ext")


def test_tls(podman, tmp_path):
    import http.client
    d = str(tmp_path)
    make_keys(d)
    port = free_port()
    s = Service(podman, "--tls-cert", d + "/server.pem", "--tls-key", d + "/server.key",
                "--tls-client-ca", d + "/ca.pem", uri="tcp://127.0.0.1:%d" % port)
    good = ssl.create_default_context(cafile=d + "/ca.pem")
    stranger = ssl.create_default_context(cafile=d + "/ca.pem")
    good.load_cert_chain(d + "/client.pem", d + "/client.key")

    def ask(ctx):
        c = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=ctx)
        out = []
        for path in "/_ping", "/v1.41/containers/json":
            c.request("GET", path)
            out.append(c.getresponse().read())
        c.close()
        return out

    def try_good():
        try:
            return ask(good)
        except ConnectionRefusedError:
            return None
    assert eventually(try_good)[0] == b"OK"
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
        ask(stranger)
    plain = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with pytest.raises((ConnectionError, http.client.HTTPException, OSError)):
        plain.request("GET", "/_ping")
        plain.getresponse()
    s.stop()


def test_tls_needs_both(podman, tmp_path):
    s = Service(podman, "--tls-cert", "/nonexistent", uri="tcp://127.0.0.1:1")
    assert s.process.wait(timeout=20) == 125
    s.log.seek(0)
    assert "--tls-key" in s.log.read()


# ---------- sockets that give less ----------

def test_read_only(start, podman):
    s = start("--read-only")
    podman("create", "--name", "there", "busybox", "true")
    assert s("GET", "/v1.41/containers/json?all=1").json[0]["Names"] == ["/there"]
    assert s("HEAD", "/_ping").status == 200
    for method, path in (("DELETE", "/v1.41/containers/there"),
                         ("POST", "/v1.41/containers/there/start"),
                         ("POST", "/v5.0.0/libpod/containers/prune"),
                         ("PUT", "/v1.41/containers/there/archive?path=/")):
        assert s(method, path).status == 403
    assert s("GET", "/v5.0.0/libpod/containers/there/healthcheck").status == 403
    assert podman("ps", "-aq", "--filter", "name=there")


def test_label_scope(start, podman):
    s = start("--label", "team=web")
    podman("create", "--name", "mine", "--label", "team=web", "busybox", "true")
    podman("create", "--name", "other", "--label", "team=db", "busybox", "true")
    for path in "/v1.41/containers/json?all=1", "/v5.0.0/libpod/containers/json?all=true":
        names = [c["Names"][0].lstrip("/") for c in s("GET", path).json]
        assert names == ["mine"]
    assert s("GET", "/v1.41/containers/mine/json").status == 200
    for method, path in (("GET", "/v1.41/containers/other/json"),
                         ("POST", "/v1.41/containers/other/start"),
                         ("DELETE", "/v1.41/containers/other?force=1"),
                         ("GET", "/v1.41/containers/other/logs?stdout=1"),
                         ("POST", "/v1.41/containers/other/exec")):
        assert s(method, path, body={"Cmd": ["true"]} if "exec" in path else None).status == 404
    a = s("POST", "/v1.41/containers/create?name=made",
          body={"Image": "busybox", "Cmd": ["true"], "Labels": {"team": "db", "a": "b"}})
    assert a.status == 201
    labels = json.loads(podman("inspect", "made"))[0]["Config"]["Labels"]
    assert labels == {"team": "web", "a": "b"}
    for host in {"NetworkMode": "container:other"}, {"VolumesFrom": ["other"]}, \
            {"PidMode": "container:other"}:
        a = s("POST", "/v1.41/containers/create",
              body={"Image": "busybox", "Cmd": ["true"], "HostConfig": host})
        assert a.status == 404, host
    assert s("POST", "/v1.41/containers/prune").status == 200
    assert podman("ps", "-a", "--format", "{{.Names}}") == "other"
    # what is not about containers is not for it
    for method, path in (("DELETE", "/v1.41/images/busybox"), ("POST", "/v1.41/volumes/create"),
                         ("GET", "/v1.41/secrets"), ("POST", "/v5.0.0/libpod/system/prune")):
        assert s(method, path).status == 403
