# shellcheck shell=bash
# Another Debian's Python: a root file system of that suite with NumPy and
# pandas, made once and kept in the build cache, and tests of this checkout run
# in it. Sourced by tests; root only.
#
#   python_root_lack SUITE          says what is missing to make or enter one; false: nothing is
#   python_root SUITE               prints its directory
#   python_root_run ROOT COMMAND... runs a command of the checkout in it, with LOCAL_PROCESSING as the program

# shellcheck source=build/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../build/lib/common.sh"

# The archive is the one that the machine's apt uses for its own suite.
python_root_mirror() {
    local own
    own=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    apt-get indextargets --format "\$(RELEASE) \$(REPO_URI)" 'Created-By: Packages' |
        awk -v suite="$own" '$1 == suite { print $2; exit }'
}

python_root_key() {
    hash_text "$(hash_files "$LP_ROOT/tests/lib/make-python-root")" "$(uname -m)"
}

python_root_lack() {
    local suite=$1 mirror
    if [[ $(id -u) -ne 0 ]]; then
        printf 'chroot needs root\n'
    elif [[ -d $LP_CACHE/python-root-$suite-$(python_root_key) ]]; then
        return 1
    elif ! command -v debootstrap >/dev/null; then
        printf 'debootstrap is not installed\n'
    elif ! mirror=$(python_root_mirror) || [[ -z $mirror ]] ||
        ! curl --silent --fail --head --location --max-time 30 --output /dev/null "${mirror%/}/dists/$suite/Release"; then
        printf 'no archive of Debian can be reached\n'
    else
        return 1
    fi
}

python_root() {
    local suite=$1 entry
    entry=$(cache_entry "python-root-$suite" "$(python_root_key)" \
        "$LP_ROOT/tests/lib/make-python-root" "$suite" "$(python_root_mirror)")
    printf '%s/root\n' "$entry"
}

# All that is mounted lies in a mount namespace of its own: it is gone with the command, however that ends.
python_root_run() {
    local root=$1
    shift
    # shellcheck disable=SC2016 # $1 is for the inner shell
    unshare --mount bash -euc '
        root=$1 source=$2 program=$3
        shift 3
        mount --bind "$root" "$root"
        mount --bind "$source" "$root/src"
        mount --options remount,bind,ro "$root/src"
        mount --types proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        mount --types tmpfs --options mode=1777 tmp "$root/tmp"
        cp "$program" "$root/tmp/local-processing"
        mount --options remount,bind,ro "$root"
        exec chroot "$root" /usr/bin/env -i PATH=/usr/bin:/bin HOME=/tmp TMPDIR=/tmp LANG=C.UTF-8 \
            PYTHONDONTWRITEBYTECODE=1 LOCAL_PROCESSING=/tmp/local-processing LOCAL_PROCESSING_SOURCE=/src "$@"
    ' bash "$root" "$LP_ROOT" "${LOCAL_PROCESSING:-$LP_ROOT/out/local-processing}" "$@"
}
