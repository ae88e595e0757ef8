// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/gate"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/names"
)

func TestOfFleetGoesByTheLabelOfTheFleet(t *testing.T) {
	f := &v1alpha1.PeerFleet{ObjectMeta: metav1.ObjectMeta{Name: "alpha", Namespace: "peers"}}
	for name, c := range map[string]struct {
		labels map[string]string
		want   bool
	}{
		"The label that a user puts on a PeerNode for the fleet to take over.": {map[string]string{v1alpha1.LabelFleet: "alpha"}, true},
		"The labels of the fleet's own objects.":                               {names.FleetLabels("alpha", "members"), true},
		"No labels.":                                                           {nil, false},
		"Of another fleet.":                                                    {map[string]string{v1alpha1.LabelFleet: "beta"}, false},
		"Of a fleet with a longer name.":                                       {map[string]string{v1alpha1.LabelFleet: "alpha-1"}, false},
		"Managed by us, but no fleet's.":                                       {map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy, v1alpha1.LabelPeerNode: "alpha"}, false},
	} {
		if got := gate.OfFleet(f, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "alpha", Labels: c.labels}}); got != c.want {
			t.Errorf("%s OfFleet = %v, want %v", name, got, c.want)
		}
	}
}

func TestOfStoreGoesByAllLabelsOfWhatChecksIt(t *testing.T) {
	s := &v1alpha1.PeerBackupStore{ObjectMeta: metav1.ObjectMeta{Name: "s3", Namespace: "peers"}}
	ours := func(change func(labels map[string]string)) map[string]string {
		labels := names.StoreLabels("s3", names.ComponentStoreCheck)
		change(labels)
		return labels
	}
	for name, c := range map[string]struct {
		labels map[string]string
		want   bool
	}{
		"What checks it.":              {ours(func(map[string]string) {}), true},
		"What removes old backups.":    {names.StoreLabels("s3", names.ComponentStorePrune), true},
		"No labels.":                   {nil, false},
		"What checks another.":         {names.StoreLabels("offsite", names.ComponentStoreCheck), false},
		"What copies a key into it.":   {ours(func(l map[string]string) { l[v1alpha1.LabelComponent] = "key-copy" }), false},
		"What is managed by somebody.": {ours(func(l map[string]string) { l[v1alpha1.LabelManagedBy] = "somebody" }), false},
	} {
		if got := gate.OfStore(s, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Labels: c.labels}}); got != c.want {
			t.Errorf("%s OfStore = %v, want %v", name, got, c.want)
		}
	}
}

// Nobody but the object's owner can end it, so it has to be named, and the ways out with it.
func TestAForeignObjectIsRefusedByName(t *testing.T) {
	f := gate.Foreign(intent.Ref{
		GroupVersionKind: corev1.SchemeGroupVersion.WithKind("ConfigMap"), NamespacedName: types.NamespacedName{Namespace: "peers", Name: "alpha-fleet"},
	})
	if f.Reason != v1alpha1.ReasonForeignObject || !f.Stalled {
		t.Errorf("got %+v, want a refusal for %s", f, v1alpha1.ReasonForeignObject)
	}
	for _, part := range []string{"ConfigMap peers/alpha-fleet", "left alone", "Remove or rename"} {
		if !strings.Contains(f.Message, part) {
			t.Errorf("the message does not say %q: %s", part, f.Message)
		}
	}
}
