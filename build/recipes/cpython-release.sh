# shellcheck shell=bash disable=SC2034,SC2154 # read by recipes/cpython
# CPython as it is shipped: optimised with the profile, and across all files.
# shellcheck source=build/recipes/cpython-clang.sh
source "$LP_ROOT/build/recipes/cpython-clang.sh"
cflags+=" -flto=thin -fno-semantic-interposition -fprofile-instr-use=cpython.profdata"
cflags+=" -Wno-profile-instr-unprofiled"
# The helpers that CPython builds itself with run once.
ldflags+=" -flto=thin -Wl,--lto-O0"
reduce=("$compiler" -r -nostdlib -fuse-ld=lld -flto=thin -O3 -fno-pie "-Wl,--thinlto-jobs=$LP_JOBS" "$gotos_apart")
