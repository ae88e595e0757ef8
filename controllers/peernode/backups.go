// SPDX-License-Identifier: Apache-2.0

package peernode

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/index"
	"github.com/peernode/operator/pkg/peerbackup"
	"github.com/peernode/operator/pkg/plan"
)

// observeBackups reads the backup that keeps the peer stopped, and the newest good one; nil where there is none.
func (r *Reconciler) observeBackups(ctx context.Context, o *plan.Observed) error {
	list := &v1alpha1.PeerBackupList{}
	if err := r.Client.List(ctx, list, client.InNamespace(o.PeerNode.Namespace), client.MatchingFields{index.Backups: o.PeerNode.Name}); err != nil {
		return fmt.Errorf("list the backups of the peer: %w", err)
	}
	for i := range list.Items {
		if peerbackup.Holds(&list.Items[i]) {
			o.HeldBy = &list.Items[i]
			break
		}
	}
	o.LatestBackup = peerbackup.Latest(list.Items, o.PeerNode)
	return nil
}

// onBackup leads from a backup to the peer that it holds, or lets go.
func onBackup(_ context.Context, o client.Object) []reconcile.Request {
	b, ok := o.(*v1alpha1.PeerBackup)
	if !ok {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: b.Namespace, Name: b.Spec.PeerNodeRef.Name}}}
}
