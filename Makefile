# peernode-operator. `make help` lists what there is to do. Everything is built from source with Go alone; what is
# built lies in .cache and is rebuilt when absent.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/.cache/bin:$(PATH)

TESTCLUSTER := go run -C test/cluster ./cmd/testcluster
# GO_TEST_FLAGS reach every go test, such as GO_TEST_FLAGS='-run Growth -v'.
GO_TEST_FLAGS ?=

##@ Using

.PHONY: help
help: ## Show this help.
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-zA-Z0-9_-]+:.*##/ {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Build everything, start a real cluster, install the operator through Helm, run the samples.
	hack/demo.sh up

.PHONY: demo-down
demo-down: ## Stop the demo's cluster and leave nothing behind.
	hack/demo.sh down

.PHONY: cluster-up
cluster-up: ## Start a real one-node cluster from Go modules (root on Linux).
	$(TESTCLUSTER) up --install

.PHONY: cluster-down
cluster-down: ## Stop the cluster and remove its state.
	$(TESTCLUSTER) down

##@ Building

.PHONY: build
build: ## Build the operator, the unsealer, the janitor, peer-companion and the reference agent into .cache/bin.
	hack/build.sh

.PHONY: generate
generate: ## Regenerate deep copies, apply configurations, CRDs, RBAC, chart and API reference.
	hack/generate.sh

.PHONY: manifests
manifests: generate ## The same as generate, by kubebuilder's name.

##@ Testing

.PHONY: test
test: test-unit test-integration test-crash test-e2e ## Run every test. Cold, this builds Kubernetes from source first.
	@echo "all tests passed"

.PHONY: test-unit
test-unit: ## Unit tests and golden files of every module.
	go test $(GO_TEST_FLAGS) ./...
	go test -C test/firewall $(GO_TEST_FLAGS) -count=1 ./... # go does not see when the golden files change
	go test -C cmd/p2p-agent $(GO_TEST_FLAGS) -count=1 ./... # go does not see when the contract changes

.PHONY: test-integration
test-integration: ## Test bed, chart, controllers against a real API server, copies of keys against a real store of S3, small benchmarks.
	go test -C test/cluster $(GO_TEST_FLAGS) ./...
	hack/tools.sh helm
	go test -C hack/tools -count=1 $(GO_TEST_FLAGS) ./... # go does not see when the chart changes
	go test -C test -timeout 20m $(GO_TEST_FLAGS) ./integration
	go test -C test -count=1 $(GO_TEST_FLAGS) ./s3 # go does not see when peer-companion changes
	go test -C test -count=1 $(GO_TEST_FLAGS) ./bench/... # the same

.PHONY: test-crash
test-crash: ## Kill the operator after every write of every scenario, and resume.
	go test -C test -timeout 45m -v $(GO_TEST_FLAGS) ./crash/... | grep -vE '^(=== |\s*--- PASS)'

.PHONY: test-e2e
test-e2e: ## Real containers on a real node (root on Linux; said aloud and left out elsewhere).
	hack/e2e.sh

.PHONY: test-exposure
test-exposure: ## Peers behind a real load balancer, Gateway and Ingress: builds MetalLB and Traefik first, about 15 minutes of CPU. Not among the tests of "make test".
	for module in traefik metallb; do go -C test/cluster/components/$$module mod tidy -diff || exit 1; done
	E2E_EXPOSURE=1 hack/e2e.sh -run 'ThroughAGateway|ThroughAnIngress|AGatewaySays|ALoadBalancerGives'

.PHONY: golden
golden: ## Rewrite the golden files; read the diff.
	go test ./pkg/resources/... ./pkg/peer/... -update

.PHONY: bench
bench: ## 1,000 peers on simulated nodes, alone and in fleets: requests, time, memory. Takes about 20 minutes.
	go run -C test ./bench -write ../docs/benchmarks.md
	go run -C test ./bench -write ../docs/benchmarks.md -rest 1m -fleets 1
	go run -C test ./bench -write ../docs/benchmarks.md -rest 1m -fleets 100

.PHONY: bench-edge
bench-edge: ## The edge beside nginx: requests per second, time, CPU, memory. Needs an nginx. Takes about 10 minutes.
	go run -C test ./bench/edge -write ../docs/benchmarks-edge.md

.PHONY: bench-backup
bench-backup: ## Backups beside tar with gpg, tar with age, and restic, whichever are there, up to 8 GiB: speed, CPU, memory, bytes. Needs 35 GB of disk.
	go run -C test ./bench/backup -write ../docs/benchmarks-backup.md

##@ Checking

.PHONY: lint
lint: ## Lint every module.
	hack/lint.sh

.PHONY: fmt
fmt: ## Format every module.
	gofmt -w $$(git ls-files '*.go')

.PHONY: verify
verify: ## Fail when generated files, go.mod files or manifests are out of date.
	hack/verify.sh
