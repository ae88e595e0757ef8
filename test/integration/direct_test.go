// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	objects "github.com/peernode/operator/pkg/resources"
	"github.com/peernode/operator/pkg/seal"
)

// openedWith lets a peer open its key by itself, with a private key from a Secret.
func openedWith(opener seal.Opener, more ...func(*v1alpha1.PeerNode)) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) {
		for _, m := range more {
			m(p)
		}
		if p.Spec.Identity == nil {
			p.Spec.Identity = &v1alpha1.PeerIdentity{}
		}
		p.Spec.Identity.Direct = &v1alpha1.DirectOpening{Recipient: opener.Recipient().String(), Secret: &v1alpha1.DirectSecret{Name: "opener"}}
	}
}

func TestAKeyThatItsPeerOpensIsNotSealedToTheUnsealer(t *testing.T) {
	s := tell(t)
	own, holder := offline(t), offline(t)
	p := s.serving("alpha", openedWith(own, recoverable(holder)))
	envelope := s.envelope("alpha-identity-1")

	binding := seal.Binding{Namespace: s.ns, PeerNode: "alpha", Role: seal.RoleIdentity, Epoch: 1}
	for who, opener := range map[string]seal.Opener{"the peer itself": own, "a holder": holder} {
		opened, err := envelope.Open(binding, opener)
		if err != nil {
			s.Fatalf("%s cannot open the key: %v", who, err)
		}
		if id := opened.Key.Public().PeerID(); id != p.Status.Identity.PeerID {
			s.Errorf("%s finds the key of %s; on record is %+v", who, id, p.Status.Identity)
		}
	}
	if _, err := envelope.Open(binding, env.Sealing.Opener()); err == nil {
		s.Error("the unsealer can open it too")
	}
	if p.Status.Identity.Protection != v1alpha1.ProtectionDirect {
		s.Errorf("the key is kept %q", p.Status.Identity.Protection)
	}
	said := s.becomes(p, v1alpha1.ConditionIdentityInEtcd, metav1.ConditionTrue, v1alpha1.ReasonOpenerInSecret)
	if !strings.Contains(said.Message, "Secret opener opens the peer's key") {
		s.Errorf("of the Secret it says %q", said.Message)
	}
	pod := &corev1.Pod{}
	s.is("alpha-0", pod)
	for _, v := range pod.Spec.Volumes {
		if v.Projected != nil {
			s.Errorf("the pod has the projected volume %s, and nobody to show a token to", v.Name)
		}
	}
	s.silent(pause)
}

// What opens the key moves from a Secret into a store outside of the cluster; the key stays.
func TestWhatOpensAKeyMovesOutOfEtcd(t *testing.T) {
	s := tell(t)
	p := s.serving("alpha", openedWith(offline(t)))
	s.becomes(p, v1alpha1.ConditionIdentityInEtcd, metav1.ConditionTrue, v1alpha1.ReasonOpenerInSecret)
	id := p.Status.Identity.DeepCopy()
	s.edit(p, func(p *v1alpha1.PeerNode) {
		p.Spec.Identity.Direct.Secret = nil
		p.Spec.Identity.Direct.CSI = &v1alpha1.DirectCSI{
			Driver: "csi.example.com", File: "identity.age", VolumeAttributes: map[string]v1alpha1.VolumeAttribute{"class": "alpha"},
		}
	})
	s.eventually(func() error {
		set := &appsv1.StatefulSet{}
		if err := s.get("alpha", set); err != nil {
			return err
		}
		for _, v := range set.Spec.Template.Spec.Volumes {
			if v.Name == "opener" && v.CSI != nil && v.Secret == nil && v.CSI.VolumeAttributes["class"] == "alpha" {
				return nil
			}
		}
		return fmt.Errorf("the pod has the volumes %+v", set.Spec.Template.Spec.Volumes)
	})
	s.eventually(func() error {
		if err := s.get("alpha", p); err != nil {
			return err
		}
		if c := conditions.Find(p.Status.Conditions, v1alpha1.ConditionIdentityInEtcd); c.Type != "" {
			return fmt.Errorf("it still says %+v", c)
		}
		return nil
	})
	if p.Status.Identity.PeerID != id.PeerID || p.Status.Identity.SecretName != id.SecretName {
		s.Errorf("the key is %+v, it was %+v", p.Status.Identity, id)
	}
}

func TestAPeerWaitsForTheSecretThatOpensItsKey(t *testing.T) {
	s := tell(t)
	p := s.serving("alpha", openedWith(offline(t)))
	s.mountsInVain("alpha-0")
	s.becomes(p, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonWaitingForOpener)
	s.must(env.Admin.Create(s.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "opener"}}))
	s.becomes(p, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonWaitingForPod)
}

func TestAPeerWaitsForTheDriverThatBringsWhatOpensItsKey(t *testing.T) {
	s := tell(t)
	p := s.serving("alpha", openedWith(offline(t)), func(p *v1alpha1.PeerNode) {
		p.Spec.Identity.Direct.Secret, p.Spec.Identity.Direct.CSI = nil, &v1alpha1.DirectCSI{Driver: "csi.example.com", File: "identity.age"}
	})
	s.mountsInVain("alpha-0")
	s.becomes(p, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonWaitingForOpener)
}

// mountsInVain makes of a pod one whose first container was not started: a kubelet waits with it for the volumes, of
// which a simulated one knows nothing.
func (s *story) mountsInVain(name string) {
	s.Helper()
	s.eventually(func() error {
		pod := &corev1.Pod{}
		if err := s.get(name, pod); err != nil {
			return err
		}
		before := pod.DeepCopy()
		for i := range pod.Status.InitContainerStatuses {
			if c := &pod.Status.InitContainerStatuses[i]; c.Name == objects.ContainerUnseal {
				c.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "PodInitializing"}}
			}
		}
		for i := range pod.Status.Conditions {
			if c := &pod.Status.Conditions[i]; c.Type == corev1.PodReady || c.Type == corev1.ContainersReady {
				c.Status, c.Reason = corev1.ConditionFalse, "ContainersNotReady"
			}
		}
		return env.Admin.Status().Patch(s.Context(), pod, client.MergeFrom(before))
	})
}
