#!/usr/bin/env bats
# podman auto-update: what is newer in a registry.  Restarting units is looked at in the virtual machine.
load helpers

setup() {
    basic_setup
    start_registry
    make_busybox_archive "$TEST_DIR/bb.tar" localhost/bb:1
    run_podman load -qi "$TEST_DIR/bb.tar"
    IMAGE=$REGISTRY/app:latest
    run_podman push -q --tls-verify=false localhost/bb:1 "docker://$IMAGE"
    run_podman pull -q --tls-verify=false "$IMAGE"
}

teardown() {
    basic_teardown
}

# newer: another image under the registry's name, from elsewhere.
newer() {
    podman create --name "v$1" localhost/bb:1 true >/dev/null
    podman commit -q --change "LABEL v=$1" "v$1" "localhost/bb:v$1" >/dev/null
    podman rm "v$1" >/dev/null
    podman push -q --tls-verify=false "localhost/bb:v$1" "docker://$IMAGE" >/dev/null
}

@test "auto-update: what is newer in the registry is pending" {
    export PODMAN_SYSTEMD_UNIT=app.service
    run_podman run -d --name c --label io.containers.autoupdate=registry "$IMAGE" top
    id=$output
    run_podman run -d --name off --label io.containers.autoupdate=disabled "$IMAGE" top
    is "$(podman inspect -f '{{index .Config.Labels "PODMAN_SYSTEMD_UNIT"}}' c)" = app.service
    run_podman auto-update --dry-run --tls-verify=false
    is "${lines[0]}" =~ '^UNIT +CONTAINER +IMAGE +POLICY +UPDATED$'
    is "${lines[1]}" =~ "^app.service +${id:0:12} \\(c\\) +$IMAGE +registry +false\$"
    is "${#lines[@]}" = 2
    newer 2
    run_podman auto-update --dry-run --tls-verify=false --format '{{.Unit}} {{.ContainerName}} {{.ContainerID}} {{.Policy}} {{.Updated}}'
    is "$output" = "app.service c $id registry pending"
    # Asking changes nothing here.
    is "$(podman image inspect -f '{{.Id}}' "$IMAGE")" = "$(podman inspect -f '{{.Image}}' c)"
    run_podman auto-update --dry-run --tls-verify=false --format json
    is "$(python3 -c 'import json,sys; print(sorted(json.load(sys.stdin)[0]))' <<<"$output")" = \
        "['Container', 'ContainerID', 'ContainerName', 'Image', 'Policy', 'Unit', 'Updated']"
    run_podman rm -f -t 0 c off
}

@test "auto-update: the local policy looks at names here; what is wrong is named" {
    export PODMAN_SYSTEMD_UNIT=app.service
    run_podman run -d --name c --label io.containers.autoupdate=local localhost/bb:1 top
    unset PODMAN_SYSTEMD_UNIT
    run_podman create --name other localhost/bb:1 true
    run_podman commit -q --change "LABEL x=y" other localhost/bb:1
    run_podman auto-update --dry-run --format '{{.Policy}} {{.Updated}}'
    is "$output" = "local pending"
    run_podman create --name nounit --label io.containers.autoupdate=local localhost/bb:1 true
    run_podman 125 auto-update --dry-run
    is "$output" =~ 'auto-updating container "nounit": no PODMAN_SYSTEMD_UNIT label found'
    is "$output" =~ 'app.service'
    run_podman 125 create --label io.containers.autoupdate=sometimes localhost/bb:1 true
    is "$output" =~ 'invalid auto-update policy "sometimes": valid policies are'
    run_podman 125 create --label io.containers.autoupdate=registry busybox true
    is "$output" = 'Error: short name: auto updates require fully-qualified image reference: "busybox"'
    run_podman rm -f -t 0 -a
    run_podman auto-update
    is "$output" = ""
}
