// SPDX-License-Identifier: Apache-2.0

package plan

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
)

// Event is a sentence for `kubectl describe`.
type Event struct {
	Type, Reason, Action, Message string
}

// Events tells what changed between two statuses that were written one after the other. A smooth start makes no
// event: the conditions tell it, and an event is a write like any other.
func Events(before, next v1alpha1.PeerNodeStatus) []Event {
	if len(before.Conditions) == 0 && !troubled(next) {
		return nil
	}
	was, is := progress(before), progress(next)
	switch {
	case was.Reason == is.Reason && was.Type == is.Type:
		return nil
	case is.Type == v1alpha1.ConditionStalled:
		return []Event{{corev1.EventTypeWarning, is.Reason, "Refuse", is.Message}}
	case is.Type == v1alpha1.ConditionReconciling && trouble(is.Reason):
		return []Event{{corev1.EventTypeWarning, is.Reason, "Wait", is.Message}}
	case is.Type == v1alpha1.ConditionReconciling && smooth(before):
		return nil
	case is.Type == v1alpha1.ConditionReconciling:
		return []Event{{corev1.EventTypeNormal, is.Reason, "Wait", is.Message}}
	case smooth(before):
		return nil
	default:
		return []Event{{corev1.EventTypeNormal, is.Reason, "Settle", is.Message}}
	}
}

// progress is the condition that speaks for the whole: Stalled or Reconciling while True, otherwise Ready.
func progress(s v1alpha1.PeerNodeStatus) metav1.Condition {
	for _, conditionType := range []string{v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling} {
		if c := conditions.Find(s.Conditions, conditionType); c.Status == metav1.ConditionTrue {
			return c
		}
	}
	return conditions.Find(s.Conditions, v1alpha1.ConditionReady)
}

// smooth reports whether the peer is on its first way up, without trouble: Ready has not changed since the status
// was first written, when Stalled was first told as well.
func smooth(s v1alpha1.PeerNodeStatus) bool {
	ready, stalled := conditions.Find(s.Conditions, v1alpha1.ConditionReady), conditions.Find(s.Conditions, v1alpha1.ConditionStalled)
	return ready.Status == metav1.ConditionFalse && passing(progress(s).Reason) && ready.LastTransitionTime.Equal(&stalled.LastTransitionTime)
}

func troubled(s v1alpha1.PeerNodeStatus) bool {
	p := progress(s)
	return p.Type == v1alpha1.ConditionStalled || p.Type == v1alpha1.ConditionReconciling && trouble(p.Reason)
}

func trouble(reason string) bool {
	switch reason {
	case v1alpha1.ReasonCrashLooping, v1alpha1.ReasonWaitingForImage, v1alpha1.ReasonWaitingForNode, v1alpha1.ReasonRetrying:
		return true
	}
	return false
}

// Changes tells of what the plan did to objects that existed already.
func Changes(p Plan) []Event {
	var out []Event
	for _, change := range p.Apply {
		switch {
		case change.Live == nil:
		case change.Difference.Drift:
			out = append(out, Event{corev1.EventTypeWarning, v1alpha1.ReasonDrifted, "Apply",
				"somebody changed " + change.Difference.Path + " of " + change.Ref.String() + "; it has been set right"})
		case change.GroupVersionKind == kindClaim && change.Live.GetAnnotations()[v1alpha1.AnnotationOwnerUID] != string(p.PeerNode.UID):
			out = append(out, Event{corev1.EventTypeNormal, v1alpha1.ReasonVolumeAdopted, "Apply",
				"took up " + change.Ref.String() + ", retained from an earlier PeerNode of this name"})
		case grows(change):
			out = append(out, Event{corev1.EventTypeNormal, v1alpha1.ReasonGrowing, "Apply", "asked " + change.Ref.String() + " to grow"})
		}
	}
	return out
}
