# shellcheck shell=bash disable=SC2034 # read by recipes/cpython-*
# The compiler of the interpreter that is shipped, and of the one that counts for
# it: a profile belongs to the compiler that made it. clang makes a faster
# interpreter than gcc 12 if the gotos that end each bytecode instruction stay
# apart, so that the processor predicts each by its own history: version 19 merges
# them where more than 16 places would get a copy.
compiler=clang-19 ar=llvm-ar-19 ranlib=llvm-ranlib-19
cflags="-O3 -fno-pie -ffunction-sections -fdata-sections"
ldflags="-static -no-pie -fuse-ld=lld"
gotos_apart="-Wl,-mllvm,-tail-dup-pred-size=5000"
