// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/names"
)

// Status is what is to be told about the fleet. failed is what doing the plan ran into, nil when it went well.
func Status(o Observed, p Plan, failed *conditions.Finding, now time.Time) v1alpha1.PeerFleetStatus {
	finding := judge(o, p, failed)
	s := v1alpha1.PeerFleetStatus{
		ObservedGeneration: o.Fleet.Generation,
		Selector:           labels.SelectorFromSet(names.FleetSelector(o.Fleet.Name)).String(),
		UpdateRevision:     p.Revision,
		OldestRevision:     oldest(p),
		Replicas:           p.count(func(m *member) bool { return m.live != nil }),
		ReadyReplicas:      p.count(serves),
		AvailableReplicas:  p.count(func(m *member) bool { return serves(m) && !m.Fresh }),
		UpdatedReplicas:    p.count(func(m *member) bool { return m.Wanted && m.live != nil && m.change == nil && p.failed == nil }),
		Failed:             p.failed,
		ParkedReplicas:     p.count(func(m *member) bool { return m.live != nil && m.Parked }),
	}
	for _, h := range p.Held {
		s.Waits = append(s.Waits, v1alpha1.GateWait{Gate: h.Gate, Peers: h.Peers, Message: h.Message})
	}
	list := []metav1.Condition{ready(p, finding), conditions.Reconciling(finding), conditions.Stalled(finding), rolloutOpen(o, p)}
	if listed(o, p) {
		list = append(list, membersKnown(p))
	}
	if c := o.Declared.Resolved(furthest(o), o.Options); c != nil {
		list = append(list, *c)
	}
	for i := range list {
		list[i].ObservedGeneration = o.Fleet.Generation
	}
	s.Conditions = conditions.Carry(o.Fleet.Status.Conditions, list, now)
	s.CurrentRevision = o.Fleet.Status.CurrentRevision
	if finding == nil && s.OldestRevision == s.UpdateRevision {
		s.CurrentRevision = s.UpdateRevision
	}
	return s
}

// judge finds what stands between the fleet and its spec, nil when nothing does. The questions stand in the order in
// which a person would ask them; the first that has an answer counts.
func judge(o Observed, p Plan, failed *conditions.Finding) *conditions.Finding {
	for _, ask := range []func() *conditions.Finding{
		func() *conditions.Finding { return p.Blocked },
		func() *conditions.Finding { return failed },
		func() *conditions.Finding { return stalledPeer(p) },
		func() *conditions.Finding { return paused(o, p) },
		func() *conditions.Finding { return held(p) },
		func() *conditions.Finding { return waitingForPeers(p) },
		func() *conditions.Finding { return leaving(p) },
		func() *conditions.Finding { return rolledBack(p) },
	} {
		if f := ask(); f != nil {
			return f
		}
	}
	return nil
}

func stalledPeer(p Plan) *conditions.Finding {
	for _, m := range p.members {
		switch {
		case m.finding != nil && m.finding.Stalled:
			return m.finding
		case m.Wanted && m.Refused:
			return conditions.Refuse(v1alpha1.ReasonPeerStalled, m.Name+": "+m.Why)
		}
	}
	return nil
}

func paused(o Observed, p Plan) *conditions.Finding {
	pending := p.count(func(m *member) bool { return m.change != nil || !m.Wanted })
	if !o.Fleet.Spec.Paused || pending == 0 {
		return nil
	}
	return conditions.Wait(v1alpha1.ReasonPaused, fmt.Sprintf("spec.paused is true; %d peers wait to be made, changed or removed", pending))
}

func held(p Plan) *conditions.Finding {
	if len(p.Held) == 0 {
		return nil
	}
	return conditions.Wait(p.Held[0].Reason, fmt.Sprintf("gate %s holds back %d peers: %s", p.Held[0].Gate, p.Held[0].Peers, p.Held[0].Message))
}

func waitingForPeers(p Plan) *conditions.Finding {
	waiting := func(m *member) bool {
		return m.Wanted && !m.Parked && (!m.Up || m.Fresh) || m.Wanted && m.change != nil
	}
	n := p.count(waiting)
	if n == 0 {
		return nil
	}
	first := p.first(waiting)
	return conditions.Wait(v1alpha1.ReasonWaitingForPeers, fmt.Sprintf("%d peers are not as they should be yet; the first is %s: %s", n, first.Name, first.Why))
}

func leaving(p Plan) *conditions.Finding {
	n := p.count(func(m *member) bool { return !m.Wanted })
	if n == 0 {
		return nil
	}
	message := fmt.Sprintf("%d peers whose ordinal is no longer wanted are going away", n)
	if m := p.first(func(m *member) bool { return !m.Wanted && m.Busy != "" }); m != nil {
		message += fmt.Sprintf("; %s is not to be disturbed: %s", m.Name, m.Busy)
	}
	return conditions.Wait(v1alpha1.ReasonScalingDown, message)
}

func ready(p Plan, f *conditions.Finding) metav1.Condition {
	down := func(m *member) bool { return m.Wanted && !m.Parked && !serves(m) }
	n := p.count(down)
	switch {
	case f != nil && f.Stalled && p.count(func(m *member) bool { return m.live != nil }) == 0:
		return conditions.New(v1alpha1.ConditionReady, metav1.ConditionFalse, f.Reason, f.Message)
	case n > 0:
		first := p.first(down)
		return conditions.New(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonPeersNotReady,
			fmt.Sprintf("%d peers do not serve; the first is %s: %s", n, first.Name, first.Why))
	}
	return conditions.New(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonAllServing, "every peer that is not parked serves")
}

func rolloutOpen(o Observed, p Plan) metav1.Condition {
	switch f := held(p); {
	case o.Fleet.Spec.Paused:
		return conditions.New(v1alpha1.ConditionRolloutOpen, metav1.ConditionFalse, v1alpha1.ReasonPaused, "spec.paused is true")
	case f != nil:
		return conditions.New(v1alpha1.ConditionRolloutOpen, metav1.ConditionFalse, f.Reason, f.Message)
	}
	return conditions.New(v1alpha1.ConditionRolloutOpen, metav1.ConditionTrue, v1alpha1.ReasonNothingHeld, "")
}

// listed reports whether the software of the peers keeps a list of them.
func listed(o Observed, p Plan) bool {
	return o.Objects[Members(o.Fleet)] != nil || slices.ContainsFunc(p.Apply, func(c intent.Change) bool { return c.Ref == Members(o.Fleet) })
}

func membersKnown(p Plan) metav1.Condition {
	unknown := func(m *member) bool { return m.Wanted && !m.known() }
	if n := p.count(unknown); n > 0 {
		return conditions.New(v1alpha1.ConditionMembersKnown, metav1.ConditionFalse, v1alpha1.ReasonMembersUnknown,
			fmt.Sprintf("%d peers have not shown their identity yet; the first is %s", n, p.first(unknown).Name))
	}
	return conditions.New(v1alpha1.ConditionMembersKnown, metav1.ConditionTrue, v1alpha1.ReasonAllKnown, "")
}

// furthest stands for the peers of the fleet where others have to declare them: whoever declares peers by their names
// forgets the highest ordinal first.
func furthest(o Observed) *v1alpha1.PeerNode {
	p := &v1alpha1.PeerNode{Spec: template(o)}
	p.Namespace, p.Name = o.Fleet.Namespace, names.Peer(o.Fleet.Name, max(0, o.Fleet.Spec.Replicas-1))
	return p
}

// serves takes a peer's own word.
func serves(m *member) bool {
	return m.Wanted && m.live != nil &&
		conditions.Find(m.live.Status.Conditions, v1alpha1.ConditionReady).Status == metav1.ConditionTrue
}

// oldest is the revision with the lowest number among the wanted peers that have another than the present one; that
// of the template when none has. After going back, the one that is left behind has a higher number.
func oldest(p Plan) string {
	out, lowest := "", 0
	for _, m := range p.members {
		if !m.Wanted || m.live == nil {
			continue
		}
		revision := m.live.Annotations[v1alpha1.AnnotationRevision]
		number, _, ok := parseRevision(revision)
		if ok && (out == "" || out == p.Revision || revision != p.Revision && number < lowest) {
			out, lowest = revision, number
		}
	}
	return out
}

func (p *Plan) first(as func(*member) bool) *member {
	for _, m := range p.members {
		if as(m) {
			return m
		}
	}
	return nil
}
