// SPDX-License-Identifier: Apache-2.0

// Package index finds, in the cache, the objects that have to do with a given one.
package index

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
)

const (
	// Fleet finds the PeerNodes of a fleet, within a namespace, by its name.
	Fleet = "fleet"

	// Peers finds the PeerNodes and the PeerFleets that declare a PeerNode, by its namespace and name.
	Peers = "spec.network.peers"

	// Job finds the pods of a Job, within a namespace, by its name.
	Job = "job"

	// Holder finds the PeerIdentityReservations that name a PeerNode, by its namespace and name.
	Holder = "spec.holder"

	// Stores finds the PeerNodes that name a PeerBackupStore, by its namespace and name.
	Stores = "spec.identity.backup.stores"

	// Backups finds the PeerBackups of a PeerNode, within a namespace, by its name.
	Backups = "spec.peerNodeRef.name"

	// Restoring finds the PeerNodes, within a namespace, whose volume has yet to be filled from a backup, by "true".
	Restoring = "spec.bootstrap without status.bootstrap"

	// Fleets finds the PeerNodes and the PeerFleets that declare a PeerFleet, by its namespace and name.
	Fleets = "spec.network.fleets"

	// ListedFleets is like Fleets, for PeerNodes that keep the members of the fleet on a list of their own. Peers of a
	// fleet do not: the fleet keeps it for them.
	ListedFleets = "spec.network.fleets of peers without a fleet"
)

// Register makes the indexes. It is called once, before the cache starts.
func Register(ctx context.Context, indexer client.FieldIndexer) error {
	for _, i := range []struct {
		of     client.Object
		name   string
		values client.IndexerFunc
	}{
		{&v1alpha1.PeerNode{}, Fleet, fleetOf},
		{&v1alpha1.PeerNode{}, Peers, declaredPeers},
		{&v1alpha1.PeerNode{}, Fleets, declaredFleets},
		{&v1alpha1.PeerNode{}, ListedFleets, listedFleets},
		{&v1alpha1.PeerNode{}, Stores, storesOf},
		{&v1alpha1.PeerNode{}, Restoring, restoring},
		{&v1alpha1.PeerBackup{}, Backups, peerOf},
		{&corev1.Pod{}, Job, jobOf},
		{&v1alpha1.PeerIdentityReservation{}, Holder, holderOf},
		{&v1alpha1.PeerFleet{}, Peers, declaredPeers},
		{&v1alpha1.PeerFleet{}, Fleets, declaredFleets},
	} {
		if err := indexer.IndexField(ctx, i.of, i.name, i.values); err != nil {
			return fmt.Errorf("index %T by %s: %w", i.of, i.name, err)
		}
	}
	return nil
}

func peerOf(o client.Object) []string {
	if b, ok := o.(*v1alpha1.PeerBackup); ok {
		return []string{b.Spec.PeerNodeRef.Name}
	}
	return nil
}

func jobOf(o client.Object) []string {
	if name := o.GetLabels()[batchv1.JobNameLabel]; name != "" {
		return []string{name}
	}
	return nil
}

func holderOf(o client.Object) []string {
	if r, ok := o.(*v1alpha1.PeerIdentityReservation); ok {
		return []string{types.NamespacedName{Namespace: r.Spec.Holder.Namespace, Name: r.Spec.Holder.Name}.String()}
	}
	return nil
}

// fleetOf goes by the owner, and by the label for a peer that has none yet.
func fleetOf(o client.Object) []string {
	if owner := metav1.GetControllerOf(o); owner != nil && owner.Kind == "PeerFleet" {
		return []string{owner.Name}
	}
	if name := o.GetLabels()[v1alpha1.LabelFleet]; name != "" {
		return []string{name}
	}
	return nil
}

func storesOf(o client.Object) []string {
	p, ok := o.(*v1alpha1.PeerNode)
	if !ok {
		return nil
	}
	var out []string
	for _, name := range p.KeyStores() {
		out = append(out, types.NamespacedName{Namespace: p.Namespace, Name: name}.String())
	}
	return out
}

func restoring(o client.Object) []string {
	if p, ok := o.(*v1alpha1.PeerNode); ok && p.Spec.Bootstrap != nil && p.Status.Bootstrap == nil {
		return []string{"true"}
	}
	return nil
}

func declaredPeers(o client.Object) []string {
	var out []string
	for _, ref := range networkOf(o).Peers {
		out = append(out, types.NamespacedName{Namespace: ref.In(o.GetNamespace()), Name: ref.Name}.String())
	}
	return out
}

func declaredFleets(o client.Object) []string {
	var out []string
	for _, ref := range networkOf(o).Fleets {
		out = append(out, types.NamespacedName{Namespace: ref.In(o.GetNamespace()), Name: ref.Name}.String())
	}
	return out
}

func listedFleets(o client.Object) []string {
	if p, ok := o.(*v1alpha1.PeerNode); ok && p.Spec.Fleet == nil {
		return declaredFleets(p)
	}
	return nil
}

func networkOf(o client.Object) v1alpha1.PeerNetwork {
	switch o := o.(type) {
	case *v1alpha1.PeerNode:
		return o.Spec.Network
	case *v1alpha1.PeerFleet:
		return o.Spec.Template.Spec.Network
	}
	return v1alpha1.PeerNetwork{}
}
