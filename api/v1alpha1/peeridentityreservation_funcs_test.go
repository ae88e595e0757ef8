// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
)

func TestWhoMayCountOnAReservation(t *testing.T) {
	at := func(second int64) metav1.Time { return metav1.NewTime(time.Unix(second, 0)) }
	for name, c := range map[string]struct {
		holder      v1alpha1.ReservationHolder
		deleted     *metav1.Time
		names, held bool
	}{
		"Its holder.":                                    {v1alpha1.ReservationHolder{Namespace: "peers", Name: "alpha"}, nil, true, true},
		"Another of the namespace.":                      {v1alpha1.ReservationHolder{Namespace: "peers", Name: "beta"}, nil, false, false},
		"One of the same name in another namespace.":     {v1alpha1.ReservationHolder{Namespace: "others", Name: "alpha"}, nil, false, false},
		"A holder that was there when it was deleted.":   {v1alpha1.ReservationHolder{Namespace: "peers", Name: "alpha"}, new(at(11)), true, true},
		"A holder that came after it was deleted.":       {v1alpha1.ReservationHolder{Namespace: "peers", Name: "alpha"}, new(at(9)), true, false},
		"A holder that may have come after.":             {v1alpha1.ReservationHolder{Namespace: "peers", Name: "alpha"}, new(at(10)), true, false},
		"Another, when it was deleted for some reason.":  {v1alpha1.ReservationHolder{Namespace: "peers", Name: "beta"}, new(at(11)), false, false},
		"Nobody holds it, whatever admission may think.": {v1alpha1.ReservationHolder{}, nil, false, false},
	} {
		p := &v1alpha1.PeerNode{ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: "alpha", CreationTimestamp: at(10)}}
		r := &v1alpha1.PeerIdentityReservation{ObjectMeta: metav1.ObjectMeta{DeletionTimestamp: c.deleted}, Spec: v1alpha1.PeerIdentityReservationSpec{Holder: c.holder}}
		if r.Names(p) != c.names || r.HeldBy(p) != c.held {
			t.Errorf("%s named: %v, held: %v; want %v, %v", name, r.Names(p), r.HeldBy(p), c.names, c.held)
		}
	}
}
