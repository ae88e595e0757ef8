// SPDX-License-Identifier: Apache-2.0

package peernode

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/apply"
	"github.com/peernode/operator/pkg/keysecret"
	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/plan"
)

// makeKey creates the Secret of a key, once. The fixed name is the lock: if the Secret exists, made by an earlier
// try whose answer was lost or retained from an earlier PeerNode of the same name, it is the key. The operator
// cannot read it, by design.
//
// The key is not sealed yet: it lies in plaintext in etcd, and the Secret's annotation says so.
func (r *Reconciler) makeKey(ctx context.Context, p *v1alpha1.PeerNode, order plan.KeyOrder, key peer.Key) error {
	files, err := key.New(order.Type, rand.Reader)
	if err != nil {
		return fmt.Errorf("make key of epoch %d: %w", order.Epoch, err)
	}
	secret := keysecret.New(p, order.Epoch, files)
	if order.Owned {
		secret.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(p, v1alpha1.SchemeGroupVersion.WithKind("PeerNode"))}
	}
	err = r.Client.Create(ctx, secret, client.FieldOwner(apply.FieldManager))
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create Secret %s: %w", order.SecretName, err)
	}
	return nil
}

// mountPatience is how long a pod may wait for its volumes before its key is looked for.
const mountPatience = 30 * time.Second

// keyMissing finds out why a pod waits for its volumes. The operator may not read Secrets, but it may ask whether
// it could create this one: a dry run that succeeds shows that the name is free. Any other answer proves nothing.
// The duration is when to ask again, 0 for not at all.
func (r *Reconciler) keyMissing(ctx context.Context, p *v1alpha1.PeerNode, pod *corev1.Pod) (bool, time.Duration) {
	if !plan.RecordedKey(p) || !plan.WaitsForMounts(pod) {
		return false, 0
	}
	if waited := r.Now().Sub(pod.CreationTimestamp.Time); waited < mountPatience {
		return false, mountPatience - waited
	}
	probe := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Status.Identity.SecretName}}
	err := r.Client.Create(ctx, probe, client.FieldOwner(apply.FieldManager), client.DryRunAll)
	return err == nil, mountPatience
}
