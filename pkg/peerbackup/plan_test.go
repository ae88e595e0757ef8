// SPDX-License-Identifier: Apache-2.0

package peerbackup_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/peerbackup"
)

// other is another peer, fleet makes a peer one of a fleet.
func other(name string, change ...func(*v1alpha1.PeerNode)) func(*world) {
	return func(w *world) {
		p := peer(name)
		for _, c := range change {
			c(p)
		}
		w.Peers = append(w.Peers, p)
	}
}

func ofFleet(p *v1alpha1.PeerNode) { p.Spec.Fleet = &v1alpha1.FleetMembership{Name: "mesh"} }

func down(p *v1alpha1.PeerNode) { p.Status.Conditions = waiting() }

// inFleet makes the peer one of three of a fleet, of which so many may be down.
func inFleet(maxUnavailable int) func(*world) {
	return func(w *world) {
		ofFleet(w.Peer)
		w.Fleet = &v1alpha1.PeerFleet{ObjectMeta: metav1.ObjectMeta{Name: "mesh", Namespace: "peers", Generation: 1}}
		w.Fleet.Spec.Rollout.MaxUnavailable = new(intstr.FromInt(maxUnavailable))
		w.Fleet.Status = v1alpha1.PeerFleetStatus{ObservedGeneration: 1, Conditions: serving()}
	}
}

// heldBy lets another backup have a peer stopped.
func heldBy(name, of string) func(*world) {
	return func(w *world) {
		b := asked(name, of)
		b.Status.HeldSince = &metav1.Time{Time: noon}
		w.Backups = append(w.Backups, b)
	}
}

func all(changes ...func(*world)) func(*world) {
	return func(w *world) {
		for _, c := range changes {
			c(w)
		}
	}
}

func TestAPeerIsStoppedOnlyWhenThatIsSafe(t *testing.T) {
	for name, c := range map[string]struct {
		world  func(*world)
		reason string
	}{
		"It serves.":           {func(*world) {}, v1alpha1.ReasonStoppingPeer},
		"It is suspended.":     {func(w *world) { w.Peer.Spec.Suspend = true; w.Peer.Status.Conditions[0].Status = metav1.ConditionFalse }, v1alpha1.ReasonStoppingPeer},
		"There is none.":       {func(w *world) { w.Peer = nil }, v1alpha1.ReasonWaitingForPeerNode},
		"It is being deleted.": {func(w *world) { w.Peer.DeletionTimestamp = &metav1.Time{Time: noon} }, v1alpha1.ReasonWaitingForPeerNode},
		"Nobody knows where its keys are.": {func(w *world) {
			w.Peer.Spec.Software = v1alpha1.PeerSoftware{Custom: &v1alpha1.CustomSoftware{}}
		}, v1alpha1.ReasonKeysUnknown},
		"Its keys are left out.": {func(w *world) {
			w.Peer.Spec.Software = v1alpha1.PeerSoftware{Custom: &v1alpha1.CustomSoftware{}}
			w.Backup.Spec.Exclude = []v1alpha1.BackupPattern{"identity.key"}
		}, v1alpha1.ReasonStoppingPeer},
		"There is no store.":             {func(w *world) { w.Store = nil }, v1alpha1.ReasonWaitingForStore},
		"The store is being deleted.":    {func(w *world) { w.Store.DeletionTimestamp = &metav1.Time{Time: noon} }, v1alpha1.ReasonWaitingForStore},
		"Nobody could open the backup.":  {func(w *world) { w.Store.Spec.Recipients = nil }, v1alpha1.ReasonWaitingForStore},
		"The store is not ready.":        {func(w *world) { w.Store.Status.Conditions[0].Status = metav1.ConditionFalse }, v1alpha1.ReasonWaitingForStore},
		"The store was not checked yet.": {func(w *world) { w.Store.Status.Conditions = nil }, v1alpha1.ReasonWaitingForStore},
		"Nobody can sign the record.":    {func(w *world) { w.Sealing = nil }, v1alpha1.ReasonWaitingForUnsealer},
		"There is no companion.":         {func(w *world) { w.Options.Resources.CompanionImage = "" }, v1alpha1.ReasonNoCompanion},
		"It does not serve.":             {func(w *world) { down(w.Peer) }, v1alpha1.ReasonWaitingForHealthyPeer},
		"It serves, and is being changed.": {func(w *world) {
			w.Peer.Status.Conditions[1] = conditions.Reconciling(conditions.Wait("WaitingForRevision", ""))
		}, v1alpha1.ReasonWaitingForHealthyPeer},
		"It serves, and needs a person.": {func(w *world) {
			w.Peer.Status.Conditions[2] = conditions.Stalled(conditions.Refuse("ForeignObject", ""))
		}, v1alpha1.ReasonWaitingForHealthyPeer},
		"Its spec was changed just now.":                 {func(w *world) { w.Peer.Generation = 2 }, v1alpha1.ReasonWaitingForHealthyPeer},
		"Somebody asks to leave it alone.":               {func(w *world) { w.Peer.Annotations = map[string]string{v1alpha1.AnnotationHold: "until noon"} }, v1alpha1.ReasonWaitingForHealthyPeer},
		"Another backup has it stopped.":                 {heldBy("weekly", "alpha"), v1alpha1.ReasonWaitingForTurn},
		"Another backup has another peer stopped.":       {all(other("beta"), heldBy("weekly", "beta")), v1alpha1.ReasonWaitingForTurn},
		"A backup that was deleted held another.":        {all(other("beta"), heldBy("weekly", "beta"), func(w *world) { w.Backups[1].DeletionTimestamp = &metav1.Time{Time: noon} }), v1alpha1.ReasonStoppingPeer},
		"A backup has let another go.":                   {all(other("beta"), heldBy("weekly", "beta"), func(w *world) { w.Backups[1].Status.ReleasedAt = &metav1.Time{Time: noon} }), v1alpha1.ReasonStoppingPeer},
		"A backup has a peer of a fleet stopped.":        {all(other("mesh-0", ofFleet), heldBy("weekly", "mesh-0")), v1alpha1.ReasonStoppingPeer},
		"A peer that has nothing to do with it is down.": {other("beta", down), v1alpha1.ReasonStoppingPeer},
		"All others of its fleet serve.":                 {all(inFleet(1), other("mesh-1", ofFleet), other("mesh-2", ofFleet)), v1alpha1.ReasonStoppingPeer},
		"Another one of its fleet is down.":              {all(inFleet(1), other("mesh-1", ofFleet, down), other("mesh-2", ofFleet)), v1alpha1.ReasonWaitingForTurn},
		"Of its fleet two may be down, and one is.":      {all(inFleet(2), other("mesh-1", ofFleet, down), other("mesh-2", ofFleet)), v1alpha1.ReasonStoppingPeer},
		"Of its fleet two may be down, and two are.":     {all(inFleet(2), other("mesh-1", ofFleet, down), other("mesh-2", ofFleet), heldBy("weekly", "mesh-2")), v1alpha1.ReasonWaitingForTurn},
		"One of its fleet is suspended.":                 {all(inFleet(1), other("mesh-1", ofFleet, down, func(p *v1alpha1.PeerNode) { p.Spec.Suspend = true })), v1alpha1.ReasonStoppingPeer},
		"Its fleet is changing its peers.": {all(inFleet(1), func(w *world) {
			w.Fleet.Status.Conditions[1] = conditions.Reconciling(conditions.Wait("RollingOut", ""))
		}), v1alpha1.ReasonWaitingForTurn},
		"Its fleet was changed just now.": {all(inFleet(1), func(w *world) { w.Fleet.Generation = 2 }), v1alpha1.ReasonWaitingForTurn},
		"A Job of that name is somebody else's.": {func(w *world) {
			w.Objects[peerbackup.JobRef(w.Backup)] = &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "daily-backup", Namespace: "peers"}}
		}, v1alpha1.ReasonForeignObject},
	} {
		w := newWorld(t).but(c.world)
		stops := w.decide().Irreversible()
		w.acts()
		if got := conditions.Find(w.Backup.Status.Conditions, v1alpha1.ConditionReady); got.Reason != c.reason || got.Status != metav1.ConditionFalse {
			t.Errorf("%s: %s (%s), want %s", name, got.Reason, got.Message, c.reason)
		}
		if want := c.reason == v1alpha1.ReasonStoppingPeer; stops != want || peerbackup.Holds(w.Backup) != want || len(w.Objects) > 1 {
			t.Errorf("%s: the peer is held: %t", name, stops)
		}
	}
}

func TestNothingIsCopiedBeforeThePeerIsStopped(t *testing.T) {
	for name, c := range map[string]struct {
		world  func(*world)
		copies bool
	}{
		"It runs.":                            {func(*world) {}, false},
		"Its pod is still stopping.":          {func(w *world) { pod := w.Pod; w.stops(); w.Pod = pod }, false},
		"Its StatefulSet has yet to see it.":  {func(w *world) { w.stops(); w.StatefulSet.Generation = 2; w.StatefulSet.Status.ObservedGeneration = 1 }, false},
		"Its StatefulSet still counts a pod.": {func(w *world) { w.stops(); w.StatefulSet.Status.Replicas = 1 }, false},
		"Its StatefulSet wants a pod again.":  {func(w *world) { w.stops(); w.StatefulSet.Spec.Replicas = new(int32(1)) }, false},
		"Its StatefulSet is not there.":       {func(w *world) { w.stops(); w.StatefulSet = nil }, false},
		"It is stopped.":                      {func(w *world) { w.stops() }, true},
	} {
		p := holding(t).but(c.world).decide()
		var kinds []string
		for _, change := range p.Apply {
			kinds = append(kinds, change.Kind)
		}
		var want []string
		if c.copies {
			want = []string{"NetworkPolicy", "Job"}
		}
		if diff := cmp.Diff(want, kinds); diff != "" {
			t.Errorf("%s (-want +made):\n%s", name, diff)
		}
	}
}

func TestThePeerIsLetGoWhateverComesOfTheBackup(t *testing.T) {
	for name, c := range map[string]struct {
		world  func(*testing.T) *world
		reason string
		says   string
	}{
		"It is made.": {func(t *testing.T) *world { return copying(t).says(0, receipt()).ends(batchv1.JobComplete, "") }, v1alpha1.ReasonBackedUp, "5GiB; 40MiB were written"},
		"A try failed before.": {func(t *testing.T) *world {
			return copying(t).says(1, "error: no bucket").says(0, receipt()).ends(batchv1.JobComplete, "")
		}, v1alpha1.ReasonBackedUp, "backup 7 holds 3 files"},
		"The Job fails.": {func(t *testing.T) *world {
			return copying(t).says(1, "error: no bucket").ends(batchv1.JobFailed, "BackoffLimitExceeded")
		}, v1alpha1.ReasonBackupFailed, "no bucket"},
		"The Job takes too long.": {func(t *testing.T) *world {
			return copying(t).ends(batchv1.JobFailed, batchv1.JobReasonDeadlineExceeded)
		}, v1alpha1.ReasonDeadlineExceeded, "spec.deadline"},
		"The receipt is lost.": {func(t *testing.T) *world { return copying(t).ends(batchv1.JobComplete, "") }, v1alpha1.ReasonBackupFailed, "was lost"},
		"The receipt is none.": {func(t *testing.T) *world { return copying(t).says(0, "done").ends(batchv1.JobComplete, "") }, v1alpha1.ReasonBackupFailed, "cannot be used"},
		"The receipt is of another.": {func(t *testing.T) *world {
			return copying(t).says(0, receipt(func(r *backup.Receipt) { r.Name = "weekly" })).ends(batchv1.JobComplete, "")
		}, v1alpha1.ReasonBackupFailed, "another backup"},
		"The peer cannot be stopped.":     {func(t *testing.T) *world { return holding(t).later(6 * time.Hour) }, v1alpha1.ReasonDeadlineExceeded, "could not be stopped"},
		"The peer is deleted meanwhile.":  {func(t *testing.T) *world { return holding(t).stops().but(func(w *world) { w.Peer = nil }) }, v1alpha1.ReasonBackupFailed, "no PeerNode alpha"},
		"The store is deleted meanwhile.": {func(t *testing.T) *world { return holding(t).stops().but(func(w *world) { w.Store = nil }) }, v1alpha1.ReasonBackupFailed, "no PeerBackupStore s3"},
		"The spec of the peer cannot be run.": {func(t *testing.T) *world {
			return holding(t).stops().but(func(w *world) { w.Options.Defaults.P2PAgentImage = "" })
		}, v1alpha1.ReasonNoImage, "spec.image"},
		"A Job of that name is somebody else's.": {func(t *testing.T) *world {
			return holding(t).stops().but(func(w *world) { w.Objects[peerbackup.JobRef(w.Backup)] = &batchv1.Job{} })
		}, v1alpha1.ReasonForeignObject, "left alone"},
	} {
		w := c.world(t).acts()
		ready := conditions.Find(w.Backup.Status.Conditions, v1alpha1.ConditionReady)
		if ready.Reason != c.reason || !strings.Contains(ready.Message, c.says) {
			t.Errorf("%s: %s: %s", name, ready.Reason, ready.Message)
		}
		if peerbackup.Holds(w.Backup) || !peerbackup.Ended(w.Backup) || w.Objects[peerbackup.PolicyRef(w.Backup)] != nil {
			t.Errorf("%s: the peer is held still, or its way is open", name)
		}
		good := c.reason == v1alpha1.ReasonBackedUp
		if (ready.Status == metav1.ConditionTrue) != good || (w.Backup.Status.Record != nil) != good || (w.is("Verified") == "True BackedUp") != good || (w.is("Stalled") == "False Settled") != good {
			t.Errorf("%s: %+v", name, w.Backup.Status)
		}
	}
}

func TestABackupIsFollowed(t *testing.T) {
	w := newWorld(t).acts()
	if w.Backup.Status.PeerNodeUID != "uid-of-alpha" || !w.Backup.Status.HeldSince.Time.Equal(noon) || w.is("Reconciling") != "True StoppingPeer" {
		t.Errorf("held: %+v", w.Backup.Status)
	}
	if p := w.later(time.Hour).decide(); !p.LookAgain.Equal(noon.Add(6*time.Hour)) || p.Irreversible() {
		t.Errorf("while it stops: %+v", p)
	}
	w.stops().acts()
	job := w.Objects[peerbackup.JobRef(w.Backup)].(*batchv1.Job)
	if w.is("Ready") != "False Copying" || *job.Spec.ActiveDeadlineSeconds != 5*60*60 {
		t.Errorf("copying: %s, in %d s", w.is("Ready"), *job.Spec.ActiveDeadlineSeconds)
	}
	before := w.Backup.Status
	if w.acts(); peerbackup.News(before, w.Backup.Status) || w.decide().Irreversible() {
		t.Error("a Job that runs is news")
	}
	w.says(1, "error: no bucket").acts()
	if ready := conditions.Find(w.Backup.Status.Conditions, v1alpha1.ConditionReady); !strings.Contains(ready.Message, "no bucket") {
		t.Errorf("a try that failed is not told: %s", ready.Message)
	}
	w.later(time.Minute).says(0, receipt()).ends(batchv1.JobComplete, "").acts()
	want := &v1alpha1.BackupRecord{
		Sequence: 7, SHA256: strings.Repeat("0", 64), Base: 5, Files: 3, SignedBy: "peers/alpha+00000000+" + strings.Repeat("A", 44),
		StartedAt: metav1.NewTime(noon), FinishedAt: metav1.NewTime(noon.Add(time.Minute)), VerifiedAt: &metav1.Time{Time: noon.Add(2 * time.Minute)},
	}
	got := *w.Backup.Status.Record
	sizes := []string{got.Size.String(), got.Stored.String(), got.Uploaded.String()}
	got.Size, got.Stored, got.Uploaded = want.Size, want.Stored, want.Uploaded
	if diff := cmp.Diff(want, &got); diff != "" {
		t.Errorf("on record (-want +is):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"5Gi", "4Gi", "40Mi"}, sizes); diff != "" {
		t.Errorf("sizes (-want +are):\n%s", diff)
	}
}

func TestTurnsOfABackupAreTold(t *testing.T) {
	w := newWorld(t)
	var got []string
	step := func(next func()) {
		before := w.Backup.Status
		next()
		for _, e := range peerbackup.Events(before, w.Backup.Status) {
			got = append(got, e.Type+" "+e.Reason)
		}
	}
	step(func() { w.acts() })
	step(func() { w.later(time.Minute).acts() })
	step(func() { w.stops().acts() })
	step(func() { w.says(1, "error: no bucket").acts() })
	step(func() { w.ends(batchv1.JobFailed, "BackoffLimitExceeded").acts() })
	want := []string{corev1.EventTypeNormal + " StoppingPeer", corev1.EventTypeNormal + " Copying", corev1.EventTypeWarning + " BackupFailed"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +told):\n%s", diff)
	}
}
