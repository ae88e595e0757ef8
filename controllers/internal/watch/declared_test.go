// SPDX-License-Identifier: Apache-2.0

package watch_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/watch"
)

// A status changes many times while a peer starts; those who declare it look again for little of that.
func TestPeersAreLookedAtForWhatOthersCanSee(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*v1alpha1.PeerNode)
		want   bool
	}{
		"Its spec.":                        {func(p *v1alpha1.PeerNode) { p.Generation++ }, true},
		"Its identity.":                    {func(p *v1alpha1.PeerNode) { p.Status.Identity.PeerID = "another" }, true},
		"Its identity, for the first time": {func(p *v1alpha1.PeerNode) { p.Status.Identity = nil }, true},
		"Its conditions.":                  {func(p *v1alpha1.PeerNode) { p.Status.Conditions = []metav1.Condition{{Type: "Ready"}} }, false},
		"Its annotations.":                 {func(p *v1alpha1.PeerNode) { p.Annotations = map[string]string{"a": "b"} }, false},
	} {
		before := &v1alpha1.PeerNode{Status: v1alpha1.PeerNodeStatus{Identity: &v1alpha1.PeerIdentityStatus{PeerID: "one"}}}
		after := before.DeepCopy()
		c.change(after)
		if got := watch.SeenByPeers().Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after}); got != c.want {
			t.Errorf("%s others look again: %v, want %v", name, got, c.want)
		}
	}
	if !watch.SeenByPeers().Create(event.CreateEvent{Object: &v1alpha1.PeerNode{}}) || !watch.SeenByPeers().Delete(event.DeleteEvent{Object: &v1alpha1.PeerNode{}}) {
		t.Error("others do not look again when a peer comes or goes")
	}
}

func TestFleetsAreLookedAtForTheirSpec(t *testing.T) {
	before := &v1alpha1.PeerFleet{}
	told, changed := before.DeepCopy(), before.DeepCopy()
	told.Status.ReadyReplicas = 7
	changed.Generation++
	if watch.SeenByFleets().Update(event.UpdateEvent{ObjectOld: before, ObjectNew: told}) {
		t.Error("a status is looked at")
	}
	if !watch.SeenByFleets().Update(event.UpdateEvent{ObjectOld: before, ObjectNew: changed}) {
		t.Error("a spec is not looked at")
	}
}

func TestAPeerLeadsToItsFleet(t *testing.T) {
	p := &v1alpha1.PeerNode{ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: "alpha"}}
	if _, ok := watch.ItsFleet(p); ok {
		t.Error("a peer of no fleet leads to one")
	}
	p.Spec.Fleet = &v1alpha1.FleetMembership{Name: "relay"}
	if fleet, ok := watch.ItsFleet(p); !ok || fleet.String() != "peers/relay" {
		t.Errorf("a peer of relay leads to %s", fleet)
	}
}
