#!/bin/sh
# The main job of tofu-oci on real input, in a temporary directory that is removed at the end:
# build a provider, start a registry, publish the provider and a module to it, install both into a configuration, use
# them.
#
# Needed: Rust, a C compiler, and the package registry that the two builds read. The registry listens on loopback, on
# a port that is free, and ends with the script.
# Settings, all optional:
#   TOFU_OCI_QUICK_START_CLIENT   the client that tries the result; "none" for none (default: tofu, else terraform)
#   TOFU_OCI_QUICK_START_BINARY   a tofu-oci that is already built
#   CARGO_TARGET_DIR              where the builds go, as for every use of cargo
set -eu

examples=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
root=$(dirname -- "$examples")

work=$(mktemp -d "${TMPDIR:-/tmp}/tofu-oci-quick-start.XXXXXX")
server=
finish() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || :
        wait "$server" 2>/dev/null || :
    fi
    rm -rf -- "$work"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

heading() { printf '\n== %s\n' "$*"; }
fail() { printf 'quick start: %s\n' "$*" >&2; exit 1; }
# Shows a command before it runs.
run() { printf '$ %s\n' "$*"; "$@"; }
tofu_oci() { printf '$ tofu-oci %s\n' "$*"; "$binary" "$@"; }

# Whatever is configured on this machine stays out of it: an empty client configuration, no caches, no check for news.
unset TF_CLI_ARGS TF_CLI_ARGS_init TF_CLI_ARGS_apply TF_DATA_DIR TF_PLUGIN_CACHE_DIR TF_REATTACH_PROVIDERS TF_WORKSPACE
: >"$work/client.tfrc"
export TF_CLI_CONFIG_FILE="$work/client.tfrc" CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1

client=${TOFU_OCI_QUICK_START_CLIENT:-}
if [ -z "$client" ]; then
    for candidate in tofu terraform none; do
        client=$candidate
        if command -v "$client" >/dev/null 2>&1; then break; fi
    done
elif [ "$client" != none ]; then
    command -v "$client" >/dev/null 2>&1 || fail "there is no client \"$client\" (TOFU_OCI_QUICK_START_CLIENT)"
fi

heading 'Build tofu-oci'
binary=${TOFU_OCI_QUICK_START_BINARY:-}
if [ -z "$binary" ]; then
    run cargo build --release --locked --manifest-path "$root/Cargo.toml" --package tofu-oci-cli
    # cargo knows best where it puts things: by variable, by configuration file or in the default place.
    target=$(cargo metadata --locked --no-deps --format-version 1 --manifest-path "$root/Cargo.toml" |
        sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
    binary=$target/${CARGO_BUILD_TARGET:+$CARGO_BUILD_TARGET/}release/tofu-oci
    [ -x "$binary" ] || binary=$binary.exe
fi
[ -x "$binary" ] || fail "there is no program \"$binary\""
# From here on the script works in the temporary directory, so the program needs its full path.
binary=$(CDPATH='' cd -- "$(dirname -- "$binary")" && pwd)/$(basename -- "$binary")

heading 'Build a provider and pack it for three platforms, as goreleaser would'
run cargo run --locked --manifest-path "$examples/demo-provider/pack/Cargo.toml" -- "$work/dist"
cp -R -- "$examples/demo-module" "$work/label"
cp -R -- "$examples/quick-start/configuration" "$work/configuration"
cd -- "$work"
ls dist

heading 'Start a registry'
printf '$ tofu-oci serve --data registry --listen 127.0.0.1:0 &\n'
"$binary" serve --data registry --listen 127.0.0.1:0 2>server.log &
server=$!
registry=
while [ -z "$registry" ]; do
    kill -0 "$server" 2>/dev/null || { cat server.log >&2; fail 'the registry did not start'; }
    registry=$(sed -n 's|^listening on http://||p' server.log)
done
printf 'it listens on %s\n' "$registry"

heading 'Publish the provider and a module'
tofu_oci publish provider dist "$registry/acme/demo" --source registry.example.com/acme/demo
tofu_oci publish module label "$registry/modules/label:1.2.0"

heading 'What is in it'
tofu_oci list "$registry/acme/demo"
tofu_oci show "$registry/acme/demo:1.2.3"

heading 'Install both into a configuration'
# The configuration calls its module from a registry; here it is the one that was started.
sed "s|oci://oci.example.com/|oci://$registry/|" configuration/main.tf >main.tf && mv main.tf configuration/main.tf
tofu_oci install configuration --from "$registry/{namespace}/{type}"
cd configuration
run cat .terraform.lock.hcl
run find .terraform -type f

if [ "$client" = none ]; then
    heading 'Neither tofu nor terraform is on the PATH: not tried with a client'
else
    heading "Use what was installed, without a network: $client"
    run "$client" init -no-color -input=false -plugin-dir=.terraform/providers
    run "$client" apply -no-color -input=false -auto-approve
    printf '\nThe provider says: %s\n' "$("$client" output -no-color -raw greeting)"
fi

heading 'The same by hand, in the root of the repository'
cat <<'END'
  cargo install --locked --path crates/cli
  cargo run --locked --manifest-path examples/demo-provider/pack/Cargo.toml -- dist
  tofu-oci serve --data registry &
  tofu-oci publish provider dist localhost:5000/acme/demo --source registry.example.com/acme/demo
  tofu-oci publish module examples/demo-module localhost:5000/modules/label:1.2.0
  tofu-oci list localhost:5000/acme/demo
  tofu-oci show localhost:5000/acme/demo:1.2.3
  cp -R examples/quick-start/configuration configuration
  sed -i.bak 's|oci.example.com|localhost:5000|' configuration/main.tf
  tofu-oci install configuration --from 'localhost:5000/{namespace}/{type}'
  cd configuration
  tofu init -plugin-dir=.terraform/providers    # or terraform
  tofu apply
END
