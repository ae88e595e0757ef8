// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/test/cluster/audit"
)

// peerID is a made-up name of a peer in its network.
const peerID = "12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo"

// changeOne counts what it costs that one peer of a fleet gets another identity on record, of which all its siblings
// have to learn, and that one gets another image.
func (b *bench) changeOne(ctx context.Context, f *figures) error {
	one := names.Peer(fleetName(0), 0)
	var err error
	if f.identity, err = b.cost(ctx, func() error {
		return b.record(ctx, one, peerID)
	}, b.listed); err != nil {
		return fmt.Errorf("record another identity: %w", err)
	}
	f.image, err = b.cost(ctx, func() error {
		fleet := &v1alpha1.PeerFleet{}
		if err := b.env.Admin.Get(ctx, types.NamespacedName{Namespace: namespace, Name: fleetName(0)}, fleet); err != nil {
			return err
		}
		fleet.Spec.Overrides = []v1alpha1.PeerOverride{{Ordinal: 0, Image: "registry.example.com/p2p-agent:v2"}}
		return b.env.Admin.Update(ctx, fleet)
	}, func(ctx context.Context) error { return b.runs(ctx, one, "registry.example.com/p2p-agent:v2") })
	return err
}

// cost counts the writes that follow from an act, once its effect is there and the operator is quiet again.
func (b *bench) cost(ctx context.Context, act func() error, effect func(context.Context) error) (map[string]int, error) {
	mark, err := b.log.Mark(namespace)
	if err != nil {
		return nil, err
	}
	if err := act(); err != nil {
		return nil, err
	}
	if err := b.until(ctx, effect); err != nil {
		return nil, err
	}
	if err := b.untilQuiet(ctx, mark); err != nil {
		return nil, err
	}
	writes, err := b.log.Writes(namespace, mark)
	return audit.CountBy(writes, audit.VerbAndResource), err
}

// record writes another identity into the status of a peer, which no peer does: only its cost to the others counts.
func (b *bench) record(ctx context.Context, peer, id string) error {
	p := &v1alpha1.PeerNode{}
	if err := b.env.Admin.Get(ctx, types.NamespacedName{Namespace: namespace, Name: peer}, p); err != nil {
		return err
	}
	before := p.DeepCopy()
	p.Status.Identity.PeerID = id
	return b.env.Admin.Status().Patch(ctx, p, client.MergeFrom(before))
}

// listed looks whether the list that the siblings share has the identity.
func (b *bench) listed(ctx context.Context) error {
	list := &corev1.ConfigMap{}
	if err := b.env.Admin.Get(ctx, types.NamespacedName{Namespace: namespace, Name: names.Members(fleetName(0))}, list); err != nil {
		return err
	}
	if !strings.Contains(list.Data["peers.yaml"], peerID) {
		return errors.New("the identity is not on the list yet")
	}
	return nil
}

func (b *bench) runs(ctx context.Context, peer, image string) error {
	pod := &corev1.Pod{}
	if err := b.env.Admin.Get(ctx, client.ObjectKey{Namespace: namespace, Name: peer + "-0"}, pod); err != nil {
		return err
	}
	if got := pod.Spec.Containers[0].Image; got != image {
		return fmt.Errorf("%s still runs %s", peer, got)
	}
	return nil
}
