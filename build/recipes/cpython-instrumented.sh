# shellcheck shell=bash disable=SC2034 # read by recipes/cpython
# CPython that counts, for recipes/profile. -O3 as the release, because the
# profile belongs to the code as it is before most optimisations; atomic,
# because threads must not lose counts of one another.
cflags="-O3 -fno-pie -ffunction-sections -fdata-sections -fprofile-generate -fprofile-update=atomic"
ldflags="-static -no-pie -fprofile-generate"
reduce=(gcc -r -nostdlib)
