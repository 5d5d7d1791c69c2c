# shellcheck shell=bash disable=SC2034 # read by recipes/cpython
# CPython as it is shipped: optimised with the profile, and across all files.
# What the training never ran is compiled for size.
cflags="-O3 -fno-pie -ffunction-sections -fdata-sections -flto=2 -fno-fat-lto-objects -fno-semantic-interposition"
cflags+=" -fprofile-use -fprofile-correction -Wno-missing-profile"
# The helpers that CPython builds itself with run once: -O1 makes their links short.
ldflags="-static -no-pie -flto=2 -O1"
reduce=(gcc -r -nostdlib -flto=2 -O3 -flinker-output=nolto-rel -fno-pie
    -ffunction-sections -fdata-sections -fprofile-use -frandom-seed=python.o)
