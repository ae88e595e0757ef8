// SPDX-License-Identifier: Apache-2.0

package peerbackup

import (
	"fmt"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/blueprint"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/defaults"
	"github.com/peernode/operator/pkg/gate"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/resources"
)

// Plan is what is to be done about one backup.
type Plan struct {
	// Apply are the objects that differ from what is intended, in the order in which they are needed.
	Apply []intent.Change
	// Delete is what is not needed any more.
	Delete []intent.Removal
	// LookAgain is when to look again though nothing may have happened, the zero time for never.
	LookAgain time.Time

	// hold is true when the peer is to be stopped from now on, release when it is to be let start again.
	hold, release bool
	// withdraw is true when the backup is given up before the peer was stopped.
	withdraw bool
	// receipt is what the Job has left, nil while it has not.
	receipt *backup.Receipt
	// proof is set when the proof has come to its end.
	proof *proofEnd
	// finding is what stands between the backup and its end, nil when nothing does.
	finding *conditions.Finding
}

// Irreversible reports whether the plan stops a peer, touches its data, or gives a backup up. Then it is worth looking twice.
func (p Plan) Irreversible() bool { return p.hold || p.withdraw || len(p.Apply) > 0 }

// Decide makes the plan for a backup that has not ended.
func Decide(o Observed) (Plan, error) {
	if o.Backup.Status.ReleasedAt != nil {
		return o.prove()
	}
	if o.Backup.Status.HeldSince == nil {
		if f := withdrawn(o); f != nil {
			return Plan{finding: f, release: true, withdraw: true}, nil
		}
	}
	if taken := o.taken(); taken != nil {
		return Plan{finding: taken, release: o.Backup.Status.HeldSince != nil}, nil
	}
	if o.Backup.Status.HeldSince == nil {
		if f := before(o); f != nil {
			return Plan{finding: f}, nil
		}
		return Plan{hold: true, finding: stopping(o)}, nil
	}
	if job, ok := o.Objects[JobRef(o.Backup)].(*batchv1.Job); ok {
		return o.follow(job), nil
	}
	return o.order()
}

// taken asks whether a name that is needed is somebody else's.
func (o Observed) taken() *conditions.Finding {
	for _, at := range Refs(o.Backup) {
		if object := o.Objects[at]; object != nil && !gate.OfBackup(o.Backup, object) {
			return gate.Foreign(at)
		}
	}
	return nil
}

func stopping(o Observed) *conditions.Finding {
	return conditions.Wait(v1alpha1.ReasonStoppingPeer, fmt.Sprintf("PeerNode %s is being stopped, so that its data stay as they are while they are copied", o.Backup.Spec.PeerNodeRef.Name))
}

// order makes the Job once the peer is stopped, or gives up.
func (o Observed) order() (Plan, error) {
	deadline := o.deadline()
	for _, ask := range []func(Observed) *conditions.Finding{noCompanion, peerMissing, storeMissing, noUnsealer} {
		if f := ask(o); f != nil {
			return o.give(conditions.Refuse(v1alpha1.ReasonBackupFailed, "the peer was stopped for the backup, and then: "+f.Message)), nil
		}
	}
	switch {
	case !o.Now.Before(deadline):
		return o.give(conditions.Refuse(v1alpha1.ReasonDeadlineExceeded, "the peer could not be stopped in time; create another PeerBackup")), nil
	case !o.stopped():
		return Plan{finding: stopping(o), LookAgain: deadline}, nil
	}
	return o.copy(deadline)
}

// stopped reports whether nothing runs that could write to the volume, and nothing will be started.
func (o Observed) stopped() bool {
	set := o.StatefulSet
	return o.Pod == nil && set != nil && set.Spec.Replicas != nil && *set.Spec.Replicas == 0 &&
		set.Status.ObservedGeneration >= set.Generation && set.Status.Replicas == 0
}

// copy is the Job that does it.
func (o Observed) copy(deadline time.Time) (Plan, error) {
	b, refused := blueprint.Of(o.Peer, peer.Neighbourhood{}, o.Options)
	if refused != nil {
		return o.give(refused), nil
	}
	job := resources.BackupJob(resources.BackupInput{
		PeerBackup: o.Backup, PeerNode: b.PeerNode, User: b.Workload.User, Store: o.Store, UnsealerCA: string(o.Sealing.CA),
		Seconds: int64(max(time.Minute, deadline.Sub(o.Now)).Seconds()), Options: o.Options.Resources,
	})
	objects := []any{resources.BackupPolicy(o.Backup, o.Store, o.Options.Resources), job}
	if o.Backup.Spec.Prove {
		objects = slices.Insert(objects, 1, any(resources.ProofClaim(o.Backup, b.PeerNode, o.Data)))
	}
	wanted, err := intent.FromAll(objects...)
	if err != nil {
		return Plan{}, err
	}
	plan := Plan{finding: copying(o)}
	plan.Apply, err = intent.Changes(wanted, o.Objects)
	return plan, err
}

func copying(o Observed) *conditions.Finding {
	return conditions.Wait(v1alpha1.ReasonCopying, fmt.Sprintf("Job %s copies the data, and reads back what it wrote; its log says how far it is", JobRef(o.Backup).Name))
}

// follow asks what the Job has come to.
func (o Observed) follow(job *batchv1.Job) Plan {
	plan := Plan{finding: copying(o)}
	for _, c := range job.Status.Conditions {
		switch {
		case c.Status != corev1.ConditionTrue:
		case c.Type == batchv1.JobFailed && c.Reason == batchv1.JobReasonDeadlineExceeded:
			return o.give(conditions.Refuse(v1alpha1.ReasonDeadlineExceeded, fmt.Sprintf("Job %s came to no end in time%s. Raise spec.deadline in another PeerBackup, or see what it waited for", job.Name, resources.LastTry(o.Pods, resources.BackupFailure))))
		case c.Type == batchv1.JobFailed:
			return o.give(conditions.Refuse(v1alpha1.ReasonBackupFailed, fmt.Sprintf("Job %s failed (%s)%s. Create another PeerBackup when that is mended", job.Name, c.Reason, resources.LastTry(o.Pods, resources.BackupFailure))))
		case c.Type == batchv1.JobComplete:
			return o.end(job)
		}
	}
	if words := resources.LastTry(o.Pods, resources.BackupFailure); words != "" {
		plan.finding.Message += words
	}
	return plan
}

// end reads the receipt of a Job that is complete.
func (o Observed) end(job *batchv1.Job) Plan {
	for _, pod := range o.Pods {
		end := resources.BackupDone(pod)
		if end == nil {
			continue
		}
		receipt, err := backup.ParseReceipt(end.Message)
		switch {
		case err != nil:
			return o.give(conditions.Refuse(v1alpha1.ReasonBackupFailed, fmt.Sprintf("what Job %s tells cannot be used: %s", job.Name, err)))
		case receipt.Name != o.Backup.Name:
			return o.give(conditions.Refuse(v1alpha1.ReasonBackupFailed, fmt.Sprintf("Job %s tells of another backup than its own", job.Name)))
		}
		return o.written(receipt)
	}
	return o.give(conditions.Refuse(v1alpha1.ReasonBackupFailed, fmt.Sprintf("Job %s is complete, and its pod was lost before its receipt was read; what it wrote lies in the bucket. Create another PeerBackup", job.Name)))
}

// written lets the peer go after a backup that was. A proof goes on from there.
func (o Observed) written(receipt backup.Receipt) Plan {
	plan := Plan{release: true, receipt: &receipt, Delete: o.removals(PolicyRef(o.Backup))}
	if o.Backup.Spec.Prove {
		plan.finding = proving(o.Backup)
	}
	return plan
}

// give lets the peer go without a backup.
func (o Observed) give(f *conditions.Finding) Plan {
	return Plan{release: true, finding: f, Delete: o.removals(PolicyRef(o.Backup))}
}

// removals are those of the objects that exist and are the operator's own.
func (o Observed) removals(refs ...intent.Ref) (out []intent.Removal) {
	for _, at := range refs {
		if object := o.Objects[at]; object != nil && gate.OfBackup(o.Backup, object) && object.GetDeletionTimestamp() == nil {
			out = append(out, intent.Removal{Ref: at, Object: object})
		}
	}
	return out
}

// deadline is when the peer is to run again at the latest.
func (o Observed) deadline() time.Time {
	return o.Backup.Status.HeldSince.Add(defaults.PeerBackup(o.Backup).Spec.Deadline.Length())
}
