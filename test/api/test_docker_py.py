"""Docker's Python library."""
import io
import json
import os
import tarfile
import threading
import time

import pytest

docker = pytest.importorskip("docker")

from conftest import eventually


@pytest.fixture
def client(api):
    c = docker.DockerClient(base_url="unix://" + api.path, version="auto", timeout=30)
    yield c
    c.close()


def test_about(client):
    assert client.ping()
    assert client.version()["Version"]
    info = client.info()
    assert info["OSType"] == "linux" and info["NCPU"] == os.cpu_count()
    assert client.df()["Images"]


def test_run(client):
    assert client.containers.run("busybox", ["echo", "hi"], remove=True) == b"hi\n"
    assert client.containers.list(all=True) == []
    with pytest.raises(docker.errors.ContainerError) as e:
        client.containers.run("busybox", ["sh", "-c", "echo bad >&2; exit 3"], remove=True)
    assert e.value.exit_status == 3 and b"bad" in e.value.stderr


def test_missing_image(client):
    with pytest.raises(docker.errors.ImageNotFound):
        client.images.get("nosuch")
    with pytest.raises(docker.errors.ImageNotFound):
        client.api.create_container("nosuch", ["true"])


def test_life(client, podman):
    c = client.containers.run("busybox", ["sleep", "100"], detach=True, name="life",
                              labels={"a": "b"})
    pid = c.attrs["State"]["Pid"] or client.containers.get("life").attrs["State"]["Pid"]
    with open("/proc/%d/comm" % pid) as f:
        assert f.read().strip() == "sleep"
    assert [x.name for x in client.containers.list(filters={"label": "a=b"})] == ["life"]
    assert client.containers.list(filters={"label": "a=c"}) == []
    if os.getuid() == 0:  # an ordinary user may have no cgroup that could be frozen
        c.pause()
        c.reload()
        assert c.status == "paused"
        c.unpause()
    c.rename("death")
    c.reload()
    assert c.name == "death" and c.status == "running"
    c.restart(timeout=0)
    c.reload()
    assert c.status == "running" and not os.path.exists("/proc/%d" % pid)
    c.stop(timeout=0)
    assert c.wait()["StatusCode"] == 137
    c.start()
    c.kill()
    c.reload()
    assert c.status == "exited"
    with pytest.raises(docker.errors.APIError) as e:
        c.kill()
    assert e.value.status_code == 409
    c.remove()
    with pytest.raises(docker.errors.NotFound):
        client.containers.get("death")


def test_what_was_asked_for(client, podman):
    host = podman.dir + "/host"  # that another user may look into
    os.mkdir(host, 0o755)
    c = client.containers.run(
        "busybox", ["sleep", "100"], detach=True, environment={"A": "b c"}, hostname="hh",
        user="1000", working_dir="/tmp", mem_limit="64m", nano_cpus=500000000, pids_limit=50,
        cap_add=["NET_ADMIN"], read_only=True, tmpfs={"/scratch": "size=1m"},
        volumes={host: {"bind": "/host", "mode": "ro"}, "vol": {"bind": "/vol"}},
        ulimits=[docker.types.Ulimit(name="nofile", soft=100, hard=200)], shm_size="8m",
        extra_hosts={"there": "10.1.2.3"}, oom_score_adj=500, security_opt=["no-new-privileges"],
        restart_policy={"Name": "on-failure", "MaximumRetryCount": 2})
    with open(host + "/file", "w") as f:
        f.write("from the host")

    def sh(text):
        code, out = c.exec_run(["sh", "-c", text])
        return out.decode().strip()
    assert sh("echo $A") == "b c"
    assert sh("hostname") == "hh"
    assert sh("id -u") == "1000"
    assert sh("echo $PWD") == "/tmp"
    assert sh("cat /host/file") == "from the host"
    assert sh("touch /host/x 2>&1") .endswith("Read-only file system")
    assert sh("touch /x 2>&1").endswith("Read-only file system")
    assert sh("ulimit -n") == "100"
    assert "10.1.2.3" in sh("cat /etc/hosts")
    assert "500" == sh("cat /proc/1/oom_score_adj")
    mounts = sh("cat /proc/mounts")
    assert " /scratch tmpfs" in mounts and " /vol " in mounts
    status = sh("cat /proc/1/status")
    assert "NoNewPrivs:\t1" in status
    c.reload()
    h = c.attrs["HostConfig"]
    assert h["Memory"] == 64 << 20 and h["PidsLimit"] == 50 and h["ReadonlyRootfs"] is True
    assert h["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 2}
    assert {m["Destination"] for m in c.attrs["Mounts"]} == {"/host", "/vol"}
    assert c.attrs["Config"]["WorkingDir"] == "/tmp"


def test_logs(client):
    c = client.containers.run("busybox", ["sh", "-c", "echo one; echo two >&2; echo three"],
                              detach=True)
    c.wait()
    assert c.logs(stdout=True, stderr=False) == b"one\nthree\n"
    assert c.logs(stdout=False, stderr=True) == b"two\n"
    assert sorted(c.logs().splitlines()) == [b"one", b"three", b"two"]
    assert len(c.logs(tail=1).splitlines()) == 1
    stamp, text = c.logs(stderr=False, timestamps=True).splitlines()[0].split(b" ", 1)
    assert text == b"one" and stamp.startswith(b"20")
    assert c.logs(since=int(time.time()) + 1000) == b""
    with pytest.raises(docker.errors.APIError):
        client.api._result(client.api._get(client.api._url("/containers/{0}/logs", c.id)))


def test_logs_follow(client):
    c = client.containers.run("busybox", ["sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.3; done"],
                              detach=True)
    assert b"".join(c.logs(stream=True, follow=True)) == b"1\n2\n3\n"


def test_attach(client):
    c = client.api.create_container("busybox", ["cat"], stdin_open=True, tty=False)
    sock = client.api.attach_socket(c, {"stdin": 1, "stdout": 1, "stream": 1})
    client.api.start(c)
    s = sock._sock if hasattr(sock, "_sock") else sock
    s.settimeout(30)
    s.sendall(b"words\n")
    head = s.recv(8)
    assert head == b"\x01\0\0\0\0\0\0\x06"
    assert s.recv(100) == b"words\n"
    s.shutdown(1)  # the end of our input is that of its
    assert client.api.wait(c)["StatusCode"] == 0
    assert s.recv(100) == b""


def test_attach_tty(client):
    c = client.api.create_container("busybox", ["sh", "-c", "read x; stty size; cat"],
                                    stdin_open=True, tty=True)
    sock = client.api.attach_socket(c, {"stdin": 1, "stdout": 1, "stream": 1})
    client.api.start(c)
    s = sock._sock if hasattr(sock, "_sock") else sock
    s.settimeout(30)

    def read_until(what):
        got = b""
        while what not in got:
            part = s.recv(100)
            assert part, got
            got += part
    client.api.resize(c, 40, 100)
    s.sendall(b"\n")
    read_until(b"40 100\r\n")  # no headers: it has a terminal
    s.sendall(b"x\n")
    read_until(b"x\r\nx\r\n")
    s.sendall(b"\x10\x11")  # ctrl-p,ctrl-q: the client goes, the container stays
    while s.recv(100):
        pass
    assert client.api.inspect_container(c)["State"]["Running"]
    s.close()


def test_much_through_attach(client):
    """More than any buffer holds, both ways at once."""
    c = client.api.create_container("busybox", ["cat"], stdin_open=True)
    sock = client.api.attach_socket(c, {"stdin": 1, "stdout": 1, "stream": 1})
    client.api.start(c)
    s = sock._sock if hasattr(sock, "_sock") else sock
    s.settimeout(60)
    data = os.urandom(1 << 20) * 4
    writer = threading.Thread(target=lambda: (s.sendall(data), s.shutdown(1)))
    writer.start()
    got, buf = bytearray(), b""
    while True:
        part = s.recv(65536)
        if not part:
            break
        buf += part
        while len(buf) >= 8 and len(buf) >= 8 + int.from_bytes(buf[4:8], "big"):
            n = int.from_bytes(buf[4:8], "big")
            got += buf[8:8 + n]
            buf = buf[8 + n:]
    writer.join()
    assert bytes(got) == data


def test_exec(client):
    c = client.containers.run("busybox", ["sleep", "100"], detach=True)
    r = c.exec_run(["sh", "-c", "echo out; echo err >&2; exit 4"], demux=True)
    assert r.exit_code == 4 and r.output == (b"out\n", b"err\n")
    assert c.exec_run(["nosuch"]).exit_code == 127
    assert c.exec_run(["id", "-u"], user="1000").output == b"1000\n"
    assert c.exec_run(["sh", "-c", "echo $X"], environment={"X": "y"}).output == b"y\n"
    e = client.api.exec_create(c.id, ["sleep", "50"])
    client.api.exec_start(e, detach=True)
    info = client.api.exec_inspect(e)
    assert info["Running"] and os.path.exists("/proc/%d" % info["Pid"])
    assert e["Id"] in client.api.inspect_container(c.id)["ExecIDs"]
    os.kill(info["Pid"], 9)
    eventually(lambda: not client.api.exec_inspect(e)["Running"])
    assert client.api.exec_inspect(e)["ExitCode"] == 137
    with pytest.raises(docker.errors.NotFound):
        client.api.exec_inspect("0" * 64)
    c.stop(timeout=0)
    with pytest.raises(docker.errors.APIError) as x:
        c.exec_run(["true"])
    assert x.value.status_code == 409


def test_archive(client):
    c = client.containers.run("busybox", ["sleep", "100"], detach=True)
    buf = io.BytesIO()
    with tarfile.open(fileobj=buf, mode="w") as t:
        e = tarfile.TarInfo("f")
        e.size, e.mode, e.uid = 3, 0o640, 1000
        t.addfile(e, io.BytesIO(b"abc"))
    assert c.put_archive("/tmp", buf.getvalue())
    assert c.exec_run(["cat", "/tmp/f"]).output == b"abc"
    stream, st = c.get_archive("/tmp/f")
    assert st["name"] == "f" and st["size"] == 3 and st["mode"] == 0o640
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as t:
        assert t.extractfile("f").read() == b"abc"
    with pytest.raises(docker.errors.NotFound):
        c.get_archive("/nosuch")
    with pytest.raises(docker.errors.APIError):
        c.put_archive("/nosuch", buf.getvalue())
    assert {"Path": "/tmp/f", "Kind": 1} in c.diff()
    with tarfile.open(fileobj=io.BytesIO(b"".join(c.export()))) as t:
        assert "tmp/f" in t.getnames()


def test_top_and_stats(client):
    c = client.containers.run("busybox", ["sleep", "77"], detach=True)
    top = c.top()
    assert any("sleep 77" in " ".join(p) for p in top["Processes"])
    s = c.stats(stream=False)
    assert s["pids_stats"]["current"] == 1 or os.getuid()
    assert s["cpu_stats"]["system_cpu_usage"] > s["precpu_stats"]["system_cpu_usage"]
    it = c.stats(stream=True, decode=True)
    assert next(it)["id"] == c.id
    it.close()


def test_images(client):
    img = client.images.get("busybox")
    assert "docker.io/library/busybox:latest" in img.tags
    assert img.tag("localhost/other", "v1")
    assert "localhost/other:v1" in client.images.get("localhost/other:v1").tags
    assert client.images.get("localhost/other:v1").history()
    data = b"".join(img.save(named=True))
    client.images.remove("localhost/other:v1")
    loaded = client.images.load(data)
    assert img.id in [i.id for i in loaded]
    assert img.id in [i.id for i in client.images.list(name="busybox")]
    c = client.containers.run("busybox", ["sh", "-c", "echo new >/made"], detach=True)
    c.wait()
    made = c.commit("localhost/made", "v2", changes=["ENV X=y", 'CMD ["cat", "/made"]'])
    assert client.containers.run("localhost/made:v2", remove=True) == b"new\n"
    with pytest.raises(docker.errors.APIError) as e:
        client.images.remove("busybox", force=False)
    assert e.value.status_code == 409
    c.remove()
    client.images.remove("localhost/made:v2")
    with pytest.raises(docker.errors.ImageNotFound):
        client.images.get("localhost/made:v2")


def test_pull_of_nothing(client):
    with pytest.raises(docker.errors.APIError):
        client.images.pull("127.0.0.1:1/nosuch", tag="x")


def test_volumes(client):
    v = client.volumes.create("v1", labels={"k": "v"})
    assert v.attrs["Labels"] == {"k": "v"} and os.getuid() or os.path.isdir(v.attrs["Mountpoint"])
    assert client.volumes.create("v1").id == "v1"  # once more is no error
    assert [x.name for x in client.volumes.list(filters={"label": "k=v"})] == ["v1"]
    c = client.containers.create("busybox", ["true"], volumes={"v1": {"bind": "/d"}})
    with pytest.raises(docker.errors.APIError) as e:
        v.remove()
    assert e.value.status_code == 409
    c.remove()
    v.remove()
    with pytest.raises(docker.errors.NotFound):
        client.volumes.get("v1")


@pytest.mark.skipif(os.getuid() != 0, reason="bridges of an ordinary user need a way out")
def test_networks(client):
    ipam = docker.types.IPAMConfig(pool_configs=[docker.types.IPAMPool(subnet="10.123.0.0/24")])
    n = client.networks.create("net1", ipam=ipam, labels={"a": "b"})
    try:
        assert n.attrs["IPAM"]["Config"][0]["Subnet"] == "10.123.0.0/24"
        assert [x.name for x in client.networks.list(names=["net1"])] == ["net1"]
        assert "bridge" in [x.name for x in client.networks.list()]
        c = client.containers.run("busybox", ["sleep", "100"], detach=True, network="net1")
        c.reload()
        assert c.attrs["NetworkSettings"]["Networks"]["net1"]["IPAddress"] == "10.123.0.2"
        n.reload()
        assert [x.id for x in n.containers] == [c.id]
        with pytest.raises(docker.errors.APIError) as e:
            n.remove()
        assert e.value.status_code == 403
        n.disconnect(c)
        n.connect(c, ipv4_address="10.123.0.77", aliases=["alias"])
        c.reload()
        assert c.attrs["NetworkSettings"]["Networks"]["net1"]["IPAddress"] == "10.123.0.77"
        c.remove(force=True)
    finally:
        n.remove()


@pytest.mark.skipif(os.getuid() != 0, reason="root's ports")
def test_ports(client):
    c = client.containers.run("busybox", ["sleep", "100"], detach=True,
                              ports={"80/tcp": ("127.0.0.1", 8123), "81/udp": None})
    c.reload()
    assert c.ports["80/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": "8123"}]
    assert int(c.ports["81/udp"][0]["HostPort"]) > 0
    row = client.api.containers()[0]["Ports"]
    assert {"IP": "127.0.0.1", "PrivatePort": 80, "PublicPort": 8123, "Type": "tcp"} in row


def test_events(client):
    since = int(time.time()) - 1
    got = []
    stream = client.events(decode=True, filters={"type": "container"})
    reader = threading.Thread(target=lambda: got.extend(iter(lambda: next(stream), None)),
                              daemon=True)
    reader.start()
    time.sleep(0.3)
    c = client.containers.run("busybox", ["true"], detach=True, name="seen")
    c.wait()
    c.remove()
    actions = ["create", "start", "die", "destroy"]
    eventually(lambda: [e["Action"] for e in got if e["Action"] in actions and
                        e["Actor"]["Attributes"]["name"] == "seen"] == actions)
    stream.close()
    past = client.events(since=since, until=int(time.time()) + 1, decode=True,
                         filters={"event": "die"})
    died = [e for e in past if e["Actor"]["Attributes"].get("name") == "seen"]
    assert died[0]["Actor"]["Attributes"]["exitCode"] == "0"


def test_prune(client):
    c = client.containers.run("busybox", ["true"], detach=True)
    c.wait()
    keep = client.containers.run("busybox", ["sleep", "100"], detach=True)
    assert client.containers.prune()["ContainersDeleted"] == [c.id]
    assert [x.id for x in client.containers.list(all=True)] == [keep.id]


def test_auto_remove_and_wait(client):
    c = client.api.create_container("busybox", ["sh", "-c", "sleep 0.3; exit 9"],
                                    host_config=client.api.create_host_config(auto_remove=True))
    got = []
    t = threading.Thread(target=lambda: got.append(client.api.wait(c, condition="removed")))
    t.start()
    time.sleep(0.1)
    client.api.start(c)
    t.join(30)
    assert got[0]["StatusCode"] == 9
    assert client.containers.list(all=True) == []


def test_health(client):
    c = client.containers.run("busybox", ["sleep", "100"], detach=True,
                              healthcheck={"test": ["CMD", "true"], "interval": 1000000000})
    eventually(lambda: client.api.inspect_container(c.id)["State"]["Health"]["Status"] == "healthy")
    assert "(healthy)" in client.api.containers()[0]["Status"]


def test_secrets(client):
    s = client.api.create_secret("s1", b"\0binary\xff", labels={"a": "b"})
    try:
        assert client.api.inspect_secret(s)["Spec"]["Name"] == "s1"
        assert [x["ID"] for x in client.api.secrets()] == [s["ID"]]
        with pytest.raises(docker.errors.APIError) as e:
            client.api.create_secret("s1", b"x")
        assert e.value.status_code == 409
    finally:
        client.api.remove_secret(s)


def test_build(client):
    text = b"FROM busybox\nARG A=x\nLABEL made=here\nRUN echo $A >/made\nCMD [\"cat\", \"/made\"]\n"
    img, log = client.images.build(fileobj=io.BytesIO(text), tag="localhost/built", rm=True,
                                   buildargs={"A": "arg"}, network_mode="none")
    lines = [l.get("stream", "") for l in log]
    assert any(l.startswith("STEP 4/5: RUN") for l in lines)
    assert img.labels["made"] == "here"
    assert client.containers.run("localhost/built", remove=True) == b"arg\n"
    client.images.remove("localhost/built")
    with pytest.raises(docker.errors.BuildError) as e:
        client.images.build(fileobj=io.BytesIO(b"FROM busybox\nRUN exit 3\n"), network_mode="none")
    assert "3" in e.value.msg


def test_build_context(client):
    buf = io.BytesIO()
    with tarfile.open(fileobj=buf, mode="w") as t:
        for name, data in (("Dockerfile", b"FROM busybox\nCOPY f /f\n"), ("f", b"content")):
            e = tarfile.TarInfo(name)
            e.size = len(data)
            t.addfile(e, io.BytesIO(data))
    buf.seek(0)
    client.images.build(fileobj=buf, custom_context=True, tag="localhost/ctx")
    assert client.containers.run("localhost/ctx", ["cat", "/f"], remove=True) == b"content"
    client.images.remove("localhost/ctx")
