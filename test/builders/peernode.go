// SPDX-License-Identifier: Apache-2.0

// Package builders makes objects for tests: the smallest valid one, changed by modifiers.
package builders

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
)

// Image is an image reference that is valid and that no test pulls.
const Image = "registry.example.com/p2p-agent@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// PeerNode is the smallest PeerNode: software, image and size.
func PeerNode(namespace, name string, modify ...func(*v1alpha1.PeerNode)) *v1alpha1.PeerNode {
	p := &v1alpha1.PeerNode{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.SchemeGroupVersion.String(), Kind: "PeerNode"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.PeerNodeSpec{
			Software: v1alpha1.PeerSoftware{P2PAgent: &v1alpha1.P2PAgentSoftware{}},
			Image:    Image,
			Storage:  v1alpha1.PeerStorage{Size: resource.MustParse("64Mi")},
		},
	}
	for _, m := range modify {
		m(p)
	}
	return p
}

// Custom makes it a peer of custom software with one peer port.
func Custom(p *v1alpha1.PeerNode) {
	p.Spec.Software = v1alpha1.PeerSoftware{Custom: &v1alpha1.CustomSoftware{
		Args:     []string{"run"},
		Ports:    []v1alpha1.CustomPort{{Name: "gossip", Port: 7946, Protocol: corev1.ProtocolTCP, Purpose: v1alpha1.PurposePeer}},
		DataPath: "/var/lib/peer",
	}}
}

// ClusterIssuer is one that test environments with cert-manager have, and that signs whatever it is asked.
const ClusterIssuer = "self-signed"

// API opens the API of the peer to everybody of the namespace, under a certificate of ClusterIssuer.
func API(p *v1alpha1.PeerNode) {
	p.Spec.Network.API = v1alpha1.PeerAPI{Enabled: true, AllowFrom: []v1alpha1.NetworkPeer{{PodSelector: &metav1.LabelSelector{}}}}
	p.Spec.TLS = &v1alpha1.PeerTLS{IssuerRef: &v1alpha1.CertificateIssuerReference{Name: ClusterIssuer, Kind: "ClusterIssuer"}}
}

// DeleteData lets the volume go with the PeerNode.
func DeleteData(p *v1alpha1.PeerNode) { p.Spec.DeletionPolicy.Data = v1alpha1.RetentionDelete }

// DeleteKeys lets the keys go with the PeerNode.
func DeleteKeys(p *v1alpha1.PeerNode) { p.Spec.DeletionPolicy.Keys = v1alpha1.RetentionDelete }

// Suspended stops the peer.
func Suspended(p *v1alpha1.PeerNode) { p.Spec.Suspend = true }

// WithImage sets the image.
func WithImage(image string) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) { p.Spec.Image = image }
}

// WithSize sets the size of the volume.
func WithSize(size string) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) { p.Spec.Storage.Size = resource.MustParse(size) }
}

// Declaring declares peers of the same namespace.
func Declaring(names ...string) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) {
		for _, name := range names {
			p.Spec.Network.Peers = append(p.Spec.Network.Peers, v1alpha1.PeerReference{Name: name})
		}
	}
}

// DeclaringFleet declares a fleet.
func DeclaringFleet(namespace, name string) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) {
		p.Spec.Network.Fleets = append(p.Spec.Network.Fleets, v1alpha1.FleetReference{Namespace: namespace, Name: name})
	}
}
