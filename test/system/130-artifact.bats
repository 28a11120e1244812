#!/usr/bin/env bats
# Artifacts: files under a name, in the image store.

load helpers

setup() {
    basic_setup
    printf 'colour: red\n' >"$TEST_DIR/config.yaml"
    printf '{"a": 1}\n' >"$TEST_DIR/settings.json"
    printf '\0\1\2binary' >"$TEST_DIR/model.gguf"
}
teardown() { basic_teardown; }

NAME=quay.io/myorg/ml-model:latest

# blob_file DIGEST: where the store keeps it.
blob_file() { echo "$TEST_DIR/root/oci/blobs/sha256/${1#sha256:}"; }

@test "artifact add: one file, in the store's blobs and in the layout's index" {
    run_podman artifact add $NAME "$TEST_DIR/model.gguf"
    is "$output" =~ '^[0-9a-f]{64}$'
    manifest=$(blob_file "$output")
    is "$(sha256sum <"$manifest" | cut -d' ' -f1)" = "$output"
    sum=$(sha256sum <"$TEST_DIR/model.gguf" | cut -d' ' -f1)
    cmp "$(blob_file "$sum")" "$TEST_DIR/model.gguf"
    run skopeo inspect --raw "oci:$TEST_DIR/root/oci:$NAME"
    is "$status" = 0
    is "$output" = "$(cat "$manifest")"
    is "$(jq -r '.layers[0].annotations["org.opencontainers.image.title"]' "$manifest")" = model.gguf
    is "$(jq -r '.layers[0].mediaType' "$manifest")" = application/octet-stream
    is "$(jq -r '.layers[0].digest' "$manifest")" = "sha256:$sum"
    is "$(jq -r '.config.mediaType' "$manifest")" = application/vnd.oci.empty.v1+json
    is "$(cat "$(blob_file "$(jq -r .config.digest "$manifest")")")" = '{}'
    is "$(jq -r '.annotations["org.opencontainers.image.created"]' "$manifest")" =~ '^20.*Z$'
    # It is no image.
    run_podman images -q
    is "$output" = ""
    run_podman image prune -af
    cmp "$(blob_file "$sum")" "$TEST_DIR/model.gguf"
}

@test "artifact add: types, annotations, several files" {
    run_podman artifact add --type application/vnd.ai.model --file-type application/vnd.gguf \
        --annotation a=b quay.io/myorg/ml-model:v2 "$TEST_DIR/model.gguf"
    run_podman artifact inspect quay.io/myorg/ml-model:v2
    is "$(jq -r '.Manifest.artifactType' <<<"$output")" = application/vnd.ai.model
    is "$(jq -r '.Manifest.layers[0].mediaType' <<<"$output")" = application/vnd.gguf
    is "$(jq -r '.Manifest.layers[0].annotations.a' <<<"$output")" = b
    is "$(jq -r '.Manifest.annotations.a' <<<"$output")" = b
    run_podman artifact add --annotation org.opencontainers.image.title=config \
        quay.io/myorg/app-config:latest "$TEST_DIR/config.yaml" "$TEST_DIR/settings.json"
    run_podman artifact inspect quay.io/myorg/app-config:latest
    is "$(jq -r '.Manifest.layers | map(.annotations["org.opencontainers.image.title"]) | join(" ")' \
        <<<"$output")" = "config.yaml settings.json"
    is "$(jq -r '.Manifest.layers[0].mediaType' <<<"$output")" = "text/plain; charset=utf-8"
    run_podman artifact add --annotation org.opencontainers.image.title=other \
        quay.io/myorg/one:latest "$TEST_DIR/config.yaml"
    run_podman artifact extract one - --title other
    run_podman 125 artifact add --append --annotation org.opencontainers.image.title=other \
        quay.io/myorg/one:latest "$TEST_DIR/settings.json"
    is "$output" =~ "duplicate layers org.opencontainers.image.title labels within an artifact not allowed"
    run_podman 125 artifact add --annotation nonsense x:y "$TEST_DIR/model.gguf"
    is "$output" = 'Error: no value given for annotation "nonsense"'
}

@test "artifact add: append, replace and what is refused" {
    run_podman artifact add $NAME "$TEST_DIR/model.gguf"
    first=$output
    run_podman 125 artifact add $NAME "$TEST_DIR/config.yaml"
    is "$output" = "Error: $NAME: artifact already exists"
    run_podman 125 artifact add --append $NAME "$TEST_DIR/model.gguf"
    is "$output" = "Error: model.gguf: file already exists in artifact"
    run_podman artifact add --append $NAME "$TEST_DIR/config.yaml"
    is "$output" !~ "$first"
    [ ! -e "$(blob_file "$first")" ]
    run_podman artifact inspect --format '{{len .Manifest.Layers}}' $NAME
    is "$output" = 2
    run_podman artifact add --replace $NAME "$TEST_DIR/settings.json"
    run_podman artifact inspect --format '{{len .Manifest.Layers}}' $NAME
    is "$output" = 1
    [ ! -e "$(blob_file "$(sha256sum <"$TEST_DIR/model.gguf" | cut -d' ' -f1)")" ]
    run_podman artifact add --replace quay.io/myorg/new:1 "$TEST_DIR/settings.json"
    run_podman 125 artifact add --append --replace $NAME "$TEST_DIR/settings.json"
    run_podman 125 artifact add --append --type x/y $NAME "$TEST_DIR/settings.json"
    is "$output" = "Error: append option is not compatible with type option"
    run_podman 125 artifact add --append quay.io/none:1 "$TEST_DIR/settings.json"
    is "$output" = "Error: quay.io/none:1: artifact does not exist"
    run_podman 125 artifact add quay.io/dir:1 "$TEST_DIR"
    is "$output" =~ "is a directory"
    run_podman 125 artifact add quay.io/none:1 "$TEST_DIR/nothing"
    is "$output" =~ "open $TEST_DIR/nothing: No such file"
    run_podman 125 artifact add quay.io/Upper:1 "$TEST_DIR/config.yaml"
    run_podman 125 artifact add quay.io/none:1 "$TEST_DIR/config.yaml" "$TEST_DIR/config.yaml"
    run_podman artifact ls --format '{{.Repository}}:{{.Tag}}'
    is "$output" = "$NAME"$'\n'"quay.io/myorg/new:1"
}

@test "artifact ls: table, templates, JSON" {
    run_podman artifact ls
    is "$output" =~ '^REPOSITORY +TAG +DIGEST +CREATED +SIZE$'
    run_podman artifact ls --format json
    is "$output" = "[]"
    run_podman artifact add $NAME "$TEST_DIR/model.gguf" "$TEST_DIR/config.yaml"
    digest=$output
    run_podman artifact ls -n
    is "$output" =~ "^quay.io/myorg/ml-model +latest +${digest:0:12} +Less than a second ago +21B$|^quay.io/myorg/ml-model +latest +${digest:0:12} +[0-9]+ seconds? ago +21B$"
    run_podman artifact list --noheading --no-trunc
    is "$output" =~ " $digest "
    run_podman artifact ls --format '{{.Repository}}:{{.Tag}} - {{.Size}}'
    is "$output" =~ "^$NAME - 21B$"
    run_podman artifact ls --format 'table {{.Repository}} {{.CreatedAt}} {{.VirtualSize}}'
    is "${lines[0]}" =~ "^REPOSITORY +CREATED AT +VIRTUAL SIZE$"
    is "${lines[1]}" =~ " 20[0-9T:.-]+Z +21$"
    run_podman artifact ls --format json
    is "$(jq -r '.[0] | "\(.Repository):\(.Tag) \(.Digest)"' <<<"$output")" = "$NAME $digest"
    run_podman 125 artifact ls --format '{{.Nonsense}}'
    run_podman __complete artifact rm ''
    is "$output" =~ $NAME
    is "$(podman __complete artifact inspect ml 2>/dev/null | head -1)" = ml-model:latest
}

@test "artifact inspect: the document and its fields" {
    run_podman artifact add $NAME "$TEST_DIR/model.gguf" "$TEST_DIR/config.yaml"
    digest=$output
    for name in $NAME ml-model myorg/ml-model:latest "$digest" "sha256:$digest" "${digest:0:12}"; do
        run_podman artifact inspect "$name"
        is "$(jq -r '.Name + " " + .Digest' <<<"$output")" = "$NAME sha256:$digest"
    done
    is "$(jq -S .Manifest <<<"$output")" = "$(jq -S . "$(blob_file "$digest")")"
    is "$(jq -c 'keys_unsorted' <<<"$output")" = '["Name","Manifest","Digest"]'
    run_podman artifact inspect -f '{{.TotalSizeBytes}} {{.Name}} {{.Digest}} {{.Artifact.Name}}' $NAME
    is "$output" = "21 $NAME sha256:$digest $NAME"
    run_podman inspect --type artifact -f '{{.Name}}' $NAME
    is "$output" = $NAME
    run_podman 125 artifact inspect quay.io/none
    is "$output" = "Error: quay.io/none: artifact does not exist"
}

@test "artifact extract: to a directory, to a file, one of them, as tar" {
    podman artifact add $NAME "$TEST_DIR/model.gguf" "$TEST_DIR/config.yaml"
    podman artifact extract $NAME "$TEST_DIR/extracted/"
    cmp "$TEST_DIR/extracted/model.gguf" "$TEST_DIR/model.gguf"
    cmp "$TEST_DIR/extracted/config.yaml" "$TEST_DIR/config.yaml"
    podman artifact extract --title model.gguf $NAME "$TEST_DIR/m"
    cmp "$TEST_DIR/m" "$TEST_DIR/model.gguf"
    sum=sha256:$(sha256sum <"$TEST_DIR/config.yaml" | cut -d' ' -f1)
    podman artifact extract --digest "$sum" $NAME "$TEST_DIR/c"
    cmp "$TEST_DIR/c" "$TEST_DIR/config.yaml"
    mkdir "$TEST_DIR/d"
    podman artifact extract --digest "$sum" $NAME "$TEST_DIR/d"
    cmp "$TEST_DIR/d/${sum/:/-}" "$TEST_DIR/config.yaml"
    podman artifact extract $NAME - >"$TEST_DIR/a.tar"
    mkdir "$TEST_DIR/t"
    tar -C "$TEST_DIR/t" -xf "$TEST_DIR/a.tar"
    is "$(ls "$TEST_DIR/t")" = "config.yaml"$'\n'"model.gguf"
    cmp "$TEST_DIR/t/model.gguf" "$TEST_DIR/model.gguf"
    run_podman 125 artifact extract $NAME "$TEST_DIR/nofile"
    is "$output" =~ "several blobs and the target \"$TEST_DIR/nofile\" is not a directory"
    run_podman 125 artifact extract --title x --digest y $NAME "$TEST_DIR/nofile"
    is "$output" = "Error: cannot specify both digest and title"
    run_podman 125 artifact extract --title x $NAME "$TEST_DIR/nofile"
    is "$output" = 'Error: no blob with the title "x"'
}

@test "artifact extract: a title cannot reach out of the directory" {
    mkdir "$TEST_DIR/d"
    ln -s "$TEST_DIR/escaped" "$TEST_DIR/d/link"
    for title in ../escaped "$TEST_DIR/escaped" a/b .. .; do
        podman artifact add --replace --annotation "org.opencontainers.image.title=$title" \
            quay.io/evil:1 "$TEST_DIR/config.yaml"
        run_podman 125 artifact extract quay.io/evil:1 "$TEST_DIR/d"
        is "$output" =~ "artifact blob title invalid"
        run bash -c "'$PODMAN' --root '$TEST_DIR/root' --runroot '$TEST_DIR/run' artifact extract quay.io/evil:1 - | cat"
        is "$output" =~ "artifact blob title invalid"
    done
    podman artifact add --replace --annotation org.opencontainers.image.title=link \
        quay.io/evil:1 "$TEST_DIR/config.yaml"
    run_podman 125 artifact extract quay.io/evil:1 "$TEST_DIR/d"
    [ ! -e "$TEST_DIR/escaped" ]
    is "$(ls "$TEST_DIR/d")" = link
}

@test "artifact rm: by name, by digest, all; the blobs go with the last" {
    podman artifact add $NAME "$TEST_DIR/model.gguf"
    podman artifact add quay.io/myorg/two:1 "$TEST_DIR/model.gguf" "$TEST_DIR/config.yaml"
    sum=$(sha256sum <"$TEST_DIR/model.gguf" | cut -d' ' -f1)
    run_podman artifact inspect -f '{{.Digest}}' $NAME
    digest=${output#sha256:}
    run_podman artifact rm "${digest:0:12}"
    is "$output" = "$digest"
    [ -e "$(blob_file "$sum")" ]
    run_podman 125 artifact rm $NAME
    is "$output" = "Error: $NAME: artifact does not exist"
    run_podman artifact rm --ignore $NAME quay.io/myorg/two:1
    is "$output" =~ '^[0-9a-f]{64}$'
    [ ! -e "$(blob_file "$sum")" ]
    is "$(ls "$TEST_DIR/root/oci/blobs/sha256")" = ""
    podman artifact add $NAME "$TEST_DIR/model.gguf"
    run_podman 125 artifact rm --all $NAME
    is "$output" =~ "when using the --all switch"
    run_podman 125 artifact rm
    run_podman artifact remove --all
    run_podman artifact ls -n
    is "$output" = ""
}

@test "artifact: two that add to one at the same time lose nothing" {
    podman artifact add $NAME "$TEST_DIR/model.gguf"
    pids=()
    for i in 1 2 3 4 5 6; do
        echo "$i" >"$TEST_DIR/f$i"
        podman artifact add --append $NAME "$TEST_DIR/f$i" >/dev/null 3>&- &
        pids+=($!)
    done
    wait "${pids[@]}" # and not for all children: one of them is the test's own clock
    run_podman artifact inspect -f '{{len .Manifest.Layers}}' $NAME
    is "$output" = 7
}

@test "artifact mount: as a file, as a directory, one of several, read-only, no copy" {
    load_busybox
    podman artifact add quay.io/myorg/config:v1 "$TEST_DIR/config.yaml"
    podman artifact add $NAME "$TEST_DIR/model.gguf" "$TEST_DIR/settings.json"
    run_podman run --rm --mount type=artifact,src=quay.io/myorg/config:v1,dst=/app/config.yaml \
        busybox cat /app/config.yaml
    is "$output" = "colour: red"
    run_podman run --rm --mount type=artifact,src=$NAME,dst=/models busybox ls /models
    is "$output" = "model.gguf"$'\n'"settings.json"
    run_podman run --rm --mount type=artifact,src=$NAME,dst=/tmp,title=settings.json busybox \
        sh -c 'cat /tmp/settings.json; ls /tmp'
    is "$output" = '{"a": 1}'$'\n'settings.json
    # An existing file is covered.
    run_podman run --rm --mount type=artifact,src=config:v1,dst=/etc/group busybox cat /etc/group
    is "$output" = "colour: red"
    sum=sha256:$(sha256sum <"$TEST_DIR/settings.json" | cut -d' ' -f1)
    run_podman run --rm --mount type=artifact,src=$NAME,dst=/d,digest=$sum,name=s busybox cat /d/s
    is "$output" = '{"a": 1}'
    run_podman run --rm --mount type=artifact,src=$NAME,dst=/d,name=x busybox ls /d
    is "$output" = "x-0"$'\n'"x-1"
    run_podman 1 run --rm --mount type=artifact,src=$NAME,dst=/d busybox sh -c 'echo x >/d/settings.json'
    is "$output" =~ "Read-only file system"
    # Whoever the container's user is, and whatever the umask was.
    (umask 077 && podman artifact add quay.io/myorg/tight:1 "$TEST_DIR/settings.json")
    run_podman run --rm --user 1234 --mount type=artifact,src=tight:1,dst=/d busybox cat /d/settings.json
    is "$output" = '{"a": 1}'
    # The file of the store itself.
    run_podman run --rm --mount type=artifact,src=$NAME,dst=/d busybox stat -c %i /d/settings.json
    is "$output" = "$(stat -c %i "$(blob_file "$sum")")"
    run_podman 125 run --rm --mount type=artifact,src=$NAME,dst=/etc/group busybox true
    is "$output" =~ "contains more than one blob"
    run_podman 125 create --mount type=artifact,src=quay.io/none,dst=/d busybox true
    is "$output" =~ "quay.io/none: artifact does not exist"
    run_podman 125 create --mount type=artifact,src=$NAME,dst=/d,title=nope busybox true
    is "$output" =~ 'no blob with the title "nope"'
    run_podman 125 create --mount type=artifact,src=$NAME,dst=/d,rw=true busybox true
    run_podman 125 create --mount type=artifact,dst=/d busybox true
    run_podman 125 create --mount type=bind,src=/tmp,dst=/d,title=x busybox true
    run_podman ps -aq
    is "$output" = ""
}

@test "artifact push and pull: through a registry, the same bytes" {
    start_registry
    name=$REGISTRY/myorg/ml-model:latest
    run_podman artifact add --type application/vnd.ai.model $name "$TEST_DIR/model.gguf" "$TEST_DIR/config.yaml"
    digest=$output
    run_podman artifact push --tls-verify=false -q --digestfile "$TEST_DIR/digest" $name
    is "$output" = ""
    is "$(cat "$TEST_DIR/digest")" = "sha256:$digest"
    run curl -fsS -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
        "http://$REGISTRY/v2/myorg/ml-model/manifests/latest"
    is "$output" = "$(cat "$(blob_file "$digest")")"
    podman artifact rm -a
    run_podman artifact pull --tls-verify=false -q $name
    is "$output" = "$digest"
    podman artifact extract $name "$TEST_DIR/out/"
    cmp "$TEST_DIR/out/model.gguf" "$TEST_DIR/model.gguf"
    run_podman artifact ls --format '{{.Repository}}:{{.Tag}}'
    is "$output" = "$name"
    # Again, over what is there: nothing is lost.
    run_podman artifact pull --tls-verify=false -q $name
    podman artifact extract $name "$TEST_DIR/out/"
    run_podman 125 artifact pull --tls-verify=false -q --retry 0 $REGISTRY/myorg/none:1
    run_podman 125 artifact push --tls-verify=false -q $REGISTRY/myorg/none:1
    is "$output" = "Error: $REGISTRY/myorg/none:1: artifact does not exist"
    run_podman 125 artifact pull --tls-verify=false --retry-delay nonsense $name
}

@test "artifact add: killed at any moment it leaves nothing that prune does not find" {
    head -c 60000000 /dev/urandom >"$TEST_DIR/big"
    for delay in 0.01 0.03 0.06 0.1 0.2; do
        "$PODMAN" --root "$TEST_DIR/root" --runroot "$TEST_DIR/run" artifact add --replace $NAME \
            "$TEST_DIR/big" "$TEST_DIR/config.yaml" >/dev/null &
        pid=$!
        sleep $delay
        kill -9 $pid 2>/dev/null || true
        wait $pid 2>/dev/null || true
    done
    podman artifact add --replace $NAME "$TEST_DIR/big"
    run_podman system check
    run_podman system prune -f
    is "$(ls "$TEST_DIR/root/oci/blobs/sha256" | wc -l)" = 3
    podman artifact extract $NAME "$TEST_DIR/out"
    cmp "$TEST_DIR/out" "$TEST_DIR/big"
}
