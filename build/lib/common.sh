# shellcheck shell=bash
# What the build scripts share: where the cache is, how an entry gets into it,
# how they talk. Sourced, never run. It knows nothing of what is being built.

LP_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LP_CACHE=${LOCAL_PROCESSING_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/local-processing}
LP_JOBS=${LOCAL_PROCESSING_JOBS:-$(nproc)}
export LP_ROOT LP_CACHE LP_JOBS

say() { printf 'build: %s\n' "$*" >&2; }

fail() {
    printf 'build: error: %s\n' "$*" >&2
    exit 1
}

# step WHAT COMMAND...: runs the command, says what it is and how long it took.
step() {
    local what=$1 started=$SECONDS
    shift
    say "$what ..."
    "$@"
    say "$what: $((SECONDS - started)) s"
}

# hash_files FILE...: one hash over the contents and the base names, so that
# the same recipe in another checkout has the same key.
hash_files() {
    local file
    for file in "$@"; do
        printf '%s %s\n' "$(sha256sum <"$file" | cut -d' ' -f1)" "$(basename "$file")"
    done | sha256sum | cut -d' ' -f1
}

# hash_text TEXT...: the short key of an entry.
hash_text() { printf '%s\n' "$@" | sha256sum | cut -c1-20; }

# cache_entry KIND KEY RECIPE [ARGUMENT...]: prints the path of the entry; if
# there is none, runs RECIPE DIRECTORY ARGUMENT... and puts what it made in
# place with one rename. A recipe that is interrupted leaves only a temporary
# directory, which the next one to hold the lock removes. With
# LOCAL_PROCESSING_NO_BUILD nothing is made: a missing entry is an error.
cache_entry() {
    local kind=$1 key=$2 recipe=$3 entry lock log making started
    shift 3
    entry=$LP_CACHE/$kind-$key
    if [[ -d $entry ]]; then
        printf '%s\n' "$entry"
        return
    fi
    [[ -z ${LOCAL_PROCESSING_NO_BUILD:-} ]] || fail "$kind is not in the cache, and nothing is to be built"
    mkdir -p "$LP_CACHE/locks" "$LP_CACHE/tmp" "$LP_CACHE/logs"
    exec {lock}>"$LP_CACHE/locks/$kind-$key"
    if ! flock --nonblock "$lock"; then
        say "$kind: another build is making it, waiting"
        flock "$lock"
    fi
    if [[ ! -d $entry ]]; then
        rm -rf "$LP_CACHE/tmp/$kind-$key".*
        making=$(mktemp -d "$LP_CACHE/tmp/$kind-$key.XXXXXX")
        chmod 755 "$making"
        log=$LP_CACHE/logs/$kind-$key.log
        started=$SECONDS
        say "$kind: making it (log: $log) ..."
        if ! "$recipe" "$making" "$@" >"$log" 2>&1 {lock}>&-; then
            tail -n 30 "$log" >&2
            rm -rf "$making"
            fail "$kind could not be made; the whole log is $log"
        fi
        mv "$making" "$entry"
        say "$kind: made in $((SECONDS - started)) s: $entry"
    fi
    exec {lock}>&-
    printf '%s\n' "$entry"
}

# table_value FILE NAME: what stands behind a name in a table of lines NAME VALUE;
# false if the table has no such name.
table_value() {
    local name value
    while read -r name value; do
        if [[ $name == "$2" ]]; then
            printf '%s\n' "$value"
            return
        fi
    done <"$1"
    return 1
}

# lock_value NAME: a value of sources.lock.
lock_value() { table_value "$LP_ROOT/build/sources.lock" "$1" || fail "sources.lock has no $1"; }

# toolchain_facts: what an entry depends on besides recipe and sources: the
# compiler, and the Debian release, which keeps the interface of its libraries
# for its whole life. A security update of OpenSSL, say, needs no new CPython:
# the libraries themselves come in at the last link.
toolchain_facts() {
    gcc --version | head -n 1
    ld --version | head -n 1
    gcc -print-multiarch
    (
        # shellcheck source=/dev/null
        . /etc/os-release
        printf '%s %s\n' "$ID" "${VERSION_ID:-}"
    )
}

# clang_facts: what the interpreters of clang depend on besides.
clang_facts() {
    clang-19 --version | head -n 1
    hash_files "$LP_ROOT/build/recipes/cpython-clang.sh"
}
