"""Podman's family of paths, asked by hand: what its clients send and read."""
import io
import json
import os
import tarfile
import threading

import pytest

from conftest import eventually, image_tar

V = "/v5.0.0/libpod"


def create(api, **spec):
    spec.setdefault("image", "busybox")
    a = api("POST", V + "/containers/create", body=spec)
    assert a.status == 201, a.body
    return a.json["Id"]


def test_create(api, podman):
    host = podman.dir + "/given"  # that another user may look into
    os.mkdir(host, 0o755)
    with open(host + "/f", "w") as f:
        f.write("host\n")
    cid = create(api, name="full", command=["sleep", "100"], env={"A": "b"}, terminal=False,
                 labels={"x": "y"}, annotations={"an": "no"}, stop_signal=2, stop_timeout=3,
                 hostname="hh", work_dir="/tmp", user="1000", cap_drop=["CHOWN"],
                 mounts=[{"type": "bind", "source": host, "destination": "/h",
                          "options": ["ro", "rbind"]},
                         {"type": "tmpfs", "destination": "/t", "options": ["size=1m"]}],
                 volumes=[{"Name": "vn", "Dest": "/v", "Options": ["rw"]}],
                 resource_limits={"memory": {"limit": 64 << 20}, "pids": {"limit": 44}},
                 r_limits=[{"type": "nofile", "soft": 101, "hard": 202}],
                 healthconfig={"Test": ["CMD", "true"], "Interval": 30000000000},
                 restart_policy="on-failure", restart_tries=3, read_only_filesystem=True,
                 hostadd=["there:10.9.8.7"], remove=False)
    doc = api("GET", V + "/containers/full/json").json
    assert doc["Id"] == cid and doc["Config"]["Hostname"] == "hh"
    assert doc["Config"]["StopSignal"] == "SIGINT" and doc["Config"]["StopTimeout"] == 3
    assert doc["HostConfig"]["Memory"] == 64 << 20 and doc["HostConfig"]["PidsLimit"] == 44
    assert doc["HostConfig"]["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 3}
    assert api("POST", V + "/containers/full/start").status == 204
    assert api("POST", V + "/containers/full/start").status == 304
    sh = lambda text: podman("exec", "full", "sh", "-c", text)
    assert sh("echo $A; id -u; cat /h/f; ulimit -n; hostname").split() == \
        ["b", "1000", "host", "101", "hh"]
    assert "10.9.8.7" in sh("cat /etc/hosts")


def test_refused(api):
    for spec, word in (({"pod": "p"}, "no such pod"), ({"image": "nosuch"}, "No such image"),
                       ({"name": "a/b"}, "name"),
                       ({"netns": {"nsmode": "container", "value": "nosuch"}}, "nosuch")):
        a = api("POST", V + "/containers/create", body=dict({"image": "busybox", "command": ["true"]}, **spec))
        assert a.status >= 400 and word in a.json["message"], a.body


def test_list(api):
    cid = create(api, name="listed", command=["true"])
    assert api("GET", V + "/containers/json").json == []
    row = api("GET", V + "/containers/json?all=true&size=true").json[0]
    assert row["Id"] == cid and row["Names"] == ["listed"] and row["State"] == "created"
    assert row["Created"].startswith("20") and row["Size"]["rwSize"] == 0
    assert api("GET", V + "/containers/listed/exists").status == 204
    assert api("GET", V + "/containers/none/exists").status == 404


def test_inspect_before_5(api):
    create(api, name="old", entrypoint=["echo", "x"], command=["y"])
    new = api("GET", V + "/containers/old/json").json["Config"]
    old = api("GET", "/v4.3.1/libpod/containers/old/json").json["Config"]
    assert (new["Entrypoint"], new["StopSignal"]) == (["echo", "x"], "SIGTERM")
    assert (old["Entrypoint"], old["StopSignal"]) == ("echo x", 15)


def test_wait(api):
    create(api, name="w", command=["sh", "-c", "exit 5"])
    got = []
    t = threading.Thread(target=lambda: got.append(api("POST", V + "/containers/w/wait").json))
    t.start()
    api("POST", V + "/containers/w/start")
    t.join(30)
    assert got == [5]
    create(api, name="w2", command=["sleep", "100"])
    api("POST", V + "/containers/w2/start")
    assert api("POST", V + "/containers/w2/wait?condition=running").json == -1
    assert api("POST", V + "/containers/w2/wait?condition=nosuch").status == 400


def test_remove(api):
    cid = create(api, name="rm", command=["sleep", "100"])
    api("POST", V + "/containers/rm/start")
    assert api("DELETE", V + "/containers/rm").status == 409
    a = api("DELETE", V + "/containers/rm?force=true&timeout=0")
    assert a.status == 200 and a.json == [{"Id": cid, "Err": None}]
    assert api("DELETE", V + "/containers/rm").status == 404
    assert api("DELETE", V + "/containers/rm?ignore=true").status == 200


def test_init_update_rename(api):
    create(api, name="i", command=["sleep", "100"])
    assert api("POST", V + "/containers/i/init").status == 204
    assert api("POST", V + "/containers/i/init").status == 304
    assert api("GET", V + "/containers/i/json").json["State"]["Status"] == "initialized"
    assert api("POST", V + "/containers/i/start").status == 204
    assert api("POST", V + "/containers/i/rename?name=j").status == 204
    a = api("POST", V + "/containers/j/update?restartPolicy=on-failure&restartRetries=4",
            body={"memory": {"limit": 32 << 20}})
    assert a.status == 201 or os.getuid(), a.body
    if os.getuid() == 0:
        host = api("GET", V + "/containers/j/json").json["HostConfig"]
        assert host["Memory"] == 32 << 20
        assert host["RestartPolicy"]["MaximumRetryCount"] == 4


def test_stats_top(api):
    create(api, name="s", command=["sleep", "66"])
    api("POST", V + "/containers/s/start")
    a = api("GET", V + "/containers/stats?stream=false&containers=s").json
    assert a["Error"] is None and a["Stats"][0]["Name"] == "s"
    a = api("GET", V + "/containers/s/top?ps_args=pid&ps_args=args").json
    assert a["Titles"] == ["PID", "COMMAND"] and ["1", "sleep 66"] in a["Processes"]


def test_images(api):
    a = api("POST", V + "/images/import?reference=localhost/i:1&changes=CMD%20echo%20x",
            body=image_tar())
    iid = a.json["Id"]
    assert len(iid.replace("sha256:", "")) == 64
    assert api("GET", V + "/images/localhost/i:1/exists").status == 204
    assert api("GET", V + "/images/localhost/i:1/json").json["Id"] == iid
    assert "localhost/i:1" in api("GET", V + "/images/localhost/i:1/tree").json["Tree"]
    assert api("POST", V + "/images/localhost/i:1/tag?repo=localhost/j&tag=2").status == 201
    tar = api("GET", V + "/images/localhost/j:2/get?format=oci-archive").body
    assert api("POST", V + "/images/localhost/j:2/untag?repo=localhost/j&tag=2").status == 201
    assert api("GET", V + "/images/localhost/j:2/exists").status == 404
    many = api("GET", V + "/images/export?references=localhost/i:1&references=busybox").body
    a = api("DELETE", V + "/images/localhost/i:1?force=true").json
    assert a["Deleted"] == [iid] and a["ExitCode"] == 0
    assert api("POST", V + "/images/load", body=tar).json["Names"] == ["localhost/j:2"]
    assert "localhost/i:1" in api("POST", V + "/images/load", body=many).json["Names"]
    a = api("DELETE", V + "/images/remove?images=localhost/i:1&images=nosuch").json
    assert a["ExitCode"] == 1 and len(a["Errors"]) == 1
    api("DELETE", V + "/images/remove?images=localhost/j:2&force=true")


def test_pull_says_what_went_wrong(api):
    a = api("POST", V + "/images/pull?reference=127.0.0.1:1/nosuch")
    assert a.status >= 400 and "127.0.0.1:1" in a.json["message"]
    assert api("POST", V + "/images/pull").status == 400


def test_volumes(api):
    a = api("POST", V + "/volumes/create", body={"Name": "lv", "Labels": {"a": "b"}})
    assert a.status == 201 and a.json["Name"] == "lv"
    assert api("POST", V + "/volumes/create", body={"Name": "lv"}).status == 409
    assert api("GET", V + "/volumes/lv/exists").status == 204
    buf = io.BytesIO()
    with tarfile.open(fileobj=buf, mode="w") as t:
        e = tarfile.TarInfo("f")
        e.size = 1
        t.addfile(e, io.BytesIO(b"1"))
    assert api("POST", V + "/volumes/lv/import", body=buf.getvalue()).status == 204
    with tarfile.open(fileobj=io.BytesIO(api("GET", V + "/volumes/lv/export").body)) as t:
        assert any(n.endswith("f") for n in t.getnames())
    assert [v["Name"] for v in api("GET", V + "/volumes/json").json] == ["lv"]
    assert api("POST", V + "/volumes/prune?filters={\"all\":[\"true\"]}").json[0]["Id"] == "lv"


def test_networks(api):
    a = api("POST", V + "/networks/create", body={"name": "ln", "driver": "bridge",
                                                  "dns_enabled": True})
    assert a.status == 200 and a.json["name"] == "ln" and a.json["subnets"]
    assert api("POST", V + "/networks/create", body={"name": "ln"}).status == 409
    assert api("POST", V + "/networks/create?ignoreIfExists=true", body={"name": "ln"}).status == 200
    assert api("GET", V + "/networks/ln/exists").status == 204
    assert "ln" in [n["name"] for n in api("GET", V + "/networks/json").json]
    assert api("POST", V + "/networks/ln/update", body={"adddnsservers": ["10.0.0.1"]}).status == 200
    assert api("GET", V + "/networks/ln/json").json["network_dns_servers"] == ["10.0.0.1"]
    assert api("DELETE", V + "/networks/ln").json == [{"Name": "ln", "Err": None}]
    assert api("GET", V + "/networks/ln/json").status == 404


def test_secrets(api):
    a = api("POST", V + "/secrets/create?name=ls&labels={\"a\":\"b\"}", body=b"data")
    assert a.json["ID"]
    assert api("GET", V + "/secrets/ls/exists").status == 204
    doc = api("GET", V + "/secrets/ls/json?showsecret=true").json
    assert doc["SecretData"] == "data" and doc["Spec"]["Labels"] == {"a": "b"}
    cid = create(api, name="sec", command=["cat", "/run/secrets/ls"], secrets=[{"Source": "ls"}],
                 secret_env={"V": "ls"})
    api("POST", V + "/containers/sec/start")
    api("POST", V + "/containers/sec/wait")
    assert b"data" in api("GET", V + "/containers/sec/logs?stdout=true").body
    assert api("DELETE", V + "/secrets/ls").status == 204
    assert api("GET", V + "/secrets/ls/json").status == 404


def test_manifests(api):
    a = api("POST", V + "/manifests/localhost/list:1", body={})
    assert a.status == 201
    a = api("PUT", V + "/manifests/localhost/list:1",
            body={"operation": "update", "images": ["busybox"]})
    assert a.status == 200 and a.json["images"] == ["busybox"]
    doc = api("GET", V + "/manifests/localhost/list:1/json").json
    digest = doc["manifests"][0]["digest"]
    a = api("PUT", V + "/manifests/localhost/list:1",
            body={"operation": "annotate", "images": [digest], "arch": "arm64"})
    assert a.status == 200
    doc = api("GET", V + "/manifests/localhost/list:1/json").json
    assert doc["manifests"][0]["platform"]["architecture"] == "arm64"
    a = api("PUT", V + "/manifests/localhost/list:1",
            body={"operation": "remove", "images": ["sha256:" + "0" * 64]})
    assert a.status == 409 and a.json["errors"]
    assert api("GET", V + "/manifests/localhost/list:1/exists").status == 204
    assert api("DELETE", V + "/manifests/localhost/list:1").json["ExitCode"] == 0
    assert api("GET", V + "/manifests/localhost/list:1/exists").status == 404


def test_artifacts(api, tmp_path):
    a = api("POST", V + "/artifacts/add?name=localhost/art:1&fileName=model.bin", body=b"weights")
    assert a.status == 201 and a.json["ArtifactDigest"].startswith("sha256:")
    (tmp_path / "other").write_text("more")
    a = api("POST", V + "/artifacts/local/add?name=localhost/art:1&fileName=named&append=true&path="
            + str(tmp_path / "other"))
    assert a.status == 201, a.body
    assert len(api("GET", V + "/artifacts/json").json) == 1
    tar = api("GET", V + "/artifacts/localhost/art:1/extract?title=named").body
    with tarfile.open(fileobj=io.BytesIO(tar)) as t:
        assert t.extractfile(t.getnames()[0]).read() == b"more"
    assert api("POST", V + "/artifacts/add?name=localhost/x&fileName=../x", body=b"").status == 400
    a = api("DELETE", V + "/artifacts/localhost/art:1")
    assert len(a.json["ArtifactDigests"]) == 1
    assert api("GET", V + "/artifacts/localhost/art:1/json").status == 404


def test_system(api):
    df = api("GET", V + "/system/df").json
    assert df["Images"] and df["ImagesSize"] > 0
    assert api("POST", V + "/system/check?quick=true").json["Errors"] is False
    info = api("GET", V + "/info").json
    assert info["host"]["os"] == "linux"
    create(api, name="gone", command=["true"])
    a = api("POST", V + "/system/prune").json
    assert len(a["ContainerPruneReports"]) == 1


def test_commit_export_mount(api):
    create(api, name="c", command=["sh", "-c", "echo x >/made"])
    api("POST", V + "/containers/c/start")
    api("POST", V + "/containers/c/wait")
    a = api("POST", V + "/commit?container=c&repo=localhost/co&tag=1")
    assert a.status == 201
    assert {"Path": "/made", "Kind": 1} in api("GET", V + "/containers/c/changes").json
    with tarfile.open(fileobj=io.BytesIO(api("GET", V + "/containers/c/export").body)) as t:
        assert "made" in t.getnames()
    if os.getuid() == 0:
        path = api("POST", V + "/containers/c/mount").json
        assert open(path + "/made").read() == "x\n"
        assert path in api("GET", V + "/containers/showmounted").json.values()
        assert api("POST", V + "/containers/c/unmount").status == 204
        assert not os.path.exists(path + "/made")
    api("DELETE", V + "/images/localhost/co:1")


def test_healthcheck(api):
    create(api, name="h", command=["sleep", "100"], healthconfig={"Test": ["CMD", "false"],
                                                                  "Interval": 60000000000})
    api("POST", V + "/containers/h/start")
    a = api("GET", V + "/containers/h/healthcheck").json
    assert a["Status"] and a["Log"][-1]["ExitCode"] == 1
    create(api, name="nh", command=["true"])
    assert api("GET", V + "/containers/nh/healthcheck").status == 409


def test_pods(api):
    a = api("POST", V + "/pods/create", body={"name": "p", "labels": {"a": "b"}, "hostname": "hp"})
    assert a.status == 201
    pid = a.json["Id"]
    assert api("POST", V + "/pods/create", body={"name": "p"}).status == 409
    create(api, name="m", pod="p", command=["sleep", "88"])
    assert api("POST", V + "/pods/p/start").json == {"Errs": None, "Id": pid, "RawInput": "p"}
    assert api("POST", V + "/pods/p/start").status == 304
    doc = api("GET", V + "/pods/p/json").json
    assert doc["State"] == "Running" and doc["NumContainers"] == 2
    row = api("GET", V + "/pods/json").json[0]
    assert row["Name"] == "p" and row["Labels"] == {"a": "b"}
    assert api("GET", V + "/containers/m/json").json["Pod"] == pid
    top = api("GET", V + "/pods/p/top?ps_args=args").json
    assert ["sleep 88"] in top["Processes"]
    assert {s["Name"] for s in api("GET", V + "/pods/stats?namesOrIDs=p").json} >= {"m"}
    assert api("DELETE", V + "/pods/p").status == 409
    assert api("POST", V + "/pods/p/kill?signal=SIGKILL").status == 200
    eventually(lambda: api("GET", V + "/pods/p/json").json["State"] in ("Exited", "Stopped"))
    assert api("POST", V + "/pods/p/stop").status == 304
    a = api("DELETE", V + "/pods/p?force=true&timeout=0")
    assert a.status == 200 and a.json["Id"] == pid
    assert api("GET", V + "/pods/p/exists").status == 404
    assert api("GET", V + "/containers/json?all=true").json == []


def test_build(api):
    buf = io.BytesIO()
    with tarfile.open(fileobj=buf, mode="w") as t:
        text = b"FROM busybox\nCMD echo hi\n"
        e = tarfile.TarInfo("Containerfile")
        e.size = len(text)
        t.addfile(e, io.BytesIO(text))
    a = api("POST", V + "/build?t=localhost/lb&dockerfile=%5B%22Containerfile%22%5D",
            body=buf.getvalue())
    assert a.status == 200, a.body
    last = json.loads(a.body.splitlines()[-1])["stream"].strip()
    assert api("GET", V + "/images/localhost/lb/json").json["Id"] == last
    api("DELETE", V + "/images/localhost/lb")
    assert api("POST", "/v1.41/build?remote=client-session").status == 501


KUBE = b"""
apiVersion: v1
kind: Pod
metadata: {name: kp, labels: {app: k}}
spec:
  containers:
  - name: c
    image: busybox
    command: [sleep, "99"]
    env: [{name: A, value: b}]
"""


def test_kube(api, podman):
    a = api("POST", V + "/kube/play", body=KUBE)
    assert a.status == 200, a.body
    pod = a.json["Pods"][0]
    assert len(pod["Containers"]) == 1 and not pod["ContainerErrors"]
    assert podman("exec", "kp-c", "sh", "-c", "echo $A") == "b"
    text = api("GET", V + "/generate/kube?names=kp").body.decode()
    assert "kind: Pod" in text and "image: docker.io/library/busybox:latest" in text
    a = api("DELETE", V + "/play/kube", body=KUBE).json
    assert a["RmReport"][0]["Id"] == pod["ID"]
    assert api("GET", V + "/pods/json").json == []
    assert api("POST", V + "/kube/play", body=b"x: y").status == 400


def test_units(api, podman):
    """generate systemd and quadlets: what systemd would read."""
    create(api, name="u", command=["sleep", "100"])
    a = api("GET", V + "/generate/u/systemd?useName=true&restartPolicy=always&wants=a.service"
                       "&stopTimeout=3&containerPrefix=c&noHeader=true")
    assert a.status == 200, a.body
    text = a.json["c-u"]
    for line in ("Restart=always", "Wants=a.service", "TimeoutStopSec=63", "Type=forking"):
        assert line in text.split("\n"), text
    assert "autogenerated" not in text
    assert api("GET", V + "/generate/nope/systemd").status in (404, 500)
    a = api("GET", V + "/quadlets/json")
    assert a.status == 200 and isinstance(a.json, list)
    assert api("GET", V + "/quadlets/nope.container/exists").status == 404
    assert api("GET", V + "/quadlets/nope.container/file").status == 404
    assert api("DELETE", V + "/quadlets/nope.container").status == 404
    assert api("DELETE", V + "/quadlets/nope.container?ignore=true").status == 200
    assert api("DELETE", V + "/quadlets").status == 400


def test_stats_of_a_young_container(api, podman):
    """Ticks of the kernel's share may be more than all: nothing is negative, which Go's clients cannot read."""
    for n in range(8):
        podman("run", "-d", "--name", "y%d" % n, "busybox", "sleep", "100")
        cpu = api("GET", "/v1.41/containers/y%d/stats?stream=false&one-shot=true" % n).json["cpu_stats"]
        usage = cpu["cpu_usage"]
        assert usage["usage_in_usermode"] >= 0 and usage["usage_in_kernelmode"] >= 0
        assert usage["usage_in_usermode"] + usage["usage_in_kernelmode"] == usage["total_usage"]
