# syntax=docker/dockerfile:1
# The images of the project: static programs, nothing else, and a user that is nobody. The operator's holds the unsealer
# and the janitor as well, which are started by name; the others hold one program each.
#   docker build --target peernode-operator -t registry.peernode.dev/peernode-operator:0.1.0 .
#   docker build --target peer-companion -t registry.peernode.dev/peer-companion:0.1.0 .
#   docker build --target p2p-agent -t registry.peernode.dev/p2p-agent:0.1.0 .
# For a release, give GO_IMAGE by digest: --build-arg GO_IMAGE=golang@sha256:...
ARG GO_IMAGE=golang:1.26.8-bookworm

FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
ARG TARGETOS=linux
ARG TARGETARCH=amd64
ARG VERSION=0.1.0
# The version of Go is the image's; a toolchain fetched on the way would be another one than the one named above.
ENV CGO_ENABLED=0 GOTOOLCHAIN=local GOCACHE=/go/cache
WORKDIR /src

# What the programs of the main module have in common.
FROM build AS source
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY api api
COPY pkg pkg

FROM source AS build-peernode-operator
COPY controllers controllers
COPY cmd/internal cmd/internal
COPY cmd/peernode-operator cmd/peernode-operator
COPY cmd/peernode-unsealer cmd/peernode-unsealer
COPY cmd/peernode-janitor cmd/peernode-janitor
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/go/cache \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags="-s -w" -o /out/ ./cmd/peernode-operator ./cmd/peernode-unsealer ./cmd/peernode-janitor

FROM source AS build-peer-companion
COPY cmd/internal cmd/internal
COPY cmd/peer-companion cmd/peer-companion
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/go/cache \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags="-s -w" -o /out/ ./cmd/peer-companion

FROM build AS build-p2p-agent
WORKDIR /src/cmd/p2p-agent
COPY cmd/p2p-agent/go.mod cmd/p2p-agent/go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY cmd/p2p-agent ./
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/go/cache \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -o /out/p2p-agent \
    -ldflags="-s -w -X github.com/peernode/operator/cmd/p2p-agent/internal/version.Version=$VERSION" .

FROM scratch AS peer-companion
COPY --from=build-peer-companion /out/peer-companion /peer-companion
USER 65532:65532
ENTRYPOINT ["/peer-companion"]

FROM scratch AS p2p-agent
COPY --from=build-p2p-agent /out/p2p-agent /p2p-agent
USER 65532:65532
ENTRYPOINT ["/p2p-agent"]

# The last stage is what a build without --target makes.
FROM scratch AS peernode-operator
COPY --from=build-peernode-operator /out/peernode-operator /out/peernode-unsealer /out/peernode-janitor /
USER 65532:65532
ENTRYPOINT ["/peernode-operator"]
