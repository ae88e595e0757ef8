// SPDX-License-Identifier: Apache-2.0

// Package publish writes down what everybody may know of the sealing key.
package publish

import (
	"context"
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
	// retry and look are how long it waits after a failure, and after a success.
	retry = time.Second
	look  = time.Minute
)

// Publisher keeps the ConfigMap of a namespace as it should be.
type Publisher struct {
	Client    client.Client
	Namespace string
	What      sealingkey.Published
	Log       *slog.Logger

	done atomic.Bool
}

// Done reports whether it was published once.
func (p *Publisher) Done() bool { return p.done.Load() }

// Run publishes, and looks from time to time whether it still stands there, until ctx ends.
func (p *Publisher) Run(ctx context.Context) {
	for {
		pause := look
		err := p.publish(ctx)
		if err == nil {
			p.done.Store(true)
		} else if ctx.Err() == nil {
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

// publish writes only what is not there yet.
func (p *Publisher) publish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	want := sealingkey.ConfigMap(p.Namespace, p.What)
	is := &corev1.ConfigMap{}
	err := p.Client.Get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: sealingkey.Name}, is)
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("read ConfigMap %s: %w", sealingkey.Name, err)
	}
	if err == nil && hasAll(is.Data, want.Data) && hasAll(is.Labels, want.Labels) {
		return nil
	}
	if err := p.Client.Apply(ctx, want, client.FieldOwner(owner), client.ForceOwnership); err != nil {
		return fmt.Errorf("apply ConfigMap %s: %w", sealingkey.Name, err)
	}
	p.Log.Info("published", "configMap", sealingkey.Name, "recipient", p.What.Recipient.Info().String())
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
