// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/blueprint"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/gate"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/resources"
)

// Plan is what is to be done about one peer.
type Plan struct {
	// Key is the key that has to be made before anything else, nil where none is missing.
	Key *KeyOrder
	// Apply are the objects that differ from what is intended, in the order in which they are needed.
	Apply []intent.Change
	// Delete are objects of this peer that are no longer intended.
	Delete []intent.Object
	// Blocked is set when nothing at all may be done.
	Blocked *conditions.Finding

	blueprint.Blueprint

	// awaits is set when the pod waits for the fleet of the peer.
	awaits *conditions.Finding
}

// Acts reports whether the plan changes anything.
func (p Plan) Acts() bool {
	return p.Key != nil || len(p.Apply) > 0 || len(p.Delete) > 0
}

// KeyOrder asks for a key to be made, once.
type KeyOrder struct {
	Epoch      int64
	SecretName string
	Type       v1alpha1.IdentityType
	// Owned lets the key go with the PeerNode; otherwise it is retained.
	Owned bool
}

// Decide makes the plan.
func Decide(o Observed) (Plan, error) {
	b, refused := blueprint.Of(o.PeerNode, o.Declared.Neighbourhood(o.Options), o.Options)
	p := Plan{Blueprint: b, Blocked: refused}
	if refused != nil {
		return p, nil
	}
	in := b.Input
	wanted, err := intent.FromAll(
		resources.ServiceAccount(in),
		resources.ConfigMap(in),
		resources.PersistentVolumeClaim(in, o.claim()),
		resources.HeadlessService(in),
		resources.APIService(in),
		resources.NetworkPolicy(in),
		resources.PodDisruptionBudget(in),
		b.StatefulSet,
	)
	if err != nil {
		return p, err
	}
	if p.Blocked = blocked(o, wanted); p.Blocked != nil {
		return p, nil
	}
	p.Key = keyOrder(o, p)
	p.Delete = unwanted(o, wanted)
	changes, err := intent.Changes(wanted, o.Objects)
	if err != nil {
		return p, err
	}
	p.Apply, p.awaits = awaitFleet(o, changes)
	return p, nil
}

// unwanted finds what this peer owns and no longer needs. A volume is never among it.
func unwanted(o Observed, wanted []intent.Intent) []intent.Object {
	var out []intent.Object
	for _, ref := range Owned(o.PeerNode) {
		live := o.Objects[ref]
		needed := slices.ContainsFunc(wanted, func(w intent.Intent) bool { return w.Ref == ref })
		if live != nil && !needed && ref.GroupVersionKind != kindClaim && metav1.IsControlledBy(live, o.PeerNode) && live.GetDeletionTimestamp() == nil {
			out = append(out, live)
		}
	}
	return out
}

// keyOrder asks for the first key unless one is on record. A key on record is never made again, even if its
// Secret is gone: the peer would come back as somebody else.
func keyOrder(o Observed, p Plan) *KeyOrder {
	if p.Kind.Key() == nil || RecordedKey(o.PeerNode) {
		return nil
	}
	return &KeyOrder{
		Epoch:      firstEpoch,
		SecretName: names.Key(p.PeerNode, firstEpoch),
		Type:       p.PeerNode.Spec.Identity.Type,
		Owned:      p.PeerNode.DeletesKeys(),
	}
}

// firstEpoch is the only epoch until identities rotate.
const firstEpoch = 1

// RecordedKey reports whether a key of the peer is on record.
func RecordedKey(p *v1alpha1.PeerNode) bool {
	return p.Status.Identity != nil && p.Status.Identity.SecretName != ""
}

// blocked looks for objects that stand in the way of doing anything at all.
func blocked(o Observed, wanted []intent.Intent) *conditions.Finding {
	for _, want := range wanted {
		live := o.Objects[want.Ref]
		switch {
		case live == nil:
		case o.foreign(live):
			return gate.Foreign(want.Ref)
		case o.previous(live):
			return conditions.Wait(v1alpha1.ReasonWaitingForPreviousPeerNode, fmt.Sprintf("%s of a deleted PeerNode of this name is still going away", want.Ref))
		}
	}
	return nil
}
