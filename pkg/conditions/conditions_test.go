// SPDX-License-Identifier: Apache-2.0

package conditions_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/pkg/conditions"
)

var (
	earlier = metav1.NewTime(time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC))
	now     = time.Date(2026, 11, 1, 9, 0, 0, 123456789, time.UTC)
	// written is now as an API server keeps it, in whole seconds.
	written = metav1.NewTime(time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC))
)

func condition(conditionType string, status metav1.ConditionStatus, reason string, at metav1.Time) metav1.Condition {
	return metav1.Condition{Type: conditionType, Status: status, Reason: reason, LastTransitionTime: at}
}

func TestFind(t *testing.T) {
	list := []metav1.Condition{condition("Ready", metav1.ConditionTrue, "Serving", earlier)}
	if got := conditions.Find(list, "Ready"); got != list[0] {
		t.Errorf("Find(Ready) = %v, want %v", got, list[0])
	}
	if got := conditions.Find(list, "Stalled"); got != (metav1.Condition{}) {
		t.Errorf("Find(Stalled) = %v, want the zero value", got)
	}
}

func TestCarry(t *testing.T) {
	for name, c := range map[string]struct{ previous, next, want []metav1.Condition }{
		"A new condition changes now, in whole seconds.": {
			next: []metav1.Condition{condition("Ready", metav1.ConditionFalse, "WaitingForPod", metav1.Time{})},
			want: []metav1.Condition{condition("Ready", metav1.ConditionFalse, "WaitingForPod", written)},
		},
		"A status that stays keeps its time, whatever the reason.": {
			previous: []metav1.Condition{condition("Ready", metav1.ConditionFalse, "WaitingForPod", earlier)},
			next:     []metav1.Condition{condition("Ready", metav1.ConditionFalse, "CrashLooping", metav1.Time{})},
			want:     []metav1.Condition{condition("Ready", metav1.ConditionFalse, "CrashLooping", earlier)},
		},
		"A status that changes, changes now.": {
			previous: []metav1.Condition{condition("Ready", metav1.ConditionFalse, "WaitingForPod", earlier)},
			next:     []metav1.Condition{condition("Ready", metav1.ConditionTrue, "Serving", metav1.Time{})},
			want:     []metav1.Condition{condition("Ready", metav1.ConditionTrue, "Serving", written)},
		},
		"Conditions are matched by type, not by place; one that is not told any more is gone.": {
			previous: []metav1.Condition{condition("Stalled", metav1.ConditionFalse, "Settled", written), condition("Ready", metav1.ConditionTrue, "Serving", earlier)},
			next:     []metav1.Condition{condition("Ready", metav1.ConditionTrue, "Serving", metav1.Time{})},
			want:     []metav1.Condition{condition("Ready", metav1.ConditionTrue, "Serving", earlier)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, conditions.Carry(c.previous, c.next, now)); diff != "" {
				t.Errorf("Carry (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLastTransition(t *testing.T) {
	list := []metav1.Condition{
		condition("Ready", metav1.ConditionTrue, "Serving", earlier),
		condition("Stalled", metav1.ConditionFalse, "Settled", written),
		condition("Reconciling", metav1.ConditionFalse, "Settled", earlier),
	}
	if got := conditions.LastTransition(list); !got.Equal(written.Time) {
		t.Errorf("LastTransition = %v, want %v", got, written)
	}
	if got := conditions.LastTransition(nil); !got.IsZero() {
		t.Errorf("LastTransition of nothing = %v, want zero", got)
	}
}

func TestEqual(t *testing.T) {
	ready := condition("Ready", metav1.ConditionTrue, "Serving", earlier)
	stalled := condition("Stalled", metav1.ConditionFalse, "Settled", earlier)
	changed := func(change func(*metav1.Condition)) []metav1.Condition {
		c := ready
		change(&c)
		return []metav1.Condition{c, stalled}
	}
	for name, c := range map[string]struct {
		other []metav1.Condition
		want  bool
	}{
		"The same in another order and of another time.": {[]metav1.Condition{stalled, condition("Ready", metav1.ConditionTrue, "Serving", written)}, true},
		"Another status.":     {changed(func(c *metav1.Condition) { c.Status = metav1.ConditionFalse }), false},
		"Another reason.":     {changed(func(c *metav1.Condition) { c.Reason = "WaitingForPod" }), false},
		"Another message.":    {changed(func(c *metav1.Condition) { c.Message = "news" }), false},
		"Another generation.": {changed(func(c *metav1.Condition) { c.ObservedGeneration = 7 }), false},
		"Another type.":       {changed(func(c *metav1.Condition) { c.Type = "Reconciling" }), false},
		"One less.":           {[]metav1.Condition{ready}, false},
		"One more.":           {[]metav1.Condition{ready, stalled, condition("Reconciling", metav1.ConditionFalse, "Settled", earlier)}, false},
	} {
		if got := conditions.Equal([]metav1.Condition{ready, stalled}, c.other); got != c.want {
			t.Errorf("%s Equal = %v, want %v", name, got, c.want)
		}
	}
}
