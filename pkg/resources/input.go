// SPDX-License-Identifier: Apache-2.0

// Package resources builds the objects of a peer as typed apply configurations: one file a kind, no client, the
// same answer for the same input. A builder sets only fields that the operator means to own, and never an empty
// list or map, which the server drops and an apply would then send again.
package resources

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/peer"
)

// Input is all that the builders look at.
type Input struct {
	// PeerNode has its defaults filled in.
	PeerNode *v1alpha1.PeerNode
	// Software is the name of its software, Workload how it runs.
	Software string
	Workload peer.Workload
	// Edge serves its API, nil where it has none.
	Edge *Edge
	// Stopped keeps the peer stopped although its spec does not: for a copy of its data.
	Stopped bool
	// Epoch is the key with which the peer runs.
	Epoch int64
	// UnsealerCA is the certificate by which the peer's pods know the unsealer; "" while it is not known.
	UnsealerCA string
	// Neighbourhood is what is known of the others in its network.
	Neighbourhood peer.Neighbourhood
	// Options are the operator's own settings.
	Options Options
}

// brokered reports whether the unsealer opens the key of the peer.
func (in Input) brokered() bool { return in.Workload.KeyPath != "" && in.PeerNode.Direct() == nil }

// Options are the settings of the operator that shape the objects of every peer.
type Options struct {
	// HostUsers runs pods in the host's user namespace, for container runtimes without user namespaces.
	HostUsers bool
	// DNSCIDRs are addresses of DNS servers that are not pods of the kube-system namespace.
	DNSCIDRs []string
	// CompanionImage is the image of peer-companion, which makes and unseals keys.
	CompanionImage string
	// UnsealerNamespace is where the unsealer runs.
	UnsealerNamespace string
}

// Components name the parts of a peer in the label app.kubernetes.io/component.
const (
	componentPeer     = names.ComponentPeer
	componentAPI      = "api"
	componentConfig   = "config"
	componentData     = "data"
	componentNetwork  = "network"
	componentIdentity = "identity"
)

// owner makes the garbage collector remove the object after the PeerNode.
func owner(p *v1alpha1.PeerNode) *applymetav1.OwnerReferenceApplyConfiguration {
	return applymetav1.OwnerReference().
		WithAPIVersion(v1alpha1.SchemeGroupVersion.String()).
		WithKind("PeerNode").
		WithName(p.Name).
		WithUID(p.UID).
		WithController(true).
		WithBlockOwnerDeletion(true)
}

func selector(p *v1alpha1.PeerNode) *applymetav1.LabelSelectorApplyConfiguration {
	return applymetav1.LabelSelector().WithMatchLabels(names.Selector(p.Name))
}

func labelSelector(s *metav1.LabelSelector) *applymetav1.LabelSelectorApplyConfiguration {
	out := applymetav1.LabelSelector()
	if len(s.MatchLabels) > 0 {
		out.WithMatchLabels(s.MatchLabels)
	}
	for _, e := range s.MatchExpressions {
		requirement := applymetav1.LabelSelectorRequirement().WithKey(e.Key).WithOperator(e.Operator)
		if len(e.Values) > 0 {
			requirement.WithValues(e.Values...)
		}
		out.WithMatchExpressions(requirement)
	}
	return out
}
