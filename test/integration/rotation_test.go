// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/test/builders"
)

// rotating has an overlap that a test can wait for.
func rotating(change ...func(*v1alpha1.KeyRotation)) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) {
		p.Spec.Identity = &v1alpha1.PeerIdentity{Rotation: &v1alpha1.KeyRotation{Overlap: "8s"}}
		for _, c := range change {
			c(p.Spec.Identity.Rotation)
		}
	}
}

func annotate(key, value string) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) { metav1.SetMetaDataAnnotation(&p.ObjectMeta, key, value) }
}

// proven makes a PeerNode that serves and has shown its key.
func (s *story) proven(name string, modify ...func(*v1alpha1.PeerNode)) *v1alpha1.PeerNode {
	s.Helper()
	p := s.serving(name, modify...)
	s.proves(name)
	s.is(name, p)
	return p
}

// reaches waits until the keys of a peer are on these stages, while the kubelet is played: a new pod shows the key on record.
func (s *story) reaches(p *v1alpha1.PeerNode, stages ...v1alpha1.KeyStage) {
	s.Helper()
	s.eventually(func() error {
		_ = env.ProveIdentity(s.Context(), s.ns, p.Name)
		if err := s.get(p.Name, p); err != nil {
			return err
		}
		if got := stagesOf(p); !slices.Equal(got, stages) {
			return fmt.Errorf("the keys of %s are %v, want %v; %+v", p.Name, got, stages, p.Status.Conditions)
		}
		return nil
	})
}

func stagesOf(p *v1alpha1.PeerNode) (out []v1alpha1.KeyStage) {
	for _, e := range p.Status.Identity.Epochs {
		out = append(out, e.Stage)
	}
	return out
}

// diary follows a namespace: what was on record of keys, on lists and in pods, in the order in which it came to be.
type diary struct {
	mu sync.Mutex
	// accepted are the numbers of keys that were accepted at a time.
	accepted map[int]bool
	// pods are the UIDs of the pods of a peer, and heard what the list of the other said when each of them came.
	pods  []string
	heard []string
	list  string
}

// follow keeps a diary of alpha, and of the list of beta.
func (s *story) follow() *diary {
	s.Helper()
	d := &diary{accepted: map[int]bool{}}
	watching, err := client.NewWithWatch(env.AdminConfig, client.Options{Scheme: env.Scheme})
	s.must(err)
	ctx, cancel := context.WithCancel(s.Context())
	s.Cleanup(cancel)
	for _, list := range []client.ObjectList{&v1alpha1.PeerNodeList{}, &corev1.ConfigMapList{}, &corev1.PodList{}} {
		events, err := watching.Watch(ctx, list, client.InNamespace(s.ns))
		s.must(err)
		go func() {
			for e := range events.ResultChan() {
				if e.Type == watch.Added || e.Type == watch.Modified {
					d.note(e.Object.(client.Object))
				}
			}
		}()
	}
	return d
}

func (d *diary) note(o client.Object) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch o := o.(type) {
	case *v1alpha1.PeerNode:
		if o.Name == "alpha" && o.Status.Identity != nil && len(o.Status.Identity.Epochs) > 0 {
			n := 0
			for _, stage := range stagesOf(o) {
				if stage == v1alpha1.KeyActive || stage == v1alpha1.KeyRetiring {
					n++
				}
			}
			d.accepted[n] = true
		}
	case *corev1.ConfigMap:
		if o.Name == "beta-config" {
			d.list = o.Data["peers.yaml"]
		}
	case *corev1.Pod:
		if o.Name == "alpha-0" && !slices.Contains(d.pods, string(o.UID)) {
			d.pods, d.heard = append(d.pods, string(o.UID)), append(d.heard, d.list)
		}
	}
}

// pair are two peers that declare each other, proven.
func (s *story) pair(modify ...func(*v1alpha1.PeerNode)) *v1alpha1.PeerNode {
	s.Helper()
	s.proven("beta", builders.Declaring("alpha"))
	alpha := s.proven("alpha", append(modify, builders.Declaring("beta"))...)
	s.lists("beta", "alpha")
	return alpha
}

// says waits until the list of beta has some names, and none of others.
func (s *story) says(has, hasNot []string) {
	s.Helper()
	s.eventually(func() error {
		config := &corev1.ConfigMap{}
		if err := s.get("beta-config", config); err != nil {
			return err
		}
		list := config.Data["peers.yaml"]
		for _, id := range has {
			if !strings.Contains(list, id) {
				return fmt.Errorf("beta does not let %s in:\n%s", id, list)
			}
		}
		for _, id := range hasNot {
			if strings.Contains(list, id) {
				return fmt.Errorf("beta still lets %s in:\n%s", id, list)
			}
		}
		return nil
	})
}

func TestAKeyIsRotatedOnDemand(t *testing.T) {
	s := tell(t)
	alpha := s.pair(rotating())
	before := alpha.Status.Identity.PeerID
	d := s.follow()

	s.edit(alpha, annotate(v1alpha1.AnnotationRotateKey, "monday"))
	s.reaches(alpha, v1alpha1.KeyRetiring, v1alpha1.KeyActive)
	after := alpha.Status.Identity.PeerID
	if after == before || alpha.Status.Identity.Epoch != 2 || alpha.Status.Identity.SecretName != "alpha-identity-2" {
		t.Fatalf("after the switch on record is %+v", alpha.Status.Identity)
	}
	s.says([]string{before, after}, nil)
	s.becomes(alpha, v1alpha1.ConditionKeyRotated, metav1.ConditionFalse, v1alpha1.ReasonWaitingForProof)
	s.reaches(alpha, v1alpha1.KeyRevoked, v1alpha1.KeyActive)
	s.says([]string{after}, []string{before})
	s.serves(alpha)
	if id := s.envelope("alpha-identity-2").Header().PeerID; id != after {
		t.Errorf("the Secret holds the key of %s, on record is %s", id, after)
	}

	d.mu.Lock()
	defer d.mu.Unlock()
	if d.accepted[0] || d.accepted[3] || !d.accepted[1] || !d.accepted[2] {
		t.Errorf("so many keys were accepted at a time: %v", d.accepted)
	}
	if len(d.pods) != 2 {
		t.Fatalf("alpha had the pods %v, and a rotation replaces one once", d.pods)
	}
	if !strings.Contains(d.heard[1], before) || !strings.Contains(d.heard[1], after) {
		t.Errorf("when the pod was replaced, beta let in:\n%s", d.heard[1])
	}
	if alpha.Status.Identity.Rotation.LastRequest != "monday" {
		t.Errorf("served is %+v", alpha.Status.Identity.Rotation)
	}
}

// The peers of a fleet let the next key of one in before it switches, and no two of them switch at a time.
func TestAFleetRotatesItsKeysOneAfterTheOther(t *testing.T) {
	s := tell(t)
	f := s.fleet(3, func(f *v1alpha1.PeerFleet) {
		f.Spec.Template.Spec.Identity = &v1alpha1.PeerIdentity{Rotation: &v1alpha1.KeyRotation{Overlap: "8s"}}
	})
	for name := range s.peersOf(f) {
		s.proves(name)
	}
	s.fleetBecomes(f, v1alpha1.ConditionMembersKnown, metav1.ConditionTrue, v1alpha1.ReasonAllKnown)
	before := s.uids(&corev1.PodList{}, v1alpha1.LabelFleet)
	pods := s.followPods(f)

	s.editFleet(f, func(f *v1alpha1.PeerFleet) {
		metav1.SetMetaDataAnnotation(&f.ObjectMeta, v1alpha1.AnnotationRotateKey, "monday")
	})
	listed := map[string]bool{}
	s.eventually(func() error {
		members := &corev1.ConfigMap{}
		s.must(s.get(names.Members("relay"), members))
		var open []string
		for name, p := range s.peersOf(f) {
			_ = env.ProveIdentity(s.Context(), s.ns, name)
			id, also := p.Status.Identity.Names()
			if n := len(p.Status.Identity.Epochs); n == 2 && stagesOf(&p)[1] == v1alpha1.KeyPublished {
				listed[name] = listed[name] || strings.Contains(members.Data["peers.yaml"], also[0])
			} else if n == 2 && stagesOf(&p)[0] == v1alpha1.KeyRetiring && !strings.Contains(members.Data["peers.yaml"], id) {
				s.Errorf("%s uses a key that the others do not let in", name)
			}
			if !slices.Equal(stagesOf(&p), []v1alpha1.KeyStage{v1alpha1.KeyRevoked, v1alpha1.KeyActive}) {
				open = append(open, fmt.Sprint(name, " ", stagesOf(&p)))
			}
		}
		if len(open) > 0 {
			return fmt.Errorf("the keys are %v", open)
		}
		return nil
	})
	s.allServe(f)
	if len(listed) != 3 || !listed["relay-0"] || !listed["relay-1"] || !listed["relay-2"] {
		t.Errorf("before the switch the others let in the next keys of %v", listed)
	}
	if least := pods.LeastReady(); least != 2 {
		t.Errorf("%d pods were ready at the worst moment, want 2 of 3", least)
	}
	for name, uid := range s.uids(&corev1.PodList{}, v1alpha1.LabelFleet) {
		if strings.HasSuffix(name, "-0") && before[name] == uid {
			t.Errorf("pod %s is still that with the key of before", name)
		}
	}
	s.settle(pause)
	s.silent(time.Second)
}

func TestARotationWaitsForApproval(t *testing.T) {
	s := tell(t)
	alpha := s.proven("alpha", rotating(func(r *v1alpha1.KeyRotation) { r.Approval = v1alpha1.ApprovalManual }))
	pod := &corev1.Pod{}
	s.is("alpha-0", pod)
	s.edit(alpha, annotate(v1alpha1.AnnotationRotateKey, "monday"))
	s.becomes(alpha, v1alpha1.ConditionKeyRotated, metav1.ConditionFalse, v1alpha1.ReasonWaitingForApproval)
	s.settle(pause)
	s.same("alpha-0", pod)
	s.serves(alpha)

	s.edit(alpha, annotate(v1alpha1.AnnotationHold, "a copy of the volume"))
	s.edit(alpha, annotate(v1alpha1.AnnotationApproveKey, "2"))
	s.becomes(alpha, v1alpha1.ConditionKeyRotated, metav1.ConditionFalse, v1alpha1.ReasonWaitingForHold)
	s.same("alpha-0", pod)
	s.edit(alpha, func(p *v1alpha1.PeerNode) { delete(p.Annotations, v1alpha1.AnnotationHold) })
	s.reaches(alpha, v1alpha1.KeyRetiring, v1alpha1.KeyActive)
	s.reaches(alpha, v1alpha1.KeyRevoked, v1alpha1.KeyActive)
}

// A key that somebody else may have is given up at once, and there is no overlap.
func TestACompromisedKeyIsGivenUpAtOnce(t *testing.T) {
	s := tell(t)
	alpha := s.pair()
	before := alpha.Status.Identity.PeerID
	env.KeyJobs.Hold(s.ns)
	s.edit(alpha, annotate(v1alpha1.AnnotationCompromisedKey, "1"))
	s.becomes(alpha, v1alpha1.ConditionKeyRotated, metav1.ConditionFalse, v1alpha1.ReasonKeyCompromised)
	if alpha.Status.Identity.MinimumEpoch != 2 {
		t.Errorf("on record is %+v", alpha.Status.Identity)
	}
	s.says(nil, []string{before})

	env.KeyJobs.Release(s.ns)
	s.reaches(alpha, v1alpha1.KeyRevoked, v1alpha1.KeyActive)
	s.says([]string{alpha.Status.Identity.PeerID}, []string{before})
	s.proves("alpha")
	s.serves(alpha)
	s.settle(pause)
	s.silent(time.Second)
}
