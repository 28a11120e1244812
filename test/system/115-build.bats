# podman build: every instruction, every flag, the cache, and that nothing stays behind.
load helpers

setup() {
    basic_setup
    load_busybox
    CTX=$TEST_DIR/ctx
    mkdir "$CTX"
}
teardown() { basic_teardown; }

# build [CODE] [OPTIONS] <CONTAINERFILE: of the context $CTX, without a network
build() {
    local code=0
    case $1 in [0-9] | [0-9][0-9] | [12][0-9][0-9])
        code=$1
        shift
        ;;
    esac
    cat >"$CTX/Containerfile"
    run_podman "$code" build --network none "$@" "$CTX"
}

# config IMAGE JQ: of the image's configuration blob, found through the image's ID alone.
config() {
    local id
    id=$(podman image inspect -f '{{.Id}}' "$1")
    jq -rcS "$2" "$TEST_DIR/root/oci/blobs/sha256/$id"
}
manifest() {
    local digest
    digest=$(podman image inspect -f '{{.Digest}}' "$1")
    jq -rc "$2" "$TEST_DIR/root/oci/blobs/sha256/${digest#sha256:}"
}

# in_image IMAGE COMMAND...
in_image() { podman run --rm --network none --entrypoint '' "$@"; }

variable() { in_image "$1" sh -c "echo \$$2"; }

no_traces() {
    is "$(ls "$TEST_DIR/root/containers")" = ""
    is "$(ls "$TEST_DIR/run/containers" 2>/dev/null)" = ""
}

@test "build: FROM, RUN, COPY and CMD make an image that runs" {
    echo text >"$CTX/file"
    build -t made <<'X'
FROM busybox
RUN echo from run >/made && cat /made
COPY file /dir/
CMD ["cat", "/made", "/dir/file"]
X
    is "${lines[0]}" = "STEP 1/4: FROM busybox"
    is "${lines[1]}" = "STEP 2/4: RUN echo from run >/made && cat /made"
    is "${lines[2]}" = "from run"
    is "$output" =~ "COMMIT made"
    is "$output" =~ "Successfully tagged localhost/made:latest"
    is "${lines[-1]}" =~ ^[0-9a-f]{64}$
    is "$(podman image inspect -f '{{.Id}}' made)" = "${lines[-1]}"
    is "$(podman run --rm --network none made)" = "from run
text"
    is "$(in_image made stat -c '%u:%g %a' /dir /dir/file)" = "0:0 755
0:0 644"
    no_traces
}

@test "build: what mounts needed is not in a layer" {
    build -t made <<'X'
FROM busybox
RUN true
X
    local key
    key=$(config made '.rootfs.diff_ids[-1]')
    is "$(find "$TEST_DIR/root/layers/${key#sha256:}/diff" -mindepth 1)" = ""
    is "$(tar tf "$TEST_DIR/root/oci/blobs/sha256/${key#sha256:}")" = ""
}

@test "build: two layers that are the same" {
    build -t made <<'X'
FROM busybox
RUN true
RUN true
RUN echo a >/a
X
    is "$(in_image made cat /a)" = a
}

# unpacked_elsewhere IMAGE: the image's files as another store has them, which knows its archive only.
listing() { tar tvf - --numeric-owner | sed -E 's/ +/ /g' | sort -k6; }
unpacked_elsewhere() {
    local ours other
    podman save -q -o "$TEST_DIR/image.tar" "$1"
    ours=$(podman create "$1" x)
    podman export "$ours" | listing >"$TEST_DIR/here"
    podman rm "$ours"
    "$PODMAN" --root "$TEST_DIR/root2" --runroot "$TEST_DIR/run2" load -q -i "$TEST_DIR/image.tar"
    other=$("$PODMAN" --root "$TEST_DIR/root2" --runroot "$TEST_DIR/run2" create "$1" x)
    "$PODMAN" --root "$TEST_DIR/root2" --runroot "$TEST_DIR/run2" export "$other" | listing >"$TEST_DIR/there"
    "$PODMAN" --root "$TEST_DIR/root2" --runroot "$TEST_DIR/run2" rm "$other"
    diff "$TEST_DIR/here" "$TEST_DIR/there"
}

@test "build: a layer here is what its archive says: whiteouts, links, opaque directories, attributes" {
    # What Fedora's storage.conf has; it must not get into a layer.
    is_rootless || printf '[storage]\n[storage.options.overlay]\nmountopt = "nodev,metacopy=on,redirect_dir=on"\n' >"$CONTAINERS_STORAGE_CONF"
    build -t localhost/made:1 <<'X'
FROM busybox
RUN mkdir -p /d/e /dir/sub && echo 1 >/d/1 && echo 2 >/d/2 && echo f >/dir/sub/f && echo 4 >/four
RUN rm /d/1 && rm -rf /dir && mkdir /dir && echo new >/dir/new && ln /d/2 /hard && ln -s /d/2 /soft
RUN chmod 4711 /d/2 && chown 12:34 /four && mv /d /moved && mkfifo /fifo && touch -d 2001-02-03 /four
RUN chmod 711 / && rm -rf /bin/vi /moved/e && mkdir /moved/e && chmod 1777 /moved/e
COPY --chmod=600 Containerfile /moved/
X
    is "$(in_image localhost/made:1 cat /moved/2 /hard /four /dir/new | tr '\n' ' ')" = "2 2 4 new "
    unpacked_elsewhere localhost/made:1
    is "$(in_image localhost/made:1 stat -c %a /)" = 711
    is "$("$PODMAN" --root "$TEST_DIR/root2" --runroot "$TEST_DIR/run2" run --rm --network none localhost/made:1 stat -c %a /)" = 711
    # The same empty layer over another root directory is another one.
    build -t localhost/made:2 <<'X'
FROM busybox
RUN true
X
    is "$(in_image localhost/made:2 stat -c %a /)" = 755
    grep -q 'moved/2' "$TEST_DIR/there"
    ! grep -q -e 'bin/vi$' -e 'dir/sub' "$TEST_DIR/there"
}

@test "build: the configuration" {
    build --format docker -t made <<'X'
FROM busybox
ENV A=b C="d e" \
    F='$A'
ENV OLD form of it
LABEL k=v "two words"="x y"
EXPOSE 80 90/udp 7000-7002
VOLUME /v1 /v2
VOLUME ["/v3"]
STOPSIGNAL SIGINT
USER 10:20
WORKDIR /w
WORKDIR x
HEALTHCHECK --interval=5s --timeout=3s --start-period=1m --start-interval=2s --retries=4 CMD test -e /ok
SHELL ["/bin/sh", "-ec"]
ENTRYPOINT ["/bin/echo"]
CMD ["a", "b"]
ONBUILD RUN echo later
MAINTAINER somebody
X
    is "$(config made .config.Env[1:])" = '["A=b","C=d e","F=$A","OLD=form of it"]'
    is "$(config made '.config.Labels|del(."io.buildah.version")')" = '{"k":"v","made":"here","two words":"x y"}'
    is "$(config made '.config.ExposedPorts|keys')" = '["7000/tcp","7001/tcp","7002/tcp","80/tcp","90/udp"]'
    is "$(config made '.config.Volumes|keys')" = '["/v1","/v2","/v3"]'
    is "$(config made .config.StopSignal)" = SIGINT
    is "$(config made .config.User)" = 10:20
    is "$(config made .config.WorkingDir)" = /w/x
    is "$(config made .config.Healthcheck)" = '{"Interval":5000000000,"Retries":4,"StartInterval":2000000000,"StartPeriod":60000000000,"Test":["CMD-SHELL","test -e /ok"],"Timeout":3000000000}'
    is "$(config made .config.Shell)" = '["/bin/sh","-ec"]'
    is "$(config made .config.Entrypoint)" = '["/bin/echo"]'
    is "$(config made .config.Cmd)" = '["a","b"]'
    is "$(config made .config.OnBuild)" = '["RUN echo later"]'
    is "$(config made .author)" = somebody
    is "$(manifest made .mediaType)" = application/vnd.docker.distribution.manifest.v2+json
    is "$(podman run --rm --network none made)" = "a b"
    is "$(in_image made stat -c '%u:%g' /w/x)" = 0:0
}

@test "build: the history has what Podman writes" {
    echo a >"$CTX/a"
    build -t made <<'X'
FROM busybox
ARG V=1
ENV X=y
RUN echo $V >/v
COPY a /
CMD true
X
    is "$(config made '[.history[1:][]|.created_by]|.[0:3]')" = '["/bin/sh -c #(nop) ARG V","/bin/sh -c #(nop) ENV X=y","|1 V=1 /bin/sh -c echo $V >/v"]'
    is "$(config made '.history[4].created_by')" =~ "^/bin/sh -c #\(nop\) COPY file:[0-9a-f]{64} in / $"
    is "$(config made '[.history[1:][]|.empty_layer]')" = '[true,true,null,null,true]'
    is "$(config made '.history[1].comment')" = "FROM docker.io/library/busybox:latest"
    run_podman history --format '{{.CreatedBy}}' made
    is "${lines[0]}" = "/bin/sh -c #(nop) CMD true"
}

@test "build: HEALTHCHECK NONE, CMD with a shell, ENTRYPOINT takes the base's CMD away" {
    build -t base <<'X'
FROM busybox
HEALTHCHECK CMD ["true"]
CMD echo $HOME
X
    is "$(config base .config.Healthcheck.Test)" = '["CMD","true"]'
    is "$(podman run --rm --network none base)" = /root
    build -t made <<'X'
FROM base
HEALTHCHECK NONE
ENTRYPOINT ["/bin/echo", "e"]
X
    is "$(config made .config.Healthcheck.Test)" = '["NONE"]'
    is "$(config made .config.Cmd)" = null
}

@test "build: ONBUILD runs in the next build, once" {
    build -t base <<'X'
FROM busybox
ONBUILD RUN echo triggered >/t
X
    build -t made <<'X'
FROM base
RUN cat /t
X
    is "$output" =~ "STEP 2/3: RUN echo triggered >/t"
    is "$(config made .config.OnBuild)" = null
    is "$(in_image made cat /t)" = triggered
}

@test "build: ARG and --build-arg" {
    echo 'FROMFILE=file' >"$TEST_DIR/args"
    build --build-arg V=given --build-arg UNUSED=1 --build-arg-file "$TEST_DIR/args" -t made <<'X'
ARG BASE=busybox
ARG V
FROM ${BASE}
ARG V=default
ARG W=${V}-w
ARG FROMFILE
ARG TARGETARCH
ARG TARGETPLATFORM
RUN echo "$V $W $FROMFILE $TARGETARCH $TARGETPLATFORM" >/v
ENV SUM=$V:${NONE:-no}:${V:+set}:${V#gi}:${V%n}
X
    is "$(in_image made cat /v)" = "given given-w file $(go_arch) linux/$(go_arch)"
    is "$(variable made SUM)" = "given:no:set:ven:give"
    is "$output" =~ "\[Warning\] one or more build args were not consumed: \[UNUSED\]"
    build 125 <<'X'
FROM busybox
ENV Y=${X:?has to be given}
X
    is "$output" =~ "has to be given"
}

@test "build: heredocs" {
    build -t made <<'X'
FROM busybox
ARG NAME=world
RUN <<EOF
echo one >/one
echo $NAME >>/one
EOF
RUN cat <<A >/two && cat <<-"B" >>/two
a $NAME
A
	b $NAME
	B
RUN <<EOF
#!/bin/busybox cat
a script of its own
EOF
COPY <<E1 <<"E2" /docs/
hello $NAME
E1
hello $NAME
E2
X
    is "$(in_image made cat /one)" = "one
world"
    is "$(in_image made cat /two)" = 'a world
b $NAME'
    is "$output" =~ "a script of its own"
    is "$(in_image made cat /docs/E1 /docs/E2)" = 'hello world
hello $NAME'
}

@test "build: escape directive, comments, continued lines, a byte order mark" {
    printf '\xef\xbb\xbf# escape=`\n# a comment\nFROM busybox\nRUN echo a `\n# between\n\n && echo b >/b\n' | build -t made
    is "$(in_image made cat /b)" = b
    printf '# syntax=docker/dockerfile:1\nFROM busybox\nrun echo lower >/l\n' | build -t made
    is "$(in_image made cat /l)" = lower
}

@test "build: errors name file and line" {
    build 125 <<'X'
FROM busybox

FOO bar
X
    is "$output" =~ "Containerfile:3: Unknown instruction: \"FOO\""
    build 125 <<<'RUN true'
    is "$output" =~ "no build stage in current context"
    build 125 <<<'FROM busybox
COPY --nonsense a b'
    is "$output" =~ "Containerfile:2: unknown flag: --nonsense"
    build 125 <<<'FROM busybox
COPY nope /'
    is "$output" =~ "building at STEP \"COPY nope /\".*no such file or directory"
    build 125 --pull=never <<<'FROM nosuch.invalid/image:1'
    is "$output" =~ "image not known"
    rm "$CTX/Containerfile"
    run_podman 125 build "$CTX"
    is "$output" =~ "no Containerfile or Dockerfile specified or found in context directory"
}

@test "build: a RUN that fails ends it with its exit code" {
    build 7 <<'X'
FROM busybox
RUN exit 7
X
    is "$output" =~ "Error: building at STEP \"RUN exit 7\": while running runtime: exit status 7"
    no_traces
}

# ---------- stages ----------

@test "build: stages, only those that are needed" {
    build -t made <<'X'
FROM busybox AS one
RUN echo 1 >/one
FROM busybox AS unused
RUN exit 3
FROM one AS two
RUN echo 2 >/two
FROM scratch
COPY --from=two /one /two /
COPY --from=0 /one /again
X
    is "$output" =~ "\[1/4\] STEP 1/2: FROM busybox AS one"
    is "$output" =~ "\[4/4\] COMMIT made"
    is "$output" !~ "exit 3"
    is "$(config made '.rootfs.diff_ids|length')" = 2
    run_podman create --name c made /x
    podman export c | tar tf - | sort >"$TEST_DIR/list"
    is "$(grep -c -x -e one -e two -e again "$TEST_DIR/list")" = 3
}

@test "build: --target" {
    build --target two -t made <<'X'
FROM busybox AS one
RUN echo 1 >/f
FROM one AS two
RUN echo 2 >/f
FROM two AS three
RUN exit 1
X
    is "$(in_image made cat /f)" = 2
    run_podman build --network none --target 0 -t made "$CTX"
    is "$(in_image made cat /f)" = 1
    run_podman 125 build --network none --target nope "$CTX"
    is "$output" =~ "the target \"nope\" was not found in the provided Dockerfile"
}

@test "build: --skip-unused-stages=false builds them all" {
    build 3 --skip-unused-stages=false <<'X'
FROM busybox AS unused
RUN exit 3
FROM busybox
X
}

@test "build: FROM --platform, --from" {
    build --from busybox -t made <<'X'
FROM --platform=linux/$TARGETARCH nosuch.invalid/x
RUN echo ok >/ok
X
    is "$(in_image made cat /ok)" = ok
}

# ---------- COPY and ADD ----------

@test "build: COPY: directories, globs, names, owners, modes" {
    mkdir -p "$CTX/dir/sub"
    echo a >"$CTX/dir/a"
    echo b >"$CTX/dir/sub/b"
    chmod 600 "$CTX/dir/a"
    ln -s a "$CTX/dir/link"
    echo x >"$CTX/x1"
    echo x >"$CTX/x2"
    build -t made <<'X'
FROM busybox
RUN echo "user:x:1000:1001::/:/bin/sh" >>/etc/passwd && mkdir /there
WORKDIR /w
COPY dir /d
COPY dir/ x1 /many/
COPY x* globs/
COPY x1 renamed
COPY x1 /there
COPY --chown=user --chmod=640 x1 /owned
COPY --chown=5:6 dir /owndir
COPY ["x1", "/with space"]
X
    is "$(in_image made sh -c 'cd /d && find . | sort')" = ".
./a
./link
./sub
./sub/b"
    is "$(in_image made readlink /d/link)" = a
    is "$(in_image made stat -c %a:%u /d/a)" = 600:0
    is "$(in_image made sh -c 'ls /many')" = "a
link
sub
x1"
    is "$(in_image made ls /w /w/globs)" = "/w:
globs
renamed

/w/globs:
x1
x2"
    is "$(in_image made cat '/with space' /there/x1)" = "x
x"
    is "$(in_image made stat -c %u:%g:%a /owned)" = 1000:1001:640
    is "$(in_image made stat -c %u:%g /owndir /owndir/sub/b)" = "5:6
5:6"
}

@test "build: COPY does not leave the context, nor the image's root" {
    echo secret >"$TEST_DIR/outside"
    ln -s ../outside "$CTX/up"
    build 125 <<'X'
FROM busybox
COPY ../outside /x
X
    build 125 <<'X'
FROM busybox
COPY up /x
X
    is "$output" =~ "no such file"
    echo in >"$CTX/in"
    build -t made <<X
FROM busybox
RUN ln -s / /escape && ln -s $TEST_DIR /host && mkdir -p $TEST_DIR
COPY in /escape/host/landed
X
    [ ! -e "$TEST_DIR/landed" ]
    is "$(in_image made cat "$TEST_DIR/landed")" = in
}

@test "build: an archive's links do not lead to files of the host" {
    echo 'SECRET of the host' >"$TEST_DIR/outside"
    ln -s "$TEST_DIR/outside" "$CTX/Containerfile"
    tar -C "$CTX" -cf "$TEST_DIR/ctx.tar" .
    run_podman 125 build - <"$TEST_DIR/ctx.tar"
    is "$output" !~ SECRET
    is "$output" =~ "no Containerfile or Dockerfile specified or found"
}

@test "build: COPY --exclude, --parents, --link" {
    mkdir -p "$CTX/a/b"
    touch "$CTX/a/b/c.txt" "$CTX/a/b/d.md" "$CTX/a/e.txt"
    build -t made <<'X'
FROM busybox
COPY --exclude=**/*.md a /ex/
COPY --parents a/b/c.txt a/*.txt /par/
COPY --parents a/./b/c.txt /piv/
COPY --link a/e.txt /
X
    is "$(in_image made sh -c 'cd / && find ex par piv e.txt -type f | sort')" = "e.txt
ex/b/c.txt
ex/e.txt
par/a/b/c.txt
par/a/e.txt
piv/b/c.txt"
}

@test "build: COPY --from an image and --build-context" {
    mkdir "$TEST_DIR/other"
    echo other >"$TEST_DIR/other/o"
    build -t first <<'X'
FROM busybox
RUN echo first >/f && chown 7:8 /f
X
    build --build-context dir="$TEST_DIR/other" --build-context img=docker-image://first -t made <<'X'
FROM busybox
COPY --from=first /f /a
COPY --from=dir o /
COPY --from=img /f /b
X
    is "$(in_image made cat /a /o /b)" = "first
other
first"
    is "$(in_image made stat -c %u:%g /a)" = 7:8
    build --build-context base=docker-image://first -t made <<'X'
FROM base
RUN cat /f
X
    is "$output" =~ "first"
}

@test "build: ADD unpacks local archives" {
    mkdir "$TEST_DIR/t"
    echo in >"$TEST_DIR/t/in"
    tar -C "$TEST_DIR/t" -czf "$CTX/a.tar.gz" in
    echo plain | gzip >"$CTX/plain.gz"
    build -t made <<'X'
FROM busybox
ADD a.tar.gz /un/
ADD plain.gz /
COPY a.tar.gz /kept/
X
    is "$(in_image made cat /un/in)" = in
    is "$(in_image made zcat /plain.gz)" = plain
    is "$(in_image made ls /kept)" = a.tar.gz
}

# serve DIR: on loopback; PORT is where.
serve() {
    python3 -u -c '
import functools, http.server, sys
h = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
s = http.server.HTTPServer(("127.0.0.1", 0), h)
print(s.server_port, flush=True)
s.serve_forever()' "$1" >"$TEST_DIR/port" 2>/dev/null 3>&- &
    SERVER=$!
    eventually test -s "$TEST_DIR/port"
    PORT=$(cat "$TEST_DIR/port")
}

@test "build: ADD of a URL, with a checksum; contexts at a URL" {
    mkdir "$TEST_DIR/srv"
    echo remote >"$TEST_DIR/srv/remote"
    serve "$TEST_DIR/srv"
    local sum
    sum=$(sha256sum "$TEST_DIR/srv/remote" | cut -d' ' -f1)
    build -t made <<X
FROM busybox
ADD http://127.0.0.1:$PORT/remote /u/
ADD --checksum=sha256:$sum http://127.0.0.1:$PORT/remote /named
X
    is "$(in_image made cat /u/remote /named)" = "remote
remote"
    is "$(in_image made stat -c %a /named)" = 600
    build 125 <<X
FROM busybox
ADD --checksum=sha256:${sum//[0-9]/0} http://127.0.0.1:$PORT/remote /named
X
    is "$output" =~ "unexpected response digest"
    build 125 <<<"FROM busybox
ADD --checksum=sha256:$sum Containerfile /"
    is "$output" =~ "checksum flag"
    printf 'FROM busybox\nCOPY remote /\n' >"$TEST_DIR/srv/Containerfile"
    tar -C "$TEST_DIR/srv" -czf "$TEST_DIR/ctx.tgz" .
    mv "$TEST_DIR/ctx.tgz" "$TEST_DIR/srv"
    run_podman build -t made "http://127.0.0.1:$PORT/ctx.tgz"
    is "$(in_image made cat /remote)" = remote
    printf 'FROM busybox\nENV FROM=url\n' >"$TEST_DIR/srv/Containerfile"
    run_podman build -t made "http://127.0.0.1:$PORT/Containerfile"
    is "$(variable made FROM)" = url
    run_podman build -t made2 -f "http://127.0.0.1:$PORT/Containerfile" "$CTX"
    is "$(variable made2 FROM)" = url
    kill "$SERVER"
}

@test "build: ADD and contexts from git" {
    command -v git >/dev/null || skip "git is not installed"
    local exec_path
    exec_path=$(git --exec-path)
    [ -x "$exec_path/git-http-backend" ] || skip "git-http-backend is not installed"
    git init -q "$TEST_DIR/repo"
    mkdir "$TEST_DIR/repo/sub"
    echo tracked >"$TEST_DIR/repo/tracked"
    printf 'FROM busybox\nCOPY . /c\n' >"$TEST_DIR/repo/sub/Containerfile"
    git -C "$TEST_DIR/repo" add .
    git -C "$TEST_DIR/repo" -c user.name=x -c user.email=x@y commit -qm c
    mkdir -p "$TEST_DIR/srv"
    git clone -q --bare "$TEST_DIR/repo" "$TEST_DIR/srv/r.git"
    chmod -R a+rX "$TEST_DIR/srv"
    GIT_PROJECT_ROOT=$TEST_DIR/srv GIT_HTTP_EXPORT_ALL=1 GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory \
        GIT_CONFIG_VALUE_0='*' python3 -u "$BATS_TEST_DIRNAME/git_stub.py" "$exec_path/git-http-backend" \
        >"$TEST_DIR/port" 2>/dev/null 3>&- &
    SERVER=$!
    eventually test -s "$TEST_DIR/port"
    PORT=$(cat "$TEST_DIR/port")
    run_podman build -t made "http://127.0.0.1:$PORT/r.git#:sub"
    is "$(in_image made ls /c)" = Containerfile
    build -t made <<X
FROM busybox
ADD http://127.0.0.1:$PORT/r.git /g
ADD --keep-git-dir http://127.0.0.1:$PORT/r.git /h
X
    is "$(in_image made cat /g/tracked)" = tracked
    is "$(in_image made sh -c 'ls -d /g/.git /h/.git 2>/dev/null')" = /h/.git
    kill "$SERVER"
}

@test "build: .containerignore, .dockerignore, --ignorefile" {
    mkdir -p "$CTX/keep" "$CTX/drop/deep"
    touch "$CTX/keep/a.o" "$CTX/keep/a.c" "$CTX/drop/x" "$CTX/drop/deep/back"
    printf '# comment\n**/*.o\ndrop\n!drop/deep/back\n' >"$CTX/.dockerignore"
    build -t made <<'X'
FROM busybox
COPY . /c
X
    is "$(in_image made sh -c 'cd /c && find . -type f ! -name ".*" | sort')" = "./Containerfile
./drop/deep/back
./keep/a.c"
    echo keep >"$CTX/.containerignore"
    run_podman build -t made "$CTX"
    is "$(in_image made sh -c 'ls /c')" = "Containerfile
drop"
    echo 'drop' >"$TEST_DIR/ign"
    run_podman build --ignorefile "$TEST_DIR/ign" -t made "$CTX"
    is "$(in_image made sh -c 'ls /c')" = "Containerfile
keep"
    build 125 <<'X'
FROM busybox
COPY keep /c
X
    is "$output" =~ "no such file or directory"
}

# ---------- the cache ----------

# Each build of this writes another number unless it comes from the cache.
random_file() {
    cat <<'X'
FROM busybox
RUN cat /proc/sys/kernel/random/uuid >/r
COPY file /
RUN cat /proc/sys/kernel/random/uuid >/s
X
}
random_build() {
    random_file >"$CTX/Containerfile"
    run_podman build --network none "$@" "$CTX"
}
number() { in_image made cat "/$1"; }

@test "build: the cache: what is the same is not done again" {
    local r s
    echo 1 >"$CTX/file"
    random_build -t made
    r=$(number r) s=$(number s)
    random_build -t made
    is "$(number r) $(number s)" = "$r $s"
    is "$output" =~ "--> Using cache [0-9a-f]{64}"
    touch -d '2001-01-01' "$CTX/file" # a time is no change
    random_build -t made
    is "$(number s)" = "$s"
    echo 2 >"$CTX/file"
    random_build -t made
    is "$(number r)" = "$r"
    [ "$(number s)" != "$s" ]
    s=$(number s)
    chmod 600 "$CTX/file"
    random_build -t made
    [ "$(number s)" != "$s" ]
}

@test "build: the cache: a file is not read again, and never taken for another" {
    local r s
    head -c 100000 /dev/zero >"$CTX/file"
    touch -d '2001-01-01' "$CTX/file"
    sleep 1.1 # what has just changed is not remembered
    random_build -t made
    s=$(number s)
    [ -s "$TEST_DIR/root/build/hashes" ]
    # The same size and time, other contents.
    head -c 100000 /dev/zero | tr '\0' x >"$CTX/file"
    touch -d '2001-01-01' "$CTX/file"
    random_build -t made
    [ "$(number s)" != "$s" ]
    sleep 1.1
    random_build -t made
    s=$(number s)
    random_build -t made
    is "$(number s)" = "$s"
    # Other words in the notes than in the file: the notes were read.
    sed -i 's/[0-9a-f]\{64\}/0000000000000000000000000000000000000000000000000000000000000000/g' "$TEST_DIR/root/build/hashes"
    random_build -t made
    [ "$(number s)" != "$s" ]
    echo damaged >>"$TEST_DIR/root/build/hashes"
    s=
    random_build -t made
    is "$(in_image made wc -c /file)" = "100000 /file"
}

@test "build: --no-cache, --layers=false, --cache-ttl, a build-arg that RUN sees" {
    local r
    echo 1 >"$CTX/file"
    random_build -t made
    r=$(number r)
    random_build --no-cache -t made
    [ "$(number r)" != "$r" ]
    r=$(number r)
    random_build --layers=false -t made
    [ "$(number r)" != "$r" ]
    is "$(config made '.rootfs.diff_ids|length')" = 2
    random_build --cache-ttl=0 -t made
    [ "$(number r)" != "$r" ]
    r=$(number r)
    random_build --cache-ttl=1h -t made
    is "$(number r)" = "$r"
    build --build-arg A=1 -t made <<'X'
FROM busybox
ARG A
RUN cat /proc/sys/kernel/random/uuid >/r
X
    r=$(number r)
    run_podman build --network none --build-arg A=1 -t made "$CTX"
    is "$(number r)" = "$r"
    run_podman build --network none --build-arg A=2 -t made "$CTX"
    [ "$(number r)" != "$r" ]
}

@test "build: the steps before a failure are in the cache" {
    build 1 <<'X'
FROM busybox
RUN cat /proc/sys/kernel/random/uuid >/r
RUN false
X
    build -t made <<'X'
FROM busybox
RUN cat /proc/sys/kernel/random/uuid >/r
X
    is "$output" =~ "Using cache"
}

@test "build: --cache-to and --cache-from a registry" {
    local r
    start_registry
    echo 1 >"$CTX/file"
    random_build --tls-verify=false --cache-to "$REGISTRY/cache" -t made
    r="$(number r) $(number s)"
    is "$output" =~ "--> Pushing cache $REGISTRY/cache:[0-9a-f]{64}"
    podman rmi -f made
    podman image prune -f
    random_build --tls-verify=false --cache-from "$REGISTRY/cache" -t made
    is "$(number r) $(number s)" = "$r"
    is "$output" =~ "--> Cache pulled from remote $REGISTRY/cache:[0-9a-f]{64}"
    is "$(podman images --format '{{.Repository}}' | grep -c cache)" = 0
    # Who has it not builds it.
    podman rmi -f made
    podman image prune -f
    random_build --tls-verify=false --cache-from "$REGISTRY/other" -t made
    [ "$(number r) $(number s)" != "$r" ]
    run_podman 125 build --cache-from "$REGISTRY/cache:tag" "$CTX"
    is "$output" =~ "must be a repository"
}

# ---------- RUN ----------

@test "build: RUN --mount=type=bind, cache, tmpfs" {
    mkdir "$CTX/dir"
    echo ctx >"$CTX/dir/f"
    build -t made <<'X'
FROM busybox AS other
RUN mkdir /o && echo other >/o/f
FROM busybox
RUN --mount=type=bind,source=dir,target=/b cat /b/f >/1 && ! touch /b/no
RUN --mount=target=/b,source=dir,rw echo changed >/b/f && cat /b/f >/2
RUN --mount=type=bind,from=other,source=/o,target=/b cat /b/f >/3
RUN --mount=type=bind,from=other,target=/b cat /b/o/f >/4
RUN --mount=type=cache,target=/cache echo kept >/cache/f
RUN --mount=type=cache,target=/cache,sharing=locked cat /cache/f >/5
RUN --mount=type=cache,target=/cache,sharing=private ls /cache >/6
RUN --mount=type=cache,id=new,target=/cache,mode=700,uid=3,gid=4 stat -c %a:%u:%g /cache >/7
RUN --mount=type=tmpfs,target=/t,tmpfs-size=1m touch /t/x && mount | grep -q ' /t type tmpfs.*size=1024k'
X
    is "$(cat "$CTX/dir/f")" = ctx
    is "$(in_image made cat /1 /2 /3 /4 /5 /6 /7)" = "ctx
changed
other
other
kept
700:3:4"
    is "$(in_image made sh -c 'ls -d /b /t /cache 2>/dev/null')" = ""
    no_traces
    # The cache outlives the build, and goes with --build-cache.
    build <<'X'
FROM busybox
RUN --mount=type=cache,target=/cache cat /cache/f && echo "again"
X
    is "$output" =~ kept
    run_podman image prune -f --build-cache
    [ -z "$(ls "$TEST_DIR/root/build/mounts" 2>/dev/null)" ]
}

@test "build: a change of what is mounted runs the command again" {
    echo 1 >"$CTX/f"
    build -t made <<'X'
FROM busybox
RUN --mount=type=bind,source=f,target=/b cat /b >/r
X
    echo 2 >"$CTX/f"
    run_podman build --network none -t made "$CTX"
    is "$(number r)" = 2
}

@test "build: secrets and ssh" {
    echo hidden >"$TEST_DIR/s"
    export SECRET_VAR=from-env
    build --secret id=file,src="$TEST_DIR/s" --secret id=var,env=SECRET_VAR --no-cache -t made <<'X'
FROM busybox
RUN --mount=type=secret,id=file cat /run/secrets/file && stat -c %a /run/secrets/file
RUN --mount=type=secret,id=file,target=/etc/s,mode=0444,uid=1,gid=2,required stat -c %a:%u:%g /etc/s
RUN --mount=type=secret,id=var,env=INSIDE echo "<$INSIDE>"
RUN --mount=type=secret,id=none ls /run/secrets/none || echo absent
X
    is "$output" =~ "hidden
400"
    is "$output" =~ "444:1:2"
    is "$output" =~ "<from-env>"
    is "$output" =~ absent
    ! grep -rq -e hidden -e from-env "$TEST_DIR/root/layers" "$TEST_DIR/root/oci"
    build 125 <<'X'
FROM busybox
RUN --mount=type=secret,id=none,required true
X
    is "$output" =~ "secret required but no secret with id none found"
    python3 -c 'import socket,sys; s=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1])' "$TEST_DIR/agent"
    build --ssh default="$TEST_DIR/agent" <<'X'
FROM busybox
RUN --mount=type=ssh test -S "$SSH_AUTH_SOCK" && echo "agent at $SSH_AUTH_SOCK"
X
    is "$output" =~ "agent at /run/buildkit/ssh_agent.0"
    build 125 <<'X'
FROM busybox
RUN --mount=type=ssh,required true
X
    is "$output" =~ "ssh required"
}

@test "build: RUN --network and --security" {
    cat >"$CTX/Containerfile" <<'X'
FROM busybox
RUN --network=none ls /sys/class/net | tr '\n' ' '
RUN --network=host readlink /proc/self/ns/net
X
    run_podman build "$CTX"
    is "$output" =~ "lo --> "
    is_rootless || grep -qF "$(readlink /proc/self/ns/net)" <<<"$output"
    build 125 <<<'FROM busybox
RUN --network=odd true'
    is "$output" =~ "unsupported value \"odd\" for --network"
    build 125 <<<'FROM busybox
RUN --security=insecure true'
    is "$output" =~ "not supported"
}

@test "build: how RUN runs: options of podman run" {
    mkdir "$TEST_DIR/vol"
    echo v >"$TEST_DIR/vol/f"
    build -v "$TEST_DIR/vol:/vol:ro" --add-host host.x:1.2.3.4 --dns 9.9.9.9 --dns-search example.org --shm-size 1m \
        --cap-drop CHOWN --ulimit nofile=100:200 --group-add 77 --mount type=tmpfs,dst=/tm <<'X'
FROM busybox
RUN cat /vol/f; grep host.x /etc/hosts; cat /etc/resolv.conf; df -k /dev/shm | tail -1; ulimit -n; id -G; chown 1 /tm || echo no chown; mount | grep -c ' /tm '
X
    is "$output" =~ "v
1.2.3.4"
    is "$output" =~ "nameserver 9.9.9.9"
    is "$output" =~ "search example.org"
    is "$output" =~ "1024 "
    is "$output" =~ "
100
"
    is "$output" =~ 77
    is "$output" =~ "no chown"
    build --no-hosts --no-hostname --isolation chroot <<'X'
FROM busybox
RUN readlink /proc/self/ns/uts; ls /etc/hosts /etc/hostname || echo none
X
    grep -qF "$(readlink /proc/self/ns/uts)" <<<"$output"
    is "$output" =~ none
}

@test "build: --http-proxy, a proxy as build-arg" {
    http_proxy=http://proxy.invalid run_podman build --network none -t made - <<'X'
FROM busybox
RUN echo "<$http_proxy>"
X
    is "$output" =~ "<http://proxy.invalid>"
    http_proxy=http://proxy.invalid run_podman build --http-proxy=false --no-cache --network none - <<'X'
FROM busybox
RUN echo "<$http_proxy>"
X
    is "$output" =~ "<>"
    is "$(config made '.config.Env|length')" = 1
    run_podman build --http-proxy=false --no-cache --build-arg http_proxy=given --network none - <<'X'
FROM busybox
RUN echo "<$http_proxy>"
X
    is "$output" =~ "<given>"
}

@test "build: --stdin, --compat-volumes" {
    cat >"$CTX/Containerfile" <<'X'
FROM busybox
RUN cat
X
    run_podman build --network none --stdin "$CTX" <<<"what was piped"
    is "$output" =~ "what was piped"
    build --compat-volumes -t made <<'X'
FROM busybox
RUN mkdir /vol && echo 1 >/vol/f
VOLUME /vol
RUN echo 2 >/vol/f
X
    is "$(podman run --rm --network none made cat /vol/f)" = 1
}

# ---------- what becomes of it ----------

@test "build: --squash, --squash-all, --omit-history" {
    build --squash -t made <<'X'
FROM busybox
RUN echo 1 >/a && rm /bin/vi
RUN echo 2 >/b
X
    is "$(config made '.rootfs.diff_ids|length')" = 2
    is "$(in_image made cat /a /b)" = "1
2"
    run_podman build --network none --squash-all -t made "$CTX"
    is "$(config made '.rootfs.diff_ids|length')" = 1
    is "$(in_image made cat /a /b)" = "1
2"
    is "$(in_image made sh -c 'ls /bin/vi 2>/dev/null')" = ""
    run_podman build --network none --omit-history -t made "$CTX"
    is "$(config made '.history')" = null
}

@test "build: --timestamp, --source-date-epoch, --rewrite-timestamp: the same twice" {
    local first
    echo 1 >"$CTX/f"
    build --no-cache --timestamp 1000000 -t made <<'X'
FROM busybox
RUN mkdir /d && echo 1 >/d/x
COPY f /
X
    first=${lines[-1]}
    is "$(config made .created)" = 1970-01-12T13:46:40Z
    is "$(in_image made stat -c %Y /d/x /f)" = "1000000
1000000"
    touch "$CTX/f"
    run_podman build --network none --no-cache --timestamp 1000000 -t made "$CTX"
    is "${lines[-1]}" = "$first"
    run_podman build --network none --no-cache --source-date-epoch 2000000 --rewrite-timestamp -t made "$CTX"
    is "$(config made .created)" = 1970-01-24T03:33:20Z
    is "$(in_image made stat -c %Y /d/x)" = 2000000
    run_podman 125 build --timestamp 1 --source-date-epoch 1 "$CTX"
}

@test "build: --label, --annotation, --env and what takes them away" {
    build -t base <<'X'
FROM busybox
LABEL keep=1 drop=2
ENV KEEP=1 DROP=2
X
    is "$(config base '.config.Labels|has("io.buildah.version")')" = true
    build --label l=v --annotation a=b --env E=1 --unsetenv DROP --unsetlabel drop --identity-label=false \
        --os-version 9 --os-feature feat -t made <<<'FROM base'
    is "$(config made .config.Labels)" = '{"io.buildah.version":"1.44.0","keep":"1","l":"v","made":"here"}'
    is "$(config made '.config.Env[1:]')" = '["KEEP=1","E=1"]'
    is "$(manifest made .annotations.a)" = b
    is "$(manifest made '.annotations["org.opencontainers.image.base.name"]')" = localhost/base:latest
    is "$(config made '[."os.version",."os.features"]')" = '["9",["feat"]]'
    build --inherit-labels=false --inherit-annotations=false --created-annotation=false -t plain <<<'FROM made
LABEL own=1'
    is "$(config plain '.config.Labels|del(."io.buildah.version")')" = '{"own":"1"}'
    is "$(manifest plain '.annotations|keys|map(select(endswith("created") or .=="a"))')" = '[]'
    build --unsetannotation a -t plain <<<'FROM made
LABEL own=2'
    is "$(manifest plain '.annotations|has("a")')" = false
    build --layer-label step=yes -t made <<'X'
FROM busybox
RUN true
CMD x
X
    is "$(config made '.config.Labels|has("step")')" = false
    is "$(podman images -a -q --filter label=step=yes | wc -l)" = 1
}

@test "build: names, --iidfile, --metadata-file, --quiet, --logfile" {
    build -q -t one -t registry.example/two:tag --iidfile "$TEST_DIR/iid" --iidfile-raw "$TEST_DIR/raw" \
        --metadata-file "$TEST_DIR/meta" <<<'FROM busybox
CMD x'
    is "$output" =~ ^[0-9a-f]{64}$
    is "$(cat "$TEST_DIR/iid")" = "sha256:$output"
    is "$(cat "$TEST_DIR/raw")" = "$output"
    is "$(jq -r '."image.name"' "$TEST_DIR/meta")" = localhost/one:latest
    is "$(jq -r '."containerimage.config.digest"' "$TEST_DIR/meta")" = "sha256:$output"
    run_podman image exists registry.example/two:tag
    # A name that another image had goes over, also when all comes from the cache.
    run_podman tag busybox one
    build -t one <<<'FROM busybox
CMD x'
    is "$(podman image inspect -f '{{.Id}}' one)" = "$(cat "$TEST_DIR/raw")"
    build --logfile "$TEST_DIR/log" <<<'FROM busybox
CMD y'
    is "$output" =~ ^[0-9a-f]{64}$
    grep -q 'STEP 2/2: CMD y' "$TEST_DIR/log"
}

@test "build: --save-stages and --stage-labels, --logsplit" {
    build --save-stages --stage-labels -t made <<'X'
FROM busybox AS one
RUN echo 1 >/1
FROM one
RUN echo 2 >/2
X
    is "$(config made '.config.Labels["io.buildah.stage.name"]')" = 1
    local one
    one=$(podman images -aq --no-trunc --filter label=io.buildah.stage.name=one)
    is "$(config made '.config.Labels["io.buildah.stage.base"]')" = "${one#sha256:}"
    is "$(config "$one" '.config.Labels["io.buildah.stage.base"]')" = busybox
    run_podman 125 build --stage-labels "$CTX"
    build --logfile "$TEST_DIR/log" --logsplit --platform linux/arm64,linux/amd64 <<'X'
FROM scratch
COPY Containerfile /
X
    grep -q 'STEP 2/2' "$TEST_DIR/log_linux_arm64"
    grep -q 'STEP 2/2' "$TEST_DIR/log_linux_amd64"
}

@test "build: --output" {
    build -o "$TEST_DIR/out" -o type=tar,dest="$TEST_DIR/out.tar" <<'X'
FROM scratch
COPY Containerfile /a/b
X
    cmp "$TEST_DIR/out/a/b" "$CTX/Containerfile"
    is "$(tar xOf "$TEST_DIR/out.tar" a/b)" = "$(cat "$CTX/Containerfile")"
    podman build -o - "$CTX" >"$TEST_DIR/stdout.tar"
    is "$(tar xOf "$TEST_DIR/stdout.tar" a/b)" = "$(cat "$CTX/Containerfile")"
    run_podman 125 build -o type=odd,dest=x "$CTX"
    is "$output" =~ "invalid type"
}

@test "build: --platform for others, --manifest" {
    build --platform linux/arm64,linux/amd64 --manifest list <<'X'
FROM scratch
ARG TARGETARCH
COPY Containerfile /f
ENV ARCH=$TARGETARCH
X
    run_podman manifest inspect list
    is "$(jq -rc '[.manifests[].platform.architecture]' <<<"$output")" = '["arm64","amd64"]'
    if [ "$(go_arch)" = amd64 ] && [ ! -e /proc/sys/fs/binfmt_misc/register ]; then
        build 125 --platform linux/s390x --from busybox <<<'FROM scratch
RUN true' || true
    fi
}

@test "build: --all-platforms: those of the base" {
    start_registry
    build --platform linux/arm64,linux/s390x --manifest list <<'X'
FROM scratch
COPY Containerfile /one
X
    podman manifest push -q --all --tls-verify=false list "docker://$REGISTRY/list:1"
    podman rmi -af
    printf 'FROM %s/list:1 AS base\nFROM base\nCOPY Containerfile /two\n' "$REGISTRY" >"$CTX/Containerfile"
    run_podman build --tls-verify=false --all-platforms --manifest out "$CTX"
    run_podman manifest inspect out
    is "$(jq -rc '[.manifests[].platform.architecture]|sort' <<<"$output")" = '["arm64","s390x"]'
    run_podman 125 build --all-platforms - <<<'FROM scratch'
    is "$output" =~ "no base image"
}

@test "build: the context on stdin, files beside it, -f" {
    echo x >"$CTX/x"
    printf 'FROM busybox\nCOPY x /\n' >"$CTX/Containerfile"
    tar -C "$CTX" -czf "$TEST_DIR/ctx.tgz" .
    run_podman build --network none -t made - <"$TEST_DIR/ctx.tgz"
    is "$(in_image made cat /x)" = x
    run_podman build --network none -t made - <<<'FROM busybox
ENV ON=stdin'
    is "$(variable made ON)" = stdin
    run_podman build --network none -t made -f - "$CTX" <<<'FROM busybox
COPY x /y'
    is "$(in_image made cat /y)" = x
    echo 'FROM busybox' >"$TEST_DIR/A"
    echo 'ENV SECOND=1' >"$TEST_DIR/B"
    run_podman build --network none -t made -f "$TEST_DIR/A" -f "$TEST_DIR/B" "$CTX"
    is "$(variable made SECOND)" = 1
    mkdir "$CTX/sub"
    mv "$CTX/Containerfile" "$CTX/sub/Other"
    run_podman build --network none -t made -f sub/Other "$CTX"
    is "$(in_image made cat /x)" = x
    cp "$CTX/sub/Other" "$CTX/Dockerfile"
    (cd "$CTX" && podman build -q --network none -t here >/dev/null)
    run_podman image exists here
    run_podman image build --network none -q "$CTX"
    run_podman buildx build --network none -q "$CTX"
    run_podman builder inspect --bootstrap
    is "$output" =~ "Platforms:        linux/$(go_arch)"
    run_podman buildx prune -f
    run_podman buildx version
    run_podman 125 build -f "$TEST_DIR/nope" "$CTX"
    is "$output" =~ "the specified Containerfile or Dockerfile does not exist"
}

@test "build: a file that ends in .in goes through cpp" {
    command -v cpp >/dev/null || skip "cpp is not installed"
    printf '#define BASE busybox\n#include "more"\nFROM BASE\nENV A=VALUE\n' >"$CTX/Containerfile.in"
    : >"$CTX/more"
    run_podman build --network none --cpp-flag=-DVALUE=7 -t made -f "$CTX/Containerfile.in" "$CTX"
    is "$(variable made A)" = 7
}

@test "build: FROM alone names the base" {
    build -t same <<<'FROM busybox'
    is "$(podman image inspect -f '{{.Id}}' same)" = "$(podman image inspect -f '{{.Id}}' busybox)"
    build -t empty <<<'FROM scratch'
    is "$(config empty '.rootfs.diff_ids')" = '[]'
    is "$(config empty '.config.Env')" = '["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]'
    is "$(podman events --stream=false --filter event=build --format '{{.ID}} {{.Name}}' | tail -1)" = "$(podman image inspect -f '{{.Id}}' empty) empty"
}

@test "build: what is not there is refused in words" {
    local o
    printf 'FROM busybox\n' >"$CTX/Containerfile"
    for o in --sbom=x --source-policy-file=x --cw=x --userns=auto; do
        run_podman 125 build "$o" "$CTX"
        is "$output" =~ "not supported"
    done
}

# ---------- beside other commands ----------

@test "build: intermediate images in images, rmi and prune" {
    build -t made <<'X'
FROM busybox
RUN echo 1 >/1
ENV A=1
RUN echo 2 >/2
X
    is "$(podman images -q | sort -u | wc -l)" = 2
    is "$(podman images -a -q | sort -u | wc -l)" = 4
    run_podman image prune -f # what has children stays
    is "$(podman images -a -q | sort -u | wc -l)" = 4
    run_podman image tree made
    is "$output" =~ "Image ID: $(podman image inspect -f '{{slice .Id 0 12}}' made)"
    run_podman rmi made
    is "$(podman images -a -q | sort -u | wc -l)" = 1
    is "$(ls "$TEST_DIR/root/layers" | wc -l)" = 1
    run_podman system check
}

@test "build: a container beside it, not listed" {
    build -t made <<'X'
FROM busybox
RUN sleep 0
X
    run_podman ps -a -q
    is "$output" = ""
}

@test "build: an interrupt ends the command that runs, and leaves nothing" {
    local TOKEN=$RANDOM$RANDOM
    cat >"$CTX/Containerfile" <<X
FROM busybox
RUN trap '' INT TERM; echo begun >/begun; while :; do sleep 9999.$TOKEN; done
X
    for signal in INT TERM; do
        # A shell's background jobs ignore SIGINT: python gives it back.
        python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$PODMAN" --root "$TEST_DIR/root" --runroot "$TEST_DIR/run" build --network none "$CTX" >"$TEST_DIR/log" 2>&1 3>&- &
        local pid=$! code=0
        begun() { [ -n "$(find "$TEST_DIR/root/containers" -name begun 2>/dev/null)" ]; }
        eventually begun
        kill -$signal "$pid"
        wait "$pid" || code=$?
        is "$code" = 137
        grep -q 'while running runtime: exit status 137' "$TEST_DIR/log"
        ! pgrep -f "sleep 9999.$TOKEN" -u "$(id -u)" >/dev/null
        no_traces
    done
}

@test "build: kill -9 leaves no process, no mount, and files only until the next command" {
    local TOKEN=$RANDOM$RANDOM
    cat >"$CTX/Containerfile" <<X
FROM busybox
RUN echo begun >/begun; while :; do sleep 9999.$TOKEN; done
X
    "$PODMAN" --root "$TEST_DIR/root" --runroot "$TEST_DIR/run" build --network none "$CTX" >"$TEST_DIR/log" 2>&1 3>&- &
    local pid=$!
    begun() { [ -n "$(find "$TEST_DIR/root/containers" -name begun 2>/dev/null)" ]; }
    eventually begun
    is "$(podman ps -a -q --external)" = ""
    kill -9 "$pid"
    wait "$pid" || true
    gone() { ! pgrep -f "sleep 9999.$TOKEN" -u "$(id -u)" >/dev/null; }
    eventually gone
    pruned() { podman system prune -f >/dev/null && [ -z "$(ls "$TEST_DIR/root/containers")" ]; }
    eventually pruned # its monitor may still be about to end
    is "$(grep -c "$TEST_DIR" /proc/self/mountinfo)" = 0
    build -t made <<<'FROM busybox
RUN true'
}
