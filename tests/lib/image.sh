# shellcheck shell=bash
# Builds the Dockerfile for real, without Docker: a base made with debootstrap
# from the machine's own suite and mirror (so that the cached CPython serves),
# buildah with chroot isolation. Sourced by the tests of the image; root only.
#
#   image_base              prints the rootfs.tar of the base, made once, kept in the build cache
#   image_build DIRECTORY   builds the image and unpacks its root file system to DIRECTORY/rootfs;
#                           what buildah said is DIRECTORY/build.log, `buildah inspect` DIRECTORY/inspect.json

# shellcheck source=build/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../build/lib/common.sh"

# Nothing of the user's own images and containers is touched.
image_buildah() {
    buildah --root "$1/storage" --runroot "$1/run" --storage-driver vfs "${@:2}"
}

image_base() {
    local suite
    suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    cache_entry "image-base-$suite" \
        "$(hash_text "$(hash_files "$LP_ROOT/tests/lib/make-image-base" "$LP_ROOT/build/packages")")" \
        "$LP_ROOT/tests/lib/make-image-base" "$suite"
}

image_build() {
    local directory=$1 base container
    base=$(image_base)
    mkdir -p "$directory/rootfs"
    container=$(image_buildah "$directory" from scratch)
    image_buildah "$directory" add --quiet "$container" "$base/rootfs.tar" / >/dev/null
    image_buildah "$directory" commit --quiet --rm "$container" localhost/local-processing-base >/dev/null
    image_buildah "$directory" bud --isolation chroot --format docker --no-cache \
        --build-arg BASE=localhost/local-processing-base \
        --build-arg LOCAL_PROCESSING_CACHE=/cache --volume "$LP_CACHE:/cache:rw" \
        --tag localhost/local-processing "$LP_ROOT" >"$directory/build.log" 2>&1 || {
        tail -n 40 "$directory/build.log" >&2
        return 1
    }
    container=$(image_buildah "$directory" from localhost/local-processing)
    image_buildah "$directory" inspect --type image localhost/local-processing >"$directory/inspect.json"
    cp -a "$(image_buildah "$directory" mount "$container")/." "$directory/rootfs"
    image_buildah "$directory" umount "$container" >/dev/null
    image_buildah "$directory" rm --all >/dev/null
    rm -rf "$directory/storage" "$directory/run"
}
