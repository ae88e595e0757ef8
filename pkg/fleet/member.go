// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/blueprint"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/gate"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/resources"
)

// member is one ordinal of the fleet: wanted, existing, or both.
type member struct {
	gate.Peer

	ordinal int32
	// live is nil where the PeerNode does not exist, and where it is not the fleet's.
	live *v1alpha1.PeerNode
	// finding is what keeps the fleet from touching the PeerNode under this name, nil when nothing does.
	finding *conditions.Finding
	// change is what is to be applied, nil when the PeerNode is as wanted.
	change *intent.Change
	// restarts is true when the change replaces a pod.
	restarts bool
	// until is when the peer will have been ready for long enough, set while it is fresh.
	until time.Time
	// turn is the change that lets the peer go over to its next key, nil unless it waits for nothing else.
	turn *intent.Change
}

// members lists the wanted ordinals and those that are on their way out, by ordinal.
func members(o Observed, to target, pods pods) ([]*member, error) {
	var out []*member
	for ordinal := range o.Fleet.Spec.Replicas {
		m, err := wanted(o, ordinal, to, pods)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	for name, live := range o.Peers {
		ordinal, ok := names.Ordinal(o.Fleet.Name, name)
		if ok && ordinal >= o.Fleet.Spec.Replicas && metav1.IsControlledBy(live, o.Fleet) {
			out = append(out, &member{ordinal: ordinal, live: live, Peer: gate.Peer{Name: name, Busy: o.busy(live)}})
		}
	}
	slices.SortFunc(out, func(a, b *member) int { return int(a.ordinal - b.ordinal) })
	return out, nil
}

func wanted(o Observed, ordinal int32, to target, pods pods) (*member, error) {
	name := names.Peer(o.Fleet.Name, ordinal)
	live := o.Peers[name]
	m := &member{ordinal: ordinal, Peer: gate.Peer{Name: name, Wanted: true, Why: "is being made"}}
	if live != nil {
		if m.finding = untouchable(o, live); m.finding != nil {
			m.Absent, m.Why = true, m.finding.Message
			return m, nil
		}
		m.live = live
	}
	spec := specOf(o, to.spec, ordinal, live)
	pod := pods.of(to, ordinal)
	m.Parked = spec.Suspend
	notes := resources.FleetNotes{Revision: to.revision, Pod: pod}
	if live == nil {
		want, err := intentOf(o, ordinal, spec, notes)
		m.change, m.Updated, m.Absent = &intent.Change{Intent: want}, true, true
		return m, err
	}
	m.Unbudgeted = live.Spec.Fleet == nil
	m.Busy = o.busy(live)
	m.Up, m.Refused, m.Why = stateOf(live)
	if by := o.HeldBy[name]; by != "" && m.Up { // Its own status says so in a moment.
		m.Up, m.Why = false, heldBy(by)
	}
	m.freshen(freshUntil(o, live))
	notes.KeyTurn = live.Annotations[v1alpha1.AnnotationKeyTurn]
	if !same(o, live, spec, notes) {
		want, err := intentOf(o, ordinal, spec, notes)
		if err != nil {
			return nil, err
		}
		if m.change, err = intent.ChangeOf(want, live); err != nil {
			return nil, err
		}
	}
	if m.change == nil {
		m.Updated = true
		return m, m.awaitTurn(o, spec, notes)
	}
	// A spec that cannot be run must not reach every peer at once either.
	m.restarts = pod == "" || pod != live.Annotations[v1alpha1.AnnotationApprovedPod]
	m.Updated = !m.restarts
	return m, nil
}

// same reports whether a PeerNode is beyond doubt as wanted, which most are at any look. It spares the comparison of
// intents, which a look at a thousand peers would mostly consist of.
func same(o Observed, live *v1alpha1.PeerNode, spec v1alpha1.PeerNodeSpec, notes resources.FleetNotes) bool {
	request := o.Fleet.Annotations[v1alpha1.AnnotationRotateKey]
	return live.Annotations[v1alpha1.AnnotationRevision] == notes.Revision && live.Annotations[v1alpha1.AnnotationApprovedPod] == notes.Pod && gate.OfFleet(o.Fleet, live) &&
		(request == "" || live.Annotations[v1alpha1.AnnotationRotateKey] == request) &&
		metav1.IsControlledBy(live, o.Fleet) && equality.Semantic.DeepEqual(live.Spec, spec)
}

func intentOf(o Observed, ordinal int32, spec v1alpha1.PeerNodeSpec, notes resources.FleetNotes) (intent.Intent, error) {
	applied, err := resources.FleetPeer(o.Fleet, ordinal, spec, notes)
	if err != nil {
		return intent.Intent{}, err
	}
	return intent.From(applied)
}

// untouchable says why the PeerNode under a wanted name cannot be one of the fleet's, nil when it can.
func untouchable(o Observed, live *v1alpha1.PeerNode) *conditions.Finding {
	owner := metav1.GetControllerOf(live)
	switch {
	case live.DeletionTimestamp != nil:
		return conditions.Wait(v1alpha1.ReasonWaitingForPeers, fmt.Sprintf("PeerNode %s is going away and will be made anew", live.Name))
	case owner != nil && owner.Kind == "PeerFleet" && owner.UID == o.Fleet.UID:
		return nil
	case !gate.OfFleet(o.Fleet, live), owner != nil && owner.Kind != "PeerFleet", owner != nil && owner.Name != o.Fleet.Name:
		return conditions.Refuse(v1alpha1.ReasonForeignObject, fmt.Sprintf(
			"PeerNode %s/%s exists and is not of this fleet; it is left alone. To let the fleet take it over, label it %s=%s; otherwise remove it",
			live.Namespace, live.Name, v1alpha1.LabelFleet, o.Fleet.Name))
	case owner != nil && owner.UID != o.Fleet.UID:
		return conditions.Wait(v1alpha1.ReasonWaitingForPeers, fmt.Sprintf("PeerNode %s of a deleted PeerFleet of this name is still going away", live.Name))
	}
	return nil
}

// known reports whether a peer has shown its identity.
func (m *member) known() bool {
	return m.live != nil && m.live.Status.Identity != nil && m.live.Status.Identity.PeerID != ""
}

// busy says what is going on at a peer that must not be disturbed, "" where nothing is.
func (o Observed) busy(p *v1alpha1.PeerNode) string {
	if by := o.HeldBy[p.Name]; by != "" {
		return heldBy(by)
	}
	if why := p.Annotations[v1alpha1.AnnotationHold]; why != "" {
		return "the annotation " + v1alpha1.AnnotationHold + " says: " + why
	}
	return changesKey(p)
}

func heldBy(backup string) string { return "PeerBackup " + backup + " has it stopped" }

// carriedOut reports whether the operator has set about the newest spec of a peer, and the pod that the fleet last let
// it have.
func carriedOut(p *v1alpha1.PeerNode) bool {
	approved := p.Annotations[v1alpha1.AnnotationApprovedPod]
	return p.Status.ObservedGeneration == p.Generation && (approved == "" || p.Status.Rollout != nil && p.Status.Rollout.Pod == approved)
}

// undisturbed reports whether a peer serves on while it waits for a reason: for its volume to grow, or for the fleet
// itself.
func undisturbed(reason string) bool {
	return reason == v1alpha1.ReasonWaitingForResize || reason == v1alpha1.ReasonWaitingForFleet
}

// stateOf reads a peer's own status. One whose newest spec has not been looked at may be about to restart, and so
// may one that is being worked on.
func stateOf(p *v1alpha1.PeerNode) (up, refused bool, why string) {
	ready := conditions.Find(p.Status.Conditions, v1alpha1.ConditionReady)
	reconciling := conditions.Find(p.Status.Conditions, v1alpha1.ConditionReconciling)
	stalled := conditions.Find(p.Status.Conditions, v1alpha1.ConditionStalled)
	refused = stalled.Status == metav1.ConditionTrue
	switch {
	case !carriedOut(p):
		return false, false, "its newest spec has not been carried out yet"
	case refused:
		return ready.Status == metav1.ConditionTrue, true, stalled.Reason + ": " + stalled.Message
	case changesKey(p) != "":
		return false, false, changesKey(p)
	case reconciling.Status == metav1.ConditionTrue && !undisturbed(reconciling.Reason):
		return false, false, reconciling.Reason + ": " + reconciling.Message
	case ready.Status != metav1.ConditionTrue:
		return false, false, ready.Reason + ": " + ready.Message
	}
	return true, false, ""
}

// pods remembers to which pods a template leads. Peers without an override have the same one, and size and suspension,
// which the live peer has a say in, are no part of it: so a look at a thousand peers builds one pod.
type pods struct {
	o     Observed
	known map[podKey]string
}

// podKey is what tells pods apart: the template, and which override is laid over it, -1 for none.
type podKey struct {
	revision string
	override int
}

func newPods(o Observed) pods { return pods{o: o, known: map[podKey]string{}} }

// of is the hash of the pod of an ordinal, "" for a spec that cannot be run.
func (p pods) of(from target, ordinal int32) string {
	override := slices.IndexFunc(p.o.Fleet.Spec.Overrides, func(v v1alpha1.PeerOverride) bool { return v.Ordinal == ordinal })
	key := podKey{from.revision, override}
	if pod, ok := p.known[key]; ok {
		return pod
	}
	pod := blueprint.PodOfFleet(p.o.Fleet.Namespace, p.o.Fleet.Name, specOf(p.o, from.spec, ordinal, nil), p.o.Options)
	p.known[key] = pod
	return pod
}

// counted reports whether the budget sees the pod of the peer, or soon will. That of a PeerNode which the fleet is
// about to take over does not carry the fleet's label yet.
func (m *member) counted(o Observed) bool {
	if m.live == nil {
		return !o.Fleet.Spec.Paused
	}
	return m.live.Spec.Fleet != nil
}

// departs reports whether a peer on its way out can be deleted now: what becomes of its volume has to be on record
// before, and the finalizer that sees to it in place.
func (m *member) departs(policy v1alpha1.RetentionPolicy) bool {
	guarded := slices.Contains(m.live.Finalizers, v1alpha1.FinalizerData)
	return m.live.DeletesData() == (policy == v1alpha1.RetentionDelete) && guarded == m.live.DeletesData()
}

// leave is the change that lets a peer on its way out leave its volume as the fleet says.
func (m *member) leave(o Observed, policy v1alpha1.RetentionPolicy) (*intent.Change, error) {
	spec := *m.live.Spec.DeepCopy()
	spec.DeletionPolicy.Data = policy
	annotations := m.live.Annotations
	want, err := intentOf(o, m.ordinal, spec, resources.FleetNotes{
		Revision: annotations[v1alpha1.AnnotationRevision],
		Pod:      annotations[v1alpha1.AnnotationApprovedPod],
		KeyTurn:  annotations[v1alpha1.AnnotationKeyTurn],
	})
	if err != nil {
		return nil, err
	}
	return intent.ChangeOf(want, m.live)
}
