// SPDX-License-Identifier: Apache-2.0

package index_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/index"
)

// indexes are the functions that were registered, by kind and name.
type indexes map[string]client.IndexerFunc

func (i indexes) IndexField(_ context.Context, of client.Object, name string, values client.IndexerFunc) error {
	i[fmt.Sprintf("%T %s", of, name)] = values
	return nil
}

func TestObjectsAreFoundByWhatTheyHaveToDoWith(t *testing.T) {
	registered := indexes{}
	if err := index.Register(t.Context(), registered); err != nil {
		t.Fatal(err)
	}
	network := v1alpha1.PeerNetwork{
		Peers:  []v1alpha1.PeerReference{{Name: "beta"}, {Name: "gamma", Namespace: "elsewhere"}},
		Fleets: []v1alpha1.FleetReference{{Name: "relay"}, {Name: "edge", Namespace: "elsewhere"}},
	}
	alone := &v1alpha1.PeerNode{ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: "alpha"}, Spec: v1alpha1.PeerNodeSpec{Network: network}}
	member := alone.DeepCopy()
	member.Labels = map[string]string{v1alpha1.LabelFleet: "mesh"}
	member.Spec.Fleet = &v1alpha1.FleetMembership{Name: "mesh"}
	stripped := member.DeepCopy()
	stripped.Labels = nil
	stripped.OwnerReferences = []metav1.OwnerReference{{Kind: "PeerFleet", Name: "mesh", Controller: new(true)}}
	foreign := alone.DeepCopy()
	foreign.OwnerReferences = []metav1.OwnerReference{{Kind: "Something", Name: "mesh", Controller: new(true)}}
	begins := alone.DeepCopy()
	begins.Spec.Bootstrap = &v1alpha1.PeerBootstrap{}
	began := begins.DeepCopy()
	began.Status.Bootstrap = &v1alpha1.PeerBootstrapStatus{}
	fleet := &v1alpha1.PeerFleet{ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: "mesh"}}
	fleet.Spec.Template.Spec.Network = network

	peers, fleets := []string{"peers/beta", "elsewhere/gamma"}, []string{"peers/relay", "elsewhere/edge"}
	for name, c := range map[string]struct {
		object client.Object
		index  string
		want   []string
	}{
		"A peer by its fleet's label.":              {member, index.Fleet, []string{"mesh"}},
		"A peer that lost its label, by its owner.": {stripped, index.Fleet, []string{"mesh"}},
		"A peer whose volume is to be filled.":      {begins, index.Restoring, []string{"true"}},
		"A peer whose volume is filled.":            {began, index.Restoring, nil},
		"A peer that begins with nothing.":          {alone, index.Restoring, nil},
		"A peer of no fleet.":                       {alone, index.Fleet, nil},
		"A peer that belongs to something else.":    {foreign, index.Fleet, nil},
		"A peer by the peers that it declares.":     {alone, index.Peers, peers},
		"A peer by the fleets that it declares.":    {alone, index.Fleets, fleets},
		"A peer that keeps a list of its own.":      {alone, index.ListedFleets, fleets},
		"A peer whose fleet keeps the list.":        {member, index.ListedFleets, nil},
		"A peer of a fleet by what it declares.":    {member, index.Fleets, fleets},
		"A fleet by the peers that it declares.":    {fleet, index.Peers, peers},
		"A fleet by the fleets that it declares.":   {fleet, index.Fleets, fleets},
	} {
		values := registered[fmt.Sprintf("%T %s", c.object, c.index)]
		if values == nil {
			t.Errorf("%s there is no index %q", name, c.index)
			continue
		}
		if diff := cmp.Diff(c.want, values(c.object)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
