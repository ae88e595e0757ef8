// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/builders"
)

func TestSuspendStopsThePodAndResumeBringsTheSamePeerBack(t *testing.T) {
	s := tell(t)
	p := s.serving("alpha")
	claim, key := &corev1.PersistentVolumeClaim{}, &corev1.Secret{}
	s.is("alpha-data", claim)
	s.is("alpha-identity-1", key)

	s.edit(p, builders.Suspended)
	s.becomes(p, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSuspended)
	s.gone("alpha-0", &corev1.Pod{})

	s.edit(p, func(p *v1alpha1.PeerNode) { p.Spec.Suspend = false })
	s.serves(p)
	s.same("alpha-data", claim)
	s.same("alpha-identity-1", key)
}

func TestASpecThatCannotRunIsCorrectedWhileThePeerIsUnhealthy(t *testing.T) {
	s := tell(t)
	p := s.serving("alpha")
	s.edit(p, func(p *v1alpha1.PeerNode) {
		p.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("9000")} // a simulated node has 1000
	})
	s.becomes(p, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonWaitingForNode)

	s.edit(p, func(p *v1alpha1.PeerNode) { p.Spec.Resources = v1alpha1.PeerResources{} })
	s.serves(p)
	pod := &corev1.Pod{}
	s.is("alpha-0", pod)
	if cpu := pod.Spec.Containers[0].Resources.Requests.Cpu(); cpu.String() != "100m" {
		s.Errorf("the pod asks for %s CPU, want the default of 100m", cpu)
	}
}

func TestAWrongPodTemplateStallsAndTouchesNothing(t *testing.T) {
	for name, patch := range map[string]string{
		"a patch that lifts a safeguard":              `{"spec":{"automountServiceAccountToken":true}}`,
		"a patch with a field that no pod has":        `{"spec":{"nodeSelektor":{"disk":"ssd"}}}`,
		"a patch that takes the peer's container out": `{"spec":{"containers":[{"$patch":"delete","name":"peer"}]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t)
			p := s.serving("alpha")
			set, pod := &appsv1.StatefulSet{}, &corev1.Pod{}
			s.is("alpha", set)
			s.is("alpha-0", pod)

			s.edit(p, podTemplate(patch))
			s.becomes(p, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonInvalidPodTemplate)
			s.becomes(p, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonServing)
			s.unchanged("alpha", set)
			s.unchanged("alpha-0", pod)

			s.edit(p, podTemplate(`{"spec":{"nodeSelector":{"kubernetes.io/os":"linux"}}}`))
			s.serves(p)
			s.becomes(p, v1alpha1.ConditionCustomPodTemplate, metav1.ConditionTrue, v1alpha1.ReasonPatched)
			s.is("alpha-0", pod)
			if pod.Spec.NodeSelector["kubernetes.io/os"] != "linux" {
				s.Errorf("the corrected patch is not in the pod: %v", pod.Spec.NodeSelector)
			}
		})
	}
}

func TestAPodTemplateThatTheServerRefusesStallsWithItsMessage(t *testing.T) {
	s := tell(t)
	p := s.serving("alpha")
	pod := &corev1.Pod{}
	s.is("alpha-0", pod)
	s.edit(p, podTemplate(`{"spec":{"priorityClassName":"Not A Name"}}`))
	c := s.becomes(p, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonObjectRefused)
	if c.Message == "" {
		s.Error("the server's message is not told")
	}
	s.unchanged("alpha-0", pod)
}
