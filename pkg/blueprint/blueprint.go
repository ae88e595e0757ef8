// SPDX-License-Identifier: Apache-2.0

// Package blueprint turns the spec of a peer into how it is run: defaults, software and pod. PeerNodes are made after
// it, and fleets compare by it.
package blueprint

import (
	"encoding/json"
	"errors"
	"fmt"

	applyappsv1 "k8s.io/client-go/applyconfigurations/apps/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/defaults"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/peer/kinds"
	"github.com/peernode/operator/pkg/resources"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/pkg/settings"
)

// Blueprint is how a peer is run.
type Blueprint struct {
	// PeerNode has its defaults filled in.
	PeerNode *v1alpha1.PeerNode
	// Kind is its software, nil where the spec names none that is known.
	Kind peer.Kind
	// Workload is how the software runs.
	Workload peer.Workload
	// Input is what the builders of all other objects look at.
	Input resources.Input
	// Direct is to whom the key of the peer is sealed in place of the unsealer, nil where it is sealed to that.
	Direct *seal.Recipient
	// Recovery are the people who can always open the key of the peer.
	Recovery []seal.Recipient
	// StatefulSet runs the pod.
	StatefulSet *applyappsv1.StatefulSetApplyConfiguration
}

// Of makes the blueprint of a PeerNode. The finding refuses a spec that cannot be run, and names its field; what
// was known by then is in the blueprint.
func Of(p *v1alpha1.PeerNode, n peer.Neighbourhood, o settings.Operator) (Blueprint, *conditions.Finding) {
	b := Blueprint{PeerNode: defaults.PeerNode(p, o.Defaults)}
	b.Kind = kinds.For(b.PeerNode.Spec.Software)
	switch {
	case b.Kind == nil:
		return b, conditions.Refuse(v1alpha1.ReasonInvalidSoftware, "spec.software names no software that this version of the operator knows")
	case b.PeerNode.Spec.Image == "":
		return b, conditions.Refuse(v1alpha1.ReasonNoImage, "spec.image is not set and the operator was started without --default-p2p-agent-image")
	}
	if b.Kind.Key() != nil && o.Resources.CompanionImage == "" {
		return b, conditions.Refuse(v1alpha1.ReasonNoCompanion, "the operator was started without --companion-image, so nothing can make or unseal the key of the peer")
	}
	if err := b.recipients(); err != nil {
		return b, conditions.Refuse(v1alpha1.ReasonInvalidRecipient, err.Error())
	}
	workload, err := b.Kind.Workload(peer.Input{PeerNode: b.PeerNode, Peers: n.Peers, Outside: n.Outside})
	if err != nil {
		return b, conditions.Refuse(v1alpha1.ReasonInvalidSoftware, err.Error())
	}
	if n := size(workload.Files); n > largestFiles {
		return b, conditions.Refuse(v1alpha1.ReasonFilesTooLarge, fmt.Sprintf(
			"spec.software and spec.network lead to %d bytes of files, of which a ConfigMap holds %d; declare fewer or smaller fleets in spec.network.fleets", n, largestFiles))
	}
	b.Workload = workload
	edge, refused := b.edge(o)
	if refused != nil {
		return b, refused
	}
	b.Input = resources.Input{PeerNode: b.PeerNode, Epoch: epoch(p), Software: b.Kind.Name(), Workload: workload, Edge: edge, Neighbourhood: n, Options: o.Resources}
	if b.StatefulSet, err = resources.StatefulSet(b.Input); err != nil {
		return b, conditions.Refuse(v1alpha1.ReasonInvalidPodTemplate, err.Error())
	}
	return b, nil
}

// edge is what serves the API, nil where there is none.
func (b *Blueprint) edge(o settings.Operator) (*resources.Edge, *conditions.Finding) {
	switch {
	case !b.PeerNode.Spec.Network.API.Enabled:
		return nil, nil
	case b.PeerNode.Spec.TLS == nil:
		return nil, conditions.Refuse(v1alpha1.ReasonNoTLS, "spec.network.api.enabled is true and spec.tls is not set; an API is served under TLS alone. "+
			"What runs is left alone until spec.tls names an issuer or a Secret, or the API is not enabled any more")
	case o.Resources.CompanionImage == "":
		return nil, conditions.Refuse(v1alpha1.ReasonNoCompanion, "the operator was started without --companion-image, so nothing can serve the API of the peer")
	}
	edge, err := resources.EdgeFor(b.PeerNode, b.Kind.Edge(), b.Workload)
	if err != nil {
		return nil, conditions.Refuse(v1alpha1.ReasonInvalidEdge, err.Error())
	}
	return edge, nil
}

// epoch is the key on record, the first where none is.
func epoch(p *v1alpha1.PeerNode) int64 {
	if p.Status.Identity == nil {
		return 1
	}
	return max(1, p.Status.Identity.Epoch)
}

// recipients reads the public keys of those who can open the key; admission has seen their letters alone.
func (b *Blueprint) recipients() error {
	spec := b.PeerNode.Spec.Identity
	if spec == nil {
		return nil
	}
	if spec.Direct != nil {
		direct, err := seal.ParseRecipient(spec.Direct.Recipient)
		if err != nil {
			return fmt.Errorf("spec.identity.direct.recipient: %w", err)
		}
		if spec.Direct.Secret == nil && spec.Direct.CSI == nil {
			return errors.New("spec.identity.direct names no place of the private key that this version of the operator knows")
		}
		b.Direct = &direct
	}
	for i, text := range spec.RecoveryRecipients {
		recipient, err := seal.ParseRecipient(text)
		if err != nil {
			return fmt.Errorf("spec.identity.recoveryRecipients[%d]: %w", i, err)
		}
		b.Recovery = append(b.Recovery, recipient)
	}
	return nil
}

// largestFiles is what a ConfigMap holds, less room for its own metadata.
const largestFiles = 1<<20 - 4<<10

// size is in bytes.
func size(files []peer.File) (n int) {
	for _, f := range files {
		n += len(f.Content)
	}
	return n
}

// Ports are the ports of another peer; none while its spec contradicts itself.
func Ports(p *v1alpha1.PeerNode, o settings.Operator) []peer.Port {
	p = defaults.PeerNode(p, o.Defaults)
	kind := kinds.For(p.Spec.Software)
	if kind == nil {
		return nil
	}
	workload, err := kind.Workload(peer.Input{PeerNode: p})
	if err != nil {
		return nil
	}
	return workload.Ports
}

// PodOfFleet is the hash of the pod that a spec leads to in a fleet. It does not depend on the name of the peer, so
// that peers with the same spec have the same; another one means that the pod is replaced. "" for a spec that cannot
// be run.
func PodOfFleet(namespace, fleet string, spec v1alpha1.PeerNodeSpec, o settings.Operator) string {
	p := &v1alpha1.PeerNode{Spec: spec}
	p.Namespace, p.Name = namespace, fleet
	b, refused := Of(p, peer.Neighbourhood{}, o)
	if refused != nil {
		return ""
	}
	raw, err := json.Marshal(b.StatefulSet.Spec.Template)
	if err != nil {
		return ""
	}
	return intent.Hash(raw)
}
