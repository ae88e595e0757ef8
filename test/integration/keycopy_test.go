// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/pkg/storecheck"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/s3"
)

// copyStory is a story of keys that are copied into the buckets of a real store, by the real program.
type copyStory struct {
	*story
	server *s3.Server
	holder seal.Opener
}

func tellOfCopies(t *testing.T) *copyStory {
	t.Helper()
	s := &copyStory{story: tell(t), server: s3.Start(t, "keys", "offsite"), holder: offline(t)}
	s.authority()
	return s
}

// authority tells the namespace by what to know the store.
func (s *copyStory) authority() {
	s.Helper()
	s.must(env.Admin.Create(s.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "s3-ca"}, Data: map[string]string{"ca.crt": string(s.server.CA)},
	}))
}

// store makes a PeerBackupStore with a bucket, and the credentials of who uses it.
func (s *copyStory) store(bucket string, who s3.Store) *v1alpha1.PeerBackupStore {
	s.Helper()
	s.credentials(bucket+"-credentials", who)
	store := &v1alpha1.PeerBackupStore{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: bucket},
		Spec: v1alpha1.PeerBackupStoreSpec{
			Endpoint: who.Endpoint, Bucket: bucket, Prefix: "eu",
			Credentials: v1alpha1.BackupStoreCredentials{SecretName: bucket + "-credentials"},
			CA:          &v1alpha1.CertificateAuthorities{ConfigMapName: "s3-ca"},
		},
	}
	s.must(env.Admin.Create(s.Context(), store))
	return store
}

func (s *copyStory) credentials(name string, who s3.Store) {
	s.Helper()
	s.must(env.Admin.Create(s.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name},
		StringData: map[string]string{"accessKeyID": who.AccessKey, "secretAccessKey": who.SecretKey},
	}))
}

// into wants copies in stores.
func (s *copyStory) into(stores ...string) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) {
		p.Spec.Identity = &v1alpha1.PeerIdentity{
			RecoveryRecipients: []string{s.holder.Recipient().String()}, Rotation: &v1alpha1.KeyRotation{Overlap: "1s"},
			Backup: &v1alpha1.KeyBackup{},
		}
		for _, name := range stores {
			p.Spec.Identity.Backup.Stores = append(p.Spec.Identity.Backup.Stores, v1alpha1.BackupStoreReference{Name: name})
		}
	}
}

func (s *copyStory) copied(p *v1alpha1.PeerNode) metav1.Condition {
	s.Helper()
	return s.becomes(p, v1alpha1.ConditionKeyBackedUp, metav1.ConditionTrue, v1alpha1.ReasonKeyCopied)
}

// objects are the names of the copies that a bucket holds, without what a check of the store leaves there.
func (s *copyStory) objects(bucket string) []string {
	s.Helper()
	return slices.DeleteFunc(s.everything(bucket), func(name string) bool { return strings.Contains(name, "/"+storecheck.Folder) })
}

// everything are the names of all that it holds.
func (s *copyStory) everything(bucket string) []string {
	s.Helper()
	names, err := s.server.List(s.Context(), bucket)
	s.must(err)
	return names
}

// opens reads a copy, and has the holder open it.
func (s *copyStory) opens(bucket, object string, epoch int64) (peerID string) {
	s.Helper()
	text, err := s.server.Get(s.Context(), bucket, object)
	s.must(err)
	envelope, err := seal.Read(bytes.NewReader(text))
	s.must(err)
	opened, err := envelope.Open(seal.Binding{Namespace: s.ns, PeerNode: "alpha", Role: seal.RoleIdentity, Epoch: epoch}, s.holder)
	s.must(err)
	return opened.Key.Public().PeerID()
}

func TestEachKeyIsCopiedIntoEachBucket(t *testing.T) {
	s := tellOfCopies(t)
	s.store("keys", s.server.Store)
	s.store("offsite", s.server.User(t, "writer", "offsite", "s3:PutObject"))
	p := s.proven("alpha", s.into("keys", "offsite"))
	if c := s.copied(p); !strings.Contains(c.Message, "the key of epoch 1 is in keys, offsite; the copy in offsite was not read back") {
		t.Errorf("the copies are told as %q", c.Message)
	}
	first := p.Status.Identity.PeerID
	for _, bucket := range []string{"keys", "offsite"} {
		objects := s.objects(bucket)
		if len(objects) != 1 || !strings.HasPrefix(objects[0], "eu/keys/"+s.ns+"/alpha/1-"+first+"-") {
			t.Fatalf("bucket %s holds %v", bucket, objects)
		}
		if id := s.opens(bucket, objects[0], 1); id != first {
			t.Errorf("the copy in %s is the key of %s, want %s", bucket, id, first)
		}
		want := s.server.Endpoint + "/" + bucket + "/" + objects[0]
		if i := map[string]int{"keys": 0, "offsite": 1}[bucket]; p.Status.Identity.Copies[i].Location != want {
			t.Errorf("on record is %s, want %s", p.Status.Identity.Copies[i].Location, want)
		}
	}

	s.edit(p, annotate(v1alpha1.AnnotationRotateKey, "monday"))
	s.reaches(p, v1alpha1.KeyRevoked, v1alpha1.KeyActive)
	s.eventually(func() error {
		if err := s.get("alpha", p); err != nil {
			return err
		}
		for _, c := range p.Status.Identity.Copies {
			if c.Epoch != 2 {
				return fmt.Errorf("store %s has the key of epoch %d", c.Store, c.Epoch)
			}
		}
		return nil
	})
	if objects := s.objects("keys"); len(objects) != 2 || s.opens("keys", objects[1], 2) != p.Status.Identity.PeerID || s.opens("keys", objects[0], 1) != first {
		t.Errorf("after the key was changed the bucket holds %v", objects)
	}
	s.settle(quiet)
	s.silent(quiet)
}

func TestTroubleWithAStoreIsToldAndEndsWhenItIsCorrected(t *testing.T) {
	s := tellOfCopies(t)
	p := s.serving("alpha", s.into("keys"))
	s.becomes(p, v1alpha1.ConditionKeyBackedUp, metav1.ConditionFalse, v1alpha1.ReasonStoreMissing)

	wrong := s.server.Store
	wrong.SecretKey = "not the one"
	store := s.store("keys", wrong)
	if c := s.becomes(p, v1alpha1.ConditionKeyBackedUp, metav1.ConditionFalse, v1alpha1.ReasonKeyCopyFailed); !strings.Contains(c.Message, "into PeerBackupStore keys: ") {
		t.Errorf("trouble is told as %q", c.Message)
	}
	s.serves(p)

	s.credentials("right", s.server.Store)
	s.is(store.Name, store)
	store.Spec.Credentials.SecretName = "right"
	s.must(env.Admin.Update(s.Context(), store))
	s.copied(p)

	s.must(env.Admin.Delete(s.Context(), store))
	s.becomes(p, v1alpha1.ConditionKeyBackedUp, metav1.ConditionFalse, v1alpha1.ReasonStoreMissing)
	s.gone("alpha-key-copies", &networkingv1.NetworkPolicy{})
	if len(p.Status.Identity.Copies) != 1 {
		t.Errorf("the copy is forgotten because its store is gone: %+v", p.Status.Identity)
	}
	if objects := s.objects("keys"); len(objects) != 1 {
		t.Errorf("the bucket holds %v", objects)
	}
}

func TestAPeerThatComesBackFindsItsCopies(t *testing.T) {
	s := tellOfCopies(t)
	s.store("keys", s.server.Store)
	p := s.proven("alpha", s.into("keys"))
	s.copied(p)
	before := s.objects("keys")
	s.remove(p)
	s.gone("alpha", &v1alpha1.PeerNode{})
	again := s.proven("alpha", s.into("keys"))
	s.copied(again)
	if diff := cmp.Diff(before, s.objects("keys")); diff != "" {
		t.Errorf("objects (-before +after):\n%s", diff)
	}
}

func TestAKeyComesBackFromABucketAlone(t *testing.T) {
	s := tellOfCopies(t)
	s.store("keys", s.server.Store)
	p := s.proven("alpha", s.into("keys"), builders.DeleteData)
	s.copied(p)
	lost := p.Status.Identity.PeerID
	s.remove(p)
	s.gone("alpha", &v1alpha1.PeerNode{})
	s.must(env.Admin.Delete(s.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "alpha-identity-1"}}))

	text, err := s.server.Get(s.Context(), "keys", s.objects("keys")[0])
	s.must(err)
	back := s.proven("alpha", func(p *v1alpha1.PeerNode) {
		p.Spec.Identity = &v1alpha1.PeerIdentity{Import: &v1alpha1.KeyImport{Envelope: string(text)}}
	})
	if back.Status.Identity.PeerID != lost {
		t.Errorf("the peer comes back as %s, not as %s", back.Status.Identity.PeerID, lost)
	}
	if got := s.envelope("alpha-identity-1"); !bytes.Equal(got.Text(), text) {
		t.Error("what is stored is not what lay in the bucket")
	}
	job := &batchv1.Job{}
	if err := s.get("alpha-identity-1", job); err == nil && metav1.IsControlledBy(job, back) {
		t.Error("a Job makes another key")
	}
}
