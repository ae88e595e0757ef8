// SPDX-License-Identifier: Apache-2.0

package fleet_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/fleet"
	"github.com/peernode/operator/pkg/names"
)

const (
	theList   = "ConfigMap alpha-fleet"
	theBudget = "PodDisruptionBudget alpha-fleet"
)

// applied are the objects that a plan changes, in its order, without the records of templates, of which nobody takes
// notice until a rollback.
func applied(p fleet.Plan) []string {
	var out []string
	for _, c := range p.Apply {
		if c.Kind != "ControllerRevision" {
			out = append(out, c.Kind+" "+c.Name)
		}
	}
	return out
}

// touched are the peers among them.
func touched(p fleet.Plan) []string {
	var out []string
	for _, c := range p.Apply {
		if c.Kind == "PeerNode" {
			out = append(out, c.Name)
		}
	}
	return out
}

func deleted(p fleet.Plan) []string {
	var out []string
	for _, o := range p.Delete {
		out = append(out, o.Name)
	}
	return out
}

// held are the gates that hold back restarts, with the number of peers.
func held(p fleet.Plan) map[string]int32 {
	out := map[string]int32{}
	for _, h := range p.Held {
		out[h.Gate] = h.Peers
	}
	return out
}

// peerNodes are the wanted names of a fleet of n.
func peerNodes(n int32) []string {
	var out []string
	for ordinal := range n {
		out = append(out, names.Peer("alpha", ordinal))
	}
	return out
}

// everything is a template that uses what is easily lost on the way into a PeerNode: amounts in unusual words, empty
// selectors, references by two names, and a patch.
func everything(f *v1alpha1.PeerFleet) {
	spec := &f.Spec.Template.Spec
	spec.Storage.Size = resource.MustParse("1024Mi")
	spec.Resources = v1alpha1.PeerResources{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("0.5")}}
	spec.ImagePullSecrets = []corev1.LocalObjectReference{{Name: "registry"}}
	spec.Identity = &v1alpha1.PeerIdentity{Type: v1alpha1.IdentityEd25519}
	spec.Network.Peers = []v1alpha1.PeerReference{{Name: "beta"}, {Name: "beta", Namespace: "elsewhere"}}
	spec.Network.Peer.AllowFrom = []v1alpha1.NetworkPeer{{NamespaceSelector: &metav1.LabelSelector{}}, {IPBlock: &v1alpha1.IPBlock{CIDR: "10.0.0.0/8"}}}
	patchedWith(`{"spec":{"nodeSelector":{"disk":"fast"},"tolerations":[]}}`)(f)
	f.Spec.Spread = &v1alpha1.PeerSpread{TopologyKey: "topology.kubernetes.io/zone"}
}

// The pod of a peer mounts the list, and a budget that comes later would leave the first peers without.
func TestANewFleetGetsItsObjectsInTheOrderOfNeed(t *testing.T) {
	peers := []string{"PeerNode alpha-0", "PeerNode alpha-1", "PeerNode alpha-2"}
	for name, c := range map[string]struct {
		spec []edits
		want []string
	}{
		"Of agents.":                {nil, append([]string{theList, theBudget}, peers...)},
		"Of software with no list.": {[]edits{custom}, append([]string{theBudget}, peers...)},
		"With a parked peer.":       {[]edits{parked(1)}, append([]string{theList, theBudget}, peers...)},
		"Paused.":                   {[]edits{paused}, []string{theList, theBudget}},
		"Of nobody.":                {[]edits{replicas(0)}, []string{theList, theBudget}},
		"Of more than nine, by number and not by letter.": {[]edits{replicas(11)}, []string{
			theList, theBudget, "PeerNode alpha-0", "PeerNode alpha-1", "PeerNode alpha-2", "PeerNode alpha-3", "PeerNode alpha-4", "PeerNode alpha-5",
			"PeerNode alpha-6", "PeerNode alpha-7", "PeerNode alpha-8", "PeerNode alpha-9", "PeerNode alpha-10",
		}},
	} {
		p := newborn(t, c.spec...).decide()
		if diff := cmp.Diff(c.want, applied(p)); diff != "" {
			t.Errorf("%s objects (-want +got):\n%s", name, diff)
		}
		if len(p.Delete) > 0 || len(p.Held) > 0 || p.Blocked != nil {
			t.Errorf("%s the plan deletes %v, holds %v and is blocked by %v", name, deleted(p), p.Held, p.Blocked)
		}
	}
}

func TestAConvergedFleetNeedsNothing(t *testing.T) {
	for name, spec := range map[string][]edits{
		"Of agents.":                   nil,
		"Of custom software.":          {custom},
		"Of nobody.":                   {replicas(0)},
		"Of many.":                     {replicas(12), maxUnavailable(intstr.FromString("25%"))},
		"With everything.":             {everything},
		"With overrides.":              {parked(0), withImage(1, imageV2), withStorage(2, "2048Mi")},
		"All parked.":                  {suspended},
		"Whose volumes go with peers.": {dataOfPeers(v1alpha1.RetentionDelete), dataOnScaleDown(v1alpha1.RetentionDelete)},
	} {
		p := serving(t, spec...).decide()
		if p.Acts() || len(p.Held) > 0 || p.Blocked != nil {
			t.Errorf("%s the plan applies %v, deletes %v, holds %v, is blocked by %v", name, applied(p), deleted(p), p.Held, p.Blocked)
		}
	}
}

func TestAPeerIsATemplateWithTheMarksOfItsFleet(t *testing.T) {
	w := serving(t, everything)
	live := w.peer("alpha-1")
	want := w.Fleet.Spec.Template.Spec.DeepCopy()
	want.Fleet = &v1alpha1.FleetMembership{Name: "alpha", Spread: w.Fleet.Spec.Spread}
	if diff := cmp.Diff(*want, live.Spec); diff != "" {
		t.Errorf("spec (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{v1alpha1.LabelFleet: "alpha"}, live.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if !metav1.IsControlledBy(live, w.Fleet) || live.Annotations[v1alpha1.AnnotationRevision] != w.status().UpdateRevision {
		t.Errorf("metadata is %+v, want the fleet as its controller and the revision of the template", live.ObjectMeta)
	}
}

func TestDriftIsSetRight(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *world)
		want   []string
	}{
		"Somebody changed the list.":           {func(w *world) { w.list().Data["peers.yaml"] = "" }, []string{theList}},
		"Somebody removed the list.":           {func(w *world) { w.remove("ConfigMap") }, []string{theList}},
		"Somebody changed the budget.":         {func(w *world) { w.budget().Spec.MinAvailable = new(intstr.FromInt32(0)) }, []string{theBudget}},
		"Somebody removed the budget.":         {func(w *world) { w.remove("PodDisruptionBudget") }, []string{theBudget}},
		"Somebody deleted a peer.":             {func(w *world) { delete(w.Peers, "alpha-1") }, []string{theList, "PeerNode alpha-1"}},
		"Somebody took a peer from the fleet.": {func(w *world) { w.peer("alpha-1").OwnerReferences = nil }, []string{"PeerNode alpha-1"}},
		"Somebody took a peer's label.":        {func(w *world) { w.peer("alpha-1").Labels = nil }, []string{"PeerNode alpha-1"}},
		"Somebody resized a peer.":             {func(w *world) { w.peer("alpha-1").Spec.Storage.Size = resource.MustParse("512Mi") }, []string{"PeerNode alpha-1"}},
		"Somebody changed a peer's image.":     {func(w *world) { w.peer("alpha-1").Spec.Image = imageV2 }, []string{"PeerNode alpha-1"}},
		"Somebody added a label of their own.": {func(w *world) { w.peer("alpha-1").Labels["theirs"] = "1" }, nil},
	} {
		w := serving(t)
		c.change(w)
		p := w.decide()
		if diff := cmp.Diff(c.want, applied(p)); diff != "" {
			t.Errorf("%s applied (-want +got):\n%s", name, diff)
		}
		if len(p.Delete) > 0 || len(p.Held) > 0 {
			t.Errorf("%s the plan deletes %v and holds %v", name, deleted(p), p.Held)
		}
	}
}

// What is applied and not observed would be applied again and again.
func TestEveryObjectOfAPlanIsAmongTheObserved(t *testing.T) {
	for name, spec := range map[string][]edits{"agents": nil, "custom software": {custom}} {
		w := newborn(t, spec...)
		known := map[string]bool{}
		owned, err := fleet.Owned(w.Fleet, w.Options)
		if err != nil {
			t.Fatal(err)
		}
		for _, ref := range owned {
			known[ref.String()] = true
		}
		for _, peer := range peerNodes(3) {
			known[fleet.PeerRef(w.Fleet, peer).String()] = true
		}
		for _, c := range w.decide().Apply {
			if !known[c.Ref.String()] {
				t.Errorf("%s: %s is applied and not observed", name, c.Ref)
			}
		}
	}
}

func TestABlockedPlanDoesNothingAtAll(t *testing.T) {
	blocked := 0
	for name, s := range situations() {
		p := s.observe(t).decide()
		if p.Blocked == nil {
			continue
		}
		blocked++
		if p.Acts() || len(p.Held) > 0 {
			t.Errorf("%s the plan is blocked, and applies %v, deletes %v, holds %v", name, applied(p), deleted(p), p.Held)
		}
	}
	if blocked < 6 {
		t.Errorf("only %d situations block the plan", blocked)
	}
}
