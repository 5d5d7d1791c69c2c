# shellcheck shell=bash
# The table of variants, for the recipes and for build-variant. Sourced, never run.
# shellcheck source=build/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../../build/lib/common.sh"
LP_VARIANTS=$LP_ROOT/tests/bench/variants

# variant_value NAME FIELD: a field of a variant; nothing if the table has none.
variant_value() { table_value "$LP_VARIANTS" "$1.$2" || true; }

# variant_lines NAME: what the table says of how a variant is made: what the key
# of its entry depends on.
variant_lines() { grep "^$1\." "$LP_VARIANTS" | grep -v "^$1\.\(title\|packages\) "; }
