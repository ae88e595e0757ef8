// SPDX-License-Identifier: Apache-2.0

package sealingkey

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/seal"
)

// NewSecret makes a sealing key and the Secret that holds it. It is immutable: what was sealed to a key opens with that
// one only, so a key is never exchanged, there is one more.
func NewSecret(namespace string, number int, now time.Time) (*corev1.Secret, error) {
	if number < 1 {
		return nil, fmt.Errorf("sealing key %d does not exist: they count from 1", number)
	}
	if errs := validation.IsDNS1123Label(namespace); len(errs) > 0 {
		return nil, fmt.Errorf("namespace %q is not a name that a namespace can have: %s", namespace, strings.Join(errs, "; "))
	}
	opener, err := seal.NewOpener()
	if err != nil {
		return nil, err
	}
	certificate, key, err := newCA(namespace, number, now)
	if err != nil {
		return nil, fmt.Errorf("make the certificate authority of the unsealer: %w", err)
	}
	return &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: corev1.SchemeGroupVersion.String(), Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: SecretName(number), Labels: labels()},
		Immutable:  new(true),
		Type:       corev1.SecretTypeOpaque,
		Data: map[string][]byte{
			FileIdentity: []byte(opener.Secret() + "\n"),
			FileCA:       certificate,
			FileCAKey:    key,
		},
	}, nil
}

func labels() map[string]string {
	return map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy, v1alpha1.LabelComponent: Component}
}
