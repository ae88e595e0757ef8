// SPDX-License-Identifier: Apache-2.0

// Package publish writes down what everybody may know of the sealing keys.
package publish

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/pkg/sealingkey"
)

const (
	// owner is the unsealer as a field manager.
	owner = "peernode-unsealer"
	// requestTimeout ends a question to the API server.
	requestTimeout = 10 * time.Second
	// retry and look are how long it waits after a failure, and after a success. A replica that lacks the newest key
	// learns of it that late, and is asked by peers until then.
	retry = time.Second
	look  = 15 * time.Second
)

// Publisher keeps the ConfigMap of a namespace as it should be.
type Publisher struct {
	Client    client.Client
	Namespace string
	Ring      sealingkey.Ring
	Log       *slog.Logger

	done atomic.Bool
}

// Done reports whether what is published is what the ring says. It is not while a newer key is published than those of the
// ring: this replica could not open what is sealed to that one.
func (p *Publisher) Done() bool { return p.done.Load() }

// Run publishes, and looks from time to time whether it still stands there, until ctx ends.
func (p *Publisher) Run(ctx context.Context) {
	for {
		pause := look
		err := p.publish(ctx)
		var behind *BehindError
		switch {
		case err == nil:
			p.done.Store(true)
		case errors.As(err, &behind):
			p.done.Store(false)
			p.Log.Error("peers are not sent here", "error", err.Error())
		case ctx.Err() == nil:
			p.Log.Error("cannot publish; trying again", "error", err.Error())
			pause = retry
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// BehindError is why nothing was published: a newer key is.
type BehindError struct{ published, newest int }

// Error says what to do.
func (b *BehindError) Error() string {
	return fmt.Sprintf("sealing key %d is in use, and the newest one here is %d; mount the Secret %s too", b.published, b.newest, sealingkey.SecretName(b.published))
}

// publish writes only what is not there yet, and never an older key in the place of a newer one.
func (p *Publisher) publish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	what := p.Ring.Published()
	want := sealingkey.ConfigMap(p.Namespace, what)
	is := &corev1.ConfigMap{}
	err := p.Client.Get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: sealingkey.Name}, is)
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("read ConfigMap %s: %w", sealingkey.Name, err)
	}
	if err == nil && hasAll(is.Data, want.Data) && hasAll(is.Labels, want.Labels) {
		return nil
	}
	if published, err := sealingkey.ReadPublished(is.Data); err == nil && p.Ring.Behind(published) {
		return &BehindError{published: published.Number, newest: what.Number}
	}
	if err := p.Client.Apply(ctx, want, client.FieldOwner(owner), client.ForceOwnership); err != nil {
		return fmt.Errorf("apply ConfigMap %s: %w", sealingkey.Name, err)
	}
	p.Log.Info("published", "configMap", sealingkey.Name, "sealingKey", what.Number, "recipient", what.Recipient.Info().String())
	return nil
}

func hasAll(is, want map[string]string) bool {
	for key, value := range want {
		if is[key] != value {
			return false
		}
	}
	return true
}
