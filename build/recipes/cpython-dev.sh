# shellcheck shell=bash disable=SC2034 # read by recipes/cpython
# CPython for developing the program: made in two minutes, close enough in speed.
compiler=gcc ar=ar ranlib=ranlib
cflags="-O2 -g1 -fno-pie -ffunction-sections -fdata-sections"
ldflags="-static -no-pie"
reduce=(gcc -r -nostdlib)
