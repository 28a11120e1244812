"""Pull, push and login over the API, with a real registry on loopback."""
import base64
import json
import os
import shutil
import socket
import subprocess

import pytest

from conftest import eventually

V = "/v5.0.0/libpod"


@pytest.fixture(scope="module")
def registry(podman):
    if not shutil.which("docker-registry") or not shutil.which("htpasswd"):
        pytest.skip("docker-registry or htpasswd is not installed")
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    port = s.getsockname()[1]
    s.close()
    d = podman.dir + "/registry"
    os.mkdir(d)
    with open(d + "/htpasswd", "wb") as f:
        f.write(subprocess.run(["htpasswd", "-nbB", "user", "secret"], check=True,
                               stdout=subprocess.PIPE, timeout=30).stdout)
    with open(d + "/config.yml", "w") as f:
        f.write("version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s/data}}\n"
                "http: {addr: 127.0.0.1:%d}\nauth: {htpasswd: {realm: r, path: %s/htpasswd}}\n"
                % (d, port, d))
    p = subprocess.Popen(["docker-registry", "serve", d + "/config.yml"],
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def up():
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        except OSError:
            return False
    eventually(up)
    with open(podman.dir + "/registries.conf", "w") as f:
        f.write('[[registry]]\nlocation = "127.0.0.1:%d"\ninsecure = true\n' % port)
    yield "127.0.0.1:%d" % port
    p.kill()
    p.wait()
    open(podman.dir + "/registries.conf", "w").close()


def auth(**what):
    return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(what).encode()).decode()}


LOGIN = {"username": "user", "password": "secret"}


def lines(answer):
    return [json.loads(l) for l in answer.body.splitlines()]


def test_docker(api, registry):
    assert api("POST", "/v1.41/auth", body=dict(LOGIN, serveraddress=registry)).json["Status"] == \
        "Login Succeeded"
    a = api("POST", "/v1.41/auth", body=dict(LOGIN, password="wrong", serveraddress=registry))
    assert a.status == 401 and a.json["message"]
    name = registry + "/d/image"
    assert api("POST", "/v1.41/images/busybox/tag?repo=%s&tag=1" % name).status == 201
    a = api("POST", "/v1.41/images/%s/push?tag=1" % name)
    assert a.status >= 400 or "error" in lines(a)[-1]
    a = api("POST", "/v1.41/images/%s/push?tag=1" % name, headers=auth(**LOGIN))
    assert a.status == 200, a.body
    assert lines(a)[-1]["aux"]["Tag"] == "1"
    assert any(l.get("id") for l in lines(a))
    api("DELETE", "/v1.41/images/%s:1" % name)
    assert api("GET", "/v1.41/images/%s:1/json" % name).status == 404
    a = api("POST", "/v1.41/images/create?fromImage=%s&tag=1" % name)
    assert a.status >= 400
    a = api("POST", "/v1.41/images/create?fromImage=%s&tag=1" % name, headers=auth(**LOGIN))
    assert a.status == 200 and lines(a)[-1]["status"] == "Download complete"
    assert api("GET", "/v1.41/images/%s:1/json" % name).status == 200
    a = api("POST", "/v1.41/images/create?fromImage=%s&tag=none" % name, headers=auth(**LOGIN))
    assert a.status >= 400 and "none" in a.json["message"]
    api("DELETE", "/v1.41/images/%s:1" % name)


def test_podman(api, registry):
    name = registry + "/p/image:2"
    api("POST", V + "/images/busybox/tag?repo=%s&tag=2" % name.rsplit(":", 1)[0])
    both = auth(**{registry: LOGIN})  # a map, as Podman's clients send it
    a = api("POST", V + "/images/%s/push?quiet=false" % name, headers=both)
    assert a.status == 200 and lines(a)[-1]["manifestdigest"].startswith("sha256:"), a.body
    assert api("POST", V + "/images/%s/push" % name, headers=both).status == 200
    assert api("DELETE", V + "/images/" + name).status == 200
    a = api("POST", V + "/images/pull?reference=" + name, headers=both)
    assert a.status == 200
    assert len(lines(a)[-1]["images"]) == 1 and any("stream" in l for l in lines(a))
    a = api("POST", V + "/images/pull?quiet=true&reference=" + name, headers=both)
    assert len(lines(a)) == 1
    api("DELETE", V + "/images/" + name)


def test_lists_and_artifacts(api, registry):
    both = auth(**{registry: LOGIN})
    api("POST", V + "/manifests/localhost/l:1", body={"images": ["busybox"]})
    a = api("POST", V + "/manifests/localhost/l:1/registry/%s/l:1?all=true" % registry, headers=both)
    assert a.status == 200 and a.json["Id"].startswith("sha256:"), a.body
    api("DELETE", V + "/manifests/localhost/l:1")
    doc = api("GET", V + "/manifests/%s/l:1/json" % registry, headers=both)
    assert doc.status == 200 and len(doc.json["manifests"]) == 1
    name = registry + "/art:1"
    api("POST", V + "/artifacts/add?name=%s&fileName=f" % name, body=b"x")
    a = api("POST", V + "/artifacts/%s/push" % name, headers=both)
    assert a.status == 200, a.body
    digest = a.json["ArtifactDigest"]
    api("DELETE", V + "/artifacts/" + name)
    a = api("POST", V + "/artifacts/pull?name=" + name, headers=both)
    assert a.status == 200 and a.json["ArtifactDigest"] == digest, a.body
    api("DELETE", V + "/artifacts/" + name)
