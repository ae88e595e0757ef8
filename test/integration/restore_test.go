// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/testenv"
)

// recovery brings a recovery key into the cluster.
func (s *copyStory) recovery(name string, key seal.Opener) *corev1.Secret {
	s.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name}, StringData: map[string]string{"recovery.key": key.Secret() + "\n"}}
	s.must(env.Admin.Create(s.Context(), secret))
	return secret
}

// backedUp is a peer that was backed up into the bucket keys, and the record of that.
func (s *copyStory) backedUp(name string, modify ...func(*v1alpha1.PeerNode)) (*v1alpha1.PeerNode, *v1alpha1.BackupRecord) {
	s.Helper()
	store := s.store("keys", s.server.Store)
	s.editStore(store, func(spec *v1alpha1.PeerBackupStoreSpec) { spec.Recipients = []string{s.holder.Recipient().String()} })
	p := s.proven(name, modify...)
	s.must(env.Admin.Create(s.Context(), &v1alpha1.PeerBackup{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "daily"}, Spec: v1alpha1.PeerBackupSpec{
		PeerNodeRef: v1alpha1.PeerNodeReference{Name: name}, StoreRef: v1alpha1.BackupStoreReference{Name: "keys"},
	}}))
	return p, s.backup("daily", v1alpha1.ReasonBackedUp).Status.Record
}

// beginning begins with a backup that lies in the bucket keys, and adopts the key of the peer.
func beginning(r *v1alpha1.BackupRecord) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) {
		p.Spec.Bootstrap = &v1alpha1.PeerBootstrap{Restore: v1alpha1.PeerRestore{
			From:        &v1alpha1.RestoreSource{StoreRef: v1alpha1.BackupStoreReference{Name: "keys"}, Trust: []string{r.SignedBy}},
			RecoveryKey: v1alpha1.RecoveryKeySource{SecretName: "recovery"}, Identity: v1alpha1.IdentityAdopt,
		}}
	}
}

// notStarted fails for a peer that anything could run of.
func (s *story) notStarted(name string) {
	s.Helper()
	if err := s.get(name, &appsv1.StatefulSet{}); !apierrors.IsNotFound(err) {
		s.Errorf("a peer that is not restored has a StatefulSet (%v)", err)
	}
}

// The sample works once what its comment asks for is there. Nothing is written once the peer serves, and it can do without what is
// said of its beginning from then on.
func TestThePeerOfTheSampleBeginsWithABackup(t *testing.T) {
	s := tellOfCopies(t)
	s.credentials("s3-credentials", s.server.Store)
	apply := func(file string) {
		for _, o := range documents(t, file,
			"age1-YOUR-RECIPIENT", s.holder.Recipient().String(), "namespace: peers", "namespace: "+s.ns, "https://s3.storage.svc:9000", s.server.Endpoint,
		) {
			s.must(env.Admin.Create(s.Context(), o, strict))
		}
	}
	apply("config/samples/p2pagent-restored.yaml")
	p := &v1alpha1.PeerNode{}
	s.is("restored", p)
	s.becomes(p, v1alpha1.ConditionRestored, metav1.ConditionFalse, v1alpha1.ReasonWaitingForBackup)
	apply("config/samples/p2pagent-kept.yaml")
	kept := &v1alpha1.PeerNode{}
	s.is("kept", kept)
	s.serves(kept)
	apply("config/samples/peerbackup.yaml")
	r := s.backup("kept-first", v1alpha1.ReasonBackedUp).Status.Record
	s.becomes(p, v1alpha1.ConditionRestored, metav1.ConditionFalse, v1alpha1.ReasonRestoring)
	s.notStarted("restored")

	s.recovery("recovery", s.holder)
	s.becomes(p, v1alpha1.ConditionRestored, metav1.ConditionTrue, v1alpha1.ReasonRestored)
	s.serves(p)
	if b := p.Status.Bootstrap; b.Sequence != r.Sequence || b.RecordSHA256 != r.SHA256 || b.PeerNode != "kept" || b.Namespace != s.ns || b.Files != r.Files || !b.FinishedAt.Equal(&r.FinishedAt) {
		t.Errorf("on record is %+v, of the backup %+v", b, r)
	}
	var job batchv1.Job
	s.is("restored-restore", &job)
	if *job.Spec.Template.Spec.SecurityContext.RunAsUser != *s.set("restored").Spec.Template.Spec.SecurityContext.RunAsUser {
		t.Error("the Job runs as somebody else than the peer")
	}
	s.gone("restored-restore", &networkingv1.NetworkPolicy{})
	s.settle(quiet)
	s.edit(p, func(p *v1alpha1.PeerNode) { p.Spec.Bootstrap = nil })
	s.must(env.Admin.Delete(t.Context(), &job, client.PropagationPolicy(metav1.DeletePropagationBackground)))
	s.serves(p)
	if p.Status.Bootstrap == nil {
		t.Error("what was restored is not on record any more")
	}
	s.settle(quiet)
}

// What is left is a bucket, the sealed key, and what people have kept. A wrong recovery key is told while it is tried again.
func TestAPeerComesBackAsItselfFromABucketAlone(t *testing.T) {
	s := tellOfCopies(t)
	lost, r := s.backedUp("alpha", builders.DeleteData)
	s.remove(lost)
	s.gone("alpha", &v1alpha1.PeerNode{})
	s.must(env.Admin.Delete(t.Context(), &v1alpha1.PeerBackup{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "daily"}}))

	wrong := s.recovery("recovery", offline(t))
	p := s.create("alpha", beginning(r))
	s.eventually(func() error {
		if err := s.get("alpha", p); err != nil {
			return err
		}
		if c := conditions.Find(p.Status.Conditions, v1alpha1.ConditionRestored); !strings.Contains(c.Message, "a try of it failed") {
			return fmt.Errorf("Restored is %s: %s", c.Reason, c.Message)
		}
		return nil
	})
	t.Log(conditions.Find(p.Status.Conditions, v1alpha1.ConditionRestored).Message)
	s.notStarted("alpha")
	wrong.StringData = map[string]string{"recovery.key": s.holder.Secret()}
	s.must(env.Admin.Update(t.Context(), wrong))
	s.becomes(p, v1alpha1.ConditionRestored, metav1.ConditionTrue, v1alpha1.ReasonRestored)
	s.serves(p)
	if p.Status.Identity.PeerID != lost.Status.Identity.PeerID {
		t.Errorf("the peer comes back as %s, not as %s", p.Status.Identity.PeerID, lost.Status.Identity.PeerID)
	}
}

// A volume with data is nobody's to fill. Whoever empties it has the Job tried again by deleting it.
func TestAVolumeThatHoldsDataIsNotRestoredInto(t *testing.T) {
	s := tellOfCopies(t)
	before, r := s.backedUp("alpha")
	s.remove(before)
	s.gone("alpha", &v1alpha1.PeerNode{})
	s.patch("alpha-data", &corev1.PersistentVolumeClaim{}, `{"metadata":{"annotations":{"`+testenv.AnnotationHoldsData+`":"yes"}}}`)
	var claim corev1.PersistentVolumeClaim
	s.is("alpha-data", &claim)

	s.recovery("recovery", s.holder)
	p := s.create("alpha", beginning(r), func(p *v1alpha1.PeerNode) {
		p.Spec.Bootstrap.Restore.From.Namespace, p.Spec.Bootstrap.Restore.From.PeerNode, p.Spec.Bootstrap.Restore.From.Sequence = s.ns, "alpha", r.Sequence
	})
	c := s.becomes(p, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonRestoreFailed)
	if !strings.Contains(c.Message, "it holds data already") {
		t.Errorf("the peer is stalled because %s", c.Message)
	}
	s.notStarted("alpha")
	s.settle(quiet) // Its last words may come after it is known to have failed.
	s.silent(quiet)
	var same corev1.PersistentVolumeClaim
	s.is("alpha-data", &same)
	if same.UID != claim.UID {
		t.Error("the claim is another one")
	}
	s.patch("alpha-data", &corev1.PersistentVolumeClaim{}, `{"metadata":{"annotations":{"`+testenv.AnnotationHoldsData+`":null}}}`)
	s.must(env.Admin.Delete(t.Context(), &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "alpha-restore"}}, client.PropagationPolicy(metav1.DeletePropagationBackground)))
	s.serves(p)
}
