// SPDX-License-Identifier: Apache-2.0

package fleet_test

import (
	"encoding/json"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/fleet"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/resources"
	"github.com/peernode/operator/pkg/settings"
)

// now is the only clock of these tests.
var now = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)

const (
	imageV1 = "registry.example.com/p2p-agent:v1"
	imageV2 = "registry.example.com/p2p-agent:v2"
)

// world is what can be observed of one fleet, made of real plans: its objects are those that its plans apply, as an
// API server would hand them out.
type world struct {
	t *testing.T
	fleet.Observed
	// failed is what carrying out the plan ran into.
	failed *conditions.Finding
}

// newborn is a fleet of three that nobody has looked at yet. Its peers are available as soon as they are ready.
func newborn(t *testing.T, spec ...func(*v1alpha1.PeerFleet)) *world {
	t.Helper()
	f := &v1alpha1.PeerFleet{
		ObjectMeta: metav1.ObjectMeta{Name: "alpha", Namespace: "peers", UID: "uid-1", Generation: 3},
		Spec: v1alpha1.PeerFleetSpec{Replicas: 3, Template: v1alpha1.PeerNodeTemplate{Spec: v1alpha1.PeerNodeSpec{
			Software: v1alpha1.PeerSoftware{P2PAgent: &v1alpha1.P2PAgentSoftware{}},
			Image:    imageV1,
			Storage:  v1alpha1.PeerStorage{Size: resource.MustParse("1Gi")},
		}}, Rollout: v1alpha1.PeerRollout{MinReadySeconds: new(int32(0))}},
	}
	for _, s := range spec {
		s(f)
	}
	return &world{t: t, Observed: fleet.Observed{
		Options: settings.Operator{Resources: resources.Options{CompanionImage: "registry.example.com/peer-companion:v1", UnsealerNamespace: "peernode-system"}},
		Fleet:   f, Now: now, Peers: map[string]*v1alpha1.PeerNode{}, Objects: map[intent.Ref]intent.Object{},
	}}
}

// serving is a fleet whose peers are as planned and serve, and whose status is on record.
func serving(t *testing.T, spec ...func(*v1alpha1.PeerFleet)) *world {
	t.Helper()
	w := newborn(t, spec...)
	w.converge()
	w.Fleet.Status = w.status()
	return w
}

// converge carries out plans, and lets every peer come up in between, until nothing is left to do.
func (w *world) converge() {
	w.t.Helper()
	for range 30 {
		w.carryOut()
		w.attend()
		if p := w.decide(); !p.Acts() {
			return
		}
	}
	w.t.Fatal("the fleet never needs nothing")
}

func (w *world) decide() fleet.Plan {
	w.t.Helper()
	p, err := fleet.Decide(w.Observed)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) status() v1alpha1.PeerFleetStatus {
	w.t.Helper()
	return fleet.Status(w.Observed, w.decide(), w.failed, now)
}

// carryOut does what the plan says, as the API server would.
func (w *world) carryOut() fleet.Plan {
	w.t.Helper()
	p := w.decide()
	for _, change := range p.Apply {
		w.apply(change)
	}
	for _, record := range p.Forget {
		delete(w.Objects, fleet.RevisionRef(w.Fleet, record.Name))
	}
	for _, leaving := range p.Delete {
		if len(leaving.Finalizers) > 0 {
			leaving.DeletionTimestamp = &metav1.Time{Time: now}
		} else {
			delete(w.Peers, leaving.Name)
		}
	}
	return p
}

func (w *world) apply(change intent.Change) {
	w.t.Helper()
	raw, err := json.Marshal(change.Object)
	if err != nil {
		w.t.Fatal(err)
	}
	switch change.Kind {
	case "PeerNode":
		w.Peers[change.Name] = stored(w, raw, w.Peers[change.Name], func(next, live *v1alpha1.PeerNode) bool {
			next.Status, next.Finalizers = live.Status, live.Finalizers
			return equality.Semantic.DeepEqual(next.Spec, live.Spec)
		})
	case "ConfigMap":
		live, _ := w.Objects[change.Ref].(*corev1.ConfigMap)
		w.Objects[change.Ref] = stored(w, raw, live, func(_, _ *corev1.ConfigMap) bool { return true })
	case "ControllerRevision":
		live, _ := w.Objects[change.Ref].(*appsv1.ControllerRevision)
		w.Objects[change.Ref] = stored(w, raw, live, func(_, _ *appsv1.ControllerRevision) bool { return true })
	case "PodDisruptionBudget":
		live, _ := w.Objects[change.Ref].(*policyv1.PodDisruptionBudget)
		w.Objects[change.Ref] = stored(w, raw, live, func(next, live *policyv1.PodDisruptionBudget) bool {
			next.Status = live.Status
			return equality.Semantic.DeepEqual(next.Spec, live.Spec)
		})
	default:
		w.t.Fatalf("the plan applies a %s", change.Kind)
	}
}

// stored is what becomes of an applied object. keep takes over what is not the fleet's to write, and reports whether
// the spec is the same.
func stored[T any, P interface {
	*T
	intent.Object
}](w *world, raw []byte, live P, keep func(next, live P) bool) P {
	w.t.Helper()
	next := P(new(T))
	if err := json.Unmarshal(raw, next); err != nil {
		w.t.Fatal(err)
	}
	next.GetObjectKind().SetGroupVersionKind(intent.Ref{}.GroupVersionKind) // As a typed client hands it out.
	next.SetUID(types.UID("uid-of-" + next.GetName()))
	next.SetGeneration(1)
	if live != nil {
		next.SetUID(live.GetUID())
		next.SetGeneration(live.GetGeneration())
		if !keep(next, live) {
			next.SetGeneration(live.GetGeneration() + 1)
		}
	}
	return next
}

func (w *world) peer(name string) *v1alpha1.PeerNode {
	w.t.Helper()
	p := w.Peers[name]
	if p == nil {
		w.t.Fatalf("there is no PeerNode %s", name)
	}
	return p
}

func (w *world) budget() *policyv1.PodDisruptionBudget {
	return object[*policyv1.PodDisruptionBudget](w)
}
func (w *world) list() *corev1.ConfigMap { return object[*corev1.ConfigMap](w) }

// object finds the live object of a kind.
func object[T intent.Object](w *world) T {
	w.t.Helper()
	for _, o := range w.Objects {
		if typed, ok := o.(T); ok {
			return typed
		}
	}
	var none T
	w.t.Fatalf("there is no %T", none)
	return none
}
