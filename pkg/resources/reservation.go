// SPDX-License-Identifier: Apache-2.0

package resources

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/peer"
)

// ReservationName is the name of the reservation of a key, as the software of a peer keeps it.
func ReservationName(form peer.Key, key identity.Public) string {
	return names.Reservation(form.Network(), key.Type(), key.Hex())
}

// Reservation is the reservation of a key for a peer. It has no owner, because it stays with the key.
func Reservation(p *v1alpha1.PeerNode, form peer.Key, key identity.Public, epoch int64) *v1alpha1.PeerIdentityReservation {
	return &v1alpha1.PeerIdentityReservation{
		TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.SchemeGroupVersion.String(), Kind: "PeerIdentityReservation"},
		ObjectMeta: metav1.ObjectMeta{
			Name:       ReservationName(form, key),
			Labels:     names.Labels(p, componentIdentity),
			Finalizers: []string{v1alpha1.FinalizerIdentity},
		},
		Spec: v1alpha1.PeerIdentityReservationSpec{
			Network:    form.Network(),
			KeyType:    key.Type(),
			PublicKey:  key.Hex(),
			PeerID:     form.Identity(key).PeerID,
			Holder:     v1alpha1.ReservationHolder{Namespace: p.Namespace, Name: p.Name},
			Epoch:      epoch,
			SecretName: names.Key(p, epoch),
		},
	}
}
