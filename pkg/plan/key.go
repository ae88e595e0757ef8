// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/blueprint"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/keysecret"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/peer/kinds"
	"github.com/peernode/operator/pkg/seal"
)

// firstEpoch is that of the first key of a peer.
const firstEpoch = 1

// keyStep is the next step towards a key. A peer has one from the moment in which its Secret exists, and from then on
// for ever: one that is lost is never made again, because the peer would come back as somebody else.
type keyStep struct {
	// record is what is known of the key, nil while there is none.
	record *v1alpha1.PeerIdentityStatus
	// reserve is the reservation of the identity that is to be created first of all, and store the Secret that comes next.
	reserve *v1alpha1.PeerIdentityReservation
	store   *corev1.Secret
	// order is the Job that is to make the key, discard one that has ended and told nothing that can be used.
	order   bool
	discard intent.Object
	// unusable is true when the epoch can never have a key.
	unusable bool
	// finding is what the peer waits for, or what is wrong, while it has no key.
	finding *conditions.Finding
	// blocked is why nothing at all may be done: the identity is, or may be, another's.
	blocked *conditions.Finding
}

// KeyUnknown reports whether the API server is to be asked whether the peer has a key: none is on record, no pod was ever
// made for it, no Job is at work, and no reservation names it. A PeerNode for which somebody restored a key begins so.
// Nothing of a peer runs before its policy, so until that is there nobody needs to know. Of the next key it is asked while
// no Job is at work.
func KeyUnknown(o Observed) bool {
	if _, ordered := nextEpoch(o.PeerNode); ordered {
		return o.keyJob() == nil
	}
	guarded := false
	for ref := range o.Objects {
		guarded = guarded || ref.GroupVersionKind == kindNetworkPolicy && ref.Name == names.Workload(o.PeerNode)
	}
	form := kinds.Key(o.PeerNode.Spec.Software)
	return guarded && !RecordedKey(o.PeerNode) && o.statefulSet() == nil && o.keyJob() == nil &&
		form != nil && (imports(o.PeerNode) || len(latest(o, form)) == 0)
}

// KeepsKey reports whether the operator keeps the key of the peer, rather than its software.
func KeepsKey(o Observed) bool { return kinds.Key(o.PeerNode.Spec.Software) != nil }

// NeedsKey reports whether there is anything to know of a key that is to be made, or taken up.
func NeedsKey(o Observed) bool {
	_, ordered := nextEpoch(o.PeerNode)
	return KeepsKey(o) && (ordered || !RecordedKey(o.PeerNode))
}

// KeyEpoch is the latest key of the peer, which may still have to be made.
func KeyEpoch(p *v1alpha1.PeerNode) int64 {
	latest := int64(firstEpoch)
	if imports(p) && !RecordedKey(p) {
		if envelope, err := readImport(p); err == nil {
			latest = envelope.Header().Binding.Epoch
		}
	}
	if id := p.Status.Identity; id != nil {
		latest = max(latest, id.Epoch)
		for _, e := range id.Epochs {
			latest = max(latest, e.Epoch)
		}
	}
	return latest
}

// RecordedKey reports whether a key of the peer is on record.
func RecordedKey(p *v1alpha1.PeerNode) bool {
	return p.Status.Identity != nil && p.Status.Identity.SecretName != ""
}

// decideKey asks, in this order, what is on record, what exists, and what the Job has made.
func decideKey(o Observed, b blueprint.Blueprint) keyStep {
	job := o.keyJob()
	switch {
	case b.Kind.Key() == nil:
		return keyStep{}
	case RecordedKey(o.PeerNode):
		return restored(o, b, onRecord(o, b))
	// The record waits for company, and may be lost with an operator that is killed. The StatefulSet never comes before
	// the key; that of an earlier PeerNode says nothing of this one's.
	case o.statefulSet() != nil && !o.previous(o.statefulSet()):
		return remembered(o, b)
	case !sealable(o, b):
		return keyStep{finding: unpublished(o, "the peer's own")}
	case imports(o.PeerNode):
		return imported(o, b)
	case job != nil:
		return take(o, b, job, firstEpoch, latest(o, b.Kind.Key()))
	default:
		return adopt(o, b)
	}
}

func newRecord(b blueprint.Blueprint, epoch int64) *v1alpha1.PeerIdentityStatus {
	record := &v1alpha1.PeerIdentityStatus{Epoch: epoch, SecretName: names.Key(b.PeerNode, epoch), Protection: v1alpha1.ProtectionBrokered}
	if b.Direct != nil {
		record.Protection = v1alpha1.ProtectionDirect
	}
	return record
}

// recordOf is the record of a key that is known.
func recordOf(b blueprint.Blueprint, key identity.Public, epoch int64) *v1alpha1.PeerIdentityStatus {
	record, id := newRecord(b, epoch), b.Kind.Key().Identity(key)
	record.PeerID, record.PublicKey = id.PeerID, id.PublicKey
	return record
}

// onRecord sees to the reservation of the key on record, also where an operator from before there were reservations
// recorded it. The identity of a key that was taken up unread may be known by now.
func onRecord(o Observed, b blueprint.Blueprint) keyStep {
	record, form := o.PeerNode.Status.Identity.DeepCopy(), b.Kind.Key()
	if key, epoch, ok := reservedKey(latest(o, form)); ok && record.PublicKey == "" && record.Epoch == epoch {
		record.PeerID, record.PublicKey = form.Identity(key).PeerID, form.Identity(key).PublicKey
	}
	key, err := form.Public(record.PublicKey)
	if err != nil { // It is not known yet, and will be once the software has shown it.
		return keyStep{record: record}
	}
	return keyStep{record: record}.claim(o, b, key, record.Epoch)
}

// remembered is the record of a key that was stored. Its reservation tells whose it is, or, while that is there, its Job.
func remembered(o Observed, b blueprint.Blueprint) keyStep {
	if key, epoch, ok := reservedKey(latest(o, b.Kind.Key())); ok {
		return keyStep{record: recordOf(b, key, epoch)}
	}
	if envelope, err := o.madeKey(); err == nil && envelope != nil {
		if key, err := envelope.Header().Public(); err == nil {
			return keyStep{record: recordOf(b, key, firstEpoch)}.claim(o, b, key, firstEpoch)
		}
	}
	return keyStep{record: newRecord(b, firstEpoch)}
}

func binding(p *v1alpha1.PeerNode, epoch int64) seal.Binding {
	return seal.Binding{Namespace: p.Namespace, PeerNode: p.Name, Role: seal.RoleIdentity, Epoch: epoch}
}

// sealable reports whether it is known to whom the key is to be sealed first of all.
func sealable(o Observed, b blueprint.Blueprint) bool { return b.Direct != nil || o.Sealing != nil }

// unpublished says that nobody knows to whom a key is to be sealed.
func unpublished(o Observed, key string) *conditions.Finding {
	message := fmt.Sprintf("the unsealer in namespace %s has not published the key to which %s is to be sealed; look at its pods", o.Options.Resources.UnsealerNamespace, key)
	if o.SealingDamage != "" {
		message = fmt.Sprintf("the key to which %s is to be sealed cannot be read, and the unsealer in namespace %s has yet to publish it anew: %s", key, o.Options.Resources.UnsealerNamespace, o.SealingDamage)
	}
	return conditions.Wait(v1alpha1.ReasonWaitingForUnsealer, message)
}

// keyRecipients are all who can open the key: the unsealer, or who takes its place, first, and nobody twice.
func keyRecipients(o Observed, b blueprint.Blueprint) []seal.Recipient {
	var first seal.Recipient
	if b.Direct != nil {
		first = *b.Direct
	} else {
		first = o.Sealing.Recipient
	}
	out := []seal.Recipient{first}
	for _, r := range b.Recovery {
		if r.String() != first.String() {
			out = append(out, r)
		}
	}
	return out
}

func infos(recipients []seal.Recipient) []seal.RecipientInfo {
	var out []seal.RecipientInfo
	for _, r := range recipients {
		out = append(out, r.Info())
	}
	return out
}

func store(b blueprint.Blueprint, envelope seal.Envelope, key identity.Public, epoch int64) keyStep {
	p := b.PeerNode
	secret := keysecret.New(p, epoch, envelope.Text())
	if p.DeletesKeys() {
		secret.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(p, v1alpha1.SchemeGroupVersion.WithKind("PeerNode"))}
	}
	return keyStep{store: secret, record: recordOf(b, key, epoch)}
}
