"""Programs that people use: docker, docker-compose, Podman's own remote client."""
import json
import os
import shutil
import subprocess

import pytest

from conftest import program


def run(api, name, args, stdin=None, code=0, env={}, words=(), cwd=None):
    path = program(name, *words)
    p = subprocess.run([path] + args, input=stdin or b"", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       timeout=60, cwd=cwd,
                       env=dict(os.environ, DOCKER_HOST="unix://" + api.path, HOME=os.path.dirname(api.path), **env))
    assert p.returncode == code, (p.stdout + p.stderr).decode()
    return (p.stdout + p.stderr).decode().strip()


def docker(api, *args, **kw):
    return run(api, "docker", list(args), **kw)


def test_docker_run(api):
    assert docker(api, "run", "--rm", "busybox", "echo", "hi") == "hi"
    assert docker(api, "run", "--rm", "-i", "busybox", "cat", stdin=b"typed") == "typed"
    docker(api, "run", "--rm", "busybox", "sh", "-c", "exit 7", code=7)
    assert "nosuch" in docker(api, "run", "--rm", "busybox", "nosuch", code=127)
    docker(api, "run", "--rm", "busybox", "/etc", code=126)
    assert docker(api, "ps", "-aq") == ""


def test_docker_day(api, tmp_path):
    assert "Podman Engine" in docker(api, "version")
    assert "Server Version" in docker(api, "info")
    docker(api, "run", "-d", "--name", "day", "-e", "A=b", "busybox", "sh", "-c", "echo said; sleep 100")
    assert "day" in docker(api, "ps")
    assert docker(api, "logs", "day") == "said"
    assert docker(api, "exec", "day", "sh", "-c", "echo $A") == "b"
    docker(api, "exec", "day", "sh", "-c", "exit 3", code=3)
    docker(api, "exec", "day", "nosuch", code=127)
    (tmp_path / "f").write_text("copied")
    docker(api, "cp", str(tmp_path / "f"), "day:/tmp/g")
    docker(api, "cp", "day:/tmp/g", str(tmp_path / "h"))
    assert (tmp_path / "h").read_text() == "copied"
    assert "day" in docker(api, "stats", "--no-stream")
    assert "sleep" in docker(api, "top", "day")
    assert "/tmp/g" in docker(api, "diff", "day")
    assert json.loads(docker(api, "inspect", "day"))[0]["Name"] == "/day"
    docker(api, "stop", "-t", "0", "day")
    assert docker(api, "wait", "day") == "137"
    docker(api, "rm", "day")
    assert "busybox" in docker(api, "images")
    docker(api, "volume", "create", "dv")
    assert "dv" in docker(api, "volume", "ls")
    docker(api, "system", "prune", "-f")
    (tmp_path / "Dockerfile").write_text("FROM busybox\nCOPY f /f\nCMD [\"cat\", \"/f\"]\n")
    docker(api, "build", "-t", "localhost/day", str(tmp_path), env={"DOCKER_BUILDKIT": "0"})
    assert docker(api, "run", "--rm", "localhost/day") == "copied"
    docker(api, "rmi", "localhost/day")


COMPOSE = """
version: "3.7"
services:
  one:
    image: busybox
    command: sh -c 'echo started; sleep 100'
    stop_grace_period: 0s
    environment: [X=y]
    volumes: [data:/data]
  two:
    image: busybox
    command: sleep 100
    stop_grace_period: 0s
    depends_on: [one]
volumes:
  data: {}
"""


@pytest.mark.skipif(os.getuid() != 0, reason="bridges of an ordinary user need a way out")
def test_compose(api, tmp_path):
    (tmp_path / "docker-compose.yml").write_text(COMPOSE)
    compose = lambda *a: run(api, "docker-compose", ["-p", "proj"] + list(a), cwd=str(tmp_path),
                             words=("1.29",))
    compose("up", "-d")
    try:
        assert compose("ps").count("Up") == 2
        assert "started" in compose("logs", "one")
        assert compose("exec", "-T", "one", "sh", "-c", "echo $X") == "y"
    finally:
        compose("down", "-v")
    assert api("GET", "/v1.41/containers/json?all=1").json == []


def remote(api, *args, **kw):
    path = program("podman", " 4.", " 5.", " 6.")
    return run(api, path, ["--remote", "--url", "unix://" + api.path] + list(args), **kw)


def test_podman_remote(api, tmp_path):
    """Podman's Go bindings, compiled."""
    assert remote(api, "run", "--rm", "busybox", "echo", "hi") == "hi"
    assert remote(api, "run", "--rm", "-i", "busybox", "cat", stdin=b"typed") == "typed"
    remote(api, "run", "--rm", "busybox", "sh", "-c", "exit 7", code=7)
    remote(api, "run", "-d", "--name", "r", "-e", "A=b", "-v", "rv:/d", "busybox", "sh", "-c",
           "echo said; sleep 100")
    assert "r" in remote(api, "ps", "--format", "{{.Names}}")
    assert remote(api, "logs", "r") == "said"
    assert remote(api, "exec", "r", "sh", "-c", "echo $A") == "b"
    remote(api, "exec", "r", "nosuch", code=127)
    (tmp_path / "f").write_text("copied")
    remote(api, "cp", str(tmp_path / "f"), "r:/tmp/g")
    remote(api, "cp", "r:/tmp/g", str(tmp_path / "h"))
    assert (tmp_path / "h").read_text() == "copied"
    assert json.loads(remote(api, "inspect", "r"))[0]["State"]["Status"] == "running"
    remote(api, "pause", "r")
    remote(api, "unpause", "r")
    remote(api, "restart", "-t", "0", "r")
    remote(api, "commit", "r", "localhost/rc")
    remote(api, "rmi", "localhost/rc")
    (tmp_path / "Dockerfile").write_text("FROM busybox\nCOPY f /f\n")
    remote(api, "build", "-t", "localhost/rb", str(tmp_path))
    remote(api, "rmi", "localhost/rb")
    remote(api, "rm", "-f", "-t", "0", "r")
    remote(api, "volume", "rm", "rv")
    remote(api, "network", "create", "rn")
    remote(api, "network", "rm", "rn")
    assert "busybox" in remote(api, "images")
