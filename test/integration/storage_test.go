// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/builders"
)

func TestAVolumeGrowsInPlace(t *testing.T) {
	s := tell(t)
	p := s.serving("alpha")
	claim := &corev1.PersistentVolumeClaim{}
	s.is("alpha-data", claim)

	s.edit(p, builders.WithSize("128Mi"))
	s.becomes(p, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonWaitingForResize)
	s.becomes(p, v1alpha1.ConditionStorageReady, metav1.ConditionFalse, v1alpha1.ReasonWaitingForResize)
	s.becomes(p, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonServing)
	s.same("alpha-data", claim)
	s.is("alpha-data", claim)
	if asked := claim.Spec.Resources.Requests.Storage(); asked.String() != "128Mi" {
		s.Errorf("the claim asks for %s, want 128Mi", asked)
	}

	s.resize("alpha-data", "128Mi")
	s.serves(p)
	s.becomes(p, v1alpha1.ConditionStorageReady, metav1.ConditionTrue, v1alpha1.ReasonBound)
	if has := p.Status.Storage.Capacity; has.String() != "128Mi" {
		s.Errorf("status.storage.capacity is %s, want 128Mi", has)
	}
}

// resize plays the CSI resizer, which this control plane does not have.
func (s *story) resize(claimName, size string) {
	s.Helper()
	claim := &corev1.PersistentVolumeClaim{}
	s.is(claimName, claim)
	before := claim.DeepCopy()
	claim.Status.Capacity[corev1.ResourceStorage] = resource.MustParse(size)
	s.must(env.Admin.Status().Patch(s.Context(), claim, client.MergeFrom(before)))
}

func TestAVolumeThatIsTakenUpAgainKeepsItsLargerSize(t *testing.T) {
	s := tell(t)
	first := s.serving("alpha", builders.WithSize("128Mi"))
	claim, key := &corev1.PersistentVolumeClaim{}, &corev1.Secret{}
	s.is("alpha-data", claim)
	s.is("alpha-identity-1", key)
	s.remove(first)

	second := s.serving("alpha", builders.WithSize("64Mi"))
	s.becomes(second, v1alpha1.ConditionStorageReady, metav1.ConditionTrue, v1alpha1.ReasonLargerThanAsked)
	s.same("alpha-data", claim)
	s.same("alpha-identity-1", key)
	s.is("alpha-data", claim)
	if asked := claim.Spec.Resources.Requests.Storage(); asked.String() != "128Mi" {
		s.Errorf("the claim asks for %s, want the 128Mi that it had", asked)
	}
	if owner := claim.Annotations[v1alpha1.AnnotationOwnerUID]; owner != string(second.UID) {
		s.Errorf("the claim was last used by %s, want the new PeerNode, %s", owner, second.UID)
	}
	s.settle(quiet)
	s.silent(pause)
}

func TestDeletionPolicyDecidesWhatStays(t *testing.T) {
	for name, c := range map[string]struct {
		modify            []func(*v1alpha1.PeerNode)
		keepData, keepKey bool
	}{
		"by default data and keys stay":           {nil, true, true},
		"data goes where the spec says so":        {[]func(*v1alpha1.PeerNode){builders.DeleteData}, false, true},
		"both go where the spec says so of both":  {[]func(*v1alpha1.PeerNode){builders.DeleteData, builders.DeleteKeys}, false, false},
		"data of a suspended peer goes as well":   {[]func(*v1alpha1.PeerNode){builders.DeleteData, builders.Suspended}, false, true},
		"data of a peer that never ran goes, too": {[]func(*v1alpha1.PeerNode){builders.DeleteData, neverScheduled}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t)
			p := s.create("alpha", c.modify...)
			s.eventually(func() error { return s.get("alpha", &corev1.Service{}) })
			s.settle(pause)
			claim, key := &corev1.PersistentVolumeClaim{}, &corev1.Secret{}
			s.is("alpha-data", claim)
			s.is("alpha-identity-1", key)

			s.remove(p)
			s.gone("alpha", &corev1.Service{})
			s.stays("alpha-data", claim, c.keepData)
			s.stays("alpha-identity-1", key, c.keepKey)
		})
	}
}

func neverScheduled(p *v1alpha1.PeerNode) {
	p.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("9000")}
}

func (s *story) stays(name string, o client.Object, stays bool) {
	s.Helper()
	if !stays {
		s.gone(name, o)
		return
	}
	s.same(name, o)
	if after := s.again(name, o); after.GetDeletionTimestamp() != nil || len(after.GetOwnerReferences()) > 0 {
		s.Errorf("%T %s is on its way out", o, name)
	}
}
