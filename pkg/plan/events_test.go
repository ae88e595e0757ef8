// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/plan"
)

// changes are plans that touch objects which exist, and the events of doing so.
var changes = map[string]struct {
	observe func(t *testing.T) *world
	want    []conditions.Event
}{
	"Nothing is done to what is as planned.":        {isServing(func(*world) {}), nil},
	"Making the objects of a new peer is no event.": {func(t *testing.T) *world { return newborn(t) }, nil},
	"An edit of the user's is no event of its own.": {isServing(func(w *world) { w.PeerNode.Spec.Image = "registry.example.com/p2p-agent:v2" }), nil},
	"Somebody scaled the StatefulSet.": {
		isServing(func(w *world) { w.set().Spec.Replicas = new(int32(3)) }),
		[]conditions.Event{{Type: "Warning", Reason: "Drifted", Action: "Apply", Message: "somebody changed spec.replicas of StatefulSet peers/alpha; it has been set right"}},
	},
	"The spec asks for a larger volume.": {
		isServing(func(w *world) { w.PeerNode.Spec.Storage.Size = resource.MustParse("2Gi") }),
		[]conditions.Event{{Type: "Normal", Reason: "Growing", Action: "Apply", Message: "asked PersistentVolumeClaim peers/alpha-data to grow"}},
	},
	"A new label on the volume claim is no growth.": {
		isServing(func(w *world) {
			for _, o := range w.Objects {
				if _, claim := o.(*corev1.PersistentVolumeClaim); claim {
					o.SetAnnotations(map[string]string{v1alpha1.AnnotationOwnerUID: string(w.PeerNode.UID), v1alpha1.AnnotationIntent: "before"})
				}
			}
		}), nil,
	},
	"A retained volume is taken up again.": {
		func(t *testing.T) *world {
			w := serving(t)
			w.PeerNode.UID = "uid-2"
			for ref := range w.Objects {
				if ref.Kind != "PersistentVolumeClaim" {
					delete(w.Objects, ref)
				}
			}
			return w
		},
		[]conditions.Event{{Type: "Normal", Reason: "VolumeAdopted", Action: "Apply", Message: "took up PersistentVolumeClaim peers/alpha-data, retained from an earlier PeerNode of this name"}},
	},
}

func TestChangesOfWhatExistsAreTold(t *testing.T) {
	for name, c := range changes {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, plan.Changes(c.observe(t).decide())); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// status is one with Ready, Reconciling and Stalled as given, written "True Reason".
func statusOf(ready, reconciling, stalled string, change ...func(*v1alpha1.PeerNodeStatus)) v1alpha1.PeerNodeStatus {
	s := v1alpha1.PeerNodeStatus{ObservedGeneration: 1}
	for i, told := range []string{ready, reconciling, stalled} {
		status, reason := metav1.ConditionFalse, told[len("False "):]
		if told[:4] == "True" {
			status, reason = metav1.ConditionTrue, told[len("True "):]
		}
		conditionType := []string{"Ready", "Reconciling", "Stalled"}[i]
		s.Conditions = append(s.Conditions, metav1.Condition{
			Type: conditionType, Status: status, Reason: reason, Message: reason + "!", LastTransitionTime: metav1.NewTime(now),
		})
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

// known is a peer that has shown its identity.
func known(s *v1alpha1.PeerNodeStatus) {
	s.Identity = &v1alpha1.PeerIdentityStatus{SecretName: "alpha-identity-1", PeerID: peerID}
}

var (
	fresh    = v1alpha1.PeerNodeStatus{}
	starting = statusOf("False WaitingForPod", "True WaitingForPod", settled)
	up       = statusOf(serves, settled, settled, known)
	updating = statusOf(serves, "True WaitingForRevision", settled, known)
	asleep   = statusOf("False Suspended", settled, settled, known)
	crashing = statusOf("False CrashLooping", "True CrashLooping", settled, known)
	// restarting has lost its pod: Ready has changed since the status was first written.
	restarting = statusOf("False WaitingForPod", "True WaitingForPod", settled, known, func(s *v1alpha1.PeerNodeStatus) {
		s.Conditions[0].LastTransitionTime = metav1.NewTime(now.Add(time.Hour))
	})
	stuck = statusOf("False ForeignObject", settled, "True ForeignObject")
)

func TestEventsTellWhatIsNews(t *testing.T) {
	event := func(eventType, reason, action string) []conditions.Event {
		return []conditions.Event{{Type: eventType, Reason: reason, Action: action, Message: reason + "!"}}
	}
	for name, c := range map[string]struct {
		before, next v1alpha1.PeerNodeStatus
		want         []conditions.Event
	}{
		"A smooth start makes no event at its beginning.": {fresh, starting, nil},
		"A smooth start makes no event on its way.":       {starting, statusOf("False WaitingForVolume", "True WaitingForVolume", settled), nil},
		"A smooth start makes no event at its end.":       {starting, up, nil},
		"Trouble at the start is told.":                   {fresh, statusOf("False WaitingForImage", "True WaitingForImage", settled), event(corev1.EventTypeWarning, "WaitingForImage", "Wait")},
		"A refusal at the start is told.":                 {fresh, stuck, event(corev1.EventTypeWarning, "ForeignObject", "Refuse")},
		"A refusal that stays is told once.":              {stuck, stuck, nil},
		"The end of a refusal is told as what follows.":   {stuck, statusOf(serves, settled, settled), event(corev1.EventTypeNormal, "Serving", "Settle")},
		"Trouble of a peer that served is told.":          {up, crashing, event(corev1.EventTypeWarning, "CrashLooping", "Wait")},
		"The end of trouble is told.":                     {crashing, up, event(corev1.EventTypeNormal, "Serving", "Settle")},
		"An update of a peer that serves is told.":        {up, updating, event(corev1.EventTypeNormal, "WaitingForRevision", "Wait")},
		"The end of an update is told.":                   {updating, up, event(corev1.EventTypeNormal, "Serving", "Settle")},
		"The end of a restart is told.":                   {restarting, up, event(corev1.EventTypeNormal, "Serving", "Settle")},
		"A start is smooth after the key is proven, too.": {statusOf("False WaitingForPod", "True WaitingForPod", settled, known), up, nil},
		"A peer that served before comes back, which is no start.": {
			statusOf("False WaitingForPod", "True WaitingForPod", settled, known, func(s *v1alpha1.PeerNodeStatus) {
				s.Conditions[0].LastTransitionTime = metav1.NewTime(now.Add(time.Hour))
			}), up, event(corev1.EventTypeNormal, "Serving", "Settle"),
		},
		"A suspension is told.":   {up, asleep, event(corev1.EventTypeNormal, "Suspended", "Settle")},
		"What stays is not told.": {up, up, nil},
		"Another message of the same reason is not told.": {crashing, statusOf("False CrashLooping", "True CrashLooping", settled, known, func(s *v1alpha1.PeerNodeStatus) {
			s.Conditions[1].Message = "again"
		}), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, plan.Events(c.before, c.next)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}
