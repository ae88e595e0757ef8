// SPDX-License-Identifier: Apache-2.0

package peerbackup_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/peerbackup"
)

// restored is in the receipt of a backup that was restored on trial.
func restored(r *backup.Receipt) {
	r.Base, r.Restored = r.Sequence, new(noon.Add(3*time.Minute))
}

func toProve(w *world) { w.Backup.Spec.Prove = true }

// written is a backup that is to be proven, and was written and restored on trial.
func written(t *testing.T, change ...func(*backup.Receipt)) *world {
	t.Helper()
	w := newWorld(t).but(toProve).acts().stops().acts()
	return w.says(0, receipt(append([]func(*backup.Receipt){restored}, change...)...)).ends(batchv1.JobComplete, "").acts()
}

func TestAProofIsTakenWhileThePeerRunsAgain(t *testing.T) {
	w := newWorld(t).but(toProve).acts().stops().acts()
	job := w.Objects[peerbackup.JobRef(w.Backup)].(*batchv1.Job)
	if !slices.Contains(job.Spec.Template.Spec.Containers[0].Args, "--trial-restore=/proof") || w.Objects[peerbackup.ProofClaimRef(w.Backup)] == nil {
		t.Errorf("the Job restores nothing: %v", job.Spec.Template.Spec.Containers[0].Args)
	}
	w.says(0, receipt(restored)).ends(batchv1.JobComplete, "").acts()
	if peerbackup.Holds(w.Backup) || peerbackup.Ended(w.Backup) || w.is("Verified") != "True BackedUp" || w.is("Proven") != "False Proving" || w.is("Reconciling") != "True Proving" {
		t.Errorf("when it was written: %+v", w.Backup.Status)
	}
	w.runs().acts()
	check := w.Objects[peerbackup.ProofRef(w.Backup)].(*batchv1.Job)
	if got := check.Spec.Template.Spec.Containers[0].Args; !slices.Contains(got, "storage") || w.Objects[peerbackup.ProofPolicyRef(w.Backup)] == nil {
		t.Errorf("it is checked by %v", got)
	}
	before := w.Backup.Status
	if w.acts(); peerbackup.News(before, w.Backup.Status) || w.decide().Irreversible() {
		t.Error("a check that runs is news")
	}
	w.checkSays(0, "{\"sequence\":71}\n").checkEnds(batchv1.JobComplete, "").acts()
	proof := w.Backup.Status.Proof
	if !peerbackup.Ended(w.Backup) || w.is("Proven") != "True BackedUp" || w.is("Ready") != "True BackedUp" || proof.State != `{"sequence":71}` || proof.EndedAt == nil {
		t.Errorf("when it was proven: %+v", w.Backup.Status)
	}
	if w.acts(); len(w.Objects) > 0 {
		t.Errorf("it has left %v", w.Objects)
	}
}

func TestAProofThatFailsLeavesABackupThatIsNotGood(t *testing.T) {
	for name, c := range map[string]struct {
		world        func(*testing.T) *world
		reason, says string
	}{
		"The software does not find the data good.": {func(t *testing.T) *world {
			return written(t).acts().checkSays(1, "state.json is damaged").checkEnds(batchv1.JobFailed, "BackoffLimitExceeded")
		}, v1alpha1.ReasonProofFailed, "state.json is damaged"},
		"The check takes too long.": {func(t *testing.T) *world {
			return written(t).acts().checkEnds(batchv1.JobFailed, batchv1.JobReasonDeadlineExceeded)
		}, v1alpha1.ReasonDeadlineExceeded, "no end in time"},
		"Nothing was restored.": {func(t *testing.T) *world {
			return written(t, func(r *backup.Receipt) { r.Restored = nil })
		}, v1alpha1.ReasonProofFailed, "not there any more"},
		"The volume is gone.": {func(t *testing.T) *world {
			return written(t).but(func(w *world) { delete(w.Objects, peerbackup.ProofClaimRef(w.Backup)) })
		}, v1alpha1.ReasonProofFailed, "not there any more"},
		"The peer is deleted.": {func(t *testing.T) *world {
			return written(t).but(func(w *world) { w.Peer = nil })
		}, v1alpha1.ReasonProofFailed, "no PeerNode alpha"},
		"The spec of the peer cannot be run.": {func(t *testing.T) *world {
			return written(t).but(func(w *world) { w.Options.Defaults.P2PAgentImage = "" })
		}, v1alpha1.ReasonProofFailed, "spec.image"},
		"A Job of that name is somebody else's.": {func(t *testing.T) *world {
			return written(t).but(func(w *world) { w.Objects[peerbackup.ProofRef(w.Backup)] = &batchv1.Job{} })
		}, v1alpha1.ReasonForeignObject, "left alone"},
	} {
		w := c.world(t).acts()
		ready := conditions.Find(w.Backup.Status.Conditions, v1alpha1.ConditionReady)
		if ready.Status != metav1.ConditionFalse || ready.Reason != c.reason || !strings.Contains(ready.Message, c.says) {
			t.Errorf("%s: %s %s: %s", name, ready.Status, ready.Reason, ready.Message)
		}
		if !peerbackup.Ended(w.Backup) || w.is("Proven") != "False "+c.reason || w.is("Verified") != "True BackedUp" || w.is("Stalled") != "True "+c.reason {
			t.Errorf("%s: %+v", name, w.Backup.Status)
		}
		if w.acts(); w.Objects[peerbackup.ProofClaimRef(w.Backup)] != nil || w.Objects[peerbackup.JobRef(w.Backup)] == nil {
			t.Errorf("%s: it has left %v", name, w.Objects)
		}
	}
}

func TestABackupThatFailsLeavesNoScratchVolume(t *testing.T) {
	w := newWorld(t).but(toProve).acts().stops().acts().ends(batchv1.JobFailed, "BackoffLimitExceeded").acts()
	if ended := peerbackup.Ended(w.Backup); !ended || w.acts().Objects[peerbackup.ProofClaimRef(w.Backup)] != nil || w.is("Proven") != "False BackupFailed" {
		t.Errorf("it has left %v and says %+v", w.Objects, w.Backup.Status)
	}
}

func TestAProofThatTheSoftwareCannotGiveIsRefusedBeforeAnythingIsStopped(t *testing.T) {
	custom := func(check ...string) func(*world) {
		return func(w *world) {
			toProve(w)
			w.Peer.Spec.Image = "serf:v1"
			w.Peer.Spec.Software = v1alpha1.PeerSoftware{Custom: &v1alpha1.CustomSoftware{
				DataPath: "/data", DataCheck: check, Ports: []v1alpha1.CustomPort{{Name: "gossip", Port: 7946, Purpose: v1alpha1.PurposePeer, Protocol: corev1.ProtocolTCP}},
			}}
			w.Backup.Spec.Exclude = []v1alpha1.BackupPattern{"identity.key"}
		}
	}
	if w := newWorld(t).but(custom()).acts(); w.is("Stalled") != "True NotProvable" || peerbackup.Holds(w.Backup) {
		t.Errorf("without a check: %+v", w.Backup.Status)
	}
	if w := newWorld(t).but(custom("verify", "/data")).acts(); !peerbackup.Holds(w.Backup) {
		t.Errorf("with one: %+v", w.Backup.Status)
	}
}

func TestWordsOfTheSoftwareFitOnRecord(t *testing.T) {
	w := written(t).acts().checkSays(0, strings.Repeat("ä", 3000)).checkEnds(batchv1.JobComplete, "").acts()
	if state := w.Backup.Status.Proof.State; len(state) != 1024 || strings.Trim(state, "ä") != "" {
		t.Errorf("%d bytes are kept: %q", len(state), state)
	}
	if w := written(t).acts().checkEnds(batchv1.JobComplete, "").acts(); w.is("Proven") != "True BackedUp" {
		t.Errorf("a check without words: %+v", w.Backup.Status)
	}
}
