#!/bin/sh
# Inside: copies what was carried into the registry there.
#
#   sh deliver.sh DIR REGISTRY
#
# What the registry has already is not sent again, and a version that has other content there is refused.
set -eu

dir=${1:?usage: deliver.sh DIR REGISTRY}
registry=${2:?usage: deliver.sh DIR REGISTRY}
list=$(dirname -- "$0")/repositories.txt

# Everything is read again: what arrived is whole.
tofu-oci fsck "$dir"
while read -r name; do
    case $name in '' | '#'*) continue ;; esac
    tofu-oci copy "dir:$dir//$name" "$registry/$name" --all-tags
done <"$list"
