#!/usr/bin/env bash
# Regenerates everything that follows from something else: api/ and the markers in controllers/ lead to config/,
# config/ leads to the chart, api/ leads to the reference. Needs nothing but Go; the tools are pinned in hack/tools.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/tools.sh

tools controller-gen crd-ref-docs

controller-gen object:headerFile=hack/boilerplate.go.txt paths=./api/...
controller-gen crd paths=./api/... output:crd:dir=config/crd/bases
controller-gen applyconfiguration:headerFile=hack/boilerplate.go.txt paths=./api/...
controller-gen rbac:roleName=peernode-operator paths=./controllers/... output:rbac:dir=config/rbac
go -C hack/tools run ./chartgen -root ../..
crd-ref-docs --source-path=api/v1alpha1 --config=hack/api-docs/config.yaml --templates-dir=hack/api-docs/templates \
  --renderer=markdown --output-path=docs/reference/api.md --max-depth=16 --log-level=WARN
