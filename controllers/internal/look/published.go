// SPDX-License-Identifier: Apache-2.0

package peernode

import (
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/peernode/operator/pkg/sealingkey"
)

// published remembers what the unsealer published last: every PeerNode asks, and to read the keys takes longer than all
// the rest of a look.
type published struct {
	mu      sync.Mutex
	version string
	last    *sealingkey.Published
}

func (p *published) of(config *corev1.ConfigMap) (*sealingkey.Published, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last != nil && p.version == config.ResourceVersion {
		return p.last, nil
	}
	read, err := sealingkey.ReadPublished(config.Data)
	if err != nil {
		return nil, err
	}
	p.version, p.last = config.ResourceVersion, &read
	return p.last, nil
}
