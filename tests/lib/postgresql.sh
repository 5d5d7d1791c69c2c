#!/usr/bin/env bash
# A temporary PostgreSQL cluster for tests. To be sourced:
#
#   source tests/lib/postgresql.sh
#   postgresql_start [name=value ...]    # settings for postgresql.conf
#   ...                                  # PGHOST, PGPORT, PGUSER, PGDATABASE are set
#   postgresql_stop                      # also done when the shell ends
#
# or, where one shell does not live long enough, run as a command:
#
#   eval "$(tests/lib/postgresql.sh start DIRECTORY [name=value ...])"
#   tests/lib/postgresql.sh stop DIRECTORY
#
# The server listens on a socket in the directory (anybody is let in) and on
# 127.0.0.1 (passwords, scram-sha-256), both at a free port. It runs as the
# user `postgres` when started by root, which initdb refuses to be. Nothing is
# synced to disk: a cluster lives as long as a test.
#
# LOCAL_PROCESSING_TEST_POSTGRESQL=17 asks for that major version; else the
# newest one that is installed. Where there is none, postgresql_start returns 3.

# Prints the directory with initdb and postgres of the wanted version.
postgresql_binaries() {
    local wanted=${LOCAL_PROCESSING_TEST_POSTGRESQL:-} candidate
    while read -r candidate; do
        if [[ -x $candidate/initdb && -x $candidate/postgres ]] &&
            [[ $("$candidate/postgres" --version) == *" ${wanted:-}"* ]]; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done < <(
        printf '%s\n' /usr/lib/postgresql/*/bin | sort --version-sort --reverse
        local found
        found=$(command -v initdb) && dirname "$(readlink -f "$found")"
        # Last: only who asks for its version is to get one that was built for the tests.
        printf '%s\n' "${LOCAL_PROCESSING_TEST_POSTGRESQL_BINARIES:-/nonexistent}"
    )
    return 3
}

# Runs a command as the user the server runs as.
postgresql_as_owner() {
    local user
    if [[ $(id -u) -ne 0 ]]; then
        "$@"
        return
    fi
    user=postgres
    id -u "$user" >/dev/null 2>&1 || user=nobody
    # A working directory that this user cannot enter would make initdb complain.
    (cd / && exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups env HOME=/ "$@")
}

# postgresql_start_in DIRECTORY [name=value ...]
postgresql_start_in() {
    local directory=$1 binaries attempt port
    shift
    binaries=$(postgresql_binaries) || {
        printf 'no PostgreSQL server %sis installed (Debian: apt-get install postgresql)\n' \
            "${LOCAL_PROCESSING_TEST_POSTGRESQL:+of version $LOCAL_PROCESSING_TEST_POSTGRESQL }" >&2
        return 3
    }
    mkdir -p "$directory"
    if [[ $(id -u) -eq 0 ]]; then
        # The socket's directory must be reachable for the server's user.
        local parent=$directory
        while [[ $parent != / && $parent != /tmp ]]; do
            [[ $parent == "$directory" ]] || chmod a+x "$parent" 2>/dev/null || true
            parent=$(dirname "$parent")
        done
        chown "$(postgresql_as_owner id -u)" "$directory"
    fi
    chmod 755 "$directory"
    # A server of the build's cache may lie in a home that its user cannot enter.
    if ! postgresql_as_owner test -x "$binaries/initdb"; then
        cp --recursive "$(dirname "$binaries")" "$directory/server"
        binaries=$directory/server/bin
    fi
    postgresql_as_owner "$binaries/initdb" --pgdata="$directory/data" --username=postgres --auth-local=trust \
        --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --no-sync >"$directory/initdb.log" 2>&1 || {
        cat "$directory/initdb.log" >&2
        return 1
    }
    {
        printf "%s\n" "listen_addresses = '127.0.0.1'" "unix_socket_directories = '$directory'" \
            'fsync = off' 'synchronous_commit = off' 'full_page_writes = off' 'max_connections = 50' \
            'max_wal_size = 4GB' 'shared_buffers = 256MB' "timezone = 'Asia/Kolkata'" 'dynamic_shared_memory_type = mmap'
        local setting
        for setting in "$@"; do
            printf "%s = '%s'\n" "${setting%%=*}" "${setting#*=}"
        done
    } | postgresql_as_owner tee -a "$directory/data/postgresql.conf" >/dev/null
    # Ports cannot be reserved: take one at random, and another when somebody has it.
    for attempt in 1 2 3 4 5 6 7 8; do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 30000))
        if postgresql_as_owner "$binaries/pg_ctl" --pgdata="$directory/data" --options="-p $port" \
            --log="$directory/server.log" --wait --timeout=60 start >/dev/null 2>&1; then
            printf '%s\n' "$binaries" >"$directory/binaries"
            export PGHOST=$directory PGPORT=$port PGUSER=postgres PGDATABASE=postgres
            export PGSSLMODE=disable LP_TEST_POSTGRESQL_DIRECTORY=$directory
            return 0
        fi
    done
    printf 'PostgreSQL did not start (%s attempts):\n' "$attempt" >&2
    tail -20 "$directory/server.log" >&2
    return 1
}

# postgresql_stop_in DIRECTORY: immediate, and the directory is gone.
postgresql_stop_in() {
    local directory=$1
    if [[ -f $directory/binaries ]]; then
        postgresql_as_owner "$(cat "$directory/binaries")/pg_ctl" --pgdata="$directory/data" \
            --mode=immediate --wait stop >/dev/null 2>&1 || true
    fi
    rm -rf "$directory"
}

postgresql_start() {
    # Short, because a socket's path may have 107 bytes only.
    LP_TEST_POSTGRESQL=$(mktemp -d /tmp/lp-postgresql.XXXXXX)
    trap postgresql_stop EXIT
    postgresql_start_in "$LP_TEST_POSTGRESQL" "$@"
}

postgresql_stop() {
    if [[ -n ${LP_TEST_POSTGRESQL:-} ]]; then
        postgresql_stop_in "$LP_TEST_POSTGRESQL"
    fi
    LP_TEST_POSTGRESQL=
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    set -euo pipefail
    case ${1:-} in
    start)
        directory=$(readlink -m "$2")
        postgresql_start_in "$directory" "${@:3}"
        for name in PGHOST PGPORT PGUSER PGDATABASE PGSSLMODE LP_TEST_POSTGRESQL_DIRECTORY; do
            printf 'export %s=%q\n' "$name" "${!name}"
        done
        ;;
    stop)
        postgresql_stop_in "$(readlink -m "$2")"
        ;;
    *)
        printf 'usage: %s start DIRECTORY [name=value ...] | stop DIRECTORY\n' "$0" >&2
        exit 64
        ;;
    esac
fi
