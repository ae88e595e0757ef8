// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"cmp"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/blueprint"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/gate"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/resources"
)

// Plan is what is to be done about one fleet.
type Plan struct {
	// Apply are the objects that differ from what is intended, in the order in which they are needed.
	Apply []intent.Change
	// Delete are the peers whose ordinal is no longer wanted, the highest first.
	Delete []*v1alpha1.PeerNode
	// Forget are the templates on record that nobody needs any more.
	Forget []*appsv1.ControllerRevision
	// Blocked is set when nothing at all may be done.
	Blocked *conditions.Finding
	// Held are the gates that hold back restarts, in the order in which they were met.
	Held []Held

	// LookAgain is when something is due by the clock, the zero time where nothing is.
	LookAgain time.Time

	// Revision is that of the present template.
	Revision string
	// target is what the peers are to be made from, failed the record that this is not the present template.
	target  target
	failed  *v1alpha1.FailedRollout
	members []*member
}

// Held is a gate that holds back restarts.
type Held struct {
	// Refusal is what it says of the first of them.
	gate.Refusal

	Peers int32
}

// Acts reports whether the plan changes anything.
func (p *Plan) Acts() bool {
	return len(p.Apply) > 0 || len(p.Delete) > 0 || len(p.Forget) > 0
}

// Decide makes the plan.
func Decide(o Observed) (Plan, error) {
	var p Plan
	var err error
	if p.Revision, err = revisionOf(o); err != nil {
		return p, err
	}
	p.target, p.failed = targetOf(o, p.Revision)
	pods := newPods(o)
	if p.members, err = members(o, p.target, pods); err != nil {
		return p, err
	}
	p.awaitFresh()
	window, err := gate.NewWindow(o.Fleet.Spec.Rollout.Window)
	if err != nil {
		p.Blocked = conditions.Refuse(v1alpha1.ReasonInvalidWindow, err.Error())
		return p, nil
	}
	if err := p.ownObjects(o); err != nil || p.Blocked != nil {
		return p, err
	}
	if o.Fleet.Spec.Paused {
		return p, nil
	}
	p.watchRollout(o, pods)
	p.change(o, window.Opens(o.Now))
	p.Forget = outlived(o, p.Revision)
	return p, p.scaleDown(o)
}

// ownObjects plans the list of peers, the budget and the record of the template.
func (p *Plan) ownObjects(o Observed) error {
	known := o.Declared.Neighbourhood(o.Options)
	known.Peers = append(p.siblings(o, blueprint.Ports(&v1alpha1.PeerNode{Spec: p.target.spec}, o.Options)), known.Peers...)
	b, refused := blueprintOf(o, p.target.spec, known)
	if refused != nil {
		p.Blocked = refused
		return nil
	}
	list := resources.FleetMembers(o.Fleet, b.Workload.Files)
	running := int(p.count(func(m *member) bool { return m.Wanted && !m.Parked && m.counted(o) }))
	number, hash, _ := parseRevision(p.Revision)
	record, err := resources.FleetRevision(o.Fleet, int64(number), hash, template(o))
	if err != nil {
		return err
	}
	wanted, err := intent.FromAll(list, resources.FleetBudget(o.Fleet, max(0, running-MaxUnavailable(o.Fleet, running))), record)
	if err != nil {
		return err
	}
	for _, want := range wanted {
		live := o.Objects[want.Ref]
		switch {
		case live == nil:
		case !gate.OfFleet(o.Fleet, live):
			p.Blocked = gate.Foreign(want.Ref)
			return nil
		case live.GetDeletionTimestamp() != nil, metav1.GetControllerOf(live) != nil && !metav1.IsControlledBy(live, o.Fleet):
			p.Blocked = conditions.Wait(v1alpha1.ReasonWaitingForPeers, want.Ref.String()+" of a deleted PeerFleet of this name is still going away")
			return nil
		}
	}
	p.Apply, err = intent.Changes(wanted, o.Objects)
	return err
}

// siblings are the peers of the fleet that have shown their identity. One on its way out is nobody's neighbour any
// more.
func (p *Plan) siblings(o Observed, ports []peer.Port) []peer.Neighbour {
	var out []peer.Neighbour
	for _, m := range p.members {
		if !m.Wanted || !m.known() {
			continue
		}
		id, also := m.live.Status.Identity.Names()
		out = append(out, peer.Neighbour{
			Name: m.Name, Namespace: o.Fleet.Namespace, PeerID: id, Also: also,
			Fleet: o.Fleet.Namespace + "/" + o.Fleet.Name, Ports: ports,
		})
	}
	return out
}

// change applies what disturbs nobody at once, and asks the gates before every restart.
func (p *Plan) change(o Observed, opens time.Time) {
	var restarts []*member
	for _, m := range p.members {
		switch {
		case m.change == nil:
		case m.restarts:
			restarts = append(restarts, m)
		default:
			m.Why = cmp.Or(m.Why, "it is being changed")
			p.Apply = append(p.Apply, *m.change)
		}
	}
	step := gate.Restart{
		Peers:          p.peers(),
		MaxUnavailable: MaxUnavailable(o.Fleet, int(p.count(func(m *member) bool { return m.Wanted && !m.Parked }))),
		Evictable:      o.evictable(),
		Opens:          opens,
	}
	step.Canary = gate.Canary(step.Peers, canaryName(o.Fleet))
	slices.SortStableFunc(restarts, func(a, b *member) int {
		return cmp.Or(first(&a.Peer == step.Canary, &b.Peer == step.Canary), first(!a.Up, !b.Up), int(b.ordinal-a.ordinal))
	})
	for _, m := range restarts {
		if p.restart(m, &step) {
			m.Up, m.Updated, m.Refused, m.Why = false, true, false, "it is being updated"
			p.Apply = append(p.Apply, *m.change)
		}
	}
	p.turns(o, step)
}

// restart asks the gates whether a peer may be restarted, and counts it where they say yes.
func (p *Plan) restart(m *member, step *gate.Restart) bool {
	step.Peer = &m.Peer
	if refusal := gate.MayRestart(*step); refusal != nil {
		p.hold(*refusal)
		if refusal.Reason == v1alpha1.ReasonOutsideWindow {
			p.lookAgain(step.Opens)
		}
		return false
	}
	if m.Up && !m.Parked && !m.Unbudgeted {
		step.Evictable--
	}
	return true
}

// lookAgain asks for another look at a time, or before.
func (p *Plan) lookAgain(at time.Time) {
	if p.LookAgain.IsZero() || at.Before(p.LookAgain) {
		p.LookAgain = at
	}
}

// hold counts a refusal under the name of its gate.
func (p *Plan) hold(refusal gate.Refusal) {
	i := slices.IndexFunc(p.Held, func(h Held) bool { return h.Gate == refusal.Gate })
	if i < 0 {
		p.Held = append(p.Held, Held{Refusal: refusal})
		i = len(p.Held) - 1
	}
	p.Held[i].Peers++
}

// scaleDown removes the peers that are no longer wanted, once it is on record what becomes of their volumes.
func (p *Plan) scaleDown(o Observed) error {
	policy := cmp.Or(o.Fleet.Spec.ScaleDown.Data, v1alpha1.RetentionRetain)
	for _, m := range slices.Backward(p.members) {
		switch {
		case m.Wanted, m.live.DeletionTimestamp != nil, m.Busy != "":
		case m.departs(policy):
			p.Delete = append(p.Delete, m.live)
		default:
			change, err := m.leave(o, policy)
			if err != nil {
				return err
			}
			if change != nil {
				p.Apply = append(p.Apply, *change)
			}
		}
	}
	return nil
}

func (p *Plan) peers() []*gate.Peer {
	out := make([]*gate.Peer, 0, len(p.members))
	for _, m := range p.members {
		out = append(out, &m.Peer)
	}
	return out
}

func (p *Plan) count(as func(*member) bool) int32 {
	var n int32
	for _, m := range p.members {
		if as(m) {
			n++
		}
	}
	return n
}

// MaxUnavailable is how many of the running peers may be down at a time, at least 1.
func MaxUnavailable(f *v1alpha1.PeerFleet, running int) int {
	if f.Spec.Rollout.MaxUnavailable == nil {
		return 1
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(f.Spec.Rollout.MaxUnavailable, running, false)
	if err != nil {
		return 1 // Admission refuses what is neither a number nor a percentage.
	}
	return max(1, n)
}

// canaryName is the peer that the spec wants to go first, "" where it leaves the choice open.
func canaryName(f *v1alpha1.PeerFleet) string {
	if f.Spec.Rollout.Canary == nil {
		return ""
	}
	return names.Peer(f.Name, *f.Spec.Rollout.Canary)
}

// first orders what is true before what is not.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}
