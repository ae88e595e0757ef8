// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/pkg/keysecret"
	"github.com/peernode/operator/pkg/seal"
)

// overlooked fails for keys in the sealed Secrets of a run that nobody looks for: then nothing is proved by not finding them.
func (s *KeySearch) overlooked(ctx context.Context, w *World) error {
	secrets := &corev1.SecretList{}
	if err := w.Admin.List(ctx, secrets, client.InNamespace(w.Namespace)); err != nil {
		return fmt.Errorf("list Secrets: %w", err)
	}
	var errs []error
	for _, secret := range secrets.Items {
		if text, ok := secret.Data[keysecret.Envelope]; ok {
			if err := w.madeHere(text); err != nil {
				errs = append(errs, fmt.Errorf("the key in the Secret %s: %w", secret.Name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// madeHere fails unless an envelope holds one of the keys of which the environment knows.
func (w *World) madeHere(text []byte) error {
	envelope, err := seal.Read(bytes.NewReader(text))
	if err != nil {
		return err
	}
	opened, err := envelope.Open(envelope.Header().Binding, w.Sealing.Opener())
	if err != nil {
		return err
	}
	for _, made := range w.Keys.In(w.Namespace) {
		if made.Equal(opened.Key) {
			return nil
		}
	}
	return errors.New("nobody looks for it; whoever makes a key has to add it to testenv.Keys")
}
