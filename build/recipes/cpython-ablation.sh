# shellcheck shell=bash disable=SC2034,SC2154 # read by recipes/cpython
# The release less one part, $LP_WITHOUT: what tests/bench/interpreter measures
# the parts by. Nothing of it is shipped.
# shellcheck source=build/recipes/cpython-release.sh
source "$LP_ROOT/build/recipes/cpython-release.sh"
case $LP_WITHOUT in
    training) ;; # the caller gives another profile
    pgo) cflags=${cflags/ -fprofile-instr-use=cpython.profdata/} ;;
    lto)
        cflags="${cflags/ -flto=thin/} ${gotos_apart//-Wl,-mllvm,/-mllvm }"
        ldflags=${ldflags/ -flto=thin -Wl,--lto-O0/}
        reduce=("$compiler" -r -nostdlib -fuse-ld=lld)
        ;;
    O3)
        cflags=${cflags/-O3/-O2}
        reduce=("${reduce[@]/-O3/-O2}")
        ;;
    gotos) reduce=("${reduce[@]/"$gotos_apart"/-O3}") ;;
    old-cpus)
        cflags+=" -march=x86-64-v3"
        reduce+=(-march=x86-64-v3)
        ;;
    *) fail "the release has no part $LP_WITHOUT that could be left out" ;;
esac
