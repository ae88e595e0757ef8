// SPDX-License-Identifier: Apache-2.0

package peerbackup

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/quantity"
)

// Status is what is to be told about the backup. failed is what doing the plan ran into, nil when it went well.
func Status(o Observed, p Plan, failed *conditions.Finding, now time.Time) v1alpha1.PeerBackupStatus {
	s := *o.Backup.Status.DeepCopy()
	s.ObservedGeneration = o.Backup.Generation
	finding := p.finding
	if failed != nil {
		finding = failed
	}
	at := metav1.NewTime(now).Rfc3339Copy()
	if p.hold && failed == nil {
		s.HeldSince, s.PeerNodeUID = &at, string(o.Peer.UID)
	}
	if p.release && failed == nil {
		s.ReleasedAt = &at
	}
	if p.receipt != nil {
		s.Record = record(*p.receipt)
		s.Proof = trial(o.Backup, *p.receipt)
	}
	if p.proof != nil && failed == nil {
		s.Proof.EndedAt, s.Proof.State = &at, p.proof.state
	}
	list := []metav1.Condition{
		ready(s, finding), conditions.Reconciling(finding), conditions.Stalled(finding),
		is(v1alpha1.ConditionUploaded, s.Record != nil, finding), is(v1alpha1.ConditionVerified, s.Record != nil && s.Record.VerifiedAt != nil, finding),
	}
	if o.Backup.Spec.Prove {
		list = append(list, is(v1alpha1.ConditionProven, s.Proof != nil && s.Proof.State != "", finding))
	}
	for i := range list {
		list[i].ObservedGeneration = o.Backup.Generation
	}
	s.Conditions = conditions.Carry(o.Backup.Status.Conditions, list, now)
	return s
}

// ready is True for a backup that was written and read back.
func ready(s v1alpha1.PeerBackupStatus, f *conditions.Finding) metav1.Condition {
	if f != nil {
		return conditions.New(v1alpha1.ConditionReady, metav1.ConditionFalse, f.Reason, f.Message)
	}
	r := s.Record
	message := fmt.Sprintf("backup %d holds %d files, %sB; %sB were written, and read back; the peer was stopped for %s",
		r.Sequence, r.Files, r.Size.String(), r.Uploaded.String(), s.ReleasedAt.Sub(s.HeldSince.Time))
	if s.Proof != nil {
		message += "; its software finds good what was restored from it: " + s.Proof.State
	}
	return conditions.New(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonBackedUp, message)
}

// trial is how far the proof is when the backup was written, nil where none is wanted.
func trial(b *v1alpha1.PeerBackup, r backup.Receipt) *v1alpha1.BackupProof {
	if !b.Spec.Prove {
		return nil
	}
	out := &v1alpha1.BackupProof{}
	if r.Restored != nil {
		out.RestoredAt = new(metav1.NewTime(*r.Restored).Rfc3339Copy())
	}
	return out
}

// is answers a question that is open until it is answered with yes.
func is(conditionType string, yes bool, f *conditions.Finding) metav1.Condition {
	switch {
	case yes:
		return conditions.New(conditionType, metav1.ConditionTrue, v1alpha1.ReasonBackedUp, "")
	case f == nil:
		return conditions.New(conditionType, metav1.ConditionFalse, v1alpha1.ReasonBackedUp, "it was not asked for")
	default:
		return conditions.New(conditionType, metav1.ConditionFalse, f.Reason, "")
	}
}

// record is the receipt, as the API writes it.
func record(r backup.Receipt) *v1alpha1.BackupRecord {
	out := &v1alpha1.BackupRecord{
		Sequence: r.Sequence, SHA256: r.SHA256.String(), Base: r.Base, Files: r.Tree.Files,
		StartedAt: metav1.NewTime(r.Started).Rfc3339Copy(), FinishedAt: metav1.NewTime(r.Finished).Rfc3339Copy(),
		Size: quantity.Bytes(r.Tree.Bytes), Stored: quantity.Bytes(r.Tree.Stored), Uploaded: quantity.Bytes(r.Uploaded), SignedBy: r.SignedBy,
	}
	if r.Verified != nil {
		out.VerifiedAt = new(metav1.NewTime(*r.Verified).Rfc3339Copy())
	}
	return out
}

// News reports whether a status says anything that the one before does not.
func News(before, next v1alpha1.PeerBackupStatus) bool {
	if !conditions.Equal(before.Conditions, next.Conditions) {
		return true
	}
	before.Conditions, next.Conditions = nil, nil
	return !equality.Semantic.DeepEqual(before, next)
}

// Events tells what turned between two statuses that were written one after the other.
func Events(before, next v1alpha1.PeerBackupStatus) []conditions.Event {
	was, is := conditions.Progress(before.Conditions), conditions.Progress(next.Conditions)
	switch {
	case was.Type == is.Type && was.Reason == is.Reason:
		return nil
	case is.Type == v1alpha1.ConditionStalled:
		return []conditions.Event{conditions.Warning(is.Reason, "BackUp", is.Message)}
	default:
		return []conditions.Event{conditions.Normal(is.Reason, "BackUp", is.Message)}
	}
}
