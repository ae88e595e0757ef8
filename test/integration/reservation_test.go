// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/keysecret"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/test/builders"
)

// reservations are those that name a PeerNode of the story.
func (s *story) reservations(holder string) ([]v1alpha1.PeerIdentityReservation, error) {
	list := &v1alpha1.PeerIdentityReservationList{}
	err := env.Admin.List(s.Context(), list)
	return slices.DeleteFunc(list.Items, func(r v1alpha1.PeerIdentityReservation) bool {
		return r.Spec.Holder != v1alpha1.ReservationHolder{Namespace: s.ns, Name: holder}
	}), err
}

// reservedFor fails unless these peer IDs are reserved for a PeerNode.
func (s *story) reservedFor(holder string, peerIDs []string) error {
	list, err := s.reservations(holder)
	if err != nil {
		return err
	}
	var got []string
	for _, r := range list {
		got = append(got, r.Spec.PeerID)
	}
	if diff := cmp.Diff(peerIDs, got); diff != "" {
		return fmt.Errorf("reserved for %s (-want +got):\n%s", holder, diff)
	}
	return nil
}

// reservation is the only one of a PeerNode.
func (s *story) reservation(holder string) *v1alpha1.PeerIdentityReservation {
	s.Helper()
	list, err := s.reservations(holder)
	s.must(err)
	if len(list) != 1 {
		s.Fatalf("%d reservations name %s", len(list), holder)
	}
	return &list[0]
}

// carry seals the key of a PeerNode of another story anew for one of this story, as somebody who moves it would.
func (s *story) carry(from *story, peerNode, to string) {
	s.Helper()
	opened, err := from.envelope(peerNode+"-identity-1").Open(
		seal.Binding{Namespace: from.ns, PeerNode: peerNode, Role: seal.RoleIdentity, Epoch: 1}, env.Sealing.Opener())
	s.must(err)
	binding := seal.Binding{Namespace: s.ns, PeerNode: to, Role: seal.RoleIdentity, Epoch: 1}
	envelope, err := seal.Seal(opened.Key, binding, []seal.Recipient{env.Sealing.Recipient()})
	s.must(err)
	s.must(env.Admin.Create(s.Context(), keysecret.New(builders.PeerNode(s.ns, to), 1, envelope.Text())))
}

func expecting(publicKey string) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) { p.Spec.Identity = &v1alpha1.PeerIdentity{ExpectedPublicKey: publicKey} }
}

// holdPod keeps a pod from going, as a process that does not stop would.
func (s *story) holdPod(name string, held bool) {
	s.Helper()
	s.eventually(func() error {
		pod := &corev1.Pod{}
		if err := s.get(name, pod); err != nil {
			return err
		}
		before := pod.DeepCopy()
		if held {
			controllerutil.AddFinalizer(pod, "test.peernode.dev/held")
		} else {
			controllerutil.RemoveFinalizer(pod, "test.peernode.dev/held")
		}
		return env.Admin.Patch(s.Context(), pod, client.MergeFrom(before))
	})
}

func TestAnIdentityIsReservedForItsPeerNode(t *testing.T) {
	s := tell(t)
	p := s.serving("alpha")
	r := s.reservation("alpha")
	if r.Spec.PeerID != p.Status.Identity.PeerID || r.Spec.SecretName != "alpha-identity-1" || !controllerutil.ContainsFinalizer(r, v1alpha1.FinalizerIdentity) {
		s.Errorf("reserved is %+v with the finalizers %v, and on record %+v", r.Spec, r.Finalizers, p.Status.Identity)
	}
	// Once lost, whatever the way, it is there again.
	s.must(env.Admin.Patch(s.Context(), r, client.RawPatch(types.MergePatchType, []byte(`{"metadata": {"finalizers": null}}`))))
	s.must(env.Admin.Delete(s.Context(), r))
	s.eventually(func() error {
		if err := s.reservedFor("alpha", []string{r.Spec.PeerID}); err != nil {
			return err
		}
		if s.reservation("alpha").UID == r.UID {
			return errors.New("the reservation is still the first one")
		}
		return nil
	})
	s.serves(p)
}

func TestTheSameIdentityNeverRunsTwice(t *testing.T) {
	s, other := tell(t), &story{T: t, ns: namespace(t)}
	p := s.serving("alpha")
	id, key := p.Status.Identity.PeerID, p.Status.Identity.PublicKey
	other.carry(s, "alpha", "beta")
	beta := other.create("beta")
	other.becomes(beta, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonIdentityUnknown)
	other.edit(beta, expecting(key))

	taken := func() {
		t.Helper()
		c := other.becomes(beta, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonIdentityTaken)
		if !strings.Contains(c.Message, "PeerNode "+s.ns+"/alpha") {
			t.Errorf("the message does not say whose the identity is: %s", c.Message)
		}
		other.gone("beta", &appsv1.StatefulSet{})
		other.gone("beta-identity-1", &batchv1.Job{})
		s.must(s.reservedFor("alpha", []string{id}))
	}
	taken()

	// Its keys are retained, so the identity stays the first one's.
	s.remove(p)
	s.gone("alpha-0", &corev1.Pod{})
	other.edit(beta, builders.WithImage("registry.example.com/p2p-agent:v2"))
	taken()

	p = s.serving("alpha")
	if p.Status.Identity.PeerID != id {
		t.Errorf("alpha came back as %s, and was %s", p.Status.Identity.PeerID, id)
	}
}

func TestAReservationGoesWhenNoPodCanRunWithIt(t *testing.T) {
	s, other := tell(t), &story{T: t, ns: namespace(t)}
	p := s.serving("alpha")
	id, key := p.Status.Identity.PeerID, p.Status.Identity.PublicKey
	other.carry(s, "alpha", "beta")
	beta := other.create("beta", expecting(key))
	other.becomes(beta, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonIdentityTaken)

	r := s.reservation("alpha")
	s.must(env.Admin.Delete(s.Context(), r))
	s.eventually(func() error { return toldHeld(s, r, "PeerNode "+s.ns+"/alpha holds the identity") })
	s.holdPod("alpha-0", true)
	s.remove(p)
	s.eventually(func() error { return toldHeld(s, r, "pod "+s.ns+"/alpha-0 may run with the identity") })
	s.must(s.reservedFor("alpha", []string{id}))
	other.becomes(beta, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonIdentityTaken)

	s.holdPod("alpha-0", false)
	s.eventually(func() error { return s.reservedFor("alpha", nil) })
	other.serves(beta)
	s.must(other.reservedFor("beta", []string{id}))

	// The first one's Secret is still there, and is of no use to whoever comes back to it.
	alpha := s.create("alpha", expecting(key))
	c := s.becomes(alpha, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonIdentityTaken)
	if !strings.Contains(c.Message, other.ns+"/beta") {
		t.Errorf("the message does not say whose the identity is: %s", c.Message)
	}
}

// A PeerNode that comes back while its reservation is let go cannot count on it: another may have it in a moment.
func TestWhoComesBackToAReservationThatGoesWaitsForIt(t *testing.T) {
	s := tell(t)
	p := s.serving("alpha")
	id, key := p.Status.Identity.PeerID, p.Status.Identity.PublicKey
	s.holdPod("alpha-0", true)
	s.must(env.Admin.Delete(s.Context(), s.reservation("alpha")))
	s.remove(p)
	s.gone("alpha", &appsv1.StatefulSet{})

	p = s.create("alpha", expecting(key))
	s.becomes(p, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonWaitingForReservation)
	s.gone("alpha", &appsv1.StatefulSet{})
	s.holdPod("alpha-0", false)
	s.serves(p)
	s.must(s.reservedFor("alpha", []string{id}))
}

func TestAReservationGoesWithKeysThatGo(t *testing.T) {
	s := tell(t)
	p := s.serving("alpha", builders.DeleteData, builders.DeleteKeys)
	s.holdPod("alpha-0", true)
	id := p.Status.Identity.PeerID
	s.remove(p)
	s.settle(pause)
	s.must(s.reservedFor("alpha", []string{id}))
	s.holdPod("alpha-0", false)
	s.eventually(func() error { return s.reservedFor("alpha", nil) })
	s.gone("alpha-identity-1", &corev1.Secret{})

	p = s.serving("alpha")
	if p.Status.Identity.PeerID == id {
		s.Error("the key that was to go is there again")
	}
}

// toldHeld looks for an event that says why a reservation stays.
func toldHeld(s *story, r *v1alpha1.PeerIdentityReservation, why string) error {
	list := &eventsv1.EventList{}
	if err := env.Admin.List(s.Context(), list, client.InNamespace("default")); err != nil {
		return err
	}
	for _, e := range list.Items {
		if e.Regarding.UID == r.UID && e.Reason == v1alpha1.ReasonReservationHeld && strings.Contains(e.Note, why) {
			return nil
		}
	}
	return fmt.Errorf("no event about %s says %q", r.Name, why)
}
