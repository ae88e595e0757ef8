// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"cmp"
	"slices"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/gate"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/resources"
)

// nextKey is the epoch of the key to which a peer would change if it were its turn, "" where it waits for anything else.
func nextKey(p *v1alpha1.PeerNode) string {
	next := p.Status.Identity.At(v1alpha1.KeyPublished)
	if next == nil || conditions.Find(p.Status.Conditions, v1alpha1.ConditionKeyRotated).Reason != v1alpha1.ReasonWaitingForFleet {
		return ""
	}
	return strconv.FormatInt(next.Epoch, 10)
}

// changesKey says that the pod of a peer is, or is about to be, replaced for the sake of a key, "" where it is not. One
// that waits for the fleet with its change runs on as it is.
func changesKey(p *v1alpha1.PeerNode) string {
	bound := conditions.Find(p.Status.Conditions, v1alpha1.ConditionIdentityBound)
	reconciling := conditions.Find(p.Status.Conditions, v1alpha1.ConditionReconciling)
	if next := nextKey(p); next != "" && next == p.Annotations[v1alpha1.AnnotationKeyTurn] {
		return "it is about to change to its key of epoch " + next
	}
	if p.Status.Identity.Switching() && !p.Spec.Suspend && bound.Status != metav1.ConditionTrue && reconciling.Reason != v1alpha1.ReasonWaitingForFleet {
		return "it changes to another key, and has not shown yet that it holds it"
	}
	return ""
}

// awaitTurn prepares the turn of a peer that waits for it.
func (m *member) awaitTurn(o Observed, spec v1alpha1.PeerNodeSpec, notes resources.FleetNotes) error {
	next := nextKey(m.live)
	if next == "" || next == notes.KeyTurn {
		return nil
	}
	notes.KeyTurn = next
	want, err := intentOf(o, m.ordinal, spec, notes)
	if err != nil {
		return err
	}
	m.turn, err = intent.ChangeOf(want, m.live)
	return err
}

// turns lets peers go over to their next keys, through the gates of any restart, but for the canary: a key is no template,
// and works for one peer as for another. Until every peer has served with the template keys wait, so that what goes wrong
// has one cause.
func (p *Plan) turns(o Observed, step gate.Restart) {
	changing := func(m *member) bool { return m.Wanted && m.live != nil && m.change != nil }
	if o.Fleet.Status.CurrentRevision != p.target.revision || slices.ContainsFunc(p.members, changing) {
		return
	}
	step.Canary = nil
	waiting := slices.DeleteFunc(slices.Clone(p.members), func(m *member) bool { return m.turn == nil })
	slices.SortStableFunc(waiting, func(a, b *member) int { return cmp.Or(first(!a.Up, !b.Up), int(b.ordinal-a.ordinal)) })
	for _, m := range waiting {
		if p.restart(m, &step) {
			m.Up, m.Why = false, "it is about to change its key"
			p.Apply = append(p.Apply, *m.turn)
		}
	}
}
