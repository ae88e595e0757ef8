// SPDX-License-Identifier: Apache-2.0

package peerbackup

import (
	"fmt"
	"strings"
	"unicode/utf8"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/blueprint"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/defaults"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/resources"
)

// proofEnd is how a proof came to its end: what the software says of the data, "" where it does not find them good.
type proofEnd struct{ state string }

// notProvable refuses, before anything is stopped, a proof that the software cannot give.
func notProvable(o Observed) *conditions.Finding {
	if !o.Backup.Spec.Prove {
		return nil
	}
	b, refused := blueprint.Of(o.Peer, peer.Neighbourhood{}, o.Options)
	if refused != nil || len(b.Workload.DataCheck) > 0 {
		return nil // The first is told by the PeerNode, which does not serve then.
	}
	return conditions.Refuse(v1alpha1.ReasonNotProvable, "the software has no check of its data: give PeerNode "+o.Peer.Name+
		" a spec.software.custom.dataCheck, and create another PeerBackup")
}

func proving(b *v1alpha1.PeerBackup) *conditions.Finding {
	return conditions.Wait(v1alpha1.ReasonProving, fmt.Sprintf("the backup was written, read back and restored on trial, and the peer runs again; Job %s checks what was restored", ProofRef(b).Name))
}

// prove has the software check what was restored on trial. The peer runs meanwhile.
func (o Observed) prove() (Plan, error) {
	if taken := o.taken(); taken != nil {
		return o.unproven(taken), nil
	}
	if job, ok := o.Objects[ProofRef(o.Backup)].(*batchv1.Job); ok {
		return o.followProof(job), nil
	}
	for _, ask := range []func(Observed) *conditions.Finding{notRestored, peerMissing} {
		if f := ask(o); f != nil {
			return o.unproven(cannotProve(f)), nil
		}
	}
	b, refused := blueprint.Of(o.Peer, peer.Neighbourhood{}, o.Options)
	if refused != nil {
		return o.unproven(cannotProve(refused)), nil
	}
	wanted, err := intent.FromAll(resources.ProofPolicy(o.Backup), resources.ProofJob(resources.ProofInput{
		PeerBackup: o.Backup, PeerNode: b.PeerNode, Workload: b.Workload,
		Seconds: int64(defaults.PeerBackup(o.Backup).Spec.Deadline.Length().Seconds()), Options: o.Options.Resources,
	}))
	if err != nil {
		return Plan{}, err
	}
	plan := Plan{finding: proving(o.Backup)}
	plan.Apply, err = intent.Changes(wanted, o.Objects)
	return plan, err
}

func cannotProve(f *conditions.Finding) *conditions.Finding {
	return conditions.Refuse(v1alpha1.ReasonProofFailed, "the backup was written and read back, and cannot be proven: "+f.Message)
}

func notRestored(o Observed) *conditions.Finding {
	if o.Backup.Status.Proof.RestoredAt != nil && o.Objects[ProofClaimRef(o.Backup)] != nil {
		return nil
	}
	return conditions.Refuse(v1alpha1.ReasonProofFailed, "what was restored on trial is not there any more")
}

// followProof asks what the check has come to.
func (o Observed) followProof(job *batchv1.Job) Plan {
	for _, c := range job.Status.Conditions {
		switch {
		case c.Status != corev1.ConditionTrue:
		case c.Type == batchv1.JobFailed && c.Reason == batchv1.JobReasonDeadlineExceeded:
			return o.unproven(conditions.Refuse(v1alpha1.ReasonDeadlineExceeded, fmt.Sprintf("Job %s came to no end in time; see what its pod waits for", job.Name)))
		case c.Type == batchv1.JobFailed:
			return o.unproven(conditions.Refuse(v1alpha1.ReasonProofFailed, fmt.Sprintf("the software does not find good what was restored from the backup (Job %s)%s", job.Name, proofFailure(o.ProofPods))))
		case c.Type == batchv1.JobComplete:
			return o.proven()
		}
	}
	return Plan{finding: proving(o.Backup)}
}

// proven ends a proof that is one.
func (o Observed) proven() Plan {
	plan := Plan{proof: &proofEnd{state: "it says nothing more"}}
	for _, pod := range o.ProofPods {
		if end := resources.ProofDone(pod); end != nil && strings.TrimSpace(end.Message) != "" {
			plan.proof.state = shorten(strings.TrimSpace(end.Message))
		}
	}
	return plan
}

// unproven ends a proof that is none.
func (o Observed) unproven(f *conditions.Finding) Plan { return Plan{proof: &proofEnd{}, finding: f} }

// Leftovers are what is not needed any more of a backup that has ended: they go when its end is on record, which follows from
// them. A claim goes with the last pod that mounts it. So of a backup that was proven the Jobs go as well; those of one that
// was not are there for a day, and with them what was restored, for whoever wants to see why.
func Leftovers(o Observed) Plan {
	refs := []intent.Ref{ProofPolicyRef(o.Backup), ProofClaimRef(o.Backup)}
	if proof := o.Backup.Status.Proof; proof != nil && proof.State != "" {
		refs = append(refs, ProofRef(o.Backup), JobRef(o.Backup))
	}
	return Plan{Delete: o.removals(refs...)}
}

func proofFailure(pods []*corev1.Pod) string {
	if why := resources.LastWords(pods, resources.ProofFailure); why != "" {
		return ": " + shorten(why)
	}
	return ""
}

// longest is how many bytes of what software says are kept.
const longest = 1024

func shorten(words string) string {
	words = strings.ToValidUTF8(words, "?")
	if len(words) <= longest {
		return words
	}
	cut := longest
	for !utf8.RuneStart(words[cut]) {
		cut--
	}
	return words[:cut]
}
