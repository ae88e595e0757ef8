// SPDX-License-Identifier: Apache-2.0

// Package sealing makes the sealing keys of the cluster, each once. It promises that there is one, and never makes another in
// the place of one that was lost: keys of peers are sealed to it.
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

// pause lies between two tries.
const pause = 2 * time.Second

// Maker makes what is missing of the sealing keys when the operator begins to lead.
type Maker struct {
	// Client writes.
	Client client.Client
	// Live reads from the API server.
	Live client.Reader
	// Namespace is that of the unsealer.
	Namespace string
	// Numbers are those of the keys that there should be.
	Numbers []int
	// Now is the clock.
	Now func() time.Time
}

// NeedLeaderElection keeps replicas from making one each; the fixed name of the Secret would too.
func (*Maker) NeedLeaderElection() bool { return true }

// Start tries until there are all sealing keys.
func (m *Maker) Start(ctx context.Context) error {
	log := logf.FromContext(ctx).WithName("sealing")
	err := wait.PollUntilContextCancel(ctx, pause, true, func(ctx context.Context) (bool, error) {
		if err := m.ensure(ctx); err != nil {
			log.Error(err, "a sealing key may be missing; trying again")
			return false, nil
		}
		return true, nil
	})
	if ctx.Err() != nil {
		return nil //nolint:nilerr // The operator is on its way out.
	}
	return err
}

// ensure creates the Secrets of keys that the unsealer has not had yet. Had but lost, they stay lost: people have to decide
// what becomes of the peers (docs/keys.md).
func (m *Maker) ensure(ctx context.Context) error {
	published, err := m.published(ctx)
	if err != nil {
		return fmt.Errorf("look which sealing key the unsealer has: %w", err)
	}
	for _, number := range sealingkey.ToMake(m.Numbers, published) {
		if err := m.create(ctx, number); err != nil {
			return err
		}
	}
	return nil
}

// published is what the unsealer has published, nil where it has not.
func (m *Maker) published(ctx context.Context) (*sealingkey.Published, error) {
	config := &corev1.ConfigMap{}
	err := m.Live.Get(ctx, types.NamespacedName{Namespace: m.Namespace, Name: sealingkey.Name}, config)
	if apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // Nothing was published, which is no error.
	}
	if err != nil {
		return nil, err
	}
	p, err := sealingkey.ReadPublished(config.Data)
	return &p, err
}

// create makes one key, unless there is one of that number.
func (m *Maker) create(ctx context.Context, number int) error {
	secret, err := sealingkey.NewSecret(m.Namespace, number, m.Now())
	if err != nil {
		return fmt.Errorf("make sealing key %d: %w", number, err)
	}
	err = m.Client.Create(ctx, secret, client.FieldOwner(apply.FieldManager))
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create Secret %s: %w", secret.Name, err)
	}
	return nil
}
