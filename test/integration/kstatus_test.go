// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/builders"
)

// TestKstatus asks the library that Flux and others judge health by.
func TestKstatus(t *testing.T) {
	s := tell(t)
	p := builders.PeerNode(s.ns, "alpha")
	s.must(env.Admin.Create(t.Context(), p))
	s.judged("alpha", status.InProgressStatus)
	s.judged("alpha", status.CurrentStatus)

	s.edit(p, builders.WithSize("128Mi"))
	s.judged("alpha", status.InProgressStatus)
	s.becomes(p, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonWaitingForResize)
	s.judged("alpha", status.InProgressStatus)
	s.resize("alpha-data", "128Mi")
	s.judged("alpha", status.CurrentStatus)

	s.edit(p, podTemplate(`{"spec":{"automountServiceAccountToken":true}}`))
	s.judged("alpha", status.FailedStatus)
	s.edit(p, func(p *v1alpha1.PeerNode) { p.Spec.PodTemplate = nil })
	s.judged("alpha", status.CurrentStatus)

	s.edit(p, builders.Suspended)
	s.becomes(p, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSuspended)
	s.becomes(p, v1alpha1.ConditionReconciling, metav1.ConditionFalse, v1alpha1.ReasonSettled)
}

// judged waits until kstatus says so. What it must not say in between is seen at once.
func (s *story) judged(name string, want status.Status) {
	s.Helper()
	s.eventually(func() error {
		u := &unstructured.Unstructured{}
		u.SetGroupVersionKind(v1alpha1.SchemeGroupVersion.WithKind("PeerNode"))
		if err := s.get(name, u); err != nil {
			return err
		}
		got, err := status.Compute(u)
		if err != nil {
			return err
		}
		if got.Status != want {
			return fmt.Errorf("kstatus says %s (%s), want %s", got.Status, got.Message, want)
		}
		return nil
	})
}
