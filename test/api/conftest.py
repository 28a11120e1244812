"""What the tests of the API share: a podman of its own, an image that needs no network, services on sockets.

Results are told as TAP, as bats does, so that run-bats.sh counts both alike.
"""
import contextlib
import http.client
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import time

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
PODMAN = os.environ.get("PODMAN", os.path.join(HERE, "../../build/src/cli/podman"))
BUSYBOX = os.environ.get("BUSYBOX", "/bin/busybox")
APPLETS = ("sh cat echo sleep ls true false env id head tail touch mkdir rm wc stty hostname ps "
           "printf seq tr grep cp ln mv").split()


# ---------- TAP ----------

class Tap:
    def __init__(self):
        self.n = 0

    def pytest_collection_finish(self, session):
        print("1..%d" % len(session.items), flush=True)

    def pytest_collectreport(self, report):
        if report.failed:
            print("not ok 0 - %s\n%s" % (report.nodeid, report.longrepr), flush=True)

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or (report.when == "setup" and not report.passed) or \
                (report.when == "teardown" and report.failed):
            self.n += report.when != "teardown"
            word = "not ok" if report.failed else "ok"
            skip = " # skip %s" % report.longrepr[2] if report.skipped else ""
            print("%s %d - %s%s" % (word, self.n, report.nodeid, skip), flush=True)
            if report.failed:
                print("\n".join("# " + l for l in str(report.longrepr).splitlines()), flush=True)


def pytest_addoption(parser):
    parser.addoption("--tap", action="store_true", help="tell the results as TAP")


def pytest_configure(config):
    if not hasattr(config.option, "verbose"):  # the terminal's, which assertions ask for
        config.option.verbose = 0
    if config.getoption("--tap"):
        config.pluginmanager.register(Tap())


# ---------- podman ----------

def eventually(check, seconds=20):
    """Whatever check() returns once that is true."""
    end = time.monotonic() + seconds
    while True:
        got = check()
        if got or time.monotonic() > end:
            assert got, "nothing happened for %d seconds" % seconds
            return got
        time.sleep(0.02)


def connects(path):
    """Does somebody listen there?"""
    s = socket.socket(socket.AF_UNIX)
    try:
        s.connect(path)
        return True
    except OSError:
        return False
    finally:
        s.close()


class Podman:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="podman-api-")
        os.chmod(self.dir, 0o755)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("CONTAINER", "DOCKER"))}
        for name in "containers", "storage", "registries":
            path = os.path.join(self.dir, name + ".conf")
            open(path, "w").close()
        self.env["CONTAINERS_CONF"] = self.dir + "/containers.conf"
        self.env["CONTAINERS_STORAGE_CONF"] = self.dir + "/storage.conf"
        self.env["CONTAINERS_REGISTRIES_CONF"] = self.dir + "/registries.conf"
        if os.getuid():
            self.env["XDG_RUNTIME_DIR"] = self.dir + "/xdg"
            os.mkdir(self.dir + "/xdg", 0o700)
        self.args = [PODMAN, "--root", self.dir + "/root", "--runroot", self.dir + "/run"]

    def __call__(self, *args, check=True, stdin=None):
        p = subprocess.run(self.args + list(args), env=self.env, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, input=stdin, timeout=60)
        assert not check or p.returncode == 0, p.stderr.decode()
        return p.stdout.decode().strip()

    def add_image(self, name="docker.io/library/busybox:latest"):
        self("import", "-q", "-", name, stdin=image_tar())

    def close(self):
        self("rm", "-fa", "-t", "0", check=False)
        self("network", "prune", "-f", check=False)
        if os.getuid():
            self("unshare", "rm", "-rf", self.dir + "/root", self.dir + "/run", check=False)
            with contextlib.suppress(OSError, ValueError, IndexError):
                with open(self.dir + "/xdg/containers/userns") as f:
                    os.kill(int(f.read().split()[0]), signal.SIGKILL)
        eventually(lambda: shutil.rmtree(self.dir, ignore_errors=True) or
                   not os.path.exists(self.dir))


def image_tar():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        for d in "bin", "etc", "tmp", "root":
            e = tarfile.TarInfo(d)
            e.type, e.mode = tarfile.DIRTYPE, 0o755
            t.addfile(e)
        t.add(BUSYBOX, "bin/busybox", filter=lambda e: setattr(e, "uid", 0) or setattr(e, "gid", 0) or e)
        for a in APPLETS:
            e = tarfile.TarInfo("bin/" + a)
            e.type, e.linkname = tarfile.SYMTYPE, "busybox"
            t.addfile(e)
        text = b"root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\n"
        e = tarfile.TarInfo("etc/passwd")
        e.size = len(text)
        t.addfile(e, io.BytesIO(text))
    return out.getvalue()


# ---------- services ----------

class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("d", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self.path)


class Answer:
    def __init__(self, r):
        self.status, self.headers, self.body = r.status, r.headers, r.read()

    @property
    def json(self):
        return json.loads(self.body)


class Service:
    def __init__(self, podman, *args, uri=None, **spawn):
        self.path = tempfile.mktemp(prefix="s", suffix=".sock", dir=podman.dir)
        self.uri = uri or "unix://" + self.path
        self.log = open(self.path + ".log", "w+")
        self.process = subprocess.Popen(
            podman.args + ["system", "service", "--time", "0"] + list(args) + [self.uri],
            env=podman.env, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, **spawn)
        if not uri:
            eventually(lambda: connects(self.path) or self.process.poll() is not None)

    def connect(self):
        return UnixConnection(self.path)

    def raw(self, data=b""):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(30)
        s.connect(self.path)
        s.sendall(data)
        return s

    def __call__(self, method, path, body=None, headers={}, connection=None):
        c = connection or self.connect()
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers = dict(headers, **{"Content-Type": "application/json"})
        c.request(method, path, body=body, headers=headers)
        answer = Answer(c.getresponse())
        if not connection:
            c.close()
        return answer

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=20)
        self.log.close()


@pytest.fixture(scope="session")
def podman():
    p = Podman()
    p.add_image()
    yield p
    p.close()


@pytest.fixture(scope="session")
def service(podman):
    s = Service(podman)
    yield s
    s.stop()


@pytest.fixture
def api(podman, service):
    """The service, and nothing left of the containers when the test is over."""
    yield service
    podman("rm", "-fa", "-t", "0")
    podman("volume", "prune", "-f", "-a", check=False)


@pytest.fixture
def start(podman):
    """start(*options) -> a service of the test's own."""
    running = []

    def new(*args, **spawn):
        running.append(Service(podman, *args, **spawn))
        return running[-1]
    yield new
    for s in running:
        s.stop()
    podman("rm", "-fa", "-t", "0")


def program(name, *words):
    """The path of a client, or the test is skipped."""
    path = shutil.which(name)
    if not path:
        pytest.skip("%s is not installed" % name)
    text = subprocess.run([path, "--version"], stdout=subprocess.PIPE, timeout=30).stdout.decode()
    if words and not any(w in text for w in words):
        pytest.skip("%s is not one of %s: %s" % (name, ", ".join(words), text.strip()))
    return path
