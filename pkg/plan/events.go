// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
)

// Events tells what changed between two statuses that were written one after the other. A smooth start makes no
// event: the conditions tell it, and an event is a write like any other.
func Events(before, next v1alpha1.PeerNodeStatus) []conditions.Event {
	return slices.Concat(keyEvents(before.Identity, next.Identity), bootstrapEvents(before.Bootstrap, next.Bootstrap), troubleEvents(before, next), enforcementEvents(before, next), progress(before, next))
}

// troubles are those that a peer may have beside serving, each with what it is that goes wrong.
var troubles = []struct {
	condition, action string
	is                func(reason string) bool
}{
	{v1alpha1.ConditionKeyBackedUp, "BackUp", copyTrouble},
	{v1alpha1.ConditionBackupHealthy, "BackUp", backupTrouble},
	{v1alpha1.ConditionCertificateReady, "Serve", certificateTrouble},
	{v1alpha1.ConditionAPIExposed, "Expose", gatewayTrouble},
}

// troubleEvents tells of trouble, and of its end. What goes well makes none.
func troubleEvents(before, next v1alpha1.PeerNodeStatus) []conditions.Event {
	var out []conditions.Event
	for _, trouble := range troubles {
		was, is := conditions.Find(before.Conditions, trouble.condition), conditions.Find(next.Conditions, trouble.condition)
		switch {
		case was.Reason == is.Reason:
		case trouble.is(is.Reason):
			out = append(out, conditions.Warning(is.Reason, trouble.action, is.Message))
		case trouble.is(was.Reason) && is.Status == metav1.ConditionTrue:
			out = append(out, conditions.Normal(is.Reason, trouble.action, is.Message))
		}
	}
	return out
}

// newTrouble reports whether there is trouble that there was not before.
func newTrouble(before, next v1alpha1.PeerNodeStatus) bool {
	for _, trouble := range troubles {
		is := conditions.Find(next.Conditions, trouble.condition).Reason
		if trouble.is(is) && is != conditions.Find(before.Conditions, trouble.condition).Reason {
			return true
		}
	}
	return false
}

func progress(before, next v1alpha1.PeerNodeStatus) []conditions.Event {
	if len(before.Conditions) == 0 && !troubled(next) {
		return nil
	}
	was, is := conditions.Progress(before.Conditions), conditions.Progress(next.Conditions)
	switch {
	case was.Reason == is.Reason && was.Type == is.Type:
		return nil
	case is.Type == v1alpha1.ConditionStalled:
		return []conditions.Event{conditions.Warning(is.Reason, "Refuse", is.Message)}
	case is.Type == v1alpha1.ConditionReconciling && trouble(is.Reason):
		return []conditions.Event{conditions.Warning(is.Reason, "Wait", is.Message)}
	case is.Type == v1alpha1.ConditionReconciling && smooth(before):
		return nil
	case is.Type == v1alpha1.ConditionReconciling:
		return []conditions.Event{conditions.Normal(is.Reason, "Wait", is.Message)}
	case smooth(before):
		return nil
	default:
		return []conditions.Event{conditions.Normal(is.Reason, "Settle", is.Message)}
	}
}

// smooth reports whether the peer is on its first way up, without trouble: Ready has not changed since the status
// was first written, when Stalled was first told as well.
func smooth(s v1alpha1.PeerNodeStatus) bool {
	ready, stalled := conditions.Find(s.Conditions, v1alpha1.ConditionReady), conditions.Find(s.Conditions, v1alpha1.ConditionStalled)
	return ready.Status == metav1.ConditionFalse && passing(conditions.Progress(s.Conditions).Reason) && ready.LastTransitionTime.Equal(&stalled.LastTransitionTime)
}

func troubled(s v1alpha1.PeerNodeStatus) bool {
	p := conditions.Progress(s.Conditions)
	return p.Type == v1alpha1.ConditionStalled || p.Type == v1alpha1.ConditionReconciling && trouble(p.Reason)
}

func trouble(reason string) bool {
	switch reason {
	case v1alpha1.ReasonCrashLooping, v1alpha1.ReasonWaitingForImage, v1alpha1.ReasonWaitingForNode, v1alpha1.ReasonWaitingForLostNode, v1alpha1.ReasonWaitingForUnsealer, v1alpha1.ReasonWaitingForAdoptedKey, v1alpha1.ReasonWaitingForBackup, v1alpha1.ReasonWaitingForStore, v1alpha1.ReasonRetrying:
		return true
	}
	return false
}

// Changes tells of what the plan did to objects that existed already.
func Changes(p Plan) []conditions.Event {
	var out []conditions.Event
	for _, change := range p.Apply {
		switch {
		case change.Live == nil:
		case change.Difference.Drift:
			out = append(out, conditions.Warning(v1alpha1.ReasonDrifted, "Apply",
				"somebody changed "+change.Difference.Path+" of "+change.Ref.String()+"; it has been set right"))
		case change.GroupVersionKind == kindClaim && change.Live.GetAnnotations()[v1alpha1.AnnotationOwnerUID] != string(p.PeerNode.UID):
			out = append(out, conditions.Normal(v1alpha1.ReasonVolumeAdopted, "Apply",
				"took up "+change.Ref.String()+", retained from an earlier PeerNode of this name"))
		case grows(change):
			out = append(out, conditions.Normal(v1alpha1.ReasonGrowing, "Apply", "asked "+change.Ref.String()+" to grow"))
		}
	}
	return out
}

// keyEvents tells of the stages that keys have come to. The first key of a peer makes none.
func keyEvents(before, next *v1alpha1.PeerIdentityStatus) []conditions.Event {
	if before == nil || next == nil || len(before.Epochs) == 0 {
		return nil
	}
	var out []conditions.Event
	was := map[int64]v1alpha1.KeyStage{}
	for _, e := range before.Epochs {
		was[e.Epoch] = e.Stage
	}
	if next.MinimumEpoch > before.MinimumEpoch {
		out = append(out, conditions.Warning(v1alpha1.ReasonKeyCompromised, "Rotate", fmt.Sprintf("keys before epoch %d are compromised, and are not handed out any more", next.MinimumEpoch)))
	}
	for _, e := range next.Epochs {
		switch {
		case was[e.Epoch] == e.Stage:
		case e.Stage == v1alpha1.KeyPublished:
			out = append(out, conditions.Normal(v1alpha1.ReasonKeyPublished, "Rotate", fmt.Sprintf("the key of epoch %d is stored; as %s the peer is let in from now on", e.Epoch, e.PeerID)))
		case e.Stage == v1alpha1.KeyActive:
			out = append(out, conditions.Normal(v1alpha1.ReasonKeySwitched, "Rotate", fmt.Sprintf("the peer changes to the key of epoch %d, and is %s", e.Epoch, e.PeerID)))
		case e.Stage == v1alpha1.KeyRevoked && e.PeerID != "":
			out = append(out, conditions.Normal(v1alpha1.ReasonKeyRevoked, "Rotate", fmt.Sprintf("the key of epoch %d, %s, is not accepted any more", e.Epoch, e.PeerID)))
		}
	}
	return out
}
