// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/handover"
	"github.com/peernode/operator/pkg/names"
	objects "github.com/peernode/operator/pkg/resources"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/test/builders"
)

// keyStory is a story of a Job that makes a key. The PeerNode is of a software that keeps its own key, so the operator
// has no part in it beyond the service account.
type keyStory struct {
	*story
	peer    *v1alpha1.PeerNode
	openers []seal.Opener
}

func tellOfAKey(t *testing.T, recipients int) *keyStory {
	t.Helper()
	s := &keyStory{story: tell(t)}
	s.ns = restrictedNamespace(t)
	s.peer = s.serving("alpha", builders.Custom)
	for range recipients {
		o, err := seal.NewOpener()
		s.must(err)
		s.openers = append(s.openers, o)
	}
	return s
}

// applies sends the Job and returns what the server makes of it.
func (s *keyStory) applies() *batchv1.Job {
	s.Helper()
	in := objects.KeyJobInput{PeerNode: s.peer, Epoch: 1, KeyType: v1alpha1.IdentityEd25519, Image: builders.Image}
	for _, o := range s.openers {
		in.Recipients = append(in.Recipients, o.Recipient())
	}
	raw, err := json.Marshal(objects.KeyJob(in))
	s.must(err)
	job := &batchv1.Job{}
	job.Namespace, job.Name = s.ns, names.Key(s.peer, 1)
	s.must(env.Admin.Patch(s.Context(), job, client.RawPatch(types.ApplyPatchType, raw), client.FieldOwner("keyjob"), strict))
	return job
}

// pods are those of the Job.
func (s *keyStory) pods() ([]corev1.Pod, error) {
	list := &corev1.PodList{}
	err := env.Admin.List(s.Context(), list, client.InNamespace(s.ns), client.MatchingLabels{v1alpha1.LabelComponent: objects.ComponentKeygen})
	return list.Items, err
}

// completes waits for the Job, and opens what it has handed over for every recipient.
func (s *keyStory) completes(job *batchv1.Job) seal.Envelope {
	s.Helper()
	s.eventually(func() error {
		if err := s.get(job.Name, job); err != nil || job.Status.Succeeded == 1 && job.Status.CompletionTime != nil {
			return err
		}
		return fmt.Errorf("the Job is not complete: %+v", job.Status)
	})
	pods, err := s.pods()
	s.must(err)
	for i := range pods {
		messages, ok := objects.KeyJobMessages(&pods[i])
		if !ok {
			continue
		}
		envelope, err := handover.Join(messages)
		s.must(err)
		for _, o := range s.openers {
			opened, err := envelope.Open(seal.Binding{Namespace: s.ns, PeerNode: "alpha", Role: seal.RoleIdentity, Epoch: 1}, o)
			s.must(err)
			if public := opened.Key.Public(); public.Type() != v1alpha1.IdentityEd25519 || public.PeerID() != envelope.Header().PeerID {
				s.Errorf("%s opens it and finds %v", o.Recipient().Info(), public)
			}
		}
		return envelope
	}
	s.Fatalf("none of %d pods hands a key over", len(pods))
	return seal.Envelope{}
}

// runs waits until a pod of the Job runs.
func (s *keyStory) runs(job *batchv1.Job) *corev1.Pod {
	s.Helper()
	var running *corev1.Pod
	s.eventually(func() error {
		pods, err := s.pods()
		for i := range pods {
			if p := &pods[i]; p.Status.Phase == corev1.PodRunning && p.DeletionTimestamp == nil {
				running = p
				return nil
			}
		}
		return errors.Join(err, fmt.Errorf("none of %d pods of %s runs", len(pods), job.Name))
	})
	return running
}

func TestAJobHandsAKeyOverThatItsRecipientsOpen(t *testing.T) {
	for _, recipients := range []int{1, 2, handover.MaxRecipients} {
		t.Run(fmt.Sprintf("%d recipients", recipients), func(t *testing.T) {
			s := tellOfAKey(t, recipients)
			envelope := s.completes(s.applies())
			if got := len(envelope.Header().Recipients); got != recipients {
				t.Errorf("it is sealed to %d recipients, want %d", got, recipients)
			}
			pods, err := s.pods()
			s.must(err)
			for _, p := range pods {
				if p.Status.Phase != corev1.PodSucceeded || podReady(&p) {
					t.Errorf("pod %s is %s, ready: %t", p.Name, p.Status.Phase, podReady(&p))
				}
			}
		})
	}
}

func podReady(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

func TestToApplyTheJobOfAKeyAgainChangesNothing(t *testing.T) {
	s := tellOfAKey(t, 2)
	first := s.applies()
	s.completes(first)
	again := s.applies()
	if diff := cmp.Diff(withoutStatus(first), withoutStatus(again)); diff != "" || again.UID != first.UID {
		t.Errorf("the Job (-before +after):\n%s", diff)
	}
	if pods, err := s.pods(); err != nil || len(pods) != 1 {
		t.Errorf("%d pods, %v", len(pods), err)
	}
}

func TestAPodThatMadeNoKeySaysWhyAndIsReplaced(t *testing.T) {
	s := tellOfAKey(t, 1)
	env.KeyJobs.FailNext(s.ns, "make the key: no entropy")
	job := s.applies()
	s.eventually(func() error {
		pods, err := s.pods()
		for i := range pods {
			if words, ok := objects.KeyJobFailure(&pods[i]); ok && words == "make the key: no entropy" {
				return nil
			}
		}
		return errors.Join(err, fmt.Errorf("none of %d pods failed with these words", len(pods)))
	})
	s.completes(job)
	if job.Status.Failed != 1 {
		t.Errorf("%d pods have failed, want 1", job.Status.Failed)
	}
}

func TestAPodThatIsDeletedBeforeItEndedIsReplaced(t *testing.T) {
	s := tellOfAKey(t, 1)
	env.KeyJobs.Hold(s.ns)
	job := s.applies()
	pod := s.runs(job)
	if messages, ok := objects.KeyJobMessages(pod); ok {
		t.Errorf("while it is held, it hands over %q", messages)
	}
	s.must(env.Admin.Delete(s.Context(), pod))
	s.gone(pod.Name, &corev1.Pod{})
	if other := s.runs(job); other.UID == pod.UID {
		t.Error("it is the same pod")
	}
	env.KeyJobs.Release(s.ns)
	s.completes(job)
}

func TestTheJobOfAKeyAndItsPodsGoWithThePeerNode(t *testing.T) {
	s := tellOfAKey(t, 1)
	env.KeyJobs.Hold(s.ns)
	job := s.applies()
	s.runs(job)
	s.remove(s.peer)
	s.gone(job.Name, &batchv1.Job{})
	s.eventually(func() error {
		pods, err := s.pods()
		if len(pods) > 0 {
			err = fmt.Errorf("%d pods are left", len(pods))
		}
		return err
	})
}
