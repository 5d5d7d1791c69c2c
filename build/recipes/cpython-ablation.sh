# shellcheck shell=bash disable=SC2034,SC2154 # read by recipes/cpython
# The release less one part, $LP_WITHOUT: what tests/bench/interpreter measures
# the parts by. Nothing of it is shipped.
# shellcheck source=build/recipes/cpython-release.sh
source "$LP_ROOT/build/recipes/cpython-release.sh"
case $LP_WITHOUT in
    training) ;; # the caller gives another profile
    pgo)
        cflags=${cflags/ -fprofile-use -fprofile-correction -Wno-missing-profile/}
        reduce=("${reduce[@]/-fprofile-use/-O3}")
        ;;
    lto)
        cflags=${cflags/ -flto=2 -fno-fat-lto-objects/}
        ldflags="-static -no-pie"
        reduce=(gcc -r -nostdlib)
        ;;
    O3)
        # The profile was counted in functions as -O3's early inliner leaves them.
        cflags="${cflags/-O3/-O2} --param=early-inlining-insns=14"
        reduce=("${reduce[@]/-O3/-O2}")
        ;;
    old-cpus)
        # BLAKE2 has other code for newer CPUs, which no profile knows.
        cflags+=" -march=x86-64-v3 -Wno-error=coverage-mismatch"
        reduce+=(-march=x86-64-v3)
        ;;
    *) fail "the release has no part $LP_WITHOUT that could be left out" ;;
esac
