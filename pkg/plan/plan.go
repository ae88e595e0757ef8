// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applyappsv1 "k8s.io/client-go/applyconfigurations/apps/v1"

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
	// Reserve is the reservation of the peer's identity where there is none yet: before anything else.
	Reserve *v1alpha1.PeerIdentityReservation
	// Store is the Secret of a key that has just been made, nil where there is none: next.
	Store *corev1.Secret
	// Apply are the objects that differ from what is intended, in the order in which they are needed.
	Apply []intent.Change
	// Delete are objects of this peer that are no longer intended.
	Delete []intent.Object
	// Blocked is set when nothing at all may be done.
	Blocked *conditions.Finding

	blueprint.Blueprint

	// key is how far the key of the peer is, and next how far the one that is to follow it.
	key, next keyStep
	// copies is how far the copies of the latest key are, one for each store.
	copies []copyStep
	// restore is how far the volume of a new peer is filled.
	restore restoreStep
	// awaits is set when the pod waits for the fleet of the peer.
	awaits *conditions.Finding
}

// Acts reports whether the plan changes anything.
func (p Plan) Acts() bool {
	return p.Reserve != nil || p.Store != nil || len(p.Apply) > 0 || len(p.Delete) > 0
}

// WithoutKey is what counts of a plan whose key may not have been kept: it is not on record.
func (p Plan) WithoutKey() Plan {
	if p.Reserve != nil || p.Store != nil {
		p.key.record, p.next.record = nil, nil
	}
	return p
}

// Decide makes the plan.
func Decide(o Observed) (Plan, error) {
	around := o.Declared.Neighbourhood(o.Options)
	around.Outside = o.outside()
	b, refused := blueprint.Of(o.PeerNode, around, o.Options)
	p := Plan{Blueprint: b, Blocked: refused}
	if refused != nil {
		return p, nil
	}
	if p.Blocked = unsealed(o.PeerNode); p.Blocked != nil {
		return p, nil
	}
	var err error
	if p.Blueprint, err = hold(o, b); err != nil {
		return p, err
	}
	p.key = decideKey(o, b)
	if p.Blocked = p.key.blocked; p.Blocked != nil {
		return p, nil
	}
	p.next = decideNext(o, b, p.key)
	p.copies = decideCopies(o)
	p.restore = decideRestore(o, b)
	p.Reserve, p.Store = cmp.Or(p.key.reserve, p.next.reserve), cmp.Or(p.key.store, p.next.store)
	wanted, err := intended(o, p)
	if err != nil {
		return p, err
	}
	if p.Blocked = blocked(o, wanted); p.Blocked != nil {
		return p, nil
	}
	p.Delete = unwanted(o, p, wanted)
	changes, err := intent.Changes(wanted, o.Objects)
	if err != nil {
		return p, err
	}
	p.Apply, p.awaits = awaitFleet(o, changes)
	return p, nil
}

// intended are all objects that the peer needs now, in the order in which it needs them. The pod comes after its key and its
// data, and last what leads to it from outside, because the API server may refuse that for a port or a host that is taken.
func intended(o Observed, p Plan) ([]intent.Intent, error) {
	in := p.Input
	in.UnsealerCA = o.unsealerCA()
	objects := []any{
		resources.ServiceAccount(in),
		resources.ConfigMap(in),
		resources.PersistentVolumeClaim(in, o.claim()),
		resources.HeadlessService(in),
		resources.APIService(in),
		resources.NetworkPolicy(in),
		resources.PodDisruptionBudget(in),
	}
	if o.CertManager {
		objects = append(objects, resources.Certificate(in))
	}
	if stores := o.stores(); len(stores) > 0 {
		objects = append(objects, resources.KeyCopyPolicy(p.PeerNode, stores))
	}
	if p.restore.in != nil {
		objects = append(objects, resources.RestorePolicy(*p.restore.in))
	}
	if p.restore.order {
		objects = append(objects, resources.RestoreJob(*p.restore.in))
	}
	if p.key.order || p.next.order {
		objects = append(objects, resources.KeyJob(keyJob(o, p)))
	}
	if p.key.finding == nil && p.restore.finding == nil {
		set, err := withKey(p)
		if err != nil {
			return nil, err
		}
		objects = append(objects, set)
	}
	if b := p.PeerNode.Spec.Backup; b != nil && noSchedule(o, b) == nil {
		objects = append(objects, resources.BackupSchedule(in))
	}
	for _, step := range p.copies {
		if step.order != nil {
			objects = append(objects, resources.KeyCopyJob(*step.order))
		}
	}
	return intent.FromAll(append(objects, o.exposing(in)...)...)
}

// withKey is the StatefulSet with the key of the peer, which may be a later one of an earlier PeerNode.
func withKey(p Plan) (*applyappsv1.StatefulSetApplyConfiguration, error) {
	if p.key.record == nil || max(firstEpoch, p.key.record.Epoch) == p.Input.Epoch {
		return p.StatefulSet, nil
	}
	in := p.Input
	in.Epoch = p.key.record.Epoch
	return resources.StatefulSet(in)
}

// keyJob is the order of a key.
func keyJob(o Observed, p Plan) resources.KeyJobInput {
	return resources.KeyJobInput{
		PeerNode:   p.PeerNode,
		Epoch:      KeyEpoch(o.PeerNode),
		KeyType:    p.PeerNode.Spec.Identity.Type,
		Recipients: keyRecipients(o, p.Blueprint),
		Image:      o.Options.Resources.CompanionImage,
		HostUsers:  o.Options.Resources.HostUsers,
	}
}

// unwanted finds what this peer owns and no longer needs. A volume is never among it, a Job that has ended goes by itself, and
// a schedule stays while there is to be one, whatever is wrong with that.
func unwanted(o Observed, p Plan, wanted []intent.Intent) []intent.Object {
	var out []intent.Object
	for _, step := range []keyStep{p.key, p.next} {
		if step.discard != nil {
			out = append(out, step.discard)
		}
	}
	for _, step := range p.copies {
		if step.discard != nil {
			out = append(out, step.discard)
		}
	}
	if p.restore.discard != nil {
		out = append(out, p.restore.discard)
	}
	for _, ref := range Owned(o.PeerNode) {
		live := o.Objects[ref]
		needed := slices.ContainsFunc(wanted, func(w intent.Intent) bool { return w.Ref == ref })
		lasting := ref.GroupVersionKind == kindClaim || ref.GroupVersionKind == kindJob || ref.GroupVersionKind == kindCronJob && o.PeerNode.Spec.Backup != nil ||
			ref.Name == names.Restore(o.PeerNode) && p.restore.finding != nil
		if live != nil && !needed && !lasting && metav1.IsControlledBy(live, o.PeerNode) && live.GetDeletionTimestamp() == nil {
			out = append(out, live)
		}
	}
	return out
}

// unsealed refuses to touch a peer whose key an older operator left in plaintext.
func unsealed(p *v1alpha1.PeerNode) *conditions.Finding {
	if !RecordedKey(p) || p.Status.Identity.Protection != "" {
		return nil
	}
	return conditions.Refuse(v1alpha1.ReasonKeyNotSealed, fmt.Sprintf(
		"Secret %s holds the peer's key in plaintext, as an older operator made it. What runs is left alone; docs/keys.md says how to seal the key", p.Status.Identity.SecretName))
}

// blocked looks for objects that stand in the way of doing anything at all.
func blocked(o Observed, wanted []intent.Intent) *conditions.Finding {
	for _, ref := range Owned(o.PeerNode) {
		live := o.Objects[ref]
		needed := slices.ContainsFunc(wanted, func(w intent.Intent) bool { return w.Ref == ref }) || ref.GroupVersionKind == kindJob && !RecordedKey(o.PeerNode)
		switch {
		case live == nil, !needed:
		case o.foreign(live):
			return gate.Foreign(ref)
		case o.previous(live):
			return conditions.Wait(v1alpha1.ReasonWaitingForPreviousPeerNode, fmt.Sprintf("%s of a deleted PeerNode of this name is still going away", ref))
		}
	}
	return nil
}
