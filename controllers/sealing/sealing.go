// SPDX-License-Identifier: Apache-2.0

// Package sealing makes the sealing key of the cluster, once. It promises that there is one, and never makes another in
// the place of one that was lost: every key of a peer is sealed to it.
package sealing

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/peernode/operator/controllers/internal/apply"
	"github.com/peernode/operator/pkg/sealingkey"
)

// firstKey is the number of the key that is made with the installation.
const firstKey = 1

// pause lies between two tries.
const pause = 2 * time.Second

// Maker makes the first sealing key when the operator begins to lead.
type Maker struct {
	// Client writes.
	Client client.Client
	// Live reads from the API server.
	Live client.Reader
	// Namespace is that of the unsealer.
	Namespace string
	// Now is the clock.
	Now func() time.Time
}

// NeedLeaderElection keeps replicas from making one each; the fixed name of the Secret would too.
func (*Maker) NeedLeaderElection() bool { return true }

// Start tries until there is a sealing key.
func (m *Maker) Start(ctx context.Context) error {
	log := logf.FromContext(ctx).WithName("sealing")
	err := wait.PollUntilContextCancel(ctx, pause, true, func(ctx context.Context) (bool, error) {
		if err := m.ensure(ctx); err != nil {
			log.Error(err, "there is no sealing key yet; trying again")
			return false, nil
		}
		return true, nil
	})
	if ctx.Err() != nil {
		return nil //nolint:nilerr // The operator is on its way out.
	}
	return err
}

// ensure creates the Secret unless the unsealer has published a key, which it keeps then. Published but lost, it stays
// lost: people have to decide what becomes of the peers (docs/keys.md).
func (m *Maker) ensure(ctx context.Context) error {
	published := &corev1.ConfigMap{}
	err := m.Live.Get(ctx, types.NamespacedName{Namespace: m.Namespace, Name: sealingkey.Name}, published)
	if err == nil {
		return nil
	}
	if !apierrors.IsNotFound(err) {
		return fmt.Errorf("look whether the unsealer has a key: %w", err)
	}
	secret, err := sealingkey.NewSecret(m.Namespace, firstKey, m.Now())
	if err != nil {
		return fmt.Errorf("make the sealing key: %w", err)
	}
	err = m.Client.Create(ctx, secret, client.FieldOwner(apply.FieldManager))
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create Secret %s: %w", secret.Name, err)
	}
	return nil
}
