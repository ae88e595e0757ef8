# Sourced by the scripts in hack: builds the tools that hack/tools pins into .cache/bin and puts that on the PATH.
# Run from the root of the repository. A tool that is up to date costs a fraction of a second.
# shellcheck shell=bash

export PATH="$PWD/.cache/bin:$PATH"

# tools NAME... builds tools by the names of their programs.
tools() {
  local name
  mkdir -p .cache/bin
  for name in "$@"; do
    case $name in
      controller-gen) build_tool hack/tools "$name" sigs.k8s.io/controller-tools/cmd/controller-gen ;;
      crd-ref-docs) build_tool hack/tools "$name" github.com/elastic/crd-ref-docs ;;
      gotestsum) build_tool hack/tools "$name" gotest.tools/gotestsum ;;
      kustomize) build_tool hack/tools "$name" sigs.k8s.io/kustomize/kustomize/v5 ;;
      # On its own, as its authors ask: its linters must not choose the versions of the generators.
      golangci-lint) build_tool hack/tools/golangci-lint "$name" github.com/golangci/golangci-lint/v2/cmd/golangci-lint ;;
      helm) build_helm ;;
      *)
        echo "hack/lib/tools.sh: no tool named $name is pinned" >&2
        return 1
        ;;
    esac
  done
}

# The test cluster pins Helm and builds it in the same way; whoever comes second finds it up to date.
build_helm() {
  local module=test/cluster/components/node version
  version=$(go -C "$module" list -m -f '{{.Version}}' helm.sh/helm/v4)
  CGO_ENABLED=0 go -C "$module" build -trimpath -tags '' -o "$PWD/.cache/bin/helm" \
    -ldflags "-s -w -X helm.sh/helm/v4/internal/version.version=$version" helm.sh/helm/v4/cmd/helm
}

build_tool() { # MODULE NAME PACKAGE
  go -C "$1" build -o "$PWD/.cache/bin/$2" "$3"
}

# modules lists the folders of all Go modules of the repository.
modules() {
  find . -name go.mod -not -path './.cache/*' -not -path '*/testdata/*' -printf '%h\n' | sort
}
