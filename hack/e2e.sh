#!/usr/bin/env bash
# Runs test/e2e on a full node of its own: real containers, the operator installed through its chart. Arguments go to
# go test. With E2E_FORMAT=standard-verbose stories that pass tell what they measured. With E2E_KEEP=1 the cluster stays for a look; hack/e2e.sh down removes it.
# With E2E_EXPOSURE=1 the stories of load balancers, Gateways and Ingresses are told too; they build MetalLB and Traefik first.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/images.sh
source hack/lib/tools.sh

name=e2e

if [ "${1:-}" = down ]; then
  testcluster down --name "$name"
  exit
fi

if [ "$(uname -s)" != Linux ] || [ "$(id -u)" != 0 ]; then
  echo "LEFT OUT: the end-to-end tests start real containers, which needs root on Linux (this is $(id -un) on $(uname -s))" >&2
  exit 0
fi

if [ "${E2E_KEEP:-}" != 1 ]; then
  trap 'testcluster down --name "$name"' EXIT
fi
tools gotestsum
testcluster up --install --name "$name" >/dev/null
hack/build.sh
load_images "$name"
# Who tries connections, and who judges them.
CGO_ENABLED=0 go build -C test -trimpath -o "$PWD/.cache/bin/e2e-probe" ./e2e/probe
go build -C test/firewall -o "$PWD/.cache/bin/firewall-judge" ./judge
image_probe=$(testcluster load-image --name "$name" --tag registry.peernode.dev/e2e-probe:dev .cache/bin/e2e-probe)
eval "$(testcluster env --name "$name")"

# The node's container runtime fails now and then to make a pod's user namespace and keeps failing for that pod, so a
# failed story is told once more; both outcomes are printed.
export E2E_CLUSTER=$name E2E_IMAGE_OPERATOR=$image_operator E2E_IMAGE_COMPANION=$image_companion \
  E2E_IMAGE_AGENT=$image_agent E2E_IMAGE_SERF=$image_serf E2E_IMAGE_S3=$image_s3 E2E_IMAGE_PROBE=$image_probe
(cd test &&
  gotestsum --format "${E2E_FORMAT:-testname}" --rerun-fails=1 --packages ./e2e -- -tags e2e -count=1 -timeout 45m "$@")
