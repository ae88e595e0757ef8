// SPDX-License-Identifier: Apache-2.0

package peernode

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/index"
	"github.com/peernode/operator/controllers/internal/look"
	"github.com/peernode/operator/pkg/plan"
)

// observeRestore reads the backup with which a new peer is to begin, and how far the Job is that fills its volume.
func (r *Reconciler) observeRestore(ctx context.Context, o *plan.Observed, eyes look.Eyes) (err error) {
	p := o.PeerNode
	if !plan.Restores(p) {
		return nil
	}
	if ref := p.Spec.Bootstrap.Restore.BackupRef; ref != nil {
		if o.Restore.Backup, err = look.Get(ctx, r.Client, types.NamespacedName{Namespace: p.Namespace, Name: ref.Name}, &v1alpha1.PeerBackup{}); err != nil {
			return err
		}
	}
	if name := plan.RestoreStore(p, o.Restore.Backup); name != "" {
		if o.Restore.Store, err = look.Get(ctx, r.Client, types.NamespacedName{Namespace: p.Namespace, Name: name}, &v1alpha1.PeerBackupStore{}); err != nil {
			return err
		}
	}
	ref := plan.RestoreJob(p)
	job, err := eyes.Object(ctx, ref)
	if err != nil || job == nil {
		return err
	}
	o.Objects[ref] = job
	o.Restore.Pods, err = look.PodsOf(ctx, r.Client, ref.NamespacedName)
	return err
}

// restoring leads from a PeerBackup or a PeerBackupStore to the PeerNodes of its namespace that have yet to begin with a backup.
// They are few, and not for long.
func (r *Reconciler) restoring(ctx context.Context, o client.Object) []reconcile.Request {
	list := &v1alpha1.PeerNodeList{}
	// The cache answers, or the operator is on its way out.
	if err := r.Client.List(ctx, list, client.InNamespace(o.GetNamespace()), client.MatchingFields{index.Restoring: "true"}, client.UnsafeDisableDeepCopy); err != nil {
		return nil
	}
	var out []reconcile.Request
	for i := range list.Items {
		out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
	}
	return out
}
