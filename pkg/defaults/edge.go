// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/peernode/operator/api/v1alpha1"
)

func tls(t *v1alpha1.PeerTLS) {
	setIfZero(&t.MinVersion, v1alpha1.TLS12)
	if t.IssuerRef != nil {
		setIfZero(&t.IssuerRef.Kind, "Issuer")
		setIfZero(&t.IssuerRef.Group, "cert-manager.io")
		setIfZero(&t.Duration, "2160h")
	}
}

// edge has the rate and the ban of the guide that operators are given.
func edge(e *v1alpha1.PeerEdge) {
	if e.RateLimit == nil {
		e.RateLimit = &v1alpha1.EdgeRateLimit{}
	}
	setIfZero(&e.RateLimit.RequestsPerMinute, 1000)
	setIfZero(&e.RateLimit.Burst, 100)
	setIfZero(&e.RateLimit.BanAfter, 100)
	setIfZero(&e.RateLimit.BanFor, "1h")
	if e.Limits == nil {
		e.Limits = &v1alpha1.EdgeLimits{}
	}
	edgeLimits(e.Limits)
	if e.Tokens != nil && e.Tokens.CA != nil {
		setIfZero(&e.Tokens.CA.Key, "ca.crt")
	}
	if e.ClientCertificates != nil {
		setIfZero(&e.ClientCertificates.CA.Key, "ca.crt")
	}
	if e.Resources.Requests == nil && e.Resources.Limits == nil {
		e.Resources.Requests = corev1.ResourceList{
			corev1.ResourceCPU:    resource.MustParse("20m"),
			corev1.ResourceMemory: resource.MustParse("32Mi"),
		}
		e.Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: edgeMemory(e.Limits.Connections)}
	}
}

// edgeLimits gives one client no more than all have together, where somebody has made that small.
func edgeLimits(l *v1alpha1.EdgeLimits) {
	setIfZero(&l.Connections, 1024)
	setIfZero(&l.ConnectionsPerClient, min(64, l.Connections))
	setIfZero(&l.Requests, 256)
	setIfZero(&l.RequestsPerClient, min(32, l.Requests))
	if l.Body == nil {
		l.Body = new(resource.MustParse("1Mi"))
	}
}

// edgeMemory is what the edge was measured to take at rest and for each connection (docs/edge.md, figures), and half as much again.
func edgeMemory(connections int32) resource.Quantity {
	return *resource.NewQuantity(32<<20+int64(connections)*96<<10, resource.BinarySI)
}
