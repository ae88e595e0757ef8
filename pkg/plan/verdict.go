// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/resources"
)

// Verdict is the state of a peer in one value.
type Verdict struct {
	// Serves is whether the peer serves, whatever else is going on.
	Serves bool
	// Finding is what stands between the peer and its spec, nil when nothing does.
	Finding *conditions.Finding
}

// Judge weighs what was observed and planned. failed is what doing the plan ran into, nil when it went well. The
// questions stand in the order in which a person would ask them; the first that has an answer counts.
func Judge(o Observed, p Plan, failed *conditions.Finding, now time.Time) Verdict {
	v := Verdict{Serves: podServes(o.Pod)}
	for _, ask := range []func() *conditions.Finding{
		func() *conditions.Finding { return p.Blocked },
		func() *conditions.Finding { return failed },
		func() *conditions.Finding { return keyMissing(o) },
		p.waitsFor,
		func() *conditions.Finding { return somebodyElse(o, p) },
		func() *conditions.Finding { return held(o) },
		func() *conditions.Finding { return justChanged(o, p) },
		func() *conditions.Finding { return suspending(o) },
		func() *conditions.Finding { return running(o, edgeWaits(o, p, now)) },
		func() *conditions.Finding { return resizeFinding(o.claim()) },
		func() *conditions.Finding { return p.awaits },
	} {
		if v.Finding = ask(); v.Finding != nil {
			break
		}
	}
	return v
}

// justChanged holds back any judgement from observations that are older than what was just applied.
func justChanged(o Observed, p Plan) *conditions.Finding {
	for _, change := range p.Apply {
		switch {
		case change.GroupVersionKind == kindStatefulSet && change.Live != nil && o.PeerNode.Spec.Suspend:
			return conditions.Wait(v1alpha1.ReasonWaitingForPodGone, "the pod is being stopped")
		case change.GroupVersionKind == kindStatefulSet && change.Live != nil && o.Pod != nil:
			return conditions.Wait(v1alpha1.ReasonWaitingForRevision, "the pod is being replaced")
		case change.GroupVersionKind == kindClaim && change.Live != nil:
			return conditions.Wait(v1alpha1.ReasonWaitingForResize, "the volume claim was changed")
		}
	}
	return nil
}

func suspending(o Observed) *conditions.Finding {
	if o.PeerNode.Spec.Suspend && o.Pod != nil {
		return conditions.Wait(v1alpha1.ReasonWaitingForPodGone, "the pod is stopping")
	}
	return nil
}

// running says why the pod does not serve. certificate is set where its edge waits for one; all else that a pod may wait for
// comes before that.
func running(o Observed, certificate *conditions.Finding) *conditions.Finding {
	if o.PeerNode.Spec.Suspend {
		return nil
	}
	if o.Pod != nil {
		if f := unschedulable(o.Pod); f != nil {
			return f
		}
	}
	if f := volumeFinding(o); f != nil {
		return f
	}
	if f := openerMissing(o); f != nil {
		return f
	}
	if o.Unanswered && o.PeerNode.Direct() == nil {
		return conditions.Wait(v1alpha1.ReasonWaitingForUnsealer, fmt.Sprintf(
			"the pod asks for its key, and the unsealer in namespace %s does not give it; look at its pods, and at the log of container %s", o.Options.Resources.UnsealerNamespace, resources.ContainerUnseal))
	}
	f := podFinding(o.statefulSet(), o.Pod)
	if f != nil && f.Reason == v1alpha1.ReasonWaitingForPod && certificate != nil {
		return certificate
	}
	return f
}

// somebodyElse is a last line: the unsealer opens only the key on record, and the companion writes no other.
func somebodyElse(o Observed, p Plan) *conditions.Finding {
	if p.key.record == nil || p.key.record.PeerID == "" {
		return nil
	}
	proven, ok := provenIdentity(o.Pod, p.Kind.Key())
	before := slices.ContainsFunc(p.key.record.Epochs, func(e v1alpha1.KeyEpoch) bool { return e.Epoch < p.key.record.Epoch && e.PeerID == proven.PeerID })
	if !ok || proven.PeerID == p.key.record.PeerID || before { // The pod with a key of before is being replaced.
		return nil
	}
	return conditions.Refuse(v1alpha1.ReasonIdentityRefused, fmt.Sprintf("the software says that it is %s; the peer that is on record is %s", proven.PeerID, p.key.record.PeerID))
}

func keyMissing(o Observed) *conditions.Finding {
	if !o.KeyMissing {
		return nil
	}
	return conditions.Refuse(v1alpha1.ReasonIdentityMissing, fmt.Sprintf(
		"Secret %s, which held the peer's key, is gone. Restore it from its backup; no new key is made in its place, because the peer would come back as somebody else",
		o.PeerNode.Status.Identity.SecretName))
}
