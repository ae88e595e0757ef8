#!/usr/bin/env bash
# Runs golangci-lint with .golangci.yml in the Go modules of the project, or in those given as arguments.
# The first run builds it: about a minute on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/tools.sh
tools golangci-lint

if [ $# -eq 0 ]; then
  # Left out: the module that only pins the linter, and the few small mains around the components of the test cluster,
  # for which the linter would compile all of Kubernetes. To lint those: hack/lint.sh test/cluster/components
  mapfile -t targets < <(modules | grep -vE 'golangci-lint|/components')
else
  targets=("$@")
fi

failed=0
for module in "${targets[@]}"; do
  if [ -z "$(go -C "$module" list -e ./... 2>/dev/null)" ]; then
    continue
  fi
  echo "lint $module"
  (cd "$module" && golangci-lint run --allow-serial-runners ./...) || failed=1
done
exit "$failed"
