// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
)

// startPatience is how many times longer a first start may pass from one wait to the next untold. On a busy
// cluster a thousand of them last minutes.
const startPatience = 4

// Telling says whether a status is to be written.
type Telling struct {
	// Write is true when the status is to be written now.
	Write bool
	// After is when to look again because a small change was held back; 0 when nothing was.
	After time.Duration
}

// ToTell compares the status on record with the next one; settle is how long small changes are held back.
func ToTell(before, next v1alpha1.PeerNodeStatus, now time.Time, settle time.Duration) Telling {
	switch {
	case same(before, next):
		return Telling{}
	case important(before, next):
		return Telling{Write: true}
	}
	if smooth(before) {
		settle *= startPatience
	}
	due := conditions.LastTransition(before.Conditions).Add(settle)
	if !now.Before(due) {
		return Telling{Write: true}
	}
	return Telling{After: due.Sub(now)}
}

func same(a, b v1alpha1.PeerNodeStatus) bool {
	if !conditions.Equal(a.Conditions, b.Conditions) || interrupted(a, b) {
		return false
	}
	a.Conditions, b.Conditions = nil, nil
	return equality.Semantic.DeepEqual(a, b)
}

// interrupted reports whether a peer that was ready, and is, was not so in between.
func interrupted(before, next v1alpha1.PeerNodeStatus) bool {
	was, is := conditions.Find(before.Conditions, v1alpha1.ConditionReady), conditions.Find(next.Conditions, v1alpha1.ConditionReady)
	return was.Status == metav1.ConditionTrue && is.Status == metav1.ConditionTrue && !was.LastTransitionTime.Equal(&is.LastTransitionTime)
}

// important changes are a new generation, a key or its stage, data that were restored, a pod for which the fleet of the peer waits, whatever changes the
// kstatus of the peer, interrupts it or names trouble, also with copies of its key, and the identity of a peer that serves,
// for which its own peers wait.
func important(before, next v1alpha1.PeerNodeStatus) bool {
	if before.ObservedGeneration != next.ObservedGeneration || rolledOut(before) != rolledOut(next) || (before.Bootstrap == nil) != (next.Bootstrap == nil) || interrupted(before, next) {
		return true
	}
	if was := stages(before); was != "" && was != stages(next) {
		return true
	}
	if recorded(before) == "" && epochOf(next) > firstEpoch {
		return true // The unsealer takes a peer of which nothing is on record for one with its first key.
	}
	if smooth(before) && starting(next) {
		return false
	}
	if recorded(before) != recorded(next) {
		return true
	}
	if serves := conditions.Find(next.Conditions, v1alpha1.ConditionReady).Status; serves == metav1.ConditionTrue && proven(before) != proven(next) {
		return true
	}
	if newTrouble(before, next) {
		return true
	}
	for _, conditionType := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
		was, is := conditions.Find(before.Conditions, conditionType), conditions.Find(next.Conditions, conditionType)
		if was.Status != is.Status || was.Reason != is.Reason && !passing(is.Reason) {
			return true
		}
	}
	return false
}

func rolledOut(s v1alpha1.PeerNodeStatus) string {
	if s.Rollout == nil {
		return ""
	}
	return s.Rollout.Pod
}

// starting reports whether a smooth start goes on. The pod may be seen ready a moment before its volume is seen bound
// or its revision seen finished, each by a watch of its own; what follows in that moment is told as one.
func starting(s v1alpha1.PeerNodeStatus) bool {
	p := conditions.Progress(s.Conditions)
	return p.Type == v1alpha1.ConditionReconciling && passing(p.Reason)
}

// stages are those of all keys, which the operator and the unsealer act on, "" while none is on record.
func stages(s v1alpha1.PeerNodeStatus) string {
	if s.Identity == nil || len(s.Identity.Epochs) == 0 {
		return ""
	}
	out := []string{strconv.FormatInt(s.Identity.MinimumEpoch, 10)}
	for _, e := range s.Identity.Epochs {
		out = append(out, strconv.FormatInt(e.Epoch, 10), string(e.Stage))
	}
	return strings.Join(out, " ")
}

func epochOf(s v1alpha1.PeerNodeStatus) int64 {
	if s.Identity == nil {
		return 0
	}
	return s.Identity.Epoch
}

func recorded(s v1alpha1.PeerNodeStatus) string {
	if s.Identity == nil {
		return ""
	}
	return s.Identity.SecretName
}

func proven(s v1alpha1.PeerNodeStatus) string {
	if s.Identity == nil {
		return ""
	}
	return s.Identity.PeerID
}

// passing are the waits of a smooth start.
func passing(reason string) bool {
	switch reason {
	case v1alpha1.ReasonWaitingForKey, v1alpha1.ReasonWaitingForPod, v1alpha1.ReasonWaitingForVolume, v1alpha1.ReasonWaitingForRevision, v1alpha1.ReasonWaitingForCertificate, v1alpha1.ReasonServing, v1alpha1.ReasonSettled:
		return true
	}
	return false
}
