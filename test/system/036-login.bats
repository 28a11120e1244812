#!/usr/bin/env bats
# Logins: what is checked, what is stored, and what is then used.  And the search, which needs no store either.

load helpers

setup() {
    basic_setup
    export REGISTRY_AUTH_FILE=$TEST_DIR/auth.json HOME=$TEST_DIR/home
    mkdir "$HOME"
}
teardown() { basic_teardown; }

start_locked_registry() {
    start_registry
    registry_put library/busybox latest
    stop_registry
    htpasswd -Bbn me secret >"$TEST_DIR/htpasswd" 2>/dev/null
    start_registry "auth: {htpasswd: {realm: x, path: $TEST_DIR/htpasswd}}"
    cat >"$CONTAINERS_REGISTRIES_CONF" <<END
unqualified-search-registries = ["$REGISTRY"]
[[registry]]
location = "$REGISTRY"
insecure = true
END
}

@test "login: checked, stored, used, and removed" {
    start_locked_registry
    run_podman 125 login -u me -p wrong "$REGISTRY"
    is "$output" =~ "logging into \"$REGISTRY\": invalid username/password"
    [ ! -e "$REGISTRY_AUTH_FILE" ]
    run_podman 125 pull -q "$REGISTRY/library/busybox"
    run_podman login -u me -p secret "$REGISTRY"
    is "$output" = "Login Succeeded!"
    is "$(stat -c %a "$REGISTRY_AUTH_FILE")" = 600
    is "$(jq -r ".auths[\"$REGISTRY\"].auth" "$REGISTRY_AUTH_FILE" | base64 -d)" = me:secret
    run_podman login --get-login "$REGISTRY"
    is "$output" = me
    run_podman pull -q "$REGISTRY/library/busybox"
    run_podman push -q "$REGISTRY/library/busybox" "$REGISTRY/mine/box:1"
    run_podman login "$REGISTRY"
    is "$output" =~ "Existing credentials are valid. Already logged in to $REGISTRY"
    run_podman logout "$REGISTRY"
    is "$output" = "Removed login credentials for $REGISTRY"
    run_podman 125 logout "$REGISTRY"
    is "$output" =~ "not logged into $REGISTRY"
    run_podman 125 login --get-login "$REGISTRY"
    is "$output" =~ "not logged into $REGISTRY"
    run_podman 125 push -q "$REGISTRY/library/busybox" "$REGISTRY/mine/box:2"
}

@test "login: from stdin, without a name, into another file, for one repository" {
    start_locked_registry
    run_podman login --verbose --username me --password-stdin <<<secret
    is "$output" =~ "Used:  $REGISTRY_AUTH_FILE"
    is "$(jq -r '.auths | keys[]' "$REGISTRY_AUTH_FILE")" = "$REGISTRY"
    echo secret | podman secret create me - >/dev/null
    run_podman login --secret me --authfile "$TEST_DIR/by-secret.json" "$REGISTRY"
    is "$(jq -r ".auths[\"$REGISTRY\"].auth" "$TEST_DIR/by-secret.json" | base64 -d)" = me:secret
    run_podman 125 login --secret nosuch "$REGISTRY"
    run_podman 125 login --secret me -p secret "$REGISTRY"
    run_podman login --authfile "$TEST_DIR/other.json" -u me -p secret "$REGISTRY/mine/box"
    is "$(jq -r '.auths | keys[]' "$TEST_DIR/other.json")" = "$REGISTRY/mine/box"
    run_podman pull -q --authfile "$REGISTRY_AUTH_FILE" "$REGISTRY/library/busybox"
    run_podman push -q --authfile "$TEST_DIR/other.json" "$REGISTRY/library/busybox" "$REGISTRY/mine/box:1"
    run_podman 125 push -q --authfile "$TEST_DIR/other.json" "$REGISTRY/library/busybox" "$REGISTRY/else/box:1"
    run_podman 125 push -q --authfile "$TEST_DIR/none.json" "$REGISTRY/library/busybox" "$REGISTRY/else/box:1"
    is "$output" =~ "credential file is not accessible"
    run_podman 125 login -u me -p secret "$REGISTRY/mine/box:1"
    is "$output" =~ "contains tag or digest"
    run_podman login --authfile "$TEST_DIR/url.json" -u me -p secret "https://$REGISTRY/v1/"
    is "$(jq -r '.auths | keys[]' "$TEST_DIR/url.json")" = "$REGISTRY"
    run_podman 125 logout --authfile "$TEST_DIR/none.json" "$REGISTRY"
    is "$output" =~ "credential file is not accessible"
    run_podman 125 login --password-stdin "$REGISTRY" <<<secret
    is "$output" =~ "Must provide --username with --password-stdin"
    run_podman 125 login -u me -p x --password-stdin "$REGISTRY" <<<secret
    is "$output" =~ "Can't specify both"
    run_podman logout --all
    is "$output" = "Removed login credentials for all registries"
    is "$(jq -c .auths "$REGISTRY_AUTH_FILE")" = "{}"
    run_podman 125 logout --all "$REGISTRY"
    is "$output" =~ "--all takes no arguments"
}

@test "login: Docker's file, read and written" {
    start_locked_registry
    unset REGISTRY_AUTH_FILE
    export XDG_RUNTIME_DIR=$TEST_DIR/xdg DOCKER_CONFIG=$TEST_DIR/docker
    mkdir -p "$XDG_RUNTIME_DIR" "$DOCKER_CONFIG"
    echo '{"HttpHeaders":{"x":"y"}}' >"$DOCKER_CONFIG/config.json"
    run_podman login --compat-auth-file "$DOCKER_CONFIG/config.json" -u me -p secret "$REGISTRY"
    is "$(jq -r '.HttpHeaders.x' "$DOCKER_CONFIG/config.json")" = y
    run_podman pull -q "$REGISTRY/library/busybox"
    run_podman logout "$REGISTRY"
    is "$output" =~ "Existing credentials were established via docker login"
    run_podman 125 login --compat-auth-file a --authfile b -u me -p secret "$REGISTRY"
    is "$output" =~ "can not be set simultaneously"
    run_podman logout --compat-auth-file "$DOCKER_CONFIG/config.json" "$REGISTRY"
    is "$(jq -c .auths "$DOCKER_CONFIG/config.json")" = "{}"
}

# A helper that keeps its secrets in a folder.
make_helper() {
    mkdir -p "$TEST_DIR/bin" "$TEST_DIR/kept"
    cat >"$TEST_DIR/bin/docker-credential-test" <<'END'
#!/bin/sh
input=$(cat)
file() { echo "$KEPT/$(echo "$1" | tr -c 'a-z0-9\n' _)"; }
case $1 in
store) echo "$input" >"$(file "$(echo "$input" | jq -r .ServerURL)")" ;;
get) cat "$(file "$input")" 2>/dev/null || { echo "credentials not found in native keychain"; exit 1; } ;;
erase) rm -f "$(file "$input")" ;;
list) jq -s 'map({(.ServerURL): .Username}) | add // {}' "$KEPT"/* 2>/dev/null || echo '{}' ;;
esac
END
    chmod 755 "$TEST_DIR/bin/docker-credential-test"
    export PATH=$TEST_DIR/bin:$PATH KEPT=$TEST_DIR/kept
}

@test "login: credential helpers of the file and of registries.conf" {
    start_locked_registry
    make_helper
    echo "{\"credHelpers\":{\"$REGISTRY\":\"test\"}}" >"$REGISTRY_AUTH_FILE"
    run_podman login -v -u me -p secret "$REGISTRY"
    is "$output" =~ "credential helper: test"
    is "$(jq -r .Secret "$KEPT"/*)" = secret
    is "$(jq -r '.auths' "$REGISTRY_AUTH_FILE")" = null
    run_podman pull -q "$REGISTRY/library/busybox"
    run_podman logout "$REGISTRY"
    is "$(ls "$KEPT")" = ""
    # Docker's file with one helper for everything.
    echo '{"credsStore":"test"}' >"$TEST_DIR/config.json"
    run_podman login --compat-auth-file "$TEST_DIR/config.json" -u me -p secret "$REGISTRY"
    is "$(ls "$KEPT" | wc -l)" = 1
    run_podman login --compat-auth-file "$TEST_DIR/config.json" --get-login "$REGISTRY"
    is "$output" = me
    run_podman logout --compat-auth-file "$TEST_DIR/config.json" "$REGISTRY"
    is "$(ls "$KEPT")" = ""
    rm "$REGISTRY_AUTH_FILE"
    sed -i '1i credential-helpers = ["test"]' "$CONTAINERS_REGISTRIES_CONF"
    unset REGISTRY_AUTH_FILE
    run_podman login -u me -p secret "$REGISTRY"
    is "$(jq -r .Username "$KEPT"/*)" = me
    run_podman login --get-login "$REGISTRY"
    is "$output" = me
    run_podman pull -q "$REGISTRY/library/busybox"
    run_podman logout --all
    is "$(ls "$KEPT")" = ""
}

@test "login: a token server, and an identity token in place of a password" {
    start_stub
    stub auth '{"kind":"bearer","user":"me","password":"secret","refresh":"again"}'
    run_podman 125 login -u me -p wrong "$REGISTRY"
    is "$output" =~ "invalid username/password"
    run_podman login -u me -p secret "$REGISTRY"
    make_busybox_archive "$TEST_DIR/box.tar" box:latest
    run_podman load -q -i "$TEST_DIR/box.tar"
    run_podman push -q box "$REGISTRY/a/box:1"
    is "$(stub_stat '.requests[]' | grep -c 'GET /token?account=me&scope=repository%3Aa%2Fbox%3Apull%2Cpush&service=stub')" = 1
    # Where uploads are sent on to another host, our token stays here.
    stub fault '{"what":"elsewhere","kind":"on","times":9}'
    podman push -q box "$REGISTRY/else/box:1" || true
    podman rmi -f box
    stub fault '{"what":"blobs","kind":"redirect-cross","times":9}'
    run_podman pull -q "$REGISTRY/a/box:1"
    is "$(stub_stat .leaked)" = 0
    is "$(stub_stat '.received > 10000')" = true
    echo "{\"auths\":{\"$REGISTRY\":{\"identitytoken\":\"again\"}}}" >"$REGISTRY_AUTH_FILE"
    run_podman pull -q "$REGISTRY/a/box:1"
    run_podman 125 login -u me -p secret "$REGISTRY"
    is "$output" =~ "currently logged in, auth file contains an Identity token"
}

@test "login: asks on a terminal and does not show the password" {
    start_locked_registry
    cat >"$TEST_DIR/ask.py" <<'END'
import pexpect, sys
p = pexpect.spawn(sys.argv[1], sys.argv[2:], encoding="utf-8", timeout=60)
p.expect("Username: ")
p.sendline("me")
p.expect("Password: ")
p.waitnoecho(30)
p.sendline("secret")
p.expect(pexpect.EOF)
p.close()
print(p.before)
sys.exit(p.exitstatus)
END
    run python3 "$TEST_DIR/ask.py" "$PODMAN" login "$REGISTRY"
    echo "$output"
    [ "$status" -eq 0 ]
    is "$output" =~ "Login Succeeded!"
    is "$output" !~ secret
    run_podman 125 logout nowhere.example
    run_podman logout "$REGISTRY"
    run_podman 125 login -u me "$REGISTRY" </dev/null
    is "$output" =~ "reading password"
}

@test "search: names, tags, filters, formats" {
    start_stub
    make_busybox_archive "$TEST_DIR/box.tar" box:latest
    run_podman load -q -i "$TEST_DIR/box.tar"
    for name in a/box b/box c/tool d/boxes; do
        run_podman push -q box "$REGISTRY/$name:1"
    done
    run_podman push -q box "$REGISTRY/a/box:2"
    run_podman search --format '{{.Index}} {{.Name}}' box
    is "$output" = "$REGISTRY $REGISTRY/a/box
$REGISTRY $REGISTRY/b/box
$REGISTRY $REGISTRY/d/boxes"
    run_podman search --limit 2 --format '{{.Name}}' "$REGISTRY/box"
    is "${#lines[@]}" = 2
    run_podman search --list-tags "$REGISTRY/a/box"
    is "${lines[0]}" =~ "NAME +TAG"
    is "${lines[2]}" =~ "$REGISTRY/a/box +2"
    run_podman search --list-tags --format json "$REGISTRY/a/box"
    is "$(jq -c '.[0].Tags' <<<"$output")" = '["1","2"]'
    run_podman search "$REGISTRY/nothing"
    is "$output" = ""
    run_podman 125 search localhost:1/x
    is "$output" =~ "couldn't search registry \"localhost:1\""
    run_podman 125 search --limit 101 x
    is "$output" =~ "limit 101 is outside the range of \[1, 100\]"
    stub fault '{"what":"v1","kind":"on","times":0}'
    run_podman search "$REGISTRY/box"
    is "${lines[0]}" =~ "NAME +DESCRIPTION$"
    is "${lines[1]}" =~ "$REGISTRY/box +Small and useful, with a description that is\.\.\.$"
    run_podman search --no-trunc --compatible "$REGISTRY/box"
    is "${lines[0]}" =~ "NAME +DESCRIPTION +STARS +OFFICIAL +AUTOMATED"
    is "${lines[1]}" =~ "long enough to be cut +12 +\[OK\]"
    run_podman search --filter is-official=false --format '{{.Name}}' "$REGISTRY/box"
    is "$output" = "$REGISTRY/me/box"
    run_podman search --filter stars=2 --format '{{.Name}}{{.Stars}}' "$REGISTRY/box"
    is "$output" = "$REGISTRY/box12"
    run_podman search --filter is-automated --format json "$REGISTRY/box"
    is "$(jq -r '.[].Automated' <<<"$output")" = "[OK]"
    run_podman 125 search --filter size=3 "$REGISTRY/box"
    is "$output" =~ "invalid filter"
}
