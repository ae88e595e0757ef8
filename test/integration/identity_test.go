// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/canary"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/test/cluster/audit"
)

// offline is somebody who keeps a recovery key.
func offline(t *testing.T) seal.Opener {
	t.Helper()
	opener, err := seal.NewOpener()
	if err != nil {
		t.Fatal(err)
	}
	return opener
}

func recoverable(by ...seal.Opener) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) {
		p.Spec.Identity = &v1alpha1.PeerIdentity{}
		for _, o := range by {
			p.Spec.Identity.RecoveryRecipients = append(p.Spec.Identity.RecoveryRecipients, o.Recipient().String())
		}
	}
}

// envelope reads what the Secret of a key holds, and that it holds nothing else.
func (s *story) envelope(name string) seal.Envelope {
	s.Helper()
	secret := &corev1.Secret{}
	s.is(name, secret)
	if secret.Immutable == nil || !*secret.Immutable || len(secret.Data) != 1 {
		s.Errorf("Secret %s holds %d things, and is immutable: %v", name, len(secret.Data), secret.Immutable)
	}
	envelope, err := seal.Read(bytes.NewReader(secret.Data["envelope"]))
	s.must(err)
	return envelope
}

func TestAKeyIsMadeByAJobAndLeavesItSealed(t *testing.T) {
	s := tell(t)
	holder, other := offline(t), offline(t)
	p := s.serving("alpha", recoverable(holder, other))
	envelope := s.envelope("alpha-identity-1")

	binding := seal.Binding{Namespace: s.ns, PeerNode: "alpha", Role: seal.RoleIdentity, Epoch: 1}
	for who, opener := range map[string]seal.Opener{"the unsealer": env.Sealing.Opener(), "a holder": holder, "the other holder": other} {
		opened, err := envelope.Open(binding, opener)
		if err != nil {
			s.Fatalf("%s cannot open the key: %v", who, err)
		}
		if id := opened.Key.Public().PeerID(); id != p.Status.Identity.PeerID || opened.Key.Public().LibP2P() != p.Status.Identity.PublicKey {
			s.Errorf("%s finds the key of %s; on record is %+v", who, id, p.Status.Identity)
		}
	}
	if p.Status.Identity.Protection != v1alpha1.ProtectionBrokered {
		s.Errorf("the key is kept %q", p.Status.Identity.Protection)
	}
	job := &batchv1.Job{}
	s.is("alpha-identity-1", job)
	if len(job.Spec.Template.Spec.InitContainers)+len(job.Spec.Template.Spec.Containers) < 2 {
		s.Error("three hybrid recipients do not fit into one message, and the Job has one container")
	}
}

// All that can be read of a cluster, down to the files of etcd, shows no part of a key: not of the first, not of the next,
// and not of the one that took the place of a compromised key.
func TestNoPartOfAKeyShowsAnywhere(t *testing.T) {
	s := tell(t)
	alpha := s.proven("alpha", recoverable(offline(t)), func(p *v1alpha1.PeerNode) {
		p.Spec.Identity.Rotation = &v1alpha1.KeyRotation{Overlap: "1s"}
	})
	s.edit(alpha, annotate(v1alpha1.AnnotationRotateKey, "monday"))
	s.reaches(alpha, v1alpha1.KeyRevoked, v1alpha1.KeyActive)
	s.edit(alpha, annotate(v1alpha1.AnnotationCompromisedKey, "2"))
	s.reaches(alpha, v1alpha1.KeyRevoked, v1alpha1.KeyRevoked, v1alpha1.KeyActive)
	var secrets [][]byte
	for epoch := range int64(3) {
		binding := seal.Binding{Namespace: s.ns, PeerNode: "alpha", Role: seal.RoleIdentity, Epoch: epoch + 1}
		opened, err := s.envelope(fmt.Sprintf("alpha-identity-%d", binding.Epoch)).Open(binding, env.Sealing.Opener())
		s.must(err)
		secrets = append(secrets, opened.Key.Secret())
	}
	secret := secrets[0]
	files := 0
	s.everyFileOfTheControlPlane(func(path string, content []byte) {
		files++
		for i, secret := range secrets {
			if found := canary.Find(content, secret); len(found) > 0 {
				s.Errorf("%s shows the key of epoch %d as %v", path, i+1, found)
			}
		}
	})
	if files < 5 {
		s.Errorf("only %d files were searched", files)
	}

	// The search finds what is there: the same key, planted as an older operator would have kept it.
	planted := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "planted"}, Data: map[string][]byte{"identity.key": secret}}
	s.must(env.Admin.Create(s.Context(), planted))
	s.eventually(func() error {
		var in []string
		s.everyFileOfTheControlPlane(func(path string, content []byte) {
			if len(canary.Find(content, secret)) > 0 {
				in = append(in, path)
			}
		})
		if !slices.ContainsFunc(in, func(path string) bool { return filepath.Ext(path) == ".wal" || filepath.Base(path) == "db" }) {
			return fmt.Errorf("the planted key is found in %v, and not in what etcd stores", in)
		}
		return nil
	})
}

// everyFileOfTheControlPlane visits the files of etcd, the audit log with all requests, and the logs of all programs.
func (s *story) everyFileOfTheControlPlane(visit func(path string, content []byte)) {
	s.Helper()
	s.must(filepath.WalkDir(env.Dir(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) { // Some come and go.
			return nil
		}
		visit(path, content)
		return err
	}))
}

func TestNoPodComesBeforeItsKeyIsMade(t *testing.T) {
	s := tell(t)
	env.KeyJobs.Hold(s.ns)
	p := s.create("alpha")
	s.becomes(p, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonWaitingForKey)
	s.eventually(func() error { return s.get("alpha-identity-1", &batchv1.Job{}) })
	s.settle(pause)
	s.gone("alpha", &appsv1.StatefulSet{})

	env.KeyJobs.FailNext(s.ns, "no entropy")
	env.KeyJobs.Release(s.ns)
	s.eventually(func() error {
		pods := &corev1.PodList{}
		err := env.Admin.List(s.Context(), pods, client.InNamespace(s.ns), client.MatchingLabels{batchv1.JobNameLabel: "alpha-identity-1"})
		if err != nil || len(pods.Items) < 2 {
			return fmt.Errorf("there are %d tries: %w", len(pods.Items), err)
		}
		return nil
	})
	s.serves(p)
}

// A PeerNode that comes back finds the key that was retained, and none is made.
func TestARetainedKeyIsTakenUpAgain(t *testing.T) {
	s := tell(t)
	p := s.serving("alpha")
	id, key := p.Status.Identity.PeerID, &corev1.Secret{}
	s.is("alpha-identity-1", key)
	s.remove(p)
	s.gone("alpha", &v1alpha1.PeerNode{})
	s.gone("alpha-identity-1", &batchv1.Job{})
	mark, err := s.log.Mark(s.ns)
	s.must(err)

	p = s.serving("alpha")
	s.same("alpha-identity-1", key)
	s.gone("alpha-identity-1", &batchv1.Job{})
	if p.Status.Identity.PeerID != id {
		s.Errorf("the reservation says that the retained key is that of %s, and on record is %q", id, p.Status.Identity.PeerID)
	}
	writes, err := s.log.Writes(s.ns, mark)
	s.must(err)
	for _, w := range writes {
		if w.Resource == "jobs" || w.Resource == "secrets" {
			s.Errorf("to take up a key that is known, the operator sent %s", audit.VerbAndResource(w))
		}
	}
	s.eventually(func() error { return env.ClaimIdentity(s.Context(), s.ns, "alpha", id) })
	s.becomes(p, v1alpha1.ConditionIdentityBound, metav1.ConditionTrue, v1alpha1.ReasonKeyProven)
	if p.Status.Identity.PeerID != id {
		s.Errorf("the peer is %s, and was %s", p.Status.Identity.PeerID, id)
	}
}

// What says that it holds another key than the one on record is not believed.
func TestAPeerThatSaysItIsSomebodyElseIsStalled(t *testing.T) {
	s := tell(t)
	p := s.serving("alpha")
	before := p.Status.Identity.DeepCopy()
	s.eventually(func() error { return env.ClaimIdentity(s.Context(), s.ns, "alpha", "12D3KooWSomebodyElse") })
	s.becomes(p, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonIdentityRefused)
	if diff := cmp.Diff(before, p.Status.Identity); diff != "" {
		s.Errorf("on record (-want +got):\n%s", diff)
	}
}
