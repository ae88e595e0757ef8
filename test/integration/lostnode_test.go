// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/cluster/audit"
)

// Nobody says here that the node is lost: the controllers of Kubernetes find out, which takes them about a minute.
func TestAPeerOnALostNodeStartsElsewhereOnceTheNodeIsGivenUp(t *testing.T) {
	for name, c := range map[string]struct {
		spread *v1alpha1.PeerSpread
		giveUp func(*story, string)
	}{
		"by a taint":                        {nil, (*story).taintOutOfService},
		"by the end of its Node":            {nil, (*story).deleteNode},
		"by a taint, under a strict spread": {&v1alpha1.PeerSpread{WhenUnsatisfiable: corev1.DoNotSchedule}, (*story).taintOutOfService},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t)
			s.nodes(3)
			f := s.fleet(3, builders.Template(s.onItsNodes), func(f *v1alpha1.PeerFleet) { f.Spec.Spread = c.spread })
			pods := s.followPods(f)
			before := s.uids(&corev1.PodList{}, v1alpha1.LabelFleet)
			pod, claim, key := &corev1.Pod{}, &corev1.PersistentVolumeClaim{}, &corev1.Secret{}
			s.is("relay-1-0", pod)
			s.is("relay-1-data", claim)
			s.is("relay-1-identity-1", key)

			s.fallsSilent(pod.Spec.NodeName)
			s.waitsForItsNode(pod)
			s.isGivenUp("relay-1-0")
			s.editFleet(f, builders.Template(builders.WithImage(otherImage)))
			s.fleetBecomes(f, v1alpha1.ConditionRolloutOpen, metav1.ConditionFalse, v1alpha1.ReasonUpdatedPeersNotReady)
			s.settle(quiet)
			s.waitsForItsNode(pod)
			s.fleetWaitsFor(f, "relay-1")
			if diff := cmp.Diff(before, s.uids(&corev1.PodList{}, v1alpha1.LabelFleet)); diff != "" {
				t.Errorf("pods (-before +after):\n%s", diff)
			}

			c.giveUp(s, pod.Spec.NodeName)
			s.allServe(f)
			s.hasMoved(pod)
			s.same("relay-1-data", claim)
			s.same("relay-1-identity-1", key)
			if least := pods.LeastReady(); least != 2 {
				t.Errorf("%d pods were ready at the worst moment, want 2 of 3", least)
			}
			s.touchedNoPod()
		})
	}
}

// storyTaint keeps the pods of other stories away, none of which may tolerate everything.
const storyTaint = "test.peernode.dev/story"

// nodes makes simulated nodes that take no pods but those of this story, and waits until they do. Their zone is their
// own, because Kubernetes gives up only one node of a zone in ten seconds.
func (s *story) nodes(count int) {
	s.Helper()
	for i := range count {
		node := &corev1.Node{}
		node.Name = fmt.Sprintf("%s-%d", s.ns, i)
		node.Labels = map[string]string{"type": "simulated", corev1.LabelHostname: node.Name, corev1.LabelTopologyZone: s.ns}
		node.Spec.Taints = []corev1.Taint{{Key: storyTaint, Value: s.ns, Effect: corev1.TaintEffectNoSchedule}}
		s.must(env.Admin.Create(s.Context(), node))
		s.eventually(func() error {
			if err := env.Admin.Get(s.Context(), client.ObjectKeyFromObject(node), node); err != nil || len(node.Spec.Taints) > 1 {
				return fmt.Errorf("node %s is not ready, its taints are %v: %w", node.Name, node.Spec.Taints, err)
			}
			return nil
		})
	}
}

// onItsNodes brings a peer to the nodes of the story. When its node is lost, it is given up after seconds and not after
// the usual five minutes.
func (s *story) onItsNodes(p *v1alpha1.PeerNode) {
	podTemplate(fmt.Sprintf(`{"spec":{"nodeSelector":{%q:%q},"tolerations":[{"key":%q,"operator":"Exists"},{"key":%q,"operator":"Exists","effect":"NoExecute","tolerationSeconds":5}]}}`,
		corev1.LabelTopologyZone, s.ns, storyTaint, corev1.TaintNodeUnreachable))(p)
}

// fallsSilent lets nobody hear of a node any more: its label is why kwok plays its kubelet.
func (s *story) fallsSilent(node string) {
	s.Helper()
	s.patch(node, &corev1.Node{}, `{"metadata":{"labels":{"type":null}}}`)
}

func (s *story) taintOutOfService(node string) {
	s.Helper()
	patch := fmt.Sprintf(`[{"op":"add","path":"/spec/taints/-","value":{"key":%q,"value":"nodeshutdown","effect":"NoExecute"}}]`, corev1.TaintNodeOutOfService)
	s.must(env.Admin.Patch(s.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node}}, client.RawPatch(types.JSONPatchType, []byte(patch))))
}

func (s *story) deleteNode(node string) {
	s.Helper()
	s.must(env.Admin.Delete(s.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node}}))
}

// isGivenUp waits until Kubernetes has deleted a pod because of its node. It stays until that node says that it stopped.
func (s *story) isGivenUp(name string) {
	s.Helper()
	s.eventually(func() error {
		pod := &corev1.Pod{}
		if err := s.get(name, pod); err != nil || pod.DeletionTimestamp == nil {
			return fmt.Errorf("pod %s is not being deleted: %w", name, err)
		}
		return nil
	})
}

// waitsForItsNode waits until the peer of a pod says that its node is lost, and which one.
func (s *story) waitsForItsNode(pod *corev1.Pod) {
	s.Helper()
	p := builders.PeerNode(s.ns, pod.Labels[v1alpha1.LabelPeerNode])
	s.becomes(p, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonWaitingForLostNode)
	c := s.becomes(p, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonWaitingForLostNode)
	if !strings.Contains(c.Message, "node "+pod.Spec.NodeName+" does not answer") {
		s.Errorf("the message does not name node %s: %s", pod.Spec.NodeName, c.Message)
	}
}

// fleetWaitsFor fails unless a fleet tells of a peer that is lost and, because it has nothing to lose, is the only one
// that a rollout has changed.
func (s *story) fleetWaitsFor(f *v1alpha1.PeerFleet, peer string) {
	s.Helper()
	rollout := s.fleetBecomes(f, v1alpha1.ConditionRolloutOpen, metav1.ConditionFalse, v1alpha1.ReasonUpdatedPeersNotReady)
	ready := s.fleetBecomes(f, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonPeersNotReady)
	for _, c := range []metav1.Condition{rollout, ready} {
		if !strings.Contains(c.Message, peer+": "+v1alpha1.ReasonWaitingForLostNode) {
			s.Errorf("%s does not tell of %s: %s", c.Type, peer, c.Message)
		}
	}
	if f.Status.ReadyReplicas != 2 || f.Status.UpdatedReplicas != 1 {
		s.Errorf("%d peers are ready and %d updated, want 2 and 1", f.Status.ReadyReplicas, f.Status.UpdatedReplicas)
	}
}

// hasMoved fails unless a pod has been made anew on another node.
func (s *story) hasMoved(was *corev1.Pod) {
	s.Helper()
	if is := s.again(was.Name, was).(*corev1.Pod); is.Spec.NodeName == was.Spec.NodeName {
		s.Errorf("pod %s is on node %s, where it was", is.Name, is.Spec.NodeName)
	}
}

// touchedNoPod fails if the operator has ever asked to change or to delete a pod: a pod that is deleted by force may
// still run, beside the one that takes its place.
func (s *story) touchedNoPod() {
	s.Helper()
	writes, err := s.log.Writes(s.ns, 0)
	s.must(err)
	for _, w := range writes {
		if w.Resource == "pods" {
			s.Errorf("the operator sent %s %s, answered %d", audit.VerbAndResource(w), w.Name, w.Code)
		}
	}
}
