// SPDX-License-Identifier: Apache-2.0

package fleet_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/peernode/operator/api/v1alpha1"
)

// ownedBy is an owner of a PeerNode.
func ownedBy(kind, name string, uid types.UID) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) {
		p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: kind, Name: name, UID: uid, Controller: new(true)}}
	}
}

// stops is a PeerNode that its controller has stopped.
func stops(w *world, name string) { w.goesDown(name) }

// A PeerNode under the name of a peer is the fleet's, or may become it, or is never touched.
func TestWhoseAPeerNodeIs(t *testing.T) {
	const yes, no, later = "it is taken over", "it is refused", "it is waited for"
	for name, c := range map[string]struct {
		change []func(*v1alpha1.PeerNode)
		want   string
	}{
		"It carries the label and belongs to nobody.":         {[]func(*v1alpha1.PeerNode){invited}, yes},
		"It is the fleet's and somebody took the label.":      {[]func(*v1alpha1.PeerNode){ownedBy("PeerFleet", "alpha", "uid-1")}, yes},
		"It was made by hand and carries no label.":           {nil, no},
		"It carries the label of another fleet.":              {[]func(*v1alpha1.PeerNode){func(p *v1alpha1.PeerNode) { p.Labels = map[string]string{v1alpha1.LabelFleet: "beta"} }}, no},
		"It carries the label and belongs to another kind.":   {[]func(*v1alpha1.PeerNode){invited, ownedBy("Something", "alpha", "uid-1")}, no},
		"It carries the label and belongs to a fleet beside.": {[]func(*v1alpha1.PeerNode){invited, ownedBy("PeerFleet", "beta", "uid-2")}, no},
		"It belongs to a deleted fleet of this name.":         {[]func(*v1alpha1.PeerNode){invited, ownedBy("PeerFleet", "alpha", "uid-0")}, later},
		"It is going away.":                                   {[]func(*v1alpha1.PeerNode){invited, func(p *v1alpha1.PeerNode) { p.DeletionTimestamp = &metav1.Time{Time: now} }}, later},
		"It is going away and was never the fleet's.":         {[]func(*v1alpha1.PeerNode){func(p *v1alpha1.PeerNode) { p.DeletionTimestamp = &metav1.Time{Time: now} }}, later},
	} {
		t.Run(name, func(t *testing.T) {
			w := serving(t)
			w.stands("alpha-1", c.change...)
			stops(w, "alpha-1")
			before := w.peer("alpha-1").DeepCopy()
			s := w.status()
			w.carryOut()
			got := yes
			if cmp.Equal(before, w.peer("alpha-1")) {
				got = later
				if s.Conditions[2].Status == metav1.ConditionTrue {
					got = no
				}
			}
			if got != c.want {
				t.Errorf("%s, want that %s; told: %+v", got, c.want, s.Conditions)
			}
		})
	}
}

// Taking over is a change of the pod, which gets the fleet's label and list.
func TestPeersAreTakenOverOneByOne(t *testing.T) {
	w := serving(t)
	for _, name := range []string{"alpha-3", "alpha-4"} {
		w.stands(name, invited, func(p *v1alpha1.PeerNode) { p.Spec.Storage.Size.Add(p.Spec.Storage.Size) })
	}
	want := []does{
		{Apply: []string{theList, "PeerNode alpha-4"}},
		{Apply: []string{theBudget, "PeerNode alpha-3"}},
		{Apply: []string{theBudget}},
	}
	got := w.edit(replicas(5)).steps()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	for _, name := range []string{"alpha-3", "alpha-4"} {
		if p := w.peer(name); !metav1.IsControlledBy(p, w.Fleet) || p.Spec.Fleet == nil || p.Spec.Storage.Size.String() != "2Gi" {
			t.Errorf("%s is %+v, want one of the fleet with the volume that it has", name, p)
		}
	}
}

// kubectl delete --cascade=orphan leaves all behind; the next fleet of this name takes it up without a restart.
func TestOrphanedObjectsAreTakenUp(t *testing.T) {
	w := serving(t)
	w.Fleet.UID = "uid-2"
	w.Fleet.Status = v1alpha1.PeerFleetStatus{}
	for _, o := range w.Objects {
		o.SetOwnerReferences(nil)
	}
	for _, p := range w.Peers {
		p.OwnerReferences = nil
	}
	p := w.decide()
	if diff := cmp.Diff([]string{theList, theBudget, "PeerNode alpha-0", "PeerNode alpha-1", "PeerNode alpha-2"}, applied(p)); diff != "" {
		t.Errorf("applied (-want +got):\n%s", diff)
	}
	if len(p.Held) > 0 {
		t.Errorf("held are %v, although no pod changes", held(p))
	}
	if w.converge(); w.status().UpdateRevision != w.peer("alpha-0").Annotations[v1alpha1.AnnotationRevision] || !metav1.IsControlledBy(w.list(), w.Fleet) {
		t.Errorf("the objects are not those of the new fleet: %+v", w.list().ObjectMeta)
	}
}

// The objects of a fleet that is being deleted go away behind it; the next of this name must not lose its own to the
// garbage collector.
func TestObjectsOfADeletedFleetAreWaitedFor(t *testing.T) {
	for name, change := range map[string]func(w *world){
		"The list belongs to the deleted fleet.":   func(w *world) { w.list().OwnerReferences[0].UID = "uid-0" },
		"The budget belongs to the deleted fleet.": func(w *world) { w.budget().OwnerReferences[0].UID = "uid-0" },
		"The list is on its way out.":              func(w *world) { w.list().DeletionTimestamp = &metav1.Time{Time: now} },
		"The budget is on its way out.":            func(w *world) { w.budget().DeletionTimestamp = &metav1.Time{Time: now} },
	} {
		w := serving(t)
		change(w)
		w.edit(replicas(5))
		p := w.decide()
		if p.Blocked == nil || p.Blocked.Stalled || p.Acts() {
			t.Errorf("%s the plan is blocked by %+v and applies %v", name, p.Blocked, applied(p))
		}
	}
}
