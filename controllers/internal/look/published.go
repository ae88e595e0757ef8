// SPDX-License-Identifier: Apache-2.0

package look

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/pkg/sealingkey"
)

// Published remembers what the unsealer published last: every PeerNode asks, and to read the keys takes longer than all
// the rest of a look. The zero value is ready.
type Published struct {
	mu      sync.Mutex
	version string
	last    *sealingkey.Published
}

// DamageError says that what the unsealer has published is nothing that can be used. The unsealer puts that right.
type DamageError struct{ error }

// Unwrap is for errors.Is.
func (d DamageError) Unwrap() error { return d.error }

// Read returns what the unsealer in a namespace publishes, nil while it has published nothing.
func (p *Published) Read(ctx context.Context, reader client.Reader, namespace string) (*sealingkey.Published, error) {
	config, err := Get(ctx, reader, types.NamespacedName{Namespace: namespace, Name: sealingkey.Name}, &corev1.ConfigMap{})
	if err != nil {
		return nil, fmt.Errorf("read what the unsealer publishes: %w", err)
	}
	if config == nil {
		return nil, nil //nolint:nilnil // nothing is what is published
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last != nil && p.version == config.ResourceVersion {
		return p.last, nil
	}
	read, err := sealingkey.ReadPublished(config.Data)
	if err != nil {
		return nil, DamageError{err}
	}
	p.version, p.last = config.ResourceVersion, &read
	return p.last, nil
}
