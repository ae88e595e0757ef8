#!/usr/bin/env bash
# Builds pinned tools into .cache/bin: hack/tools.sh kustomize helm
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/tools.sh
tools "$@"
