// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"cmp"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
)

// defaultMinReady is how long a peer has to be ready without a break where the spec does not say: long enough for its
// probe to have said so more than once.
const defaultMinReady = 10 * time.Second

// minReady is how long a peer has to be ready without a break before it counts as available.
func minReady(f *v1alpha1.PeerFleet) time.Duration {
	if f.Spec.Rollout.MinReadySeconds == nil {
		return defaultMinReady
	}
	return time.Duration(*f.Spec.Rollout.MinReadySeconds) * time.Second
}

// freshUntil is until when a peer that has become ready has to stay so, the zero time where it is not ready, or is so for
// long enough. The peer's own status says since when: nothing here has to be remembered.
func freshUntil(o Observed, p *v1alpha1.PeerNode) time.Time {
	least := minReady(o.Fleet)
	ready := conditions.Find(p.Status.Conditions, v1alpha1.ConditionReady)
	until := ready.LastTransitionTime.Add(least)
	if least == 0 || ready.Status != metav1.ConditionTrue || !o.Now.Before(until) {
		return time.Time{}
	}
	return until
}

// freshen marks a peer that does not count as available before a time, the zero time for one that does. The time is told,
// and not what is left of it, so that what is told stays the same.
func (m *member) freshen(until time.Time) {
	if until.IsZero() {
		return
	}
	m.Fresh, m.until = true, until
	m.Why = cmp.Or(m.Why, fmt.Sprintf("it is ready, and has to stay so until %s, as minReadySeconds asks", until.UTC().Format(time.RFC3339)))
}

// awaitFresh asks for another look when the next peer becomes available: nothing happens at the cluster then.
func (p *Plan) awaitFresh() {
	for _, m := range p.members {
		if m.Wanted && !m.Parked && m.Fresh {
			p.lookAgain(m.until)
		}
	}
}
