// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"crypto/rand"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/identity"
)

// TestAForeignObjectIsRefused is about one kind; the crash tests go through all of them.
func TestAForeignObjectIsRefused(t *testing.T) {
	s := tell(t)
	foreign := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "alpha-config"}, Data: map[string]string{"mine": "1"}}
	s.must(env.Admin.Create(t.Context(), foreign))
	s.is("alpha-config", foreign)

	p := s.create("alpha")
	s.becomes(p, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonForeignObject)
	s.becomes(p, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonForeignObject)
	s.unchanged("alpha-config", foreign)
	if err := s.get("alpha", &appsv1.StatefulSet{}); !apierrors.IsNotFound(err) {
		t.Errorf("objects were made although one cannot be: %v", err)
	}

	s.must(env.Admin.Delete(t.Context(), foreign))
	s.serves(p)
}

// TestAKeyThatIsGoneIsNotMadeAnew: the peer would come back as somebody else.
func TestAKeyThatIsGoneIsNotMadeAnew(t *testing.T) {
	s := tell(t)
	p := s.serving("alpha")
	key := &corev1.Secret{}
	s.is("alpha-identity-1", key)
	s.must(env.Admin.Delete(t.Context(), key))
	s.edit(p, func(p *v1alpha1.PeerNode) { p.Spec.Image = "registry.example.com/p2p-agent:v2" })
	s.serves(p)
	s.settle(pause)
	if err := s.get("alpha-identity-1", key); !apierrors.IsNotFound(err) {
		t.Errorf("a new key was made in the place of one that is gone (%v)", err)
	}
}

// TestAKeyThatExistsIsTakenUp: Create on a fixed name is the lock, so what is there already is the key.
func TestAKeyThatExistsIsTakenUp(t *testing.T) {
	s := tell(t)
	key := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "alpha-identity-1"},
		StringData: map[string]string{"identity.key": "restored from a backup"}, Immutable: new(true),
	}
	s.must(env.Admin.Create(t.Context(), key))
	s.is("alpha-identity-1", key)
	// The operator cannot read whose key it is, and has to be told.
	p := s.create("alpha")
	s.becomes(p, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonIdentityUnknown)
	told, err := identity.New(v1alpha1.IdentityEd25519, rand.Reader)
	s.must(err)
	s.edit(p, expecting(told.Public().LibP2P()))
	s.serves(p)
	s.unchanged("alpha-identity-1", key)
}

// TestARefusedKeyStalls: only a person can help.
func TestARefusedKeyStalls(t *testing.T) {
	s := tell(t)
	p := s.serving("alpha")
	s.must(env.RefuseIdentity(t.Context(), s.ns, "alpha", "identity.key: not a libp2p key"))
	c := s.becomes(p, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonIdentityRefused)
	if want := "the software refuses its key: exit code 1: identity.key: not a libp2p key"; c.Message != want {
		t.Errorf("message %q, want %q", c.Message, want)
	}
}
