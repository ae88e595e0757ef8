// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/blueprint"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/gate"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/quantity"
	"github.com/peernode/operator/pkg/resources"
)

// Restoring is what was read about the backup with which a peer is to begin; nothing of it once that is on record.
type Restoring struct {
	// Backup is the PeerBackup that the spec names, and Store where it lies, nil where there is none.
	Backup *v1alpha1.PeerBackup
	Store  *v1alpha1.PeerBackupStore
	// Pods are those of the Job.
	Pods []*corev1.Pod
}

// restoreStep is the next step towards a volume that is filled from a backup. The software is started only once that is on
// record, so whoever finds no record knows that nothing but the Job has touched the volume.
type restoreStep struct {
	// record is what was restored, nil while nothing was.
	record *v1alpha1.PeerBootstrapStatus
	// in is what the Job and its policy follow from, nil while that is not known, and when it is not needed any more.
	in *resources.RestoreInput
	// order is true when the Job is to be made, discard is one that has ended and told nothing.
	order   bool
	discard intent.Object
	// finding is what the peer waits for, or what is wrong, while it is not started.
	finding *conditions.Finding
}

// Restores reports whether the volume of a new peer has yet to be filled.
func Restores(p *v1alpha1.PeerNode) bool { return p.Spec.Bootstrap != nil && p.Status.Bootstrap == nil }

// RestoreJob is the Job that fills the volume.
func RestoreJob(p *v1alpha1.PeerNode) intent.Ref {
	return intent.Ref{GroupVersionKind: kindJob, NamespacedName: types.NamespacedName{Namespace: p.Namespace, Name: names.Restore(p)}}
}

// RestoreStore is the name of the store with the backup, "" while nobody knows it.
func RestoreStore(p *v1alpha1.PeerNode, b *v1alpha1.PeerBackup) string {
	switch {
	case p.Spec.Bootstrap.Restore.From != nil:
		return p.Spec.Bootstrap.Restore.From.StoreRef.Name
	case b != nil:
		return b.Spec.StoreRef.Name
	}
	return ""
}

// decideRestore asks what is on record, and then how far the Job is.
func decideRestore(o Observed, b blueprint.Blueprint) restoreStep {
	p := o.PeerNode
	switch {
	case p.Status.Bootstrap != nil:
		return restoreStep{record: p.Status.Bootstrap.DeepCopy()}
	case p.Spec.Bootstrap == nil:
		return restoreStep{}
	// The StatefulSet never comes before the record. Where it is there the software may have started, whatever became of that.
	case o.statefulSet() != nil && !o.previous(o.statefulSet()):
		return restoreStep{}
	case o.statefulSet() != nil || o.Pod != nil:
		return restoreStep{finding: conditions.Wait(v1alpha1.ReasonWaitingForPreviousPeerNode, "the pod of a deleted PeerNode of this name is still going away, and may write to the volume")}
	case o.Options.Resources.CompanionImage == "":
		return restoreStep{finding: conditions.Refuse(v1alpha1.ReasonNoCompanion, "the operator was started without --companion-image, so nothing can restore the data of the peer")}
	}
	step := restoreStep{}
	step.in, step.finding = o.restoreInput(b)
	ref := RestoreJob(p)
	job, ok := o.Objects[ref].(*batchv1.Job)
	switch {
	case !ok:
		step.order = step.in != nil
		step.finding = cmp.Or(step.finding, restoring(p, nil))
	case o.foreign(job):
		step.finding = gate.Foreign(ref)
	case o.previous(job):
		step.finding = conditions.Wait(v1alpha1.ReasonWaitingForPreviousPeerNode, fmt.Sprintf("%s of a deleted PeerNode of this name is still going away", ref))
	default:
		return step.follow(o, job)
	}
	return step
}

// restoreInput is what the Job follows from. The finding says what of it is missing.
func (o Observed) restoreInput(b blueprint.Blueprint) (*resources.RestoreInput, *conditions.Finding) {
	restore := o.PeerNode.Spec.Bootstrap.Restore
	from, missing := o.restoredBackup()
	if missing != nil {
		return nil, missing
	}
	store := o.Restore.Store
	if name := RestoreStore(o.PeerNode, o.Restore.Backup); store == nil || store.DeletionTimestamp != nil {
		return nil, conditions.Wait(v1alpha1.ReasonWaitingForStore, fmt.Sprintf("there is no PeerBackupStore %s in namespace %s, from where the peer's data are to be restored; create it", name, o.PeerNode.Namespace))
	}
	return &resources.RestoreInput{
		PeerNode: b.PeerNode, User: b.Workload.User, Peer: b.StatefulSet.Spec.Template.Spec, Backup: from, Store: store, RecoveryKey: restore.RecoveryKey, Options: o.Options.Resources,
	}, nil
}

// restoredBackup is which backup is wanted. The newest one is that which there was when the PeerNode was created, so that a Job
// that is made again takes up what another has begun.
func (o Observed) restoredBackup() (resources.RestoredBackup, *conditions.Finding) {
	p := o.PeerNode
	if from := p.Spec.Bootstrap.Restore.From; from != nil {
		at := p.CreationTimestamp.Add(time.Second) // Of the second in which it was created, too.
		if from.At != nil && from.At.Time.Before(at) {
			at = from.At.Time
		}
		return resources.RestoredBackup{
			Namespace: cmp.Or(from.Namespace, p.Namespace), PeerNode: cmp.Or(from.PeerNode, p.Name), Sequence: from.Sequence, At: at, Trust: from.Trust,
		}, nil
	}
	name, b := p.Spec.Bootstrap.Restore.BackupRef.Name, o.Restore.Backup
	switch {
	case b == nil:
		return resources.RestoredBackup{}, conditions.Wait(v1alpha1.ReasonWaitingForBackup, fmt.Sprintf("there is no PeerBackup %s in namespace %s", name, p.Namespace))
	case b.Status.Record == nil:
		return resources.RestoredBackup{}, conditions.Wait(v1alpha1.ReasonWaitingForBackup, fmt.Sprintf("PeerBackup %s has no record of a backup: %s", name,
			conditions.Find(b.Status.Conditions, v1alpha1.ConditionReady).Message))
	}
	r := b.Status.Record
	return resources.RestoredBackup{
		Namespace: b.Namespace, PeerNode: b.Spec.PeerNodeRef.Name, Sequence: r.Sequence, RecordSHA256: r.SHA256, Trust: []string{r.SignedBy},
	}, nil
}

// restoring says how far the Job is, as far as its pods show.
func restoring(p *v1alpha1.PeerNode, pods []*corev1.Pod) *conditions.Finding {
	message := fmt.Sprintf("Job %s fills the volume from a backup; its log says how far it is", names.Restore(p))
	if !slices.ContainsFunc(pods, started) {
		message = fmt.Sprintf("Job %s, which fills the volume from a backup, has yet to start. It needs %s in Secret %s, and what the PeerBackupStore names", names.Restore(p),
			cmp.Or(p.Spec.Bootstrap.Restore.RecoveryKey.Key, "recovery.key"), p.Spec.Bootstrap.Restore.RecoveryKey.SecretName)
	}
	return conditions.Wait(v1alpha1.ReasonRestoring, message+resources.LastTry(pods, resources.RestoreFailure))
}

func started(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.ContainerStatuses, func(s corev1.ContainerStatus) bool {
		return s.Name == resources.ContainerRestore && s.State.Running != nil
	})
}

// follow asks what the Job has come to.
func (s restoreStep) follow(o Observed, job *batchv1.Job) restoreStep {
	pods := o.Restore.Pods
	for _, pod := range pods {
		if end := resources.RestoreDone(pod); end != nil {
			return s.done(o.PeerNode, job, end)
		}
	}
	s.finding = restoring(o.PeerNode, pods)
	for _, pod := range pods {
		for _, ask := range []func(*corev1.Pod) *conditions.Finding{unschedulable, imageMissing} {
			s.finding = cmp.Or(ask(pod), s.finding)
		}
	}
	for _, c := range job.Status.Conditions {
		switch {
		case c.Status != corev1.ConditionTrue:
		case c.Type == batchv1.JobFailed:
			s.finding = restoreFailed(job, fmt.Sprintf("failed (%s)%s", c.Reason, resources.LastTry(pods, resources.RestoreFailure)))
		case c.Type == batchv1.JobComplete && !slices.ContainsFunc(pods, func(pod *corev1.Pod) bool { return pod.Status.Phase != corev1.PodFailed }):
			s.discard = job
			s.finding = conditions.Wait(v1alpha1.ReasonRestoring, "the pod that filled the volume was lost before it told, so what it left is looked at again")
		}
	}
	return s
}

// done takes the word of the pod for what it restored, once that is what was asked for.
func (s restoreStep) done(p *v1alpha1.PeerNode, job *batchv1.Job, end *corev1.ContainerStateTerminated) restoreStep {
	r, err := backup.ParseRestored(end.Message)
	if err == nil {
		err = s.asOrdered(r)
	}
	if err != nil {
		s.finding = restoreFailed(job, "has left a word that cannot be used: "+err.Error())
		return s
	}
	s.record = &v1alpha1.PeerBootstrapStatus{
		RestoredAt: end.FinishedAt, Namespace: r.Namespace, PeerNode: r.PeerNode, Sequence: r.Sequence, RecordSHA256: r.SHA256.String(),
		FinishedAt: *rfc3339(r.Finished), Files: r.Tree.Files, Size: quantity.Bytes(r.Tree.Bytes),
	}
	s.finding = conditions.Wait(v1alpha1.ReasonRestoring, fmt.Sprintf("Job %s has filled the volume; the peer is started next", names.Restore(p)))
	return s
}

// asOrdered compares what was restored with what was to be. What was asked for is not known any more where a PeerBackup or a
// store is gone by now.
func (s restoreStep) asOrdered(r backup.Restored) error {
	if s.in == nil {
		return nil
	}
	want := s.in.Backup
	switch {
	case r.Namespace != want.Namespace || r.PeerNode != want.PeerNode:
		return errors.New("it is about a backup of another peer")
	case want.Sequence > 0 && r.Sequence != want.Sequence, want.RecordSHA256 != "" && r.SHA256.String() != want.RecordSHA256:
		return errors.New("it is about another backup")
	case want.Sequence == 0 && r.Finished.After(want.At):
		return errors.New("it is about a later backup")
	}
	return nil
}

func restoreFailed(job *batchv1.Job, why string) *conditions.Finding {
	return conditions.Refuse(v1alpha1.ReasonRestoreFailed, fmt.Sprintf(
		"Job %s %s. The peer is not started. It is tried again an hour after the end of the Job, or as soon as that is deleted", job.Name, why))
}
