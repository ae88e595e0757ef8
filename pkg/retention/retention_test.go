// SPDX-License-Identifier: Apache-2.0

package retention_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/retention"
)

const (
	pending   = v1alpha1.KeyPending
	published = v1alpha1.KeyPublished
	active    = v1alpha1.KeyActive
	retiring  = v1alpha1.KeyRetiring
	revoked   = v1alpha1.KeyRevoked
)

// peer keeps so many keys, and has keys on these stages, from an epoch on. All but one that is pending have a Secret.
func peer(keep int32, first int64, stages ...v1alpha1.KeyStage) *v1alpha1.PeerNode {
	p := &v1alpha1.PeerNode{ObjectMeta: metav1.ObjectMeta{Name: "alpha"}}
	p.Spec.Identity = &v1alpha1.PeerIdentity{Rotation: &v1alpha1.KeyRotation{KeepPrevious: &keep}}
	id := &v1alpha1.PeerIdentityStatus{}
	for i, stage := range stages {
		e := v1alpha1.KeyEpoch{Epoch: first + int64(i), Stage: stage}
		if stage != pending {
			e.SecretName = names.Key(p, e.Epoch)
		}
		if stage == active {
			id.Epoch, id.SecretName = e.Epoch, e.SecretName
		}
		id.Epochs = append(id.Epochs, e)
	}
	p.Status.Identity = id
	return p
}

func with(p *v1alpha1.PeerNode, change func(*v1alpha1.PeerNode)) *v1alpha1.PeerNode {
	change(p)
	return p
}

func TestWhichKeysNeedNotBeKept(t *testing.T) {
	rotated := func(keep int32) *v1alpha1.PeerNode { return peer(keep, 1, revoked, revoked, revoked, active) }
	removed := func(p *v1alpha1.PeerNode, through int64) *v1alpha1.PeerNode {
		return with(p, func(p *v1alpha1.PeerNode) { p.Status.Identity.RemovedThrough = through })
	}
	none := retention.Removal{}
	for name, c := range map[string]struct {
		peer *v1alpha1.PeerNode
		want retention.Removal
	}{
		"The spec says nothing.":             {with(rotated(0), func(p *v1alpha1.PeerNode) { p.Spec.Identity.Rotation.KeepPrevious = nil }), none},
		"There is no rotation.":              {with(rotated(0), func(p *v1alpha1.PeerNode) { p.Spec.Identity.Rotation = nil }), none},
		"There is no identity in the spec.":  {with(rotated(0), func(p *v1alpha1.PeerNode) { p.Spec.Identity = nil }), none},
		"Nothing is on record.":              {with(rotated(0), func(p *v1alpha1.PeerNode) { p.Status.Identity = nil }), none},
		"A key is on record without epochs.": {with(rotated(0), func(p *v1alpha1.PeerNode) { p.Status.Identity.Epochs = nil }), none},
		"No key is in use.":                  {peer(0, 1, revoked, revoked), none},
		"The PeerNode is being deleted.":     {with(rotated(0), func(p *v1alpha1.PeerNode) { p.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)} }), none},

		"None is kept.":                      {rotated(0), retention.Removal{Epochs: []int64{1, 2, 3}, Through: 3}},
		"One is kept.":                       {rotated(1), retention.Removal{Epochs: []int64{1, 2}, Through: 2}},
		"As many are kept as there are.":     {rotated(3), none},
		"More are kept than there are.":      {rotated(100), none},
		"Some went before.":                  {removed(rotated(0), 2), retention.Removal{Epochs: []int64{3}, Through: 3}},
		"All went before.":                   {removed(rotated(0), 3), none},
		"Fewer are kept than there were.":    {removed(rotated(1), 1), retention.Removal{Epochs: []int64{2}, Through: 2}},
		"More are kept than are left.":       {removed(rotated(2), 2), none},
		"A number is on record that is odd.": {removed(rotated(0), 99), none},

		"The key of before is still let in.":            {peer(0, 1, revoked, retiring, active), retention.Removal{Epochs: []int64{1}, Through: 1}},
		"The next key is being made.":                   {peer(0, 1, revoked, active, pending), retention.Removal{Epochs: []int64{1}, Through: 1}},
		"The next key is published.":                    {peer(1, 1, revoked, revoked, active, published), retention.Removal{Epochs: []int64{1}, Through: 1}},
		"A later key was given up before it was used.":  {peer(0, 1, revoked, active, revoked), retention.Removal{Epochs: []int64{1}, Through: 1}},
		"Such a one counts once the peer is beyond it.": {peer(1, 1, revoked, revoked, active), retention.Removal{Epochs: []int64{1}, Through: 1}},

		"The earlier keys are those of another PeerNode.": {peer(0, 5, active), none},
		"Its own keys begin with one that it took up.":    {peer(0, 5, revoked, active), retention.Removal{Epochs: []int64{5}, Through: 5}},
		"Two records name the key in use.":                {with(rotated(0), func(p *v1alpha1.PeerNode) { p.Status.Identity.Epoch = 2 }), retention.Removal{Epochs: []int64{1}, Through: 1}},
		"An epoch never had a key, and its name is somebody else's.": {
			with(rotated(1), func(p *v1alpha1.PeerNode) { p.Status.Identity.Epochs[1].SecretName = "" }), retention.Removal{Epochs: []int64{1}, Through: 1}},
		"The record names another Secret.": {
			with(rotated(0), func(p *v1alpha1.PeerNode) { p.Status.Identity.Epochs[2].SecretName = "beta-identity-3" }), retention.Removal{Epochs: []int64{1, 2}, Through: 2}},
	} {
		got := retention.Decide(c.peer)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if got.None() != (len(c.want.Epochs) == 0) {
			t.Errorf("%s None is %v", name, got.None())
		}
	}
}
