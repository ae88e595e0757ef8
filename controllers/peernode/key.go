// SPDX-License-Identifier: Apache-2.0

package peernode

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/apply"
	"github.com/peernode/operator/controllers/internal/look"
	"github.com/peernode/operator/controllers/internal/outcome"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/plan"
)

// keepKey reserves the identity of a key and then stores it, as far as that is planned.
func (r *Reconciler) keepKey(ctx context.Context, p *v1alpha1.PeerNode, decided plan.Plan) error {
	if decided.Reserve != nil {
		if err := r.reserve(ctx, p, decided.Reserve); err != nil {
			return err
		}
	}
	if decided.Store != nil {
		return r.storeKey(ctx, decided.Store)
	}
	return nil
}

// storeKey creates the Secret of a key, once. The fixed name is the lock. The name was free before the key was made, so
// a Secret that exists by now is the one that an earlier try created whose answer was lost.
func (r *Reconciler) storeKey(ctx context.Context, secret *corev1.Secret) error {
	err := r.Client.Create(ctx, secret, client.FieldOwner(apply.FieldManager))
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create Secret %s: %w", secret.Name, err)
	}
	return nil
}

// observeKey reads what there is to know of a key that is not on record yet.
func (r *Reconciler) observeKey(ctx context.Context, o *plan.Observed) error {
	direct := o.PeerNode.Direct() != nil
	if !direct { // Who opens the key without the unsealer does not depend on what that publishes.
		if err := r.observeSealing(ctx, o); err != nil {
			return err
		}
	}
	if !plan.NeedsKey(*o) {
		return nil
	}
	if (direct || o.Sealing != nil) && plan.KeyUnknown(*o) {
		var err error
		o.KeyTaken, err = r.taken(ctx, o.PeerNode, names.Key(o.PeerNode, plan.KeyEpoch(o.PeerNode)))
		o.KeyFree = err == nil && !o.KeyTaken
		// Nothing tells when a Secret comes or goes.
		o.LookAgain = outcome.Soonest(o.LookAgain, mountPatience)
		return err
	}
	job := types.NamespacedName{Namespace: o.PeerNode.Namespace, Name: names.KeyJob(o.PeerNode, plan.KeyEpoch(o.PeerNode))}
	var err error
	o.KeyPods, err = look.PodsOf(ctx, r.Client, job)
	return err
}

// observeSealing reads what the unsealer publishes. Peers that run do without it, so damage to it is no error.
func (r *Reconciler) observeSealing(ctx context.Context, o *plan.Observed) error {
	var err error
	o.Sealing, err = r.published.Read(ctx, r.Client, r.Options.Resources.UnsealerNamespace)
	if damage, is := errors.AsType[look.DamageError](err); is {
		o.SealingDamage = damage.Error()
		return nil
	}
	return err
}

// taken asks whether a Secret exists. The operator may not read Secrets, but it may ask whether it could create this
// one: a dry run writes nothing.
func (r *Reconciler) taken(ctx context.Context, p *v1alpha1.PeerNode, secret string) (bool, error) {
	probe := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: secret}}
	err := r.Client.Create(ctx, probe, client.FieldOwner(apply.FieldManager), client.DryRunAll)
	switch {
	case apierrors.IsAlreadyExists(err):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("ask whether Secret %s exists: %w", secret, err)
	default:
		return false, nil
	}
}

// mountPatience is how long a pod may wait for its volumes before its key is looked for.
const mountPatience = 30 * time.Second

// missing finds out whether a pod waits for its volumes because its key is gone, or what opens it. An answer that is
// neither yes nor no proves nothing. The duration is when to ask again, 0 for not at all.
func (r *Reconciler) missing(ctx context.Context, p *v1alpha1.PeerNode, pod *corev1.Pod) (key, opener bool, again time.Duration) {
	if !plan.RecordedKey(p) || !plan.WaitsForMounts(pod) {
		return false, false, 0
	}
	if waited := r.Now().Sub(pod.CreationTimestamp.Time); waited < mountPatience {
		return false, false, mountPatience - waited
	}
	taken, err := r.taken(ctx, p, p.Status.Identity.SecretName)
	return err == nil && !taken, r.openerMissing(ctx, p), mountPatience
}

// openerMissing looks for the Secret with which a pod opens its key by itself. Nobody can look into a CSI volume.
func (r *Reconciler) openerMissing(ctx context.Context, p *v1alpha1.PeerNode) bool {
	direct := p.Direct()
	if direct == nil || direct.Secret == nil {
		return direct != nil
	}
	taken, err := r.taken(ctx, p, direct.Secret.Name)
	return err == nil && !taken
}

// unsealPatience is how long a pod may ask for its key before the unsealer is said not to answer.
const unsealPatience = 10 * time.Second

// unanswered reports whether a pod has asked for its key in vain, and when to look again.
func (r *Reconciler) unanswered(pod *corev1.Pod) (bool, time.Duration) {
	since, asks := plan.AsksForKey(pod)
	if !asks {
		return false, 0
	}
	if waited := r.Now().Sub(since); waited < unsealPatience {
		return false, unsealPatience - waited
	}
	return true, 0
}
