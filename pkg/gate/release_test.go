// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/gate"
)

func TestAReservationGoesOnlyWhenNobodyCanRunWithIt(t *testing.T) {
	at := func(second int64) metav1.Time { return metav1.NewTime(time.Unix(second, 0)) }
	holder := func(born int64) *v1alpha1.PeerNode {
		return &v1alpha1.PeerNode{ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: "alpha", CreationTimestamp: at(born)}}
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: "alpha-0"}}
	for name, c := range map[string]struct {
		deleted *metav1.Time
		named   *v1alpha1.PeerNode
		pod     *corev1.Pod
		says    string
	}{
		"Nobody is there.":                         {new(at(10)), nil, nil, ""},
		"A PeerNode of the name was made since.":   {new(at(10)), holder(11), nil, ""},
		"Nobody deleted it.":                       {nil, nil, nil, "is not being deleted"},
		"Its holder is there.":                     {new(at(10)), holder(1), nil, "PeerNode peers/alpha holds the identity"},
		"The pod of its holder is there still.":    {new(at(10)), nil, pod, "pod peers/alpha-0 may run with the identity"},
		"The pod is there, under a new PeerNode.":  {new(at(10)), holder(11), pod, "pod peers/alpha-0 may run with the identity"},
		"Both are there, and the holder is named.": {new(at(10)), holder(1), pod, "delete the PeerNode as well"},
	} {
		r := &v1alpha1.PeerIdentityReservation{ObjectMeta: metav1.ObjectMeta{DeletionTimestamp: c.deleted}}
		r.Spec.Holder = v1alpha1.ReservationHolder{Namespace: "peers", Name: "alpha"}
		err := gate.MayRelease(r, c.named, c.pod)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s got %v, want %q", name, err, c.says)
		}
	}
}
