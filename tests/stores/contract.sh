# shellcheck shell=bash
# Runs the contract of the stores (store_contract) and says its count the way
# tests/run reads it. To be sourced by the tests of this folder.

contract_program() {
    local program=${LOCAL_PROCESSING_BUILD:?the directory of a build}/store_contract
    if [[ ! -x $program ]]; then
        printf '%s is not there: build it first\n0 passed, 1 failed\n' "$program"
        exit 1
    fi
    printf '%s' "$program"
}

# contract_run ADDRESS: with what else the environment says.
contract_run() {
    local program output last
    program=$(contract_program)
    output=$(LP_TEST_STORE=$1 "$program" 2>&1) || true
    last=$(grep -E '^[0-9]+%: Checks: ' <<<"$output" | tail -1)
    if [[ ! $last =~ Checks:\ ([0-9]+),\ Failures:\ ([0-9]+),\ Errors:\ ([0-9]+) ]]; then
        printf '%s\n0 passed, 1 failed\n' "$output"
        return 1
    fi
    local checks=${BASH_REMATCH[1]} failed=$((BASH_REMATCH[2] + BASH_REMATCH[3]))
    grep -E ':[FES]:' <<<"$output" || true
    printf '%d passed, %d failed\n' $((checks - failed)) "$failed"
    [[ $failed -eq 0 ]]
}

# contract_skip REASON: ends the test.
contract_skip() {
    printf 'SKIP %s: %s\n0 passed, 0 failed, 1 skipped\n' "$(basename "$0")" "$1"
    exit 0
}
