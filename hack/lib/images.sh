# Sourced by the scripts that run the project on its own full node. Run from the root of the repository.
# shellcheck shell=bash

# testcluster starts, stops and feeds the cluster of test/cluster.
testcluster() {
  go build -C test/cluster -o "$PWD/.cache/bin/testcluster" ./cmd/testcluster
  "$PWD/.cache/bin/testcluster" "$@"
}

# load_images gives the cluster NAME the images of the operator (the unsealer and the janitor are in it too),
# peer-companion, the agent, serf and a store of S3, and sets image_operator, image_companion, image_agent, image_serf and
# image_s3 to their references by digest.
load_images() { # NAME
  local bin=.cache/bin
  image_operator=$(testcluster load-image --name "$1" --tag registry.peernode.dev/peernode-operator:dev \
    "$bin/peernode-operator" "$bin/peernode-unsealer" "$bin/peernode-janitor")
  image_companion=$(testcluster load-image --name "$1" --tag registry.peernode.dev/peer-companion:dev "$bin/peer-companion")
  image_agent=$(testcluster load-image --name "$1" --tag registry.peernode.dev/p2p-agent:dev "$bin/p2p-agent")
  image_serf=$(testcluster load-image --name "$1" --tag registry.peernode.dev/serf:dev "$bin/serf")
  image_s3=$(testcluster load-image --name "$1" --tag registry.peernode.dev/versitygw:dev "$bin/versitygw")
  printf '%s\n' "$image_operator" "$image_companion" "$image_agent" "$image_serf" "$image_s3"
}

# samples_overlay writes a kustomization over config/samples that sets the images.
samples_overlay() { # FOLDER
  mkdir -p "$1"
  cp config/samples/images.yaml "$1/images.yaml"
  cat >"$1/kustomization.yaml" <<YAML
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - $(realpath --relative-to="$1" config/samples)
configurations:
  - images.yaml
images:
$(image_transform registry.peernode.dev/p2p-agent "$image_agent")
$(image_transform registry.peernode.dev/serf "$image_serf")
YAML
}

image_transform() { # NAME REFERENCE
  printf '  - name: %s\n' "$1"
  case $2 in
    *@*) printf '    newName: %s\n    digest: %s\n' "${2%@*}" "${2#*@}" ;;
    *) printf '    newName: %s\n    newTag: %s\n' "${2%:*}" "${2##*:}" ;;
  esac
}
