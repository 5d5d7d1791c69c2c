# The image: one static file and nothing else.
#
#   docker build --tag local-processing .
#   docker run --rm local-processing version
#
# The first build makes CPython (PGO and LTO), which takes some minutes.
# What it makes is kept in a cache mount, keyed by recipe, compiler and sources:
# a changed rule, or a changed launcher, only compiles and links itself again.
ARG BASE=debian:trixie-slim
FROM ${BASE} AS build
ARG LOCAL_PROCESSING_CACHE=/var/cache/local-processing
ARG SOURCE_DATE_EPOCH=1767225600
ENV LOCAL_PROCESSING_CACHE=${LOCAL_PROCESSING_CACHE} SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH}
WORKDIR /src

# From what seldom changes to what often does.
COPY build/lib/common.sh build/lib/common.sh
COPY build/packages build/packages
RUN build/packages
COPY build build
RUN --mount=type=cache,target=/var/cache/local-processing build/libpq && build/sources cpython
COPY CMakeLists.txt CMakePresets.json ./
COPY launcher launcher
COPY app app
COPY page page
RUN --mount=type=cache,target=/var/cache/local-processing build/all release \
    && touch --date="@${SOURCE_DATE_EPOCH}" out/local-processing

FROM scratch
COPY --from=build /src/out/local-processing /local-processing
# A number, because the image has no passwd; it needs no entry there.
USER 65532:65532
# For `serve`; what the platform calls each minute ends before it is asked.
HEALTHCHECK --interval=30s --timeout=15s --start-period=3m CMD ["/local-processing", "healthcheck"]
ENTRYPOINT ["/local-processing"]
