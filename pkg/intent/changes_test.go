// SPDX-License-Identifier: Apache-2.0

package intent_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/peernode/operator/pkg/intent"
)

// mapNamed is a ConfigMap with one entry.
func mapNamed(name, value string) *applycorev1.ConfigMapApplyConfiguration {
	return applycorev1.ConfigMap(name, "peers").WithData(map[string]string{"a": value})
}

// liveMap is what the API server makes of an intent for a ConfigMap.
func liveMap(want intent.Intent, value string) *corev1.ConfigMap {
	out := &corev1.ConfigMap{Data: map[string]string{"a": value}}
	out.Name, out.Namespace, out.Annotations = want.Name, want.Namespace, want.Object.GetAnnotations()
	return out
}

func TestChangeOf(t *testing.T) {
	want := from(t, mapNamed("alpha", "1"))
	before := from(t, mapNamed("alpha", "0"))
	for name, c := range map[string]struct {
		live       intent.Object
		difference intent.Difference
		none       bool
	}{
		"An object that is not there is made.": {live: nil},
		"An object that is as wanted stays.":   {live: liveMap(want, "1"), none: true},
		"An object that somebody changed.":     {live: liveMap(want, "2"), difference: intent.Difference{Path: "data.a", Drift: true}},
		"An object that was wanted otherwise.": {live: liveMap(before, "0"), difference: intent.Difference{Path: "metadata.annotations.peernode.dev/intent"}},
		"An object that was never applied.":    {live: &corev1.ConfigMap{}, difference: intent.Difference{Path: "metadata.annotations.peernode.dev/intent"}},
	} {
		got, err := intent.ChangeOf(want, c.live)
		if err != nil {
			t.Fatalf("%s %v", name, err)
		}
		if c.none != (got == nil) {
			t.Errorf("%s ChangeOf = %+v, want none: %v", name, got, c.none)
			continue
		}
		if got != nil && (got.Ref != want.Ref || got.Live != c.live || got.Difference != c.difference) {
			t.Errorf("%s ChangeOf = %s live %v with %+v, want %+v", name, got.Ref, got.Live, got.Difference, c.difference)
		}
	}
}

// The order is that of need: what is applied first is needed by what comes later.
func TestChangesKeepsWhatIsNotMetInItsOrder(t *testing.T) {
	wanted := []intent.Intent{from(t, mapNamed("gamma", "1")), from(t, mapNamed("alpha", "1")), from(t, mapNamed("beta", "1")), from(t, mapNamed("delta", "1"))}
	live := map[intent.Ref]intent.Object{
		wanted[1].Ref: liveMap(wanted[1], "1"),
		wanted[2].Ref: liveMap(wanted[2], "2"),
		{}:            &corev1.ConfigMap{}, // What nobody wants is not looked at.
	}
	changes, err := intent.Changes(wanted, live)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range changes {
		state := "made"
		if c.Live != nil {
			state = "changed"
		}
		got = append(got, c.Name+" "+state)
	}
	if diff := cmp.Diff([]string{"gamma made", "beta changed", "delta made"}, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if none, err := intent.Changes(nil, live); len(none) > 0 || err != nil {
		t.Errorf("changes of nothing are %v, %v", none, err)
	}
}

func TestFromAllLeavesOutWhatIsNotWanted(t *testing.T) {
	var notWanted *applycorev1.ServiceApplyConfiguration
	wanted, err := intent.FromAll(mapNamed("beta", "1"), notWanted, mapNamed("alpha", "1"), (*applycorev1.PodApplyConfiguration)(nil))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range wanted {
		got = append(got, w.String())
	}
	if diff := cmp.Diff([]string{"ConfigMap peers/beta", "ConfigMap peers/alpha"}, got); diff != "" {
		t.Errorf("intents (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(from(t, mapNamed("beta", "1")), wanted[0]); diff != "" {
		t.Errorf("the intent is not that of From (-want +got):\n%s", diff)
	}
	if none, err := intent.FromAll(notWanted); len(none) > 0 || err != nil {
		t.Errorf("intents of nothing are %v, %v", none, err)
	}
}

func TestFromAllSaysWhatIsNoObject(t *testing.T) {
	if _, err := intent.FromAll(mapNamed("alpha", "1"), []string{"a"}); err == nil || !strings.Contains(err.Error(), "decode []string") {
		t.Errorf("got %v, want an error that says what it was given", err)
	}
}
