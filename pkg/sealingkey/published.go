// SPDX-License-Identifier: Apache-2.0

package sealingkey

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/peernode/operator/pkg/seal"
)

// Fields of the ConfigMap.
const (
	// FieldNumber is the number of the sealing key in use.
	FieldNumber = "number"
	// FieldRecipient is the hybrid public key of age to which the keys of peers are sealed.
	FieldRecipient = "recipient"
	// FieldCA holds the certificates of the authorities, in PEM.
	FieldCA = "ca.crt"
)

// Published is what everybody may know of the sealing key that is in use.
type Published struct {
	// Number is that of the sealing key in use.
	Number int
	// Recipient is to whom the keys of peers are sealed.
	Recipient seal.Recipient
	// CA are the certificates, in PEM, by which peers know the unsealer: one for each sealing key that it has.
	CA []byte
}

// Data is what the ConfigMap holds.
func (p Published) Data() map[string]string {
	return map[string]string{FieldNumber: strconv.Itoa(p.Number), FieldRecipient: p.Recipient.String(), FieldCA: string(p.CA)}
}

// ConfigMap is where the unsealer of a namespace publishes.
func ConfigMap(namespace string, p Published) *applycorev1.ConfigMapApplyConfiguration {
	return applycorev1.ConfigMap(Name, namespace).WithLabels(labels()).WithData(p.Data())
}

// ReadPublished reads the data of the ConfigMap.
func ReadPublished(data map[string]string) (Published, error) {
	number, err := readNumber(data)
	if err != nil {
		return Published{}, damaged(FieldNumber, err)
	}
	recipient, err := seal.ParseRecipient(strings.TrimSpace(data[FieldRecipient]))
	if err == nil && recipient.Family() != seal.Hybrid {
		err = errors.New("this recipient is not hybrid; a sealing key's begins with age1pq1")
	}
	if err != nil {
		return Published{}, damaged(FieldRecipient, err)
	}
	authorities, err := parseCAs([]byte(data[FieldCA]))
	if err != nil {
		return Published{}, damaged(FieldCA, err)
	}
	var ca []byte
	for _, authority := range authorities {
		ca = append(ca, encodeCertificate(authority.Raw)...)
	}
	return Published{Number: number, Recipient: recipient, CA: ca}, nil
}

// readNumber reads which sealing key is in use.
func readNumber(data map[string]string) (int, error) {
	text := strings.TrimSpace(data[FieldNumber])
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 {
		return 0, fmt.Errorf("%q is no number of a sealing key; they count from 1", text)
	}
	return number, nil
}

func damaged(field string, err error) error {
	return fmt.Errorf("ConfigMap %s: %s: %w; restart the unsealer, which writes it again", Name, field, err)
}

// ToMake are the numbers among those that are wanted of which there has never been a sealing key, as far as what is
// published tells; nil is nothing. One that was in use and is lost is not made again: people have to decide what becomes
// of the peers whose keys are sealed to it.
func ToMake(wanted []int, p *Published) []int {
	var out []int
	for _, number := range wanted {
		if p == nil || number > p.Number {
			out = append(out, number)
		}
	}
	return out
}
