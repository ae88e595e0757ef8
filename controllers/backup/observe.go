// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/look"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/peerbackup"
	"github.com/peernode/operator/pkg/sealingkey"
)

// observe reads everything about a backup, once, from the cache or past it. A read that fails ends the reconcile.
func (r *Reconciler) observe(ctx context.Context, reader client.Reader, b *v1alpha1.PeerBackup) (peerbackup.Observed, error) {
	o := peerbackup.Observed{Backup: b, Options: r.Options, Now: r.Now(), Objects: map[intent.Ref]intent.Object{}}
	eyes := look.Eyes{Reader: reader, Scheme: r.Client.Scheme(), Ledger: &r.ledger, Now: r.Now}
	if err := eyes.Fresh(refOf(b), b.ResourceVersion); err != nil {
		return o, err
	}
	look := looker{ctx, reader, b.Namespace}
	var err error
	if o.Peer, err = get(look, b.Spec.PeerNodeRef.Name, &v1alpha1.PeerNode{}); err != nil {
		return o, err
	}
	if o.Store, err = get(look, b.Spec.StoreRef.Name, &v1alpha1.PeerBackupStore{}); err != nil {
		return o, err
	}
	if o.Peer != nil {
		if err := observePeer(look, &o); err != nil {
			return o, err
		}
	}
	if err := observeOthers(look, &o); err != nil {
		return o, err
	}
	if run := b.Labels[v1alpha1.LabelRun]; run != "" {
		if o.Run, err = get(look, run, &batchv1.Job{}); err != nil {
			return o, err
		}
	}
	if o.Sealing, err = r.published(ctx, reader); err != nil {
		return o, err
	}
	return o, r.observeJob(ctx, look, &o)
}

// observePeer reads what runs the peer, and its fleet.
func observePeer(look looker, o *peerbackup.Observed) (err error) {
	if o.StatefulSet, err = get(look, names.Workload(o.Peer), &appsv1.StatefulSet{}); err != nil {
		return err
	}
	if o.Pod, err = get(look, names.Pod(o.Peer), &corev1.Pod{}); err != nil {
		return err
	}
	if of := o.Peer.Spec.Fleet; of != nil {
		o.Fleet, err = get(look, of.Name, &v1alpha1.PeerFleet{})
	}
	return err
}

// observeOthers reads with whom the peer shares a budget.
func observeOthers(look looker, o *peerbackup.Observed) error {
	peers, backups := &v1alpha1.PeerNodeList{}, &v1alpha1.PeerBackupList{}
	for _, list := range []client.ObjectList{peers, backups} {
		if err := look.reader.List(look.ctx, list, client.InNamespace(look.namespace)); err != nil {
			return fmt.Errorf("list the %T of the namespace: %w", list, err)
		}
	}
	for i := range peers.Items {
		o.Peers = append(o.Peers, &peers.Items[i])
	}
	for i := range backups.Items {
		o.Backups = append(o.Backups, &backups.Items[i])
	}
	return nil
}

// observeJob reads the objects of the backup, and how far the pods of its Job are, whom the cache alone finds by it.
func (r *Reconciler) observeJob(ctx context.Context, in looker, o *peerbackup.Observed) error {
	job, policy := peerbackup.JobRef(o.Backup), peerbackup.PolicyRef(o.Backup)
	live, err := get(in, job.Name, &batchv1.Job{})
	if err != nil {
		return err
	}
	if live != nil {
		o.Objects[job] = live
		if o.Pods, err = look.PodsOf(ctx, r.Client, job.NamespacedName); err != nil {
			return err
		}
	}
	rule, err := get(in, policy.Name, &networkingv1.NetworkPolicy{})
	if rule != nil {
		o.Objects[policy] = rule
	}
	return err
}

// published is what the unsealer publishes, nil where that is nothing that can be used.
func (r *Reconciler) published(ctx context.Context, reader client.Reader) (*sealingkey.Published, error) {
	config, err := get(looker{ctx, reader, r.Options.Resources.UnsealerNamespace}, sealingkey.Name, &corev1.ConfigMap{})
	if err != nil || config == nil {
		return nil, err
	}
	read, err := sealingkey.ReadPublished(config.Data)
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // the PeerNodes tell of it, and the unsealer puts it right
	}
	return &read, nil
}

// looker reads objects of one namespace.
type looker struct {
	ctx       context.Context //nolint:containedctx // it lives as long as one look
	reader    client.Reader
	namespace string
}

// get reads an object, nil where there is none.
func get[T client.Object](l looker, name string, into T) (T, error) {
	var none T
	err := l.reader.Get(l.ctx, types.NamespacedName{Namespace: l.namespace, Name: name}, into)
	if apierrors.IsNotFound(err) {
		return none, nil
	}
	if err != nil {
		return none, fmt.Errorf("read %T %s: %w", into, name, err)
	}
	return into, nil
}
