// SPDX-License-Identifier: Apache-2.0

package broker

import (
	"context"
	"io"
	"net/http"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/unseal"
)

// maxRecords is how many records are in memory at a time. They may be large, and backups end seldom.
const maxRecords = 2

// sign signs the record of a backup for the pod that makes it. A record may be large, so who asks is known before it is read.
func (b *Broker) sign(w http.ResponseWriter, r *http.Request, a *attempt) *unseal.Refusal {
	return b.admit(r, a, func(ctx context.Context) *unseal.Refusal {
		observed, err := b.lookAtBackup(ctx, a.caller)
		if err != nil {
			return b.undecided(err)
		}
		if b.CheckSource {
			observed.Source = a.source
		}
		if refusal := unseal.DecideRecord(observed); refusal != nil {
			return refusal
		}
		a.backup = observed.PeerBackup.Name
		select {
		case b.records <- struct{}{}:
			defer func() { <-b.records }()
		case <-ctx.Done():
			return unseal.NewRefusal(unseal.Busy, "the unsealer has too much to do; ask again")
		}
		return b.signOne(http.MaxBytesReader(w, r.Body, 2*unseal.MaxRecord+1), observed, a)
	})
}

// signOne reads the record of a backup that is being made, and signs it if it is that.
func (b *Broker) signOne(body io.Reader, observed unseal.ObservedBackup, a *attempt) *unseal.Refusal {
	asked, refusal := unseal.ReadRecordRequest(body)
	if refusal != nil {
		return refusal
	}
	observed.Record = asked.Record
	if refusal := unseal.DecideRecord(observed); refusal != nil {
		return refusal
	}
	keys, err := b.Ring.RecordSigners(observed.PeerBackup.Namespace, observed.PeerBackup.Spec.PeerNodeRef.Name)
	if err != nil {
		return b.undecided(err)
	}
	answer, refusal := unseal.Sign(asked, keys)
	a.answer = answer.Text()
	return refusal
}

// lookAtBackup reads the caller's pod, its Job, and the PeerBackup of that, past every cache. Those that do not exist
// stay nil.
func (b *Broker) lookAtBackup(ctx context.Context, caller unseal.Caller) (unseal.ObservedBackup, error) {
	o := unseal.ObservedBackup{Observed: unseal.Observed{Caller: caller}}
	var pod corev1.Pod
	if exists, err := b.get(ctx, caller.Namespace, caller.Pod, &pod); err != nil || !exists {
		return o, err
	}
	o.Pod = &pod
	var job batchv1.Job
	owner := metav1.GetControllerOf(&pod)
	if owner == nil || owner.Kind != "Job" {
		return o, nil
	}
	if exists, err := b.get(ctx, caller.Namespace, owner.Name, &job); err != nil || !exists {
		return o, err
	}
	o.Job = &job
	var backup v1alpha1.PeerBackup
	if owner = metav1.GetControllerOf(&job); owner == nil || owner.Kind != "PeerBackup" {
		return o, nil
	}
	exists, err := b.get(ctx, caller.Namespace, owner.Name, &backup)
	if exists {
		o.PeerBackup = &backup
	}
	return o, err
}
