// SPDX-License-Identifier: Apache-2.0

package backupstore

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/look"
	"github.com/peernode/operator/pkg/backupstore"
	"github.com/peernode/operator/pkg/intent"
)

// observe reads everything about a store, once, from the cache. A read that fails ends the reconcile.
func (r *Reconciler) observe(ctx context.Context, s *v1alpha1.PeerBackupStore) (backupstore.Observed, error) {
	o := backupstore.Observed{Store: s, Options: r.Options, Now: r.Now(), Objects: map[intent.Ref]intent.Object{}}
	eyes := look.Eyes{Reader: r.Client, Scheme: r.Client.Scheme(), Ledger: &r.ledger, Now: r.Now}
	if err := eyes.Fresh(refOf(s), s.ResourceVersion); err != nil {
		return o, err
	}
	for _, ref := range []intent.Ref{backupstore.PolicyRef(s), backupstore.JobRef(s), backupstore.PrunePolicyRef(s), backupstore.PruneJobRef(s)} {
		object, err := eyes.Object(ctx, ref)
		if err != nil {
			return o, err
		}
		if object != nil {
			o.Objects[ref] = object
		}
	}
	var err error
	if o.Pods, err = r.podsOf(ctx, o, backupstore.JobRef(s)); err != nil {
		return o, err
	}
	if o.PrunePods, err = r.podsOf(ctx, o, backupstore.PruneJobRef(s)); err != nil || s.Spec.Retention == nil {
		return o, err
	}
	list := &v1alpha1.PeerBackupList{}
	if err := r.Client.List(ctx, list, client.InNamespace(s.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return o, fmt.Errorf("list the PeerBackups of the namespace: %w", err)
	}
	for i := range list.Items {
		o.Backups = append(o.Backups, &list.Items[i])
	}
	return o, nil
}

// podsOf are the pods of a Job, if there is one.
func (r *Reconciler) podsOf(ctx context.Context, o backupstore.Observed, job intent.Ref) ([]*corev1.Pod, error) {
	if o.Objects[job] == nil {
		return nil, nil
	}
	return look.PodsOf(ctx, r.Client, job.NamespacedName)
}
