#!/usr/bin/env bats
# Encrypted layers.  What we encrypt skopeo has to open, and the other way round.

load helpers

setup() {
    basic_setup
    for k in one two; do
        openssl genrsa -out "$TEST_DIR/$k.pem" 2048 2>/dev/null
        openssl rsa -in "$TEST_DIR/$k.pem" -pubout -out "$TEST_DIR/$k.pub" 2>/dev/null
    done
}
teardown() { basic_teardown; }

raw() { skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/$1"; }

@test "push --encryption-key, pull --decryption-key: only who has the key reads the layer" {
    start_registry
    load_busybox
    before=$(podman image inspect -f '{{.RootFS.Layers}}' busybox)
    run_podman push -q --tls-verify=false --encryption-key "jwe:$TEST_DIR/one.pub" busybox "$REGISTRY/sealed:1"
    layer=$(raw sealed:1 | jq -c '.layers[0]')
    is "$(jq -r .mediaType <<<"$layer")" = "application/vnd.oci.image.layer.v1.tar+gzip+encrypted"
    is "$(jq -r '.annotations["org.opencontainers.image.enc.pubopts"]' <<<"$layer" | base64 -d | jq -r .cipher)" = AES_256_CTR_HMAC_SHA256
    # The HMAC is of the bytes that the registry holds; no gzip stream is among them.
    digest=$(jq -r .digest <<<"$layer")
    curl -fsS "http://$REGISTRY/v2/sealed/blobs/$digest" >"$TEST_DIR/blob"
    is "$(gzip -t "$TEST_DIR/blob" 2>&1 || true)" =~ "not in gzip format"
    podman rmi -fa
    run_podman 125 pull -q --tls-verify=false "$REGISTRY/sealed:1"
    is "$output" =~ "missing private key needed for decryption"
    run_podman 125 pull -q --tls-verify=false --decryption-key "$TEST_DIR/two.pem" "$REGISTRY/sealed:1"
    is "$output" =~ "no suitable key found"
    run_podman pull -q --tls-verify=false --decryption-key "$TEST_DIR/two.pem" --decryption-key "$TEST_DIR/one.pem" "$REGISTRY/sealed:1"
    run_podman run --rm "$REGISTRY/sealed:1" echo opened
    is "$output" = opened
    is "$(podman image inspect -f '{{.RootFS.Layers}}' "$REGISTRY/sealed:1")" = "$before"
    # What is here is plain: it goes on without a key.
    run_podman push -q --tls-verify=false "$REGISTRY/sealed:1" "$REGISTRY/plain:1"
    is "$(raw plain:1 | jq -r '.layers[0].mediaType')" = "application/vnd.oci.image.layer.v1.tar+gzip"
    is "$(raw plain:1 | jq -r '.layers[0].annotations')" = null
}

@test "encryption: run with a key under a passphrase" {
    start_registry
    load_busybox
    openssl rsa -in "$TEST_DIR/one.pem" -aes256 -passout pass:geheim -out "$TEST_DIR/closed.pem" 2>/dev/null
    echo geheim >"$TEST_DIR/word"
    run_podman push -q --tls-verify=false --encryption-key "jwe:$TEST_DIR/one.pub" busybox "$REGISTRY/sealed:1"
    podman rmi -fa
    run_podman 125 run --rm -q --tls-verify=false --decryption-key "$TEST_DIR/closed.pem:falsch" "$REGISTRY/sealed:1" true
    is "$output" =~ "passphrase is another"
    run_podman run --rm -q --tls-verify=false --decryption-key "$TEST_DIR/closed.pem:geheim" "$REGISTRY/sealed:1" echo ran
    is "$output" = ran
    podman rmi -fa
    run_podman pull -q --tls-verify=false --decryption-key "$TEST_DIR/closed.pem:file=$TEST_DIR/word" "$REGISTRY/sealed:1"
}

@test "encryption: skopeo opens ours, we open skopeo's; several keys, chosen layers" {
    command -v skopeo >/dev/null || skip "no skopeo"
    start_registry
    load_busybox
    id=$(podman create busybox sh -c 'echo second >/second')
    podman start -a "$id"
    podman commit -q "$id" two-layers
    run_podman push -q --tls-verify=false --encryption-key "jwe:$TEST_DIR/one.pub" --encryption-key "jwe:$TEST_DIR/two.pub" \
        --encrypt-layer -1 two-layers "$REGISTRY/ours:1"
    is "$(raw ours:1 | jq -r '.layers[].mediaType | endswith("+encrypted")' | tr '\n' ' ')" = "false true "
    for k in one two; do
        run skopeo copy -q --src-tls-verify=false --decryption-key "$TEST_DIR/$k.pem" "docker://$REGISTRY/ours:1" "oci:$TEST_DIR/$k:x"
        is "$status" = 0
    done
    run skopeo copy -q --dest-tls-verify=false --encryption-key "jwe:$TEST_DIR/two.pub" "oci:$TEST_DIR/one:x" "docker://$REGISTRY/theirs:1"
    is "$status" = 0
    skopeo copy -q --encryption-key "jwe:$TEST_DIR/one.pub" --encryption-key "jwe:$TEST_DIR/two.pub" "oci:$TEST_DIR/one:x" "oci:$TEST_DIR/both:x"
    podman rm -fa
    podman rmi -fa
    run_podman pull -q --tls-verify=false --decryption-key "$TEST_DIR/two.pem" "$REGISTRY/theirs:1"
    run_podman run --rm "$REGISTRY/theirs:1" cat /second
    is "$output" = second
    podman rmi -fa
    run_podman pull -q --decryption-key "$TEST_DIR/one.pem" "oci:$TEST_DIR/both:x"
    run_podman run --rm "$output" cat /second
    is "$output" = second
}

@test "encryption: what cannot be is said" {
    load_busybox
    run_podman 125 push -q --encryption-key pgp:me@example.org busybox "dir:$TEST_DIR/out"
    is "$output" =~ "only jwe: is supported"
    run_podman 125 push -q --encryption-key "jwe:$TEST_DIR/none.pub" busybox "dir:$TEST_DIR/out"
    is "$output" =~ none.pub
    run_podman 125 push -q --encryption-key "jwe:/etc/passwd" busybox "dir:$TEST_DIR/out"
    is "$output" =~ "no RSA public key"
    run_podman 125 push -q --encryption-key "jwe:$TEST_DIR/one.pub" --encrypt-layer 7 busybox "dir:$TEST_DIR/out"
    is "$output" =~ "layers are 0 to 0"
    run_podman 125 push -q --encrypt-layer 0 busybox "dir:$TEST_DIR/out"
    run_podman 125 push -q --format v2s2 --encryption-key "jwe:$TEST_DIR/one.pub" busybox "dir:$TEST_DIR/out"
    is "$output" =~ "no encrypted layers"
    [ ! -e "$TEST_DIR/out/manifest.json" ]
    run_podman push -q --encryption-key "jwe:$TEST_DIR/one.pub" busybox "dir:$TEST_DIR/out"
}
