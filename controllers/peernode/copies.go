// SPDX-License-Identifier: Apache-2.0

package peernode

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/look"
	"github.com/peernode/operator/pkg/plan"
)

// observeCopies reads the stores that the spec names, and how far the Jobs are that copy the latest key into them.
func (r *Reconciler) observeCopies(ctx context.Context, o *plan.Observed, eyes look.Eyes) error {
	o.Stores = map[string]*v1alpha1.PeerBackupStore{}
	o.CopyPods = map[string][]*corev1.Pod{}
	for _, name := range o.PeerNode.KeyStores() {
		store := &v1alpha1.PeerBackupStore{}
		err := r.Client.Get(ctx, types.NamespacedName{Namespace: o.PeerNode.Namespace, Name: name}, store)
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("read PeerBackupStore %s: %w", name, err)
		}
		if err == nil {
			o.Stores[name] = store
		}
	}
	for _, ref := range plan.CopyJobs(*o) {
		job, err := eyes.Object(ctx, ref)
		if err != nil {
			return err
		}
		if job == nil {
			continue
		}
		o.Objects[ref] = job
		if o.CopyPods[ref.Name], err = look.PodsOf(ctx, r.Client, ref.NamespacedName); err != nil {
			return err
		}
	}
	return nil
}
