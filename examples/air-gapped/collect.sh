#!/bin/sh
# Outside: copies repositories of a registry into a directory that can be carried.
#
#   sh collect.sh REGISTRY DIR
#
# repositories.txt beside this script says which. What DIR has already is not fetched again.
set -eu

registry=${1:?usage: collect.sh REGISTRY DIR}
dir=${2:?usage: collect.sh REGISTRY DIR}
list=$(dirname -- "$0")/repositories.txt

while read -r name; do
    case $name in '' | '#'*) continue ;; esac
    tofu-oci copy "$registry/$name" "dir:$dir//$name" --all-tags
done <"$list"
# Everything is read again: what leaves here is whole.
tofu-oci fsck "$dir"
