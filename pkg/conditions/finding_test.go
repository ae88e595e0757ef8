// SPDX-License-Identifier: Apache-2.0

package conditions_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/pkg/conditions"
)

// kstatus reads the two conditions as one state: working, stuck or done.
func TestAFindingIsToldByOneOfTwoConditions(t *testing.T) {
	says := func(conditionType string, status metav1.ConditionStatus, reason, message string) metav1.Condition {
		return metav1.Condition{Type: conditionType, Status: status, Reason: reason, Message: message}
	}
	for name, c := range map[string]struct {
		finding              *conditions.Finding
		reconciling, stalled metav1.Condition
	}{
		"Nothing stands in the way.": {nil, says("Reconciling", "False", "Settled", ""), says("Stalled", "False", "Settled", "")},
		"Something will pass by itself.": {
			conditions.Wait("WaitingForPod", "soon"), says("Reconciling", "True", "WaitingForPod", "soon"), says("Stalled", "False", "Settled", ""),
		},
		"Only a person can help.": {
			conditions.Refuse("NoImage", "set one"), says("Reconciling", "False", "Settled", ""), says("Stalled", "True", "NoImage", "set one"),
		},
	} {
		got := []metav1.Condition{conditions.Reconciling(c.finding), conditions.Stalled(c.finding)}
		if diff := cmp.Diff([]metav1.Condition{c.reconciling, c.stalled}, got); diff != "" {
			t.Errorf("%s conditions (-want +got):\n%s", name, diff)
		}
	}
}

func TestProgressSpeaksForTheWhole(t *testing.T) {
	ready, notReady := condition("Ready", metav1.ConditionTrue, "Serving", earlier), condition("Ready", metav1.ConditionFalse, "CrashLooping", earlier)
	working, idle := condition("Reconciling", metav1.ConditionTrue, "WaitingForPod", earlier), condition("Reconciling", metav1.ConditionFalse, "Settled", earlier)
	stuck, free := condition("Stalled", metav1.ConditionTrue, "NoImage", earlier), condition("Stalled", metav1.ConditionFalse, "Settled", earlier)
	unknown := condition("Stalled", metav1.ConditionUnknown, "NoImage", earlier)
	for name, c := range map[string]struct {
		list []metav1.Condition
		want metav1.Condition
	}{
		"All is well.":                        {[]metav1.Condition{ready, idle, free}, ready},
		"Nothing is going on and it is down.": {[]metav1.Condition{notReady, idle, free}, notReady},
		"It is worked on.":                    {[]metav1.Condition{ready, working, free}, working},
		"It is stuck.":                        {[]metav1.Condition{ready, idle, stuck}, stuck},
		"It is stuck, whatever else is said.": {[]metav1.Condition{working, stuck, ready}, stuck},
		"Unknown is not True.":                {[]metav1.Condition{ready, idle, unknown}, ready},
		"Other conditions are not the whole.": {[]metav1.Condition{condition("StorageReady", metav1.ConditionTrue, "Bound", earlier), ready}, ready},
		"Nothing was said yet.":               {nil, metav1.Condition{}},
		"Nothing was said of Ready.":          {[]metav1.Condition{working}, working},
	} {
		if diff := cmp.Diff(c.want, conditions.Progress(c.list)); diff != "" {
			t.Errorf("%s Progress (-want +got):\n%s", name, diff)
		}
	}
}

// The API server refuses events of any other type.
func TestEventsHaveOneOfTheTwoTypes(t *testing.T) {
	want := conditions.Event{Type: "Normal", Reason: "Serving", Action: "Settle", Message: "it runs"}
	if diff := cmp.Diff(want, conditions.Normal("Serving", "Settle", "it runs")); diff != "" {
		t.Errorf("Normal (-want +got):\n%s", diff)
	}
	want.Type = "Warning"
	if diff := cmp.Diff(want, conditions.Warning("Serving", "Settle", "it runs")); diff != "" {
		t.Errorf("Warning (-want +got):\n%s", diff)
	}
}
