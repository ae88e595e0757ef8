// SPDX-License-Identifier: Apache-2.0

package backupstore

import (
	"context"

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
	job := backupstore.JobRef(s)
	for _, ref := range []intent.Ref{backupstore.PolicyRef(s), job} {
		object, err := eyes.Object(ctx, ref)
		if err != nil {
			return o, err
		}
		if object != nil {
			o.Objects[ref] = object
		}
	}
	if o.Objects[job] == nil {
		return o, nil
	}
	var err error
	o.Pods, err = look.PodsOf(ctx, r.Client, job.NamespacedName)
	return o, err
}
