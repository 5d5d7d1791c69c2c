# shellcheck shell=bash disable=SC2034,SC2054,SC2154 # read by recipes/cpython
# CPython that counts, for recipes/profile. -O3 as the release, because the
# profile belongs to the code as it is before most optimisations; atomic,
# because threads must not lose counts of one another.
# shellcheck source=build/recipes/cpython-clang.sh
source "$LP_ROOT/build/recipes/cpython-clang.sh"
cflags+=" -fprofile-instr-generate -fprofile-update=atomic"
# Which functions are called from where is counted too, and the default has no
# room for more than one or two of each call.
cflags+=" -mllvm -vp-counters-per-site=8"
ldflags+=" -fprofile-instr-generate"
# What writes the counts goes into the object, so that any linker can take it.
reduce=("$compiler" -r -nostdlib -fuse-ld=lld -Wl,-u,__llvm_profile_runtime
    "$("$compiler" --print-file-name="libclang_rt.profile-$(uname -m).a")")
