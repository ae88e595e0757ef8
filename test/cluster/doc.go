// SPDX-License-Identifier: Apache-2.0

// Package cluster builds and runs a real Kubernetes for tests: every program is compiled from a pinned Go module, nothing is pulled from a registry.
//
// There are two shapes. A control plane (StartControlPlane) is etcd, kube-apiserver and kube-controller-manager, on request with scheduler,
// simulated nodes and cert-manager; it needs no root, starts in seconds, and any number of them run side by side. A full node (Up) adds
// containerd, kubelet, kube-proxy, pod network, DNS and storage, so that pods really run; it needs root on Linux and there is one per machine.
//
// The package depends on no Kubernetes library: it talks to its API server over plain HTTPS, so that importing it adds next to nothing to a
// module and never disagrees with the client libraries under test.
package cluster
