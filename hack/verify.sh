#!/usr/bin/env bash
# Fails when something generated does not follow from its source, a go.mod is untidy, or a manifest does not build.
# Compares files before and after, so it works on a clean checkout and in the middle of work alike.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/tools.sh

snapshot() {
  git ls-files --cached --others --exclude-standard -z | sort -z | xargs -0 sha256sum 2>/dev/null || true
}

failed=0
complain() {
  echo "verify: $*" >&2
  failed=1
}

before=$(snapshot)
hack/generate.sh
if ! changes=$(diff <(echo "$before") <(snapshot)); then
  echo "$changes" | awk '/^[<>]/ {print "  " $3}' | sort -u >&2
  complain "the files above did not follow from their sources and have been regenerated; commit them"
fi

# Left out: what is built on request alone, and for which hundreds of modules would be loaded; make test-exposure asks there.
while read -r module; do
  go -C "$module" mod tidy -diff || complain "$module: run go mod tidy there"
done < <(modules | grep -vE '/components/(traefik|metallb)$')

tools kustomize
for folder in crd rbac manager network unsealer janitor prometheus default samples; do
  kustomize build "config/$folder" >/dev/null || complain "config/$folder does not build"
done

exit "$failed"
