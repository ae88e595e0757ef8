#!/usr/bin/env bash
# Builds the project's own programs into .cache/bin: static, stripped, without paths of this machine.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .cache/bin
bin=$PWD/.cache/bin
export CGO_ENABLED=0
version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo unknown)}

go build -trimpath -ldflags='-s -w' -o "$bin/peernode-operator" ./cmd/peernode-operator
go build -trimpath -ldflags='-s -w' -o "$bin/peernode-unsealer" ./cmd/peernode-unsealer
go build -trimpath -ldflags='-s -w' -o "$bin/peernode-janitor" ./cmd/peernode-janitor
go build -trimpath -ldflags='-s -w' -o "$bin/peer-companion" ./cmd/peer-companion
go build -C cmd/p2p-agent -trimpath \
  -ldflags="-s -w -X github.com/peernode/operator/cmd/p2p-agent/internal/version.Version=$version" -o "$bin/p2p-agent" .
echo "built peernode-operator, peernode-unsealer, peernode-janitor, peer-companion and p2p-agent ($version) in .cache/bin"
