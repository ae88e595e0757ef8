// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
)

// begun is the backup with which the peer began, as it is to be put on record. What is on record stays.
func (p Plan) begun(o Observed) *v1alpha1.PeerBootstrapStatus {
	if p.restore.record != nil {
		return p.restore.record.DeepCopy()
	}
	return o.PeerNode.Status.Bootstrap.DeepCopy()
}

// restored says whether the volume was filled, nil of a peer that begins with nothing.
func (p Plan) restored(o Observed) *metav1.Condition {
	if b := p.begun(o); b != nil {
		return new(conditions.New(v1alpha1.ConditionRestored, metav1.ConditionTrue, v1alpha1.ReasonRestored, whatCame(b)))
	}
	if f := p.restore.finding; f != nil {
		return new(conditions.New(v1alpha1.ConditionRestored, metav1.ConditionFalse, f.Reason, f.Message))
	}
	if was := conditions.Find(o.PeerNode.Status.Conditions, v1alpha1.ConditionRestored); p.Blocked != nil && was.Type != "" {
		return &was // Nothing is done, and nothing was looked at.
	}
	return nil
}

func whatCame(b *v1alpha1.PeerBootstrapStatus) string {
	return fmt.Sprintf("the volume was filled from backup %d of %s/%s, of %s: %d files, %sB",
		b.Sequence, b.Namespace, b.PeerNode, b.FinishedAt.UTC().Format(time.RFC3339), b.Files, b.Size.String())
}

// waitsFor is what keeps the peer from starting: its key or its data. A refusal comes first, because what waits may well end by
// itself.
func (p Plan) waitsFor() *conditions.Finding {
	key, data := p.key.finding, p.restore.finding
	if key == nil || data != nil && data.Stalled && !key.Stalled {
		return data
	}
	return key
}

// bootstrapEvents tells that the volume was filled.
func bootstrapEvents(before, next *v1alpha1.PeerBootstrapStatus) []conditions.Event {
	if before != nil || next == nil {
		return nil
	}
	return []conditions.Event{conditions.Normal(v1alpha1.ReasonRestored, "Restore", whatCame(next))}
}

func rfc3339(t time.Time) *metav1.Time { return new(metav1.NewTime(t).Rfc3339Copy()) }
