// SPDX-License-Identifier: Apache-2.0

// Package manifest reads and writes Secrets as kubectl does.
package manifest

import (
	"errors"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// maxSize is more than an API server takes.
const maxSize = 4 << 20

// Read reads one Secret, in YAML or JSON. No error repeats anything of what was read but the kind.
func Read(r io.Reader) (*corev1.Secret, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read the Secret: %w", err)
	}
	secret := &corev1.Secret{}
	if len(text) > maxSize {
		return nil, errors.New("there is more than a Secret can hold")
	}
	if err := yaml.Unmarshal(text, secret); err != nil {
		return nil, errors.New("there is no Secret; pipe in what kubectl get secret NAME -o yaml prints, or name a folder with --keys")
	}
	if secret.APIVersion != corev1.SchemeGroupVersion.String() || secret.Kind != "Secret" {
		return nil, fmt.Errorf("there is a %q and not one Secret; pipe in what kubectl get secret NAME -o yaml prints, or name a folder with --keys", secret.Kind)
	}
	return secret, nil
}

// Write writes a Secret in YAML.
func Write(w io.Writer, secret *corev1.Secret) error {
	text, err := yaml.Marshal(secret)
	if err != nil {
		return errors.New("the Secret cannot be written as YAML")
	}
	if _, err := w.Write(text); err != nil {
		return fmt.Errorf("write the Secret: %w", err)
	}
	return nil
}
