// SPDX-License-Identifier: Apache-2.0

// Package keysecret is the Secret in which the sealed key of a peer lies: what the operator makes, what somebody who
// restores a lost one must make, and whose key a given one holds.
package keysecret

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
)

// Envelope is the key under which the envelope lies in the data of the Secret.
const Envelope = "envelope"

// component is the part of a peer that the Secret is.
const component = "identity"

// New is the Secret with the envelope of a peer's key of one epoch. It is immutable.
func New(p *v1alpha1.PeerNode, epoch int64, envelope []byte) *corev1.Secret {
	return &corev1.Secret{
		TypeMeta: metav1.TypeMeta{APIVersion: corev1.SchemeGroupVersion.String(), Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: p.Namespace,
			Name:      names.Key(p, epoch),
			Labels:    names.Labels(p, component),
		},
		Immutable: new(true),
		Type:      corev1.SecretTypeOpaque,
		Data:      map[string][]byte{Envelope: envelope},
	}
}

// Owner is whose key a Secret holds.
type Owner struct {
	Namespace, PeerNode string
	Epoch               int64
}

// OwnerOf finds out whose key secret holds, by its name and its label, which must agree.
func OwnerOf(secret *corev1.Secret) (Owner, error) {
	peerNode, epoch, ok := names.OfKey(secret.Name)
	if !ok {
		return Owner{}, fmt.Errorf("the Secret is named %q, but the operator names the Secret of a key <peernode>-identity-<epoch>", secret.Name)
	}
	if label := secret.Labels[v1alpha1.LabelPeerNode]; label != peerNode {
		return Owner{}, fmt.Errorf("the Secret %s has the label %s=%q; on the Secret of a key it is %q", secret.Name, v1alpha1.LabelPeerNode, label, peerNode)
	}
	return Owner{Namespace: secret.Namespace, PeerNode: peerNode, Epoch: epoch}, nil
}
