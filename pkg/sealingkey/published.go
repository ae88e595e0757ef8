// SPDX-License-Identifier: Apache-2.0

package sealingkey

import (
	"errors"
	"fmt"
	"strings"

	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/peernode/operator/pkg/seal"
)

// Fields of the ConfigMap.
const (
	// FieldRecipient is the hybrid public key of age to which the keys of peers are sealed.
	FieldRecipient = "recipient"
	// FieldCA is the certificate of the authority, in PEM.
	FieldCA = "ca.crt"
)

// Published is what everybody may know of the sealing key that is in use.
type Published struct {
	// Recipient is to whom the keys of peers are sealed.
	Recipient seal.Recipient
	// CA is the certificate, in PEM, by which peers know the unsealer.
	CA []byte
}

// Data is what the ConfigMap holds.
func (p Published) Data() map[string]string {
	return map[string]string{FieldRecipient: p.Recipient.String(), FieldCA: string(p.CA)}
}

// ConfigMap is where the unsealer of a namespace publishes.
func ConfigMap(namespace string, p Published) *applycorev1.ConfigMapApplyConfiguration {
	return applycorev1.ConfigMap(Name, namespace).WithLabels(labels()).WithData(p.Data())
}

// ReadPublished reads the data of the ConfigMap.
func ReadPublished(data map[string]string) (Published, error) {
	recipient, err := seal.ParseRecipient(strings.TrimSpace(data[FieldRecipient]))
	if err == nil && recipient.Family() != seal.Hybrid {
		err = errors.New("this recipient is not hybrid; a sealing key's begins with age1pq1")
	}
	if err != nil {
		return Published{}, fmt.Errorf("ConfigMap %s: %s: %w; restart the unsealer, which writes it again", Name, FieldRecipient, err)
	}
	ca, err := parseCA([]byte(data[FieldCA]))
	if err != nil {
		return Published{}, fmt.Errorf("ConfigMap %s: %s: %w; restart the unsealer, which writes it again", Name, FieldCA, err)
	}
	return Published{Recipient: recipient, CA: encodeCertificate(ca.Raw)}, nil
}
