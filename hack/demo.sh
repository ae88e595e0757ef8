#!/usr/bin/env bash
# Shows the operator at work: a real cluster, the operator installed through its chart, the samples as real peers.
#   hack/demo.sh up     start, or bring up to date
#   hack/demo.sh down   leave nothing behind
# With DEMO_KUBECONFIG and DEMO_REGISTRY set it uses a cluster of yours and images that you have pushed there.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/images.sh

release=peernode-operator
namespace=peernode-system
work=.cache/demo

say() { printf '\n\033[1m==> %s\033[0m (%d s)\n' "$*" "$SECONDS"; }

main() {
  case ${1:-up} in
    up) up ;;
    down) down ;;
    *) echo "usage: hack/demo.sh up|down" >&2; exit 2 ;;
  esac
}

up() {
  if [ -n "${DEMO_KUBECONFIG:-}" ]; then
    use_existing
  else
    require_root
    start_cluster
  fi
  install_operator
  apply_samples
  wait_ready
  show_fleet
  show_key
  show_api
  show_copy
  show
}

require_root() {
  if [ "$(uname -s)" = Linux ] && [ "$(id -u)" = 0 ]; then return; fi
  cat >&2 <<TEXT
make demo starts real containers on a cluster of its own, which needs root on Linux; this is $(id -un) on $(uname -s).
Either run it as root (sudo make demo), or use a cluster that you have:
  1. build the images (docker build --target peernode-operator, --target peer-companion, --target p2p-agent) and push
     them to your registry, together with images of HashiCorp's serf and of Versity's S3 gateway, named serf and
     versitygw, all with the tag demo;
  2. DEMO_KUBECONFIG=~/.kube/config DEMO_REGISTRY=registry.example.com/me make demo
TEXT
  exit 1
}

start_cluster() {
  say "starting the cluster (the first time it is built from source)"
  testcluster up --install >/dev/null
  eval "$(testcluster env)"
  say "building the operator, the unsealer, peer-companion and the agent"
  hack/build.sh
  say "loading images"
  load_images default
  # The cluster's DNS is a process of the node, not a pod of kube-system.
  cluster_values="--set peers.dnsCIDRs={10.244.0.1/32}"
}

use_existing() {
  for program in kubectl helm; do
    command -v "$program" >/dev/null || { echo "make demo: needs $program on the PATH" >&2; exit 1; }
  done
  : "${DEMO_REGISTRY:?make demo: set DEMO_REGISTRY to where the images are, such as registry.example.com/me}"
  export KUBECONFIG=$DEMO_KUBECONFIG
  image_operator=$DEMO_REGISTRY/peernode-operator:demo
  image_companion=$DEMO_REGISTRY/peer-companion:demo
  image_agent=$DEMO_REGISTRY/p2p-agent:demo
  image_serf=$DEMO_REGISTRY/serf:demo
  image_s3=$DEMO_REGISTRY/versitygw:demo
}

# No other peer has to learn of a key that changes here, so nobody has to wait for that.
install_operator() {
  say "installing the operator through its chart"
  helm upgrade --install "$release" charts/peernode-operator --namespace "$namespace" --create-namespace \
    --wait --timeout 5m --set peers.keyPropagation=15s $(image_values image "$image_operator") $(image_values companion.image "$image_companion") \
    $(image_values p2pAgent.image "$image_agent") ${cluster_values:-} | grep -E '^(STATUS|REVISION)'
}

# image_values turns an image reference into values of the chart.
image_values() { # KEY REFERENCE
  case $2 in
    *@*) echo "--set $1.repository=${2%@*} --set $1.digest=${2#*@}" ;;
    *) echo "--set $1.repository=${2%:*} --set $1.tag=${2##*:}" ;;
  esac
}

apply_samples() {
  say "applying config/samples"
  samples_overlay "$work/samples"
  kubectl apply --server-side --force-conflicts -k "$work/samples" # over what an earlier demo changed
}

wait_ready() {
  say "waiting until every peer is Ready"
  local last="" now deadline=$((SECONDS + 300))
  while true; do
    now=$(kubectl get peernodes --namespace peers --no-headers \
      -o custom-columns='N:.metadata.name,R:.status.conditions[?(@.type=="Ready")].status,W:.status.conditions[?(@.type=="Ready")].reason')
    if [ "$now" != "$last" ]; then
      echo "$now" | awk '{printf "%s%s", sep, $1 ": " $3; sep = ", "} END {print ""}'
      last=$now
    fi
    if ! echo "$now" | awk '{print $2}' | grep -qv '^True$' && connected; then return; fi
    if [ $SECONDS -gt $deadline ]; then
      kubectl get peernodes,pods,events --namespace peers -o wide >&2
      echo "make demo: not every peer is Ready, or alpha is not connected to beta and gamma, after 5 minutes; see above" >&2
      exit 1
    fi
    sleep 1
  done
}

# in_peer runs a command in a peer, which the cluster refuses but for an emergency (docs/operations.md), as which this counts.
in_peer() { # NAME COMMAND...
  local peer=$1
  shift
  kubectl exec --as=demo --as-group=peernode-break-glass --as-group=system:masters --namespace peers "$peer-0" -c peer -- "$@"
}

# connected asks alpha itself whether it sees both of its peers.
connected() {
  [ "$(in_peer alpha /p2p-agent peers -o json 2>/dev/null | grep -o '"peerID"' | wc -l)" -ge 2 ]
}

# show_fleet scales a fleet, changes it and takes one of its pods away, and shows what becomes of it.
show_fleet() {
  say "the fleet relay: from 3 peers to 4"
  kubectl scale peerfleet relay --namespace peers --replicas=4
  watch_fleet 4
  say "the fleet relay: another configuration, peer by peer, relay-2 first"
  kubectl patch peerfleet relay --namespace peers --type=merge \
    -p '{"spec":{"template":{"spec":{"software":{"p2pAgent":{"logLevel":"debug"}}}}}}'
  watch_fleet 4
  say "the fleet relay: the pod of relay-1 is lost"
  local before
  before=$(kubectl get peernode relay-1 --namespace peers -o jsonpath='{.status.identity.peerID}')
  kubectl delete pod relay-1-0 --namespace peers
  sleep 2 # until the fleet has noticed
  watch_fleet 4
  if ! kubectl get --raw /api/v1/namespaces/peers/pods/relay-1-0:8080/proxy/api/v1/identity | grep -q "$before"; then
    echo "make demo: relay-1 came back as somebody else than $before" >&2
    exit 1
  fi
  echo "relay-1 is back as $before"
}

# watch_fleet prints every change until the given number of peers serves, all with the newest template.
watch_fleet() { # NUMBER
  local last="" now deadline=$((SECONDS + 300))
  while true; do
    now=$(kubectl get peerfleet relay --namespace peers -o jsonpath='{.metadata.generation} {.status.observedGeneration} {.status.readyReplicas} {.status.updatedReplicas} {.status.conditions[?(@.type=="Reconciling")].status} {.status.conditions[?(@.type=="Reconciling")].message}')
    if [ "$now" != "$last" ]; then
      echo "$now" | awk '{printf "%s of '"$1"' ready, %s updated", $3, $4; $1 = $2 = $3 = $4 = $5 = ""; sub(/^ +/, ""); print ($0 == "" ? "" : ": " $0)}'
      last=$now
    fi
    case $now in "$(echo "$now" | cut -d" " -f2) "*" $1 $1 False "*) return ;; esac
    if [ $SECONDS -gt $deadline ]; then
      kubectl get peerfleets,peernodes,pods,events --namespace peers -o wide >&2
      echo "make demo: the fleet is not as it should be after 5 minutes; see above" >&2
      exit 1
    fi
    sleep 1
  done
}

# show_key shows what is kept of a key: an envelope, which the unsealer opens for the peer's own pod alone.
show_key() {
  say "the key of alpha, as it lies in its Secret"
  kubectl get secret alpha-identity-1 --namespace peers -o jsonpath='{.data.envelope}' | base64 -d |
    if [ -x .cache/bin/peer-companion ]; then .cache/bin/peer-companion inspect -; else cat; fi
  echo "the unsealer has opened keys:"
  kubectl logs --namespace "$namespace" --selector app.kubernetes.io/name=peernode-unsealer --tail=-1 | grep '"Unsealed"' | tail -3
}

# show_api has one more peer serve its API under TLS.
show_api() {
  if ! kubectl get crd certificates.cert-manager.io >/dev/null 2>&1; then
    echo "LEFT OUT: an API under TLS, because there is no cert-manager"
    return
  fi
  say "the peer public, whose API has a certificate of cert-manager and an edge before it"
  kubectl apply --server-side --force-conflicts -f config/samples/p2pagent-tls.yaml
  if ! kubectl wait peernode/public --namespace peers --for=condition=Ready --timeout=3m; then
    kubectl get peernode public --namespace peers -o yaml >&2
    echo "make demo: public does not serve its API after 3 minutes; see above" >&2
    exit 1
  fi
  kubectl get peernode public --namespace peers \
    -o jsonpath='{.status.endpoints.api}, under a certificate that holds until {.status.certificate.notAfter}{"\n"}'
  if command -v curl >/dev/null; then
    ask_api
  else
    echo "LEFT OUT: asking it, because there is no curl"
  fi
}

# ask_api asks the API of public by its name in the cluster, through a port of this machine.
ask_api() {
  kubectl get secret public-api-tls --namespace peers -o jsonpath='{.data.ca\.crt}' | base64 -d >"$work/peers-ca.crt"
  kubectl port-forward --namespace peers service/public-api 18443:443 >/dev/null 2>&1 &
  local forward=$! asked=0 answer
  for _ in $(seq 50); do
    if (exec 3<>/dev/tcp/127.0.0.1/18443) 2>/dev/null; then break; fi
    sleep 0.2
  done
  answer=$(ask /api/v1/identity --fail-with-body) || asked=$?
  printf '/api/v1/identity: %s\n' "$answer"
  printf '/metrics, which is not open to users: %s\n' "$(ask /metrics --output /dev/null --write-out '%{http_code}')"
  kill "$forward" 2>/dev/null || true
  if [ "$asked" != 0 ]; then
    echo "make demo: public does not answer (curl ends with $asked)" >&2
    exit 1
  fi
}

ask() { # PATH FLAGS...
  local path=$1
  shift
  curl --silent --show-error --cacert "$work/peers-ca.crt" --connect-to public-api.peers.svc:443:127.0.0.1:18443 "$@" "https://public-api.peers.svc$path"
}

# show_copy has the sealed key of one more peer copied into a bucket, and opens it with a recovery key.
show_copy() {
  if ! kubectl get crd certificates.cert-manager.io >/dev/null 2>&1; then
    echo "LEFT OUT: copies of keys in a bucket, because the service of S3 needs a certificate and there is no cert-manager"
    return
  fi
  say "a service of S3, and the peer kept, whose sealed key is copied into it"
  local companion=.cache/bin/peer-companion
  [ -x "$companion" ] || go build -o "$companion" ./cmd/peer-companion
  [ -f "$work/recovery.key" ] || "$companion" recovery-key --out "$work/recovery.key" >"$work/recovery.pub"
  start_store
  sed "s|age1-YOUR-RECIPIENT|$(cat "$work/recovery.pub")|g" config/samples/p2pagent-kept.yaml |
    kubectl apply --server-side --force-conflicts -f -
  if ! kubectl wait peernode/kept --namespace peers --for=condition=KeyBackedUp --timeout=3m; then
    kubectl get peernode kept --namespace peers -o yaml >&2
    echo "make demo: the key of kept is not in the bucket after 3 minutes; see above" >&2
    exit 1
  fi
  kubectl get peernode kept --namespace peers -o jsonpath='{range .status.identity.copies[*]}{.location}{"\n"}{end}'
  kubectl get peerbackupstores --namespace peers
  echo "the recovery key, which the cluster does not have, opens it:"
  kubectl get secret kept-identity-1 --namespace peers -o jsonpath='{.data.envelope}' | base64 -d |
    "$companion" inspect - --verify "$work/recovery.key"
  show_backup
  show_rotation
  show_restore
}

# show_backup has the data of the peer backed up into the same bucket.
show_backup() {
  say "the data of the peer kept are backed up: it is stopped, copied, read back, and started"
  kubectl apply --server-side -f config/samples/peerbackup.yaml
  if ! kubectl wait peerbackup/kept-first --namespace peers --for=condition=Ready --timeout=5m; then
    kubectl get peerbackup kept-first --namespace peers -o yaml >&2
    echo "make demo: there is no backup of kept after 5 minutes; see above" >&2
    exit 1
  fi
  kubectl get peerbackups --namespace peers
  kubectl get peerbackup kept-first --namespace peers -o jsonpath='{.status.conditions[?(@.type=="Ready")].message}{"\n"}'
  kubectl wait peernode/kept --namespace peers --for=condition=Ready --timeout=2m
}

# show_rotation has the peer change its key, and the next one copied as well: once, since two keys are let in at most.
show_rotation() {
  local before
  if kubectl get peernode kept --namespace peers -o jsonpath='{.status.identity.epochs[*].stage}' | grep -q Retiring; then
    echo "kept has changed its key in an earlier demo; the next change waits until the key of before is let in no more"
    return
  fi
  before=$(kubectl get peernode kept --namespace peers -o jsonpath='{.status.identity.epoch}')
  say "the peer kept changes its key"
  kubectl annotate peernode kept --namespace peers --overwrite peernode.dev/rotate-key="after epoch $before"
  for condition in jsonpath='{.status.identity.epoch}'=$((before + 1)) \
    jsonpath='{.status.identity.copies[0].epoch}'=$((before + 1)) condition=IdentityBound condition=Ready; do
    if ! kubectl wait peernode/kept --namespace peers --for="$condition" --timeout=3m; then
      kubectl get peernode kept --namespace peers -o yaml >&2
      echo "make demo: kept does not serve with another key, or there is no copy of it, after 3 minutes; see above" >&2
      exit 1
    fi
  done
  kubectl get peernode kept --namespace peers \
    -o jsonpath='{range .status.identity.epochs[*]}epoch {.epoch}: {.stage}, {.peerID}{"\n"}{end}'
  kubectl get peernode kept --namespace peers -o jsonpath='{range .status.identity.copies[*]}{.location}{"\n"}{end}'
}

# show_restore loses a peer and its volume, and has another one begin with its data: with what its software said was good.
show_restore() {
  if kubectl get peernode restored --namespace peers >/dev/null 2>&1; then
    echo "the peer restored has begun with a backup in an earlier demo"
    return
  fi
  say "the data of the peer mortal are backed up, and the agent itself says whether they are good"
  kubectl apply --server-side -f - <<'YAML'
apiVersion: peernode.dev/v1alpha1
kind: PeerNode
metadata: {name: mortal, namespace: peers}
spec:
  software: {p2pAgent: {}}
  storage: {size: 64Mi}
  deletionPolicy: {data: Delete, keys: Delete}
YAML
  await peernode/mortal condition=Ready
  kubectl apply --server-side -f - <<'YAML'
apiVersion: peernode.dev/v1alpha1
kind: PeerBackup
metadata: {name: mortal-last, namespace: peers}
spec:
  peerNodeRef: {name: mortal}
  storeRef: {name: s3}
  prove: true
YAML
  await peerbackup/mortal-last condition=Proven
  kubectl get peerbackup mortal-last --namespace peers -o jsonpath='{.status.proof.state}{"\n"}'
  say "mortal and its volume are destroyed, and the peer restored begins with that backup"
  kubectl delete peernode mortal --namespace peers
  kubectl wait persistentvolumeclaim/mortal-data --namespace peers --for=delete --timeout=2m
  kubectl create secret generic recovery --namespace peers --from-file=recovery.key="$work/recovery.key" --dry-run=client -o yaml | kubectl apply -f - >/dev/null
  sed 's/kept-first/mortal-last/' config/samples/p2pagent-restored.yaml | kubectl apply --server-side -f -
  await peernode/restored condition=Restored
  kubectl delete secret recovery --namespace peers
  await peernode/restored condition=Ready
  kubectl get peernode restored --namespace peers -o jsonpath='{.status.conditions[?(@.type=="Restored")].message}{"\n"}'
  in_peer restored /p2p-agent storage verify --path /var/lib/p2p-agent
}

# await waits for a condition of an object, and shows the object where it does not come.
await() { # KIND/NAME CONDITION
  if kubectl wait "$1" --namespace peers --for="$2" --timeout=5m; then return; fi
  kubectl get "$1" --namespace peers -o yaml >&2
  echo "make demo: $1 has no $2 after 5 minutes; see above" >&2
  exit 1
}

# start_store runs the service, and gives the peers what they know it by.
start_store() {
  kubectl create namespace storage --dry-run=client -o yaml | kubectl apply -f - >/dev/null
  local secret
  secret=$(kubectl get secret s3-credentials --namespace storage --ignore-not-found -o jsonpath='{.data.secretAccessKey}' | base64 -d)
  [ -n "$secret" ] || secret=$(head -c 24 /dev/urandom | base64)
  for ns in storage peers; do
    kubectl create secret generic s3-credentials --namespace "$ns" --dry-run=client -o yaml \
      --from-literal=accessKeyID=demo --from-literal=secretAccessKey="$secret" | kubectl apply -f - >/dev/null
  done
  sed "s|image: IMAGE|image: $image_s3|" hack/demo-store.yaml | kubectl apply -f - >/dev/null
  kubectl rollout status deployment/s3 --namespace storage --timeout=3m
  kubectl get secret s3-tls --namespace storage -o jsonpath='{.data.ca\.crt}' | base64 -d >"$work/s3-ca.crt"
  kubectl create configmap s3-ca --namespace peers --dry-run=client -o yaml --from-file=ca.crt="$work/s3-ca.crt" |
    kubectl apply -f - >/dev/null
}

show() {
  say "the fleet and the peers"
  kubectl get peerfleets --namespace peers -o wide
  kubectl get peernodes --namespace peers -o wide
  for peer in alpha beta gamma relay-0; do
    printf '\n%s is connected to:\n' "$peer"
    in_peer "$peer" /p2p-agent peers
  done
  printf '\nserf says of itself:\n'
  in_peer serf /serf members -rpc-addr=127.0.0.1:7373
  cat <<TEXT

Go on from here:
  export KUBECONFIG=$KUBECONFIG PATH=$(dirname "$(command -v kubectl)"):\$PATH
  kubectl -n peers edit peernode alpha          # change something and watch it happen
  kubectl -n peers scale peerfleet relay --replicas=2
  kubectl -n peers get peernodes -w
  kubectl -n peers describe peernode beta
  kubectl -n peers logs gamma-0
  kubectl explain peernode.spec
  make demo-down                                # leave nothing behind
TEXT
  say "done"
}

down() {
  if [ -n "${DEMO_KUBECONFIG:-}" ]; then
    export KUBECONFIG=$DEMO_KUBECONFIG
    kubectl delete namespace peers storage --ignore-not-found
    helm uninstall "$release" --namespace "$namespace" --ignore-not-found
    echo "the kinds of peernode.dev stay; remove them with: kubectl get crd -o name | grep peernode.dev | xargs kubectl delete"
    return
  fi
  testcluster down
  rm -rf "$work"
}

main "$@"
