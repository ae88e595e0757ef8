// SPDX-License-Identifier: Apache-2.0

package unseal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	strictjson "sigs.k8s.io/json"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/backup"
)

// PathRecords is where the unsealer signs records of backups, by POST.
const PathRecords = "/v1/sign-record"

// ContainerBackup is the container of a Job's pod that asks.
const ContainerBackup = "backup"

// MaxRecord is the longest record that is signed here, in bytes: that of about 7,000 segments, or 1.8 terabytes.
const MaxRecord = 2 << 20

// RecordRequest is what the pod of a backup sends.
type RecordRequest struct {
	// Record is the text that is to be signed. Without one the answer tells the keys alone.
	Record string `json:"record,omitempty"`
}

// RecordAnswer is what it receives.
type RecordAnswer struct {
	// Record is the signed one.
	Record string `json:"record,omitempty"`
	// Keys are the public keys by which the peer's records are known, that of the signature first.
	Keys []string `json:"keys"`
	// StateKey is by which the pod knows what an earlier one has left on the volume of the peer for it. The peer, whose volume it
	// is, never sees it.
	StateKey backup.StateKey `json:"stateKey"`
}

// Text is the request in writing.
func (r RecordRequest) Text() []byte { return text(r) }

// Text is the answer in writing.
func (r RecordAnswer) Text() []byte { return text(r) }

func text(of any) []byte {
	out, err := json.Marshal(of)
	if err != nil {
		panic(err) // strings only
	}
	return out
}

// AskedRecord is a request that makes sense. Record is nil where nothing is to be signed.
type AskedRecord struct{ Record *backup.Record }

// ReadRecordRequest reads and checks a request as far as that is possible without looking at anything else.
func ReadRecordRequest(r io.Reader) (AskedRecord, *Refusal) {
	malformed := func(err error) (AskedRecord, *Refusal) {
		return AskedRecord{}, refuse(RequestMalformed, "this is no request to sign a record: %s; use the peer-companion of the operator's release", err)
	}
	body, err := io.ReadAll(io.LimitReader(r, 2*MaxRecord+1))
	if err != nil || len(body) > 2*MaxRecord {
		return malformed(errors.New("it was cut off, or is too long"))
	}
	var request RecordRequest
	unwanted, err := strictjson.UnmarshalStrict(body, &request)
	if err != nil || len(unwanted) > 0 {
		return malformed(errors.New("it is not a JSON object of a record"))
	}
	if request.Record == "" {
		return AskedRecord{}, nil
	}
	if len(request.Record) > MaxRecord {
		return malformed(fmt.Errorf("the record has more than %d bytes", MaxRecord))
	}
	record, err := backup.ParseRecord(request.Record)
	if err != nil {
		return malformed(err)
	}
	return AskedRecord{&record}, nil
}

// ObservedBackup is all that a decision about a record looks at. Objects are read past every cache, after the token was
// reviewed; nil where there is none. Of Observed it has Caller, Pod and Source.
type ObservedBackup struct {
	Observed

	// Job is the one that controls the pod, and PeerBackup the one that controls the Job.
	Job        *batchv1.Job
	PeerBackup *v1alpha1.PeerBackup
	// Record is what is to be signed, nil where nothing is.
	Record *backup.Record
}

// DecideRecord returns nil if the caller makes the backup that the record is of, or the first reason why not.
func DecideRecord(o ObservedBackup) *Refusal {
	if refusal := checkPod(o.Observed); refusal != nil {
		return refusal
	}
	for _, check := range []func(ObservedBackup) *Refusal{checkBackupOwners, checkBackupTemplate, checkRecord, checkBackupMoment} {
		if refusal := check(o); refusal != nil {
			return refusal
		}
	}
	return checkSource(o.Observed)
}

func checkBackupOwners(o ObservedBackup) *Refusal {
	job, b := o.Job, o.PeerBackup
	switch {
	case job == nil || !controls(job, "Job", o.Pod):
		return refuse(NotOfBackup, "the pod %s/%s is not controlled by a Job that exists", o.Pod.Namespace, o.Pod.Name)
	case b == nil || !controls(b, "PeerBackup", job):
		return refuse(NotOfBackup, "the Job %s/%s is not controlled by a PeerBackup that exists", job.Namespace, job.Name)
	}
	return nil
}

func checkBackupTemplate(o ObservedBackup) *Refusal {
	if what := differs(o.Pod.Spec, o.Job.Spec.Template.Spec); what != "" {
		return refuse(PodChanged, "the pod %s/%s does not run what its Job says: %s; see who changes pods in this cluster", o.Pod.Namespace, o.Pod.Name, what)
	}
	return nil
}

// checkRecord sees that the record is that of the backup.
func checkRecord(o ObservedBackup) *Refusal {
	r, b := o.Record, o.PeerBackup
	if r == nil || r.Namespace == b.Namespace && r.PeerNode == b.Spec.PeerNodeRef.Name && r.Name == b.Name {
		return nil
	}
	return refuse(WrongRecord, "the record is that of backup %s of %s/%s, the pod makes backup %s of %s/%s", r.Name, r.Namespace, r.PeerNode, b.Name, b.Namespace, b.Spec.PeerNodeRef.Name)
}

// checkBackupMoment sees that the container that should ask is running.
func checkBackupMoment(o ObservedBackup) *Refusal {
	for i := range o.Pod.Status.ContainerStatuses {
		if s := &o.Pod.Status.ContainerStatuses[i]; s.Name == ContainerBackup && s.State.Running != nil {
			return nil
		}
	}
	return refuse(NotUnsealing, "the container %s of the pod %s/%s is not reported as running", ContainerBackup, o.Pod.Namespace, o.Pod.Name)
}

// Sign signs the record with the first of the keys. DecideRecord comes first.
func Sign(asked AskedRecord, keys []backup.Signer) (RecordAnswer, *Refusal) {
	answer := RecordAnswer{StateKey: keys[0].StateKey()}
	for _, key := range keys {
		answer.Keys = append(answer.Keys, key.Public())
	}
	if asked.Record == nil {
		return answer, nil
	}
	signed, err := keys[0].Sign(*asked.Record)
	if err != nil {
		return answer, refuse(RequestMalformed, "the record cannot be signed: %s", err)
	}
	answer.Record = string(signed)
	return answer, nil
}

// ReadRecordAnswer reads what the unsealer sent.
func ReadRecordAnswer(body []byte) (RecordAnswer, error) {
	var answer RecordAnswer
	unwanted, err := strictjson.UnmarshalStrict(body, &answer)
	if err != nil || len(unwanted) > 0 || len(answer.Keys) == 0 || slices.Contains(answer.Keys, "") || len(answer.StateKey) == 0 {
		return answer, errors.New("it is no answer of an unsealer of this release to a request to sign a record")
	}
	return answer, nil
}
