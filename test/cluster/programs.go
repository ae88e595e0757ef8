// SPDX-License-Identifier: Apache-2.0

package cluster

import "slices"

// Versions that have to be told to a program, because it cannot know them when it is built from a module. They follow components/go.mod.
const (
	// KubernetesVersion is the version of every Kubernetes program of the cluster.
	KubernetesVersion = "v1.36.3"
	// HelmVersion is the version of the helm program.
	HelmVersion = "v4.3.1"
	// ContainerdVersion is the version of containerd, which the node reports.
	ContainerdVersion = "v2.4.2"
)

// source says how one program, or one folder of files, is made from the modules under components.
type source struct {
	name    string   // name under bin or share
	module  string   // folder of the module under components
	pkg     string   // package to build; empty for files
	cgo     bool     // needs a C compiler
	tags    string   // build tags
	ldflags string   // beside -s -w
	links   []string // further names of a multi-call binary
	files   []string // for files: globs inside fromModule
	from    string   // for files: the module that has them
}

// gatewayAPICRDs is the folder of the CRDs of the Gateway API, of its standard channel.
const gatewayAPICRDs = "gateway-api-crds"

const (
	serfVersion = "0.11.0" // its own constant was forgotten at the release

	traefikDocs   = "docs/content/reference/dynamic-configuration/"
	gatewayCRDs   = "config/crd/standard/gateway.networking.k8s.io_"
	containerdPkg = "github.com/containerd/containerd/v2/cmd/"
	cniPkg        = "github.com/containernetworking/plugins/plugins/"
	kubeLDFlags   = "-X k8s.io/component-base/version.gitVersion=" + KubernetesVersion +
		" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36"
	containerdLDFlags = "-X github.com/containerd/containerd/v2/version.Version=" + ContainerdVersion
	serfLDFlags       = "-X github.com/hashicorp/serf/version.Version=" + serfVersion + " -X github.com/hashicorp/serf/version.VersionPrerelease="
	helmLDFlags       = "-X helm.sh/helm/v4/internal/version.version=" + HelmVersion
)

// controlPlaneSources are what StartControlPlane needs, with all its options.
var controlPlaneSources = []source{
	{name: "etcd", pkg: "./etcd"},
	{name: "kube", pkg: "./kube", ldflags: kubeLDFlags, links: []string{
		"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl"}},
	{name: "cert-manager", pkg: "./cert-manager"},
	{name: "cert-manager-crds", from: "github.com/cert-manager/cert-manager", files: []string{"deploy/crds/*.yaml"}},
	{name: gatewayAPICRDs, from: "sigs.k8s.io/gateway-api", files: []string{
		gatewayCRDs + "backendtlspolicies.yaml", gatewayCRDs + "gateway*s.yaml", gatewayCRDs + "*routes.yaml", gatewayCRDs + "*sets.yaml", gatewayCRDs + "*grants.yaml"}},
	{name: "kwok", pkg: "sigs.k8s.io/kwok/cmd/kwok"},
	{name: "kwok-stages", from: "sigs.k8s.io/kwok", files: []string{
		"kustomize/stage/node/fast/node-*.yaml", "kustomize/stage/node/heartbeat-with-lease/node-*.yaml", "kustomize/stage/pod/fast/pod-*.yaml"}},
}

// nodeSources are what the full node, and the pods of the tests there, need beside the control plane.
var nodeSources = []source{
	{name: "containerd", module: "node", pkg: containerdPkg + "containerd", ldflags: containerdLDFlags},
	{name: "containerd-shim-runc-v2", module: "node", pkg: containerdPkg + "containerd-shim-runc-v2", ldflags: containerdLDFlags},
	{name: "ctr", module: "node", pkg: containerdPkg + "ctr", ldflags: containerdLDFlags},
	{name: "runc", module: "node", pkg: "github.com/opencontainers/runc", cgo: true, tags: "seccomp"},
	{name: "pause", pkg: "./pause"},
	{name: "bridge", module: "node", pkg: cniPkg + "main/bridge"},
	{name: "loopback", module: "node", pkg: cniPkg + "main/loopback"},
	{name: "host-local", module: "node", pkg: cniPkg + "ipam/host-local"},
	{name: "portmap", module: "node", pkg: cniPkg + "meta/portmap"},
	{name: "coredns", module: "node", pkg: "github.com/coredns/coredns"},
	{name: "network-policies", module: "network-policies", pkg: "./"},
	{name: "csi-provisioner", pkg: "github.com/kubernetes-csi/external-provisioner/v6/cmd/csi-provisioner"},
	{name: "csi-resizer", pkg: "github.com/kubernetes-csi/external-resizer/v2/cmd/csi-resizer"},
	{name: "loopfile-csi", pkg: "./loopfile-csi"},
	{name: "helm", module: "node", pkg: "helm.sh/helm/v4/cmd/helm", ldflags: helmLDFlags},
	{name: "serf", module: "node", pkg: "github.com/hashicorp/serf/cmd/serf", ldflags: serfLDFlags},
	{name: "versitygw", module: "s3", pkg: "github.com/versity/versitygw/cmd/versitygw"},
}

// requestedSources are made on request alone: to compile Traefik took 690 s of CPU, MetalLB 270 s.
var requestedSources = []source{
	{name: "metallb", module: "metallb", pkg: "go.universe.tf/metallb/controller"},
	{name: "metallb-crds", module: "metallb", from: "go.universe.tf/metallb", files: []string{"config/crd/bases/metallb.io_*.yaml"}},
	{name: "traefik", module: "traefik", pkg: "github.com/traefik/traefik/v3/cmd/traefik"},
	{name: "traefik-manifests", module: "traefik", from: "github.com/traefik/traefik/v3", files: []string{
		traefikDocs + "kubernetes-gateway-rbac.yml", traefikDocs + "kubernetes-crd-rbac.yml", traefikDocs + "traefik.io_*.yaml"}},
}

// select returns the sources of the given names, in the order of the table.
func selectSources(names ...string) []source {
	var picked []source
	for _, s := range slices.Concat(controlPlaneSources, nodeSources, requestedSources) {
		if slices.Contains(names, s.name) {
			picked = append(picked, s)
		}
	}
	return picked
}
