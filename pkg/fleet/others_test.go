// SPDX-License-Identifier: Apache-2.0

package fleet_test

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
)

// What others do to the world of a fleet: its users, the PeerNode controller, the kubelets and the disruption controller.

// attend is what others do about the fleet's objects: the PeerNode controller brings every peer to its spec, and the
// disruption controller counts.
func (w *world) attend() {
	for name, p := range w.Peers {
		if p.DeletionTimestamp == nil {
			w.comesUp(name)
		}
	}
	w.counts()
}

// comesUp brings a peer to its spec.
func (w *world) comesUp(name string) {
	p := w.peer(name)
	p.Finalizers = nil
	if p.DeletesData() {
		p.Finalizers = []string{v1alpha1.FinalizerData}
	}
	if p.Spec.Software.P2PAgent != nil {
		p.Status.Identity = &v1alpha1.PeerIdentityStatus{SecretName: name + "-identity-1", PeerID: "id-of-" + name}
	}
	if p.Spec.Suspend {
		w.tells(name, "False Suspended", settled, settled)
	} else {
		w.tells(name, "True Serving", settled, settled)
	}
}

// tells is what the PeerNode controller says of a peer: Ready, Reconciling and Stalled, written "True Reason".
func (w *world) tells(name, ready, reconciling, stalled string) {
	p := w.peer(name)
	p.Status.ObservedGeneration = p.Generation
	if pod := p.Annotations[v1alpha1.AnnotationApprovedPod]; pod != "" && (p.Status.Rollout == nil || p.Status.Rollout.Pod != pod) {
		p.Status.Rollout = &v1alpha1.PeerRolloutStatus{Pod: pod, Since: metav1.NewTime(w.Now)}
	}
	before := p.Status.Conditions
	p.Status.Conditions = nil
	for i, told := range []string{ready, reconciling, stalled} {
		status, reason, _ := strings.Cut(told, " ")
		p.Status.Conditions = append(p.Status.Conditions, metav1.Condition{
			Type: []string{"Ready", "Reconciling", "Stalled"}[i], Status: metav1.ConditionStatus(status), Reason: reason, Message: reason + " of " + name,
		})
	}
	conditions.Carry(before, p.Status.Conditions, w.Now)
}

// goesDown lets a peer cease to serve.
func (w *world) goesDown(peers ...string) {
	for _, name := range peers {
		w.tells(name, "False WaitingForPod", "True WaitingForPod", settled)
	}
}

// counts is what the disruption controller does, by the peers' own word.
func (w *world) counts() {
	w.countsBy(func(p *v1alpha1.PeerNode) bool {
		return conditions.Find(p.Status.Conditions, v1alpha1.ConditionReady).Status == metav1.ConditionTrue
	})
}

// countsBy counts the pods with the fleet's label. As long as there is none, the disruption controller allows nothing.
func (w *world) countsBy(ready func(*v1alpha1.PeerNode) bool) {
	budget := w.budget()
	expected, healthy := 0, 0
	for _, p := range w.Peers {
		if p.Spec.Fleet == nil || p.Spec.Suspend || p.DeletionTimestamp != nil {
			continue
		}
		expected++
		if ready(p) {
			healthy++
		}
	}
	allowed := healthy - budget.Spec.MinAvailable.IntValue()
	if expected == 0 {
		allowed = 0
	}
	budget.Status.ObservedGeneration, budget.Status.DisruptionsAllowed = budget.Generation, int32(max(0, allowed))
}

// holds is what a person does to a peer that must not be disturbed.
func (w *world) holds(name string) {
	w.peer(name).Annotations[v1alpha1.AnnotationHold] = "a copy until noon"
}

// backsUp is a backup that has a peer stopped, which its own status does not say yet.
func (w *world) backsUp(name string) { w.HeldBy = map[string]string{name: "daily"} }

// edit is what a user does to the fleet.
func (w *world) edit(changes ...func(*v1alpha1.PeerFleet)) *world {
	for _, change := range changes {
		change(w.Fleet)
	}
	w.Fleet.Generation++
	return w
}

// stands puts a PeerNode that somebody made by hand under a name of the fleet.
func (w *world) stands(name string, change ...func(*v1alpha1.PeerNode)) *world {
	p := &v1alpha1.PeerNode{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "peers", UID: types.UID("uid-of-" + name), Generation: 1},
		Spec:       *w.Fleet.Spec.Template.Spec.DeepCopy(),
	}
	w.Peers[name] = p
	w.comesUp(name)
	for _, c := range change {
		c(p)
	}
	return w
}

// remove takes the object of a kind away.
func (w *world) remove(kind string) {
	for ref := range w.Objects {
		if ref.Kind == kind {
			delete(w.Objects, ref)
		}
	}
}
