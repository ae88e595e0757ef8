// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"context"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/look"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/peerbackup"
)

// observe reads everything about a backup, once, from the cache or past it. A read that fails ends the reconcile.
func (r *Reconciler) observe(ctx context.Context, reader client.Reader, b *v1alpha1.PeerBackup) (peerbackup.Observed, error) {
	o := peerbackup.Observed{Backup: b, Options: r.Options, Now: r.Now(), Objects: map[intent.Ref]intent.Object{}}
	eyes := r.eyes(reader)
	if err := eyes.Fresh(refOf(b), b.ResourceVersion); err != nil {
		return o, err
	}
	in := looker{ctx, reader, b.Namespace}
	var err error
	if o.Peer, err = get(in, b.Spec.PeerNodeRef.Name, &v1alpha1.PeerNode{}); err != nil {
		return o, err
	}
	if o.Store, err = get(in, b.Spec.StoreRef.Name, &v1alpha1.PeerBackupStore{}); err != nil {
		return o, err
	}
	if o.Peer != nil {
		if err := observePeer(in, &o); err != nil {
			return o, err
		}
	}
	if err := observeOthers(in, &o); err != nil {
		return o, err
	}
	if run := b.Labels[v1alpha1.LabelRun]; run != "" {
		if o.Run, err = get(in, run, &batchv1.Job{}); err != nil {
			return o, err
		}
	}
	if err := r.observeSealing(ctx, reader, &o); err != nil {
		return o, err
	}
	return o, r.observeObjects(ctx, eyes, &o)
}

func (r *Reconciler) eyes(reader client.Reader) look.Eyes {
	return look.Eyes{Reader: reader, Scheme: r.Client.Scheme(), Ledger: &r.ledger, Now: r.Now}
}

// observePeer reads what runs the peer, its volume, and its fleet.
func observePeer(in looker, o *peerbackup.Observed) (err error) {
	if o.StatefulSet, err = get(in, names.Workload(o.Peer), &appsv1.StatefulSet{}); err != nil {
		return err
	}
	if o.Pod, err = get(in, names.Pod(o.Peer), &corev1.Pod{}); err != nil {
		return err
	}
	if o.Data, err = get(in, names.Data(o.Peer), &corev1.PersistentVolumeClaim{}); err != nil {
		return err
	}
	if of := o.Peer.Spec.Fleet; of != nil {
		o.Fleet, err = get(in, of.Name, &v1alpha1.PeerFleet{})
	}
	return err
}

// observeOthers reads with whom the peer shares a budget.
func observeOthers(in looker, o *peerbackup.Observed) error {
	peers, backups := &v1alpha1.PeerNodeList{}, &v1alpha1.PeerBackupList{}
	for _, list := range []client.ObjectList{peers, backups} {
		if err := in.reader.List(in.ctx, list, client.InNamespace(in.namespace)); err != nil {
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

// observeObjects reads the objects of the backup, and how far the pods of its Jobs are, whom the cache alone finds by them.
func (r *Reconciler) observeObjects(ctx context.Context, eyes look.Eyes, o *peerbackup.Observed) error {
	for _, ref := range peerbackup.Refs(o.Backup) {
		object, err := eyes.Object(ctx, ref)
		if err != nil {
			return err
		}
		if object != nil {
			o.Objects[ref] = object
		}
	}
	for _, of := range []struct {
		job  intent.Ref
		pods *[]*corev1.Pod
	}{{peerbackup.JobRef(o.Backup), &o.Pods}, {peerbackup.ProofRef(o.Backup), &o.ProofPods}} {
		if o.Objects[of.job] == nil {
			continue
		}
		var err error
		if *of.pods, err = look.PodsOf(ctx, r.Client, of.job.NamespacedName); err != nil {
			return err
		}
	}
	return nil
}

// observeSealing reads what the unsealer publishes. Of damage to it the PeerNodes tell.
func (r *Reconciler) observeSealing(ctx context.Context, reader client.Reader, o *peerbackup.Observed) (err error) {
	o.Sealing, err = r.published.Read(ctx, reader, r.Options.Resources.UnsealerNamespace)
	if _, damage := errors.AsType[look.DamageError](err); damage {
		return nil
	}
	return err
}

// looker reads objects of one namespace.
type looker struct {
	ctx       context.Context //nolint:containedctx // it lives as long as one look
	reader    client.Reader
	namespace string
}

// get reads an object, nil where there is none.
func get[T client.Object](l looker, name string, into T) (T, error) {
	return look.Get(l.ctx, l.reader, types.NamespacedName{Namespace: l.namespace, Name: name}, into)
}
