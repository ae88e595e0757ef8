// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
)

// defaultRollback is how long an updated peer may be without serving where the spec does not say.
const defaultRollback = 10 * time.Minute

// target is what the peers are to be made from.
type target struct {
	revision string
	spec     v1alpha1.PeerNodeSpec
}

// targetOf is the present template or, with the record that it was taken back, the last one with which all peers
// served. Another template, a spec that no longer asks for rollbacks, or somebody who removed the last one from the
// records makes that void.
func targetOf(o Observed, present string) (target, *v1alpha1.FailedRollout) {
	failed, last := o.Fleet.Status.Failed, o.Fleet.Status.CurrentRevision
	if failed != nil && failed.Revision == present && o.Fleet.Spec.Rollout.Rollback != nil {
		if spec, ok := recorded(o, last); ok {
			return target{revision: last, spec: spec}, failed
		}
	}
	return target{revision: present, spec: template(o)}, nil
}

// watchRollout looks for updated peers that do not serve in time, and says when to look again. That the template is
// to be taken back is put on record first, and acted on when it is.
func (p *Plan) watchRollout(o Observed, pods pods) {
	rollback, last := o.Fleet.Spec.Rollout.Rollback, o.Fleet.Status.CurrentRevision
	spec, ok := recorded(o, last)
	if rollback == nil || p.failed != nil || last == p.Revision || !ok {
		return
	}
	patience, err := time.ParseDuration(rollback.After)
	if err != nil {
		patience = defaultRollback // Admission refuses what is not a duration; it may be left out.
	}
	before := target{revision: last, spec: spec}
	for _, m := range p.members {
		since, failing := m.failingSince()
		if !failing || pods.of(before, m.ordinal) == m.live.Annotations[v1alpha1.AnnotationApprovedPod] {
			continue // Going back would not change its pod, so the template is not to blame.
		}
		if due := since.Add(patience); o.Now.Before(due) {
			p.lookAgain(due)
			continue
		}
		p.failed = &v1alpha1.FailedRollout{Revision: p.Revision, Message: fmt.Sprintf("%s has not served for %s: %s", m.Name, patience, m.Why)}
		return
	}
}

// failingSince is when an updated peer got the pod that does not serve, or ceased to serve with it, whichever is
// later. A node that is lost is not the template's fault.
func (m *member) failingSince() (time.Time, bool) {
	if m.live == nil || !m.Wanted || m.Parked || !m.Updated || !carriedOut(m.live) || m.live.Status.Rollout == nil {
		return time.Time{}, false
	}
	told := conditions.Find(m.live.Status.Conditions, v1alpha1.ConditionReady)
	if stalled := conditions.Find(m.live.Status.Conditions, v1alpha1.ConditionStalled); stalled.Status == metav1.ConditionTrue {
		told = stalled
	} else if told.Status != metav1.ConditionFalse || told.Reason == v1alpha1.ReasonWaitingForLostNode {
		return time.Time{}, false
	}
	since := m.live.Status.Rollout.Since.Time
	if told.LastTransitionTime.After(since) {
		since = told.LastTransitionTime.Time
	}
	return since, true
}

func rolledBack(p Plan) *conditions.Finding {
	if p.failed == nil {
		return nil
	}
	return conditions.Refuse(v1alpha1.ReasonRolledBack, fmt.Sprintf(
		"revision %s was taken back, because %s. Change spec.template, or put the old one back; it is tried no more as it is", p.failed.Revision, p.failed.Message))
}
