#!/usr/bin/env bash
# Runs golangci-lint with .golangci.yml in every Go module of the project, or in those given as arguments.
# The first run builds it: about a minute on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/tools.sh
tools golangci-lint

if [ $# -eq 0 ]; then
  # The module that only pins the linter has no Go files of its own.
  mapfile -t targets < <(modules | grep -v golangci-lint)
else
  targets=("$@")
fi

failed=0
for module in "${targets[@]}"; do
  if [ -z "$(go -C "$module" list -e ./... 2>/dev/null)" ]; then
    continue
  fi
  # The components of the test cluster are all of Kubernetes: load them as test/cluster built them, from the cache.
  case $module in
    */components*) flags='CGO_ENABLED=0 GOFLAGS=-trimpath' ;;
    *) flags= ;;
  esac
  echo "lint $module"
  # shellcheck disable=SC2086 # none or two assignments
  (cd "$module" && env $flags golangci-lint run --allow-serial-runners ./...) || failed=1
done
exit "$failed"
