#!/usr/bin/env bats
# Who may say what runs here: policy.json, GPG's and sigstore's signatures.  What we sign, skopeo has to accept;
# what skopeo signs, we; and what nobody signed, or somebody else, or under another name, neither.

load helpers

setup() {
    basic_setup
    export XDG_CONFIG_HOME=$TEST_DIR/config GNUPGHOME=$TEST_DIR/gnupg
    mkdir -p "$XDG_CONFIG_HOME/containers/registries.d"
    mkdir -m 700 "$GNUPGHOME"
    POLICY=$XDG_CONFIG_HOME/containers/policy.json
}
teardown() {
    gpgconf --kill all 2>/dev/null || true
    basic_teardown
}

gpg_key() { # NAME
    gpg --batch -q --passphrase '' --quick-gen-key "$1 <$1@example.org>" rsa2048 sign never 2>/dev/null
    gpg -q --armor --export "$1@example.org" >"$TEST_DIR/$1.gpg"
}

lookaside() {
    printf 'docker:\n  %s:\n    lookaside: file://%s\n' "$REGISTRY" "$TEST_DIR/sigs" >"$XDG_CONFIG_HOME/containers/registries.d/r.yaml"
}

attachments() {
    printf 'docker:\n  %s:\n    use-sigstore-attachments: true\n' "$REGISTRY" >"$XDG_CONFIG_HOME/containers/registries.d/r.yaml"
}

# require JSON...: only what fulfils these requirements comes from the registry, nothing from anywhere else.
require() {
    local list=$*
    echo "{\"default\":[{\"type\":\"reject\"}],\"transports\":{\"docker\":{\"$REGISTRY\":[$list]}}}" >"$POLICY"
}

start_with_box() {
    start_registry
    registry_put other latest none
    registry_put box latest
}

skopeo_takes() { # REFERENCE: as the policy says
    skopeo --policy "$POLICY" --registries.d "$XDG_CONFIG_HOME/containers/registries.d" copy -q \
        --src-tls-verify=false "docker://$1" "dir:$TEST_DIR/taken-$RANDOM$RANDOM"
}

rejected() { # REFERENCE REASON
    run_podman 125 pull -q --tls-verify=false "$1"
    is "$output" =~ "Source image rejected: .*$2"
    is "$(podman images -q)" = ""
}

@test "policy: accept, reject, the most specific scope, wildcards, other transports" {
    start_with_box
    make_busybox_archive "$TEST_DIR/a.tar"
    [ -e /etc/containers/policy.json ] || run_podman pull -q --tls-verify=false "$REGISTRY/other" # none at all: everything
    require '{"type":"insecureAcceptAnything"}'
    run_podman pull -q --tls-verify=false "$REGISTRY/box"
    run_podman rmi -fa
    require '{"type":"insecureAcceptAnything"}'
    run_podman pull -q --tls-verify=false "$REGISTRY/box"
    run_podman 125 pull -q "docker-archive:$TEST_DIR/a.tar"
    is "$output" =~ "rejected by policy"
    run_podman rmi -fa
    cat >"$POLICY" <<EOF
{"default":[{"type":"insecureAcceptAnything"}],
 "transports":{"docker":{"$REGISTRY":[{"type":"reject"}],"$REGISTRY/box":[{"type":"insecureAcceptAnything"}]},
               "docker-archive":{"":[{"type":"reject"}],"$TEST_DIR":[{"type":"insecureAcceptAnything"}]}}}
EOF
    rejected "$REGISTRY/other" "Running image docker://$REGISTRY/other:latest is rejected by policy"
    run_podman pull -q --tls-verify=false "$REGISTRY/box"
    run_podman pull -q "docker-archive:$TEST_DIR/a.tar"
    cp "$TEST_DIR/a.tar" "$BATS_TEST_TMPDIR/a.tar"
    run_podman 125 pull -q "docker-archive:$BATS_TEST_TMPDIR/a.tar"
    # Another file by name.
    echo '{"default":[{"type":"reject"}]}' >"$TEST_DIR/strict.json"
    run_podman 125 pull -q --tls-verify=false --signature-policy "$TEST_DIR/strict.json" "$REGISTRY/box"
    is "$output" =~ "rejected by policy"
    run_podman 125 pull -q --tls-verify=false --signature-policy "$TEST_DIR/none.json" "$REGISTRY/box"
    is "$output" =~ none.json
}

@test "policy: what cannot be understood is an error, not a guess" {
    start_with_box
    for text in '{' '{}' '[]' '{"default":[]}' '{"default":[{"type":"accept"}]}' \
        '{"default":[{"type":"insecureAcceptAnything","typo":1}]}' \
        '{"default":[{"type":"insecureAcceptAnything"}],"transport":{}}' \
        '{"default":[{"type":"signedBy","keyType":"GPGKeys"}]}' \
        '{"default":[{"type":"signedBy","keyType":"X509","keyPath":"/x"}]}' \
        '{"default":[{"type":"sigstoreSigned","keyPath":"/x","signedIdentity":{"type":"exactReference"}}]}'; do
        echo "$text" >"$POLICY"
        run_podman 125 pull -q --tls-verify=false "$REGISTRY/box"
        is "$output" =~ "$POLICY"
    done
}

@test "GPG: what we sign on push, skopeo accepts and we accept; anything else nobody does" {
    start_with_box
    lookaside
    gpg_key alice
    gpg_key mallory
    run_podman pull -q --tls-verify=false "$REGISTRY/box"
    run_podman push -q --tls-verify=false --sign-by alice@example.org "$REGISTRY/box" "$REGISTRY/signed:v1"
    run_podman push -q --tls-verify=false --sign-by mallory@example.org "$REGISTRY/box" "$REGISTRY/foreign:v1"
    run_podman 125 push -q --tls-verify=false --sign-by nobody@example.org "$REGISTRY/box" "$REGISTRY/x:v1"
    is "$output" =~ "nobody@example.org"
    run_podman rmi -fa
    [ -s "$TEST_DIR/sigs/signed@sha256=${MANIFEST_DIGEST#sha256:}/signature-1" ] || [ -n "$(find "$TEST_DIR/sigs" -name signature-1)" ]
    require '{"type":"signedBy","keyType":"GPGKeys","keyPath":"'"$TEST_DIR/alice.gpg"'"}'
    skopeo_takes "$REGISTRY/signed:v1"
    ! skopeo_takes "$REGISTRY/foreign:v1" 2>/dev/null
    rejected "$REGISTRY/foreign:v1" "mallory|not one of the policy|key"
    rejected "$REGISTRY/other" "A signature was required, but no signature exists"
    # The same image under a name that was not signed.
    podman pull -q --tls-verify=false --signature-policy <(echo '{"default":[{"type":"insecureAcceptAnything"}]}') "$REGISTRY/signed:v1"
    run_podman push -q --tls-verify=false "$REGISTRY/signed:v1" "$REGISTRY/signed:v2"
    run_podman rmi -fa
    rejected "$REGISTRY/signed:v2" "is not accepted"
    run_podman pull -q --tls-verify=false "$REGISTRY/signed:v1"
    # Bytes that were changed.
    sig=$(find "$TEST_DIR/sigs/" -path '*signed@*' -name signature-1)
    head -c 200 "$sig" >"$sig.cut" && mv "$sig.cut" "$sig"
    run_podman rmi -fa
    rejected "$REGISTRY/signed:v1" "GPG signature"
}

@test "GPG: what skopeo signed we accept; keyData, signedIdentity, image sign" {
    start_with_box
    lookaside
    gpg_key alice
    skopeo --registries.d "$XDG_CONFIG_HOME/containers/registries.d" --insecure-policy copy -q --src-tls-verify=false --dest-tls-verify=false \
        --sign-by alice@example.org "docker://$REGISTRY/box" "docker://$REGISTRY/by-skopeo:1"
    require '{"type":"signedBy","keyType":"GPGKeys","keyData":"'"$(base64 -w0 <"$TEST_DIR/alice.gpg")"'"}'
    run_podman pull -q --tls-verify=false "$REGISTRY/by-skopeo:1"
    run_podman rmi -fa
    # Signed where it is, into a directory that is then served from elsewhere.
    run_podman 125 image sign --sign-by alice@example.org --directory "$TEST_DIR/nowhere" "docker://$REGISTRY/other"
    is "$output" =~ "nowhere is not a directory"
    printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$REGISTRY" >>"$CONTAINERS_REGISTRIES_CONF"
    run_podman 125 image sign "docker://$REGISTRY/other"
    is "$output" =~ "please provide an identity"
    mkdir "$TEST_DIR/sigs2"
    run_podman image sign --sign-by alice@example.org --directory "$TEST_DIR/sigs2" "docker://$REGISTRY/other"
    rejected "$REGISTRY/other" "no signature exists"
    cp -r "$TEST_DIR/sigs2/." "$TEST_DIR/sigs/"
    run_podman pull -q --tls-verify=false "$REGISTRY/other"
    skopeo_takes "$REGISTRY/other"
    run_podman rmi -fa
    for identity in '{"type":"matchExact"} no' '{"type":"matchRepository"} yes' \
        '{"type":"exactRepository","dockerRepository":"'$REGISTRY'/other"} yes' \
        '{"type":"exactRepository","dockerRepository":"'$REGISTRY'/box"} no' \
        '{"type":"exactReference","dockerReference":"'$REGISTRY'/other:latest"} yes' \
        '{"type":"remapIdentity","prefix":"'$REGISTRY'","signedPrefix":"'$REGISTRY'/x"} no'; do
        require '{"type":"signedBy","keyType":"GPGKeys","keyPath":"'"$TEST_DIR/alice.gpg"'","signedIdentity":'"${identity% *}"'}'
        curl -fsS -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$REGISTRY/v2/other/manifests/latest" |
            curl -fsS -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' --data-binary @- "http://$REGISTRY/v2/other/manifests/again"
        if [ "${identity##* }" = yes ]; then
            run_podman pull -q --tls-verify=false "$REGISTRY/other:again"
            skopeo_takes "$REGISTRY/other:again"
            run_podman rmi -fa
        else
            rejected "$REGISTRY/other:again" "is not accepted"
            ! skopeo_takes "$REGISTRY/other:again" 2>/dev/null
        fi
    done
}

@test "sigstore: sign with a sealed key, check with the public one; openssl the same" {
    start_with_box
    attachments
    /usr/bin/python3 "$BATS_TEST_DIRNAME/sigstore_key.py" "$TEST_DIR/mine" secret
    /usr/bin/python3 "$BATS_TEST_DIRNAME/sigstore_key.py" "$TEST_DIR/other" secret
    echo secret >"$TEST_DIR/pass"
    echo wrong >"$TEST_DIR/wrong"
    run_podman pull -q --tls-verify=false "$REGISTRY/box"
    push="push -q --tls-verify=false --sign-passphrase-file $TEST_DIR/pass --sign-by-sigstore-private-key"
    run_podman $push "$TEST_DIR/mine.key" "$REGISTRY/box" "$REGISTRY/signed:v1"
    run_podman $push "$TEST_DIR/other.key" "$REGISTRY/box" "$REGISTRY/foreign:v1"
    run_podman 125 push -q --tls-verify=false --sign-passphrase-file "$TEST_DIR/wrong" \
        --sign-by-sigstore-private-key "$TEST_DIR/mine.key" "$REGISTRY/box" "$REGISTRY/x:v1"
    is "$output" =~ passphrase
    # A parameter file instead; a second signature beside the first.
    printf 'privateKeyFile: %s\nprivateKeyPassphraseFile: %s\n' "$TEST_DIR/mine.key" "$TEST_DIR/pass" >"$TEST_DIR/params.yaml"
    run_podman push -q --tls-verify=false --sign-by-sigstore "$TEST_DIR/params.yaml" "$REGISTRY/box" "$REGISTRY/foreign:v2"
    run_podman rmi -fa
    # openssl says so too (Debian's skopeo cannot check these).
    sig=$(curl -fsS -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$REGISTRY/v2/signed/manifests/${MANIFEST_DIGEST/:/-}.sig")
    jq -r '.layers[0].annotations["dev.cosignproject.cosign/signature"]' <<<"$sig" | base64 -d >"$TEST_DIR/sig"
    curl -fsSL "http://$REGISTRY/v2/signed/blobs/$(jq -r '.layers[0].digest' <<<"$sig")" >"$TEST_DIR/payload"
    openssl dgst -sha256 -verify "$TEST_DIR/mine.pub" -signature "$TEST_DIR/sig" "$TEST_DIR/payload"
    is "$(jq -r '.critical.image["docker-manifest-digest"] + " " + .critical.identity["docker-reference"]' "$TEST_DIR/payload")" = "$MANIFEST_DIGEST $REGISTRY/signed:v1"
    require '{"type":"sigstoreSigned","keyPath":"'"$TEST_DIR/mine.pub"'"}'
    run_podman pull -q --tls-verify=false "$REGISTRY/signed:v1"
    run_podman rmi -fa
    run_podman pull -q --tls-verify=false "$REGISTRY/foreign:v2"
    run_podman rmi -fa
    rejected "$REGISTRY/foreign:v1" "signature"
    rejected "$REGISTRY/other" "no signature exists"
    # Several keys: any of them.
    require '{"type":"sigstoreSigned","keyPaths":["'"$TEST_DIR/mine.pub"'","'"$TEST_DIR/other.pub"'"]}'
    run_podman pull -q --tls-verify=false "$REGISTRY/foreign:v1"
    run_podman rmi -fa
    # Both requirements have to hold.
    require '{"type":"sigstoreSigned","keyPath":"'"$TEST_DIR/mine.pub"'"},{"type":"reject"}'
    rejected "$REGISTRY/signed:v1" "rejected by policy"
    require '{"type":"sigstoreSigned","fulcio":{"caPath":"/x","oidcIssuer":"x","subjectEmail":"x"},"rekorPublicKeyPath":"/y"}'
    run_podman 125 pull -q --tls-verify=false "$REGISTRY/signed:v1"
    is "$output" =~ "not supported"
    # Bytes that were changed after the signature was made.
    require '{"type":"sigstoreSigned","keyPath":"'"$TEST_DIR/mine.pub"'"}'
    jq '.layers[0].annotations["dev.cosignproject.cosign/signature"] |= .[0:40] + "AAAA" + .[44:]' <<<"$sig" |
        curl -fsS -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' --data-binary @- "http://$REGISTRY/v2/signed/manifests/${MANIFEST_DIGEST/:/-}.sig"
    rejected "$REGISTRY/signed:v1" "signature"
}

@test "image trust: set and show" {
    gpg_key alice
    # Root without a policy of his own changes the machine's: not in a test.
    echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$POLICY"
    run_podman image trust set -t reject default
    run_podman image trust set -t accept docker.io/library
    run_podman image trust set -f "$TEST_DIR/alice.gpg" registry.example.org/team
    is "$(jq -r '.default[0].type' "$POLICY")" = reject
    is "$(jq -r '.transports.docker["docker.io/library"][0].type' "$POLICY")" = insecureAcceptAnything
    is "$(jq -rc '.transports.docker["registry.example.org/team"][0]' "$POLICY")" = '{"type":"signedBy","keyType":"GPGKeys","keyPath":"'"$TEST_DIR/alice.gpg"'"}'
    run_podman image trust show
    is "${lines[0]}" =~ "^TRANSPORT +NAME +TYPE +ID +STORE"
    is "${lines[1]}" =~ "^all +default +reject"
    is "$output" =~ "repository +docker.io/library +accept"
    is "$output" =~ "repository +registry.example.org/team +signed +alice@example.org +file://"
    run_podman image trust show -n
    is "$output" !~ TRANSPORT
    run_podman image trust show --json
    is "$(jq -r '.[] | select(.name == "registry.example.org/team") | .gpg_id' <<<"$output")" = alice@example.org
    run_podman image trust show --raw
    is "$output" = "$(cat "$POLICY")"
    run_podman 125 image trust set -t signedBy quay.io
    is "$output" =~ "at least one public key"
    run_podman 125 image trust set -t nonsense quay.io
    run_podman 125 image trust set -t accept "UPPER/x"
    # A policy that we do not understand is not written over.
    echo '{"default":[{"type":"from-the-future"}]}' >"$POLICY"
    run_podman 125 image trust set -t accept quay.io
    is "$(cat "$POLICY")" = '{"default":[{"type":"from-the-future"}]}'
}

# Podman asks as well; without a terminal there is nobody.
@test "sigstore: a sealed key without a passphrase file: the person at the terminal is asked" {
    start_with_box
    attachments
    podman pull -q --tls-verify=false "$REGISTRY/box"
    /usr/bin/python3 "$BATS_TEST_DIRNAME/sigstore_key.py" "$TEST_DIR/mine" secret
    cat >"$TEST_DIR/person.py" <<'EOF'
import sys, pexpect
child = pexpect.spawn(sys.argv[2], sys.argv[3:], timeout=30, encoding='utf-8')
child.expect('Passphrase for .*mine.key: ')
child.sendline(sys.argv[1])
child.expect(pexpect.EOF)
child.close()
assert sys.argv[1] not in child.before, 'shown'
print(child.before)
sys.exit(child.exitstatus)
EOF
    ask() { # PASSPHRASE
        run timeout 60 python3 "$TEST_DIR/person.py" "$1" "$PODMAN" --root "$TEST_DIR/root" --runroot "$TEST_DIR/run" \
            push -q --tls-verify=false --sign-by-sigstore-private-key "$TEST_DIR/mine.key" "$REGISTRY/box" "$REGISTRY/asked:v1"
    }
    ask mistaken
    is "$status" = 125
    is "$output" =~ "wrong passphrase"
    ask secret
    is "$status" = 0
    require '{"type":"sigstoreSigned","keyPath":"'"$TEST_DIR/mine.pub"'"}'
    podman rmi -fa
    run_podman pull -q --tls-verify=false "$REGISTRY/asked:v1"
    run setsid -w "$PODMAN" --root "$TEST_DIR/root" --runroot "$TEST_DIR/run" push -q --tls-verify=false \
        --sign-by-sigstore-private-key "$TEST_DIR/mine.key" "$REGISTRY/asked:v1" "$REGISTRY/asked:v2" </dev/null
    is "$status" = 125
    is "$output" =~ "--sign-passphrase-file"
}

@test "policy: load and import ask it, too" {
    make_busybox_archive "$TEST_DIR/a.tar"
    tar -C "$TEST_DIR" -cf "$TEST_DIR/files.tar" a.tar
    podman load -q -i "$TEST_DIR/a.tar"
    podman save -q --format oci-archive -o "$TEST_DIR/oci.tar" busybox
    podman save -q --format docker-dir -o "$TEST_DIR/dir" busybox
    podman rmi -fa
    echo '{"default":[{"type":"reject"}],"transports":{"docker-archive":{"'"$TEST_DIR"'":[{"type":"insecureAcceptAnything"}]}}}' >"$POLICY"
    run_podman load -q -i "$TEST_DIR/a.tar"
    podman rmi -fa
    run_podman 125 load -q -i "$TEST_DIR/oci.tar"
    is "$output" =~ "Source image rejected: Running image oci-archive:$TEST_DIR/oci.tar is rejected by policy."
    run_podman 125 load -q -i "$TEST_DIR/dir"
    is "$output" =~ "Running image dir:$TEST_DIR/dir is rejected"
    run_podman 125 load -q <"$TEST_DIR/a.tar"
    is "$output" =~ "rejected by policy"
    run_podman 125 import -q "$TEST_DIR/files.tar"
    is "$output" =~ "rejected by policy"
    is "$(podman images -q)" = ""
    echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$TEST_DIR/loose.json"
    run_podman import -q --signature-policy "$TEST_DIR/loose.json" "$TEST_DIR/files.tar"
    run_podman load -q --signature-policy "$TEST_DIR/loose.json" -i "$TEST_DIR/oci.tar"
    # What leaves is asked for by those who name a policy.
    run_podman save -q --signature-policy "$TEST_DIR/loose.json" -o "$TEST_DIR/out.tar" busybox
    run_podman 125 save -q --signature-policy "$POLICY" -o "$TEST_DIR/out2.tar" busybox
    is "$output" =~ "Running image containers-storage:.* is rejected by policy"
    [ ! -e "$TEST_DIR/out2.tar" ]
    run_podman 125 push -q --signature-policy "$POLICY" busybox "dir:$TEST_DIR/out3"
    is "$output" =~ "rejected by policy"
    run_podman push -q --signature-policy "$TEST_DIR/loose.json" busybox "dir:$TEST_DIR/out3"
}
