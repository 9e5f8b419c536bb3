#!/bin/sh
# Makes the fixtures of this directory. Needs GnuPG 2.2; every run makes other keys.
set -eu
out=${1:?directory to write to}
work=$(mktemp -d)
GNUPGHOME=$work/home
export GNUPGHOME
mkdir -m 700 "$GNUPGHOME"
trap 'gpgconf --kill all; rm -rf "$work"' EXIT

gpg_at() {
    at=$1
    shift
    gpg --batch --quiet --no-tty --pinentry-mode loopback --passphrase '' --faked-system-time "$at!" "$@"
}
fpr() { gpg --batch --with-colons --list-keys "=$1" 2>/dev/null | awk -F: '/^fpr/ { print $10; exit }'; }
key() { # NAME ALGORITHM EXPIRY
    gpg_at 20240101T000000 --quick-generate-key "$1 <$1@example.com>" "$2" cert,sign "$3"
}
keep() { gpg_at "$2" --armor --export-options export-minimal --export "=$1 <$1@example.com>" >"$out/$1${3:-}.asc"; }
id() { fpr "$1 <$1@example.com>"; }
sign() { # NAME TIME OUTPUT [OPTION...]
    name=$1 at=$2 to=$3
    shift 3
    gpg_at "$at" --local-user "$(id "$name")!" --digest-algo SHA256 "$@" --output "$out/$to" --detach-sign "$out/SHA256SUMS"
}
revoke() { # NAME REASON TIME
    printf 'y\n%s\n\ny\n' "$2" | gpg --quiet --no-tty --faked-system-time "$3!" --pinentry-mode loopback --passphrase '' \
        --command-fd 0 --output "$work/$1.rev" --gen-revoke "$(id "$1")" 2>/dev/null
    gpg_at "$3" --import "$work/$1.rev"
}

mkdir -p "$out"
printf '%s  %s\n' \
    1111111111111111111111111111111111111111111111111111111111111111 terraform-provider-demo_1.2.3_darwin_arm64.zip \
    2222222222222222222222222222222222222222222222222222222222222222 terraform-provider-demo_1.2.3_linux_amd64.zip \
    >"$out/SHA256SUMS"

key rsa2048 rsa2048 never
key rsa4096 rsa4096 never
key ed25519 ed25519 never
key dsa dsa1024 never
key expiring ed25519 20240601T000000
key compromised ed25519 never
key retired ed25519 never
key unexplained ed25519 never

# A key that only certifies, with one subkey that signs and one that encrypts.
gpg_at 20240101T000000 --quick-generate-key 'subkey <subkey@example.com>' rsa2048 cert never
gpg_at 20240101T000000 --quick-add-key "$(id subkey)" ed25519 sign never
gpg_at 20240101T000000 --quick-add-key "$(id subkey)" cv25519 encr never

# A key whose owner signed it with SHA-1, as keys of 2010 are.
gpg_at 20240101T000000 --cert-digest-algo SHA1 --quick-generate-key 'sha1 <sha1@example.com>' rsa2048 cert,sign never

for name in rsa2048 rsa4096 ed25519 dsa expiring sha1; do
    keep $name 20240301T000000
    sign $name 20240301T000000 $name.sig
done
keep subkey 20240301T000000
gpg_at 20240301T000000 --local-user subkey@example.com --digest-algo SHA256 --output "$out/subkey.sig" --detach-sign "$out/SHA256SUMS"
sign ed25519 20240301T000000 ed25519.sig.asc --armor
sign ed25519 20240301T000000 ends.sig --default-sig-expire 30d
sign rsa2048 20240301T000000 sha512.sig --digest-algo SHA512
sign rsa2048 20240301T000000 sha224.sig --digest-algo SHA224
sign rsa2048 20240301T000000 data-sha1.sig --digest-algo SHA1
sign rsa2048 20240301T000000 data-ripemd.sig --digest-algo RIPEMD160
sign rsa2048 20240301T000000 text.sig --textmode
sign ed25519 20240301T000000 condition.sig --sig-notation '!purpose@example.com=other'
cat "$out/rsa2048.sig" "$out/ed25519.sig" >"$out/two.sig"

for name in compromised retired unexplained; do
    sign $name 20240301T000000 $name-before.sig
    sign $name 20240901T000000 $name-after.sig
    keep $name 20240301T000000 -unrevoked
done
revoke compromised 1 20240601T000000
revoke retired 3 20240601T000000
revoke unexplained 0 20240601T000000
for name in compromised retired unexplained; do keep $name 20240901T000000; done

# The expiry of a key, moved after it was over.
gpg_at 20240701T000000 --quick-set-expire "$(id expiring)" 20300101T000000
keep expiring 20240701T000000 -extended

# A key with two names, of which the owner took the first back.
key renamed ed25519 never
gpg_at 20240201T000000 --quick-add-uid "$(id renamed)" 'Renamed <new@example.com>'
sign renamed 20240301T000000 renamed.sig
keep renamed 20240301T000000 -before
gpg_at 20240601T000000 --quick-revoke-uid "$(id renamed)" 'renamed <renamed@example.com>'
gpg_at 20240601T000000 --armor --export "$(id renamed)" >"$out/renamed.asc"

gpg --batch --armor --pinentry-mode loopback --passphrase '' --export-secret-keys "$(id ed25519)" >"$out/private.asc"
