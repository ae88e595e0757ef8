// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/test/testenv"
)

// backup waits until a backup has ended, or is held up, for a reason.
func (s *story) backup(name, reason string) *v1alpha1.PeerBackup {
	s.Helper()
	b := &v1alpha1.PeerBackup{}
	s.eventually(func() error {
		if err := s.get(name, b); err != nil {
			return err
		}
		if ready := conditions.Find(b.Status.Conditions, v1alpha1.ConditionReady); ready.Reason != reason {
			return fmt.Errorf("the backup is %s: %s", ready.Reason, ready.Message)
		}
		return nil
	})
	return b
}

// The sample of a backup works once the peer of its own sample serves. Nothing is written once it has ended, and deleting it
// touches neither the peer nor the bucket.
func TestThePeerOfTheSampleIsBackedUp(t *testing.T) {
	s := tellOfCopies(t)
	s.credentials("s3-credentials", s.server.Store)
	apply := func(file string) {
		for _, o := range documents(t, file,
			"age1-YOUR-RECIPIENT", s.holder.Recipient().String(), "namespace: peers", "namespace: "+s.ns, "https://s3.storage.svc:9000", s.server.Endpoint,
		) {
			s.must(env.Admin.Create(s.Context(), o, strict))
		}
	}
	apply("config/samples/p2pagent-kept.yaml")
	p := &v1alpha1.PeerNode{}
	s.is("kept", p)
	s.serves(p)
	apply("config/samples/peerbackup.yaml")
	b := s.backup("kept-first", v1alpha1.ReasonBackedUp)
	r := b.Status.Record
	if r == nil || r.Sequence != 1 || r.Base != 1 || r.VerifiedAt == nil || b.Status.ReleasedAt == nil || b.Status.PeerNodeUID != string(p.UID) {
		t.Errorf("the backup is on record as %+v", b.Status)
	}
	s.serves(p)
	var job batchv1.Job
	s.is("kept-first-backup", &job)
	if *job.Spec.Template.Spec.SecurityContext.RunAsUser != *s.set("kept").Spec.Template.Spec.SecurityContext.RunAsUser {
		t.Error("the Job runs as somebody else than the peer")
	}
	s.isProven("kept-proven", "kept", "s3")
	s.serves(p)
	s.settle(quiet)
	names, err := s.server.List(t.Context(), "keys")
	s.must(err)
	s.must(env.Admin.Delete(t.Context(), b))
	s.gone("kept-first", &v1alpha1.PeerBackup{})
	s.serves(p)
	after, err := s.server.List(t.Context(), "keys")
	s.must(err)
	if len(names) < 4 || len(after) != len(names) {
		t.Errorf("in the bucket were %v, and are %v", names, after)
	}
}

// isProven asks for a backup that is restored on a scratch volume, which is gone when the software has found it good.
func (s *copyStory) isProven(name, peer, store string) {
	s.Helper()
	s.must(env.Admin.Create(s.Context(), &v1alpha1.PeerBackup{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name}, Spec: v1alpha1.PeerBackupSpec{
		PeerNodeRef: v1alpha1.PeerNodeReference{Name: peer}, StoreRef: v1alpha1.BackupStoreReference{Name: store}, Prove: true,
	}}))
	b := s.backup(name, v1alpha1.ReasonBackedUp)
	proof, proven := b.Status.Proof, conditions.Find(b.Status.Conditions, v1alpha1.ConditionProven)
	if proof == nil || proof.RestoredAt == nil || proof.EndedAt == nil || proof.State != testenv.DataFoundGood || proven.Status != metav1.ConditionTrue {
		s.Errorf("the backup is proven as %+v, %+v", proof, proven)
	}
	s.gone(name+"-proof", &batchv1.Job{})
	s.gone(name+"-backup", &batchv1.Job{})
	s.gone(name+"-proof", &corev1.PersistentVolumeClaim{})
	s.gone(name+"-proof", &networkingv1.NetworkPolicy{})
}

// set reads the StatefulSet of a peer.
func (s *story) set(name string) *appsv1.StatefulSet {
	s.Helper()
	set := &appsv1.StatefulSet{}
	s.is(name, set)
	return set
}

// A backup that waits stops nobody, and one that is deleted lets its peer go.
func TestABackupWaitsForItsStoreAndLetsItsPeerGo(t *testing.T) {
	s := tellOfCopies(t)
	p := s.serving("alpha")
	b := &v1alpha1.PeerBackup{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "daily"}, Spec: v1alpha1.PeerBackupSpec{
		PeerNodeRef: v1alpha1.PeerNodeReference{Name: "alpha"}, StoreRef: v1alpha1.BackupStoreReference{Name: "keys"},
	}}
	s.must(env.Admin.Create(t.Context(), b))
	s.backup("daily", v1alpha1.ReasonWaitingForStore)
	store := s.store("keys", s.server.Store)
	s.backup("daily", v1alpha1.ReasonWaitingForStore)
	if got := s.set("alpha").Spec.Replicas; *got != 1 {
		t.Errorf("a peer whose backup waits is to have %d pods", *got)
	}

	before := store.DeepCopy()
	store.Spec.Recipients = []string{s.holder.Recipient().String()}
	s.must(env.Admin.Patch(t.Context(), store, client.MergeFrom(before)))
	defer env.KeyJobs.Release(s.ns)
	s.eventually(func() error {
		if err := s.get("keys", store); err != nil {
			return err
		}
		if ready := conditions.Find(store.Status.Conditions, v1alpha1.ConditionReady); ready.Status != metav1.ConditionTrue || ready.ObservedGeneration != store.Generation {
			return fmt.Errorf("the store is %s: %s", ready.Reason, ready.Message)
		}
		env.KeyJobs.Hold(s.ns) // The store was checked, and the pod that backs up is to run on.
		return nil
	})
	s.becomes(p, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonBackingUp)
	s.backup("daily", v1alpha1.ReasonCopying)
	s.must(env.Admin.Delete(t.Context(), b))
	s.serves(p)
}
