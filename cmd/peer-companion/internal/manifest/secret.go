// SPDX-License-Identifier: Apache-2.0

// Package manifest reads and writes Secrets as kubectl does.
package manifest

import (
	"errors"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/pkg/keysecret"
)

// maxSize is more than an API server takes.
const maxSize = 4 << 20

// Read reads one Secret, in YAML or JSON. No error repeats anything of what was read but the kind.
func Read(r io.Reader) (*corev1.Secret, error) {
	text, err := readAll(r)
	if err != nil {
		return nil, fmt.Errorf("read the Secret: %w", err)
	}
	return parse(text)
}

// ReadEnvelope reads the text of an envelope, which is either all that is read or in a Secret that is read.
func ReadEnvelope(r io.Reader) ([]byte, error) {
	text, err := readAll(r)
	if err != nil {
		return nil, err
	}
	var object metav1.TypeMeta
	if err := yaml.Unmarshal(text, &object); err != nil || object.Kind == "" {
		return text, nil //nolint:nilerr // What is no manifest is for others to judge.
	}
	secret, err := parse(text)
	if err != nil {
		return nil, err
	}
	envelope := secret.Data[keysecret.Envelope]
	if len(envelope) == 0 {
		return nil, fmt.Errorf("the Secret %s has no field %s, so it holds no sealed key", secret.Name, keysecret.Envelope)
	}
	return envelope, nil
}

func readAll(r io.Reader) ([]byte, error) { return readAtMost(r, maxSize, "a Secret can hold") }

func readAtMost(r io.Reader, size int64, what string) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, size+1))
	if err == nil && int64(len(text)) > size {
		err = errors.New("there is more than " + what)
	}
	return text, err
}

func parse(text []byte) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	if err := yaml.Unmarshal(text, secret); err != nil {
		return nil, errors.New("there is no Secret")
	}
	if secret.APIVersion != corev1.SchemeGroupVersion.String() || secret.Kind != "Secret" {
		return nil, fmt.Errorf("there is a %q and not one Secret", secret.Kind)
	}
	return secret, nil
}

// Text is a Secret in YAML.
func Text(secret *corev1.Secret) ([]byte, error) {
	text, err := yaml.Marshal(secret)
	if err != nil {
		return nil, errors.New("the Secret cannot be written as YAML")
	}
	return text, nil
}
