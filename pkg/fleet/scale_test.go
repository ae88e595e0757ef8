// SPDX-License-Identifier: Apache-2.0

package fleet_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
)

// does is what plans do one after the other.
type does struct{ Apply, Remove []string }

// steps carries out plans until nothing is left to do; in between others do their part.
func (w *world) steps() []does {
	w.t.Helper()
	var out []does
	for range 10 {
		p := w.carryOut()
		if !p.Acts() {
			return out
		}
		out = append(out, does{applied(p), deleted(p)})
		w.attend()
	}
	w.t.Fatalf("the fleet never needs nothing: %+v", out)
	return nil
}

func TestAFleetIsScaledStepByStep(t *testing.T) {
	const retain, remove = v1alpha1.RetentionRetain, v1alpha1.RetentionDelete
	fewer := does{Apply: []string{theList, theBudget}}
	gone := func(names ...string) does { return does{Apply: fewer.Apply, Remove: names} }
	for name, c := range map[string]struct {
		spec []edits
		edit edits
		want []does
	}{
		"Up: the peers are made, and put on the list once they are known.": {
			nil, replicas(5), []does{{Apply: []string{theBudget, "PeerNode alpha-3", "PeerNode alpha-4"}}, {Apply: []string{theList}}},
		},
		"Up with software that keeps no list.": {[]edits{custom}, replicas(4), []does{{Apply: []string{theBudget, "PeerNode alpha-3"}}}},
		"Down: the highest go first.":          {nil, replicas(1), []does{gone("alpha-2", "alpha-1")}},
		"Down to nobody.":                      {nil, replicas(0), []does{gone("alpha-2", "alpha-1", "alpha-0")}},
		"Down by a parked peer.":               {[]edits{parked(2)}, replicas(2), []does{{[]string{theList}, []string{"alpha-2"}}}},
		"Down with a rollout: both, and nobody waits for who leaves.": {
			nil, func(f *v1alpha1.PeerFleet) { replicas(2)(f); image(imageV2)(f) },
			[]does{{[]string{theList, theBudget, "PeerNode alpha-1"}, []string{"alpha-2"}}, {Apply: []string{"PeerNode alpha-0"}}},
		},
		"Down, and volumes that the template lets go stay: first that is put on record.": {
			[]edits{dataOfPeers(remove)}, replicas(2),
			[]does{{Apply: []string{theList, theBudget, "PeerNode alpha-2"}}, {Remove: []string{"alpha-2"}}},
		},
		"Down, and volumes that the template lets go stay because it is said so.": {
			[]edits{dataOfPeers(remove), dataOnScaleDown(retain)}, replicas(2),
			[]does{{Apply: []string{theList, theBudget, "PeerNode alpha-2"}}, {Remove: []string{"alpha-2"}}},
		},
		"Down, and volumes that the template keeps go: first that is put on record.": {
			[]edits{dataOnScaleDown(remove)}, replicas(2),
			[]does{{Apply: []string{theList, theBudget, "PeerNode alpha-2"}}, {Remove: []string{"alpha-2"}}},
		},
		"Down, and volumes go as the template says anyway.": {
			[]edits{dataOfPeers(remove), dataOnScaleDown(remove)}, replicas(2), []does{gone("alpha-2")},
		},
		"Down with a new policy for all: who leaves follows the one for scaling down.": {
			nil, func(f *v1alpha1.PeerFleet) { replicas(2)(f); dataOfPeers(remove)(f) },
			[]does{{[]string{theList, theBudget, "PeerNode alpha-0", "PeerNode alpha-1"}, []string{"alpha-2"}}},
		},
		"Paused, the list and the budget follow at most.": {[]edits{paused}, replicas(5), nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := serving(t, c.spec...)
			got := w.edit(c.edit).steps()
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
		})
	}
}

// What decides about a volume is the record in the PeerNode and the finalizer that acts on it: a peer that goes before
// both are in place would take its volume with it, or leave it behind.
func TestAPeerLeavesOnceItsVolumeIsSeenTo(t *testing.T) {
	for name, c := range map[string]struct {
		policy    v1alpha1.RetentionPolicy
		recorded  v1alpha1.RetentionPolicy
		finalizer bool
		apply     []string
		remove    []string
	}{
		"The volume stays, as on record.":                        {policy: "Retain", recorded: "Retain", remove: []string{"alpha-2"}},
		"The volume stays, as by default.":                       {policy: "Retain", recorded: "", remove: []string{"alpha-2"}},
		"The volume stays by default, as by default.":            {policy: "", recorded: "", remove: []string{"alpha-2"}},
		"The volume stays, and the record says otherwise.":       {policy: "Retain", recorded: "Delete", finalizer: true, apply: []string{"alpha-2"}},
		"The volume stays, and the finalizer is still there.":    {policy: "Retain", recorded: "Retain", finalizer: true},
		"The volume goes, and the record says otherwise.":        {policy: "Delete", recorded: "Retain", apply: []string{"alpha-2"}},
		"The volume goes, and the finalizer is not there yet.":   {policy: "Delete", recorded: "Delete"},
		"The volume goes, as on record, and the finalizer acts.": {policy: "Delete", recorded: "Delete", finalizer: true, remove: []string{"alpha-2"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := serving(t, dataOfPeers(c.recorded), dataOnScaleDown(c.policy))
			p := w.peer("alpha-2")
			w.edit(replicas(2))
			p.Finalizers = nil
			if c.finalizer {
				p.Finalizers = []string{v1alpha1.FinalizerData}
			}
			plan := w.decide()
			if diff := cmp.Diff(c.apply, touched(plan)); diff != "" {
				t.Errorf("applied (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.remove, deleted(plan)); diff != "" {
				t.Errorf("deleted (-want +got):\n%s", diff)
			}
			for _, change := range plan.Apply {
				if change.Kind == "PeerNode" {
					w.apply(change)
					if got := w.peer("alpha-2").DeletesData(); got != (c.policy == v1alpha1.RetentionDelete) {
						t.Errorf("the record says that the volume goes: %v", got)
					}
				}
			}
		})
	}
}

func TestAPeerOnItsWayOutIsLeftToGo(t *testing.T) {
	w := serving(t, dataOfPeers(v1alpha1.RetentionDelete), dataOnScaleDown(v1alpha1.RetentionDelete))
	w.edit(replicas(2)).step()
	if w.peer("alpha-2").DeletionTimestamp == nil {
		t.Fatal("the finalizer does not hold the peer")
	}
	if p := w.decide(); p.Acts() {
		t.Errorf("the plan applies %v and deletes %v", applied(p), deleted(p))
	}
	if p := w.edit(dataOnScaleDown(v1alpha1.RetentionRetain)).decide(); p.Acts() {
		t.Errorf("the plan applies %v and deletes %v, too late to matter", applied(p), deleted(p))
	}
}

func TestAPeerWithoutAnOrdinalOfTheFleetIsNotDeleted(t *testing.T) {
	for name, change := range map[string]func(w *world){
		"An ordinal that is no longer wanted, and the PeerNode is not the fleet's.": func(w *world) { w.stands("alpha-7", invited) },
		"An ordinal of a deleted fleet of this name.": func(w *world) {
			w.edit(replicas(2)).peer("alpha-2").OwnerReferences[0].UID = "uid-0"
		},
		"Another name with the fleet's label.":    func(w *world) { w.stands("beta", invited) },
		"A name that only looks like an ordinal.": func(w *world) { w.stands("alpha-07", invited) },
		"Another name, and the fleet's own mark.": func(w *world) { w.stands("beta-7", w.owned) },
		"An ordinal under the name of another.":   func(w *world) { w.stands("alpha-1-7", w.owned) },
		"A wanted ordinal with a deletion time.":  func(w *world) { w.peer("alpha-0").DeletionTimestamp = &metav1.Time{Time: now} },
	} {
		w := serving(t)
		change(w)
		p := w.decide()
		if len(p.Delete) > 0 {
			t.Errorf("%s the plan deletes %v", name, deleted(p))
		}
		if len(touched(p)) > 0 {
			t.Errorf("%s the plan applies %v", name, touched(p))
		}
	}
}

// owned is a PeerNode that belongs to the fleet.
func (w *world) owned(p *v1alpha1.PeerNode) {
	invited(p)
	p.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(w.Fleet, v1alpha1.SchemeGroupVersion.WithKind("PeerFleet"))}
}

// The peers come back to their volumes and keys, by their names.
func TestAFleetThatShrinksAndGrowsHasTheSamePeers(t *testing.T) {
	w := serving(t)
	before := w.peer("alpha-2").Spec
	w.edit(replicas(1)).converge()
	w.edit(replicas(3)).converge()
	if diff := cmp.Diff(before, w.peer("alpha-2").Spec); diff != "" {
		t.Errorf("spec (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(everybody, w.read()); diff != "" {
		t.Errorf("list (-before +after):\n%s", diff)
	}
}
