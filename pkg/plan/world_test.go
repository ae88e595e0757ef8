// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"testing"
	"time"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/neighbours"
	"github.com/peernode/operator/pkg/plan"
	"github.com/peernode/operator/pkg/resources"
	"github.com/peernode/operator/pkg/settings"
)

// now is the only clock of these tests.
var now = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)

const (
	peerID = "12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo"
	// publicKey is that of peerID, and reservation the name of its reservation.
	publicKey   = "CAESINrb0YSi1Sbx691cBv2tk1myKHWbTX951maJ+iVKrYVG"
	reservation = "libp2p-ed25519-dadbd184a2d526f1ebdd5c06fdad9359b228759b4d7f79d66689fa254aad8546"
	revision    = "alpha-6d5f"
)

// world is what can be observed of one peer, made of real plans: its objects are those that a plan for its spec
// applies, as an API server would hand them out.
type world struct {
	t *testing.T
	plan.Observed
	// failed is what carrying out the plan ran into.
	failed *conditions.Finding
}

// newborn is a PeerNode that nobody has looked at yet.
func newborn(t *testing.T, spec ...func(*v1alpha1.PeerNode)) *world {
	t.Helper()
	p := &v1alpha1.PeerNode{
		ObjectMeta: metav1.ObjectMeta{Name: "alpha", Namespace: "peers", UID: "uid-1", Generation: 3},
		Spec: v1alpha1.PeerNodeSpec{
			Software: v1alpha1.PeerSoftware{P2PAgent: &v1alpha1.P2PAgentSoftware{}},
			Image:    "registry.example.com/p2p-agent:v1",
			Storage:  v1alpha1.PeerStorage{Size: resource.MustParse("1Gi")},
		},
	}
	for _, s := range spec {
		s(p)
	}
	return &world{t: t, Observed: plan.Observed{PeerNode: p, Objects: map[intent.Ref]intent.Object{}, Reservations: map[string]*v1alpha1.PeerIdentityReservation{}, Sealing: sealing(), CertManager: true, GatewayAPI: true, Options: operator()}}
}

// operator are the settings of the operator.
func operator() settings.Operator {
	return settings.Operator{
		Propagation: settings.DefaultPropagation,
		Resources:   resources.Options{CompanionImage: "registry.example.com/peer-companion:v1", UnsealerNamespace: "peernode-system"},
	}
}

// recorded is the key of the peers that have one.
func recorded() *v1alpha1.PeerIdentityStatus {
	return &v1alpha1.PeerIdentityStatus{Epochs: []v1alpha1.KeyEpoch{{
		Epoch: 1, Stage: v1alpha1.KeyActive, Since: metav1.NewTime(now), SecretName: "alpha-identity-1", PeerID: peerID, PublicKey: publicKey,
	}}, Epoch: 1, SecretName: "alpha-identity-1", Protection: v1alpha1.ProtectionBrokered, PeerID: peerID, PublicKey: publicKey}
}

// serving is a PeerNode whose objects are as planned, bound and running, and whose status is on record.
func serving(t *testing.T, spec ...func(*v1alpha1.PeerNode)) *world {
	t.Helper()
	w := newborn(t, spec...)
	if w.PeerNode.Spec.Software.P2PAgent != nil {
		w.PeerNode.Status.Identity = recorded()
	}
	w.carryOut()
	w.claim().Status = corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimBound, Capacity: w.claim().Spec.Resources.Requests.DeepCopy()}
	w.set().Status = appsv1.StatefulSetStatus{ObservedGeneration: 1, UpdateRevision: revision}
	if !w.PeerNode.Spec.Suspend {
		w.Pod = readyPod()
	}
	w.PeerNode.Status = w.status()
	return w
}

// carryOut makes the live objects what the plan intends, as the API server would.
func (w *world) carryOut() {
	w.t.Helper()
	p := w.decide()
	w.reserve(p.Reserve)
	for _, change := range p.Apply {
		object, err := kinds.New(change.GroupVersionKind)
		if err != nil {
			w.t.Fatal(err)
		}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(change.Object.Object, object); err != nil {
			w.t.Fatal(err)
		}
		live := object.(intent.Object)
		live.SetUID(types.UID(fmt.Sprintf("uid-of-%s-%s", change.Kind, change.Name)))
		live.SetGeneration(1)
		w.Objects[change.Ref] = live
	}
}

// kinds are those of all objects that plans apply.
var kinds = func() *runtime.Scheme {
	s := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(s))
	utilruntime.Must(certmanagerv1.AddToScheme(s))
	utilruntime.Must(gatewayv1.Install(s))
	return s
}()

// reserve lets a reservation exist.
func (w *world) reserve(r *v1alpha1.PeerIdentityReservation) {
	if r != nil {
		w.Reservations[r.Name] = r
	}
}

func (w *world) decide() plan.Plan {
	w.t.Helper()
	p, err := plan.Decide(w.Observed)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) status() v1alpha1.PeerNodeStatus {
	w.t.Helper()
	p := w.decide()
	return plan.Status(w.Observed, p, plan.Judge(w.Observed, p, w.failed, now), now)
}

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

func (w *world) claim() *corev1.PersistentVolumeClaim {
	return object[*corev1.PersistentVolumeClaim](w)
}
func (w *world) set() *appsv1.StatefulSet { return object[*appsv1.StatefulSet](w) }

// identity is the status of the container that checks the key.
func (w *world) identity() *corev1.ContainerStatus { return &w.Pod.Status.InitContainerStatuses[1] }

// unsealing is the status of the container that fetches the key.
func (w *world) unsealing() *corev1.ContainerStatus { return &w.Pod.Status.InitContainerStatuses[0] }

// peer is the status of the container that runs the peer.
func (w *world) peer() *corev1.ContainerStatus { return &w.Pod.Status.ContainerStatuses[0] }

func readyPod() *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "alpha-0", Namespace: "peers", Labels: map[string]string{appsv1.ControllerRevisionHashLabelKey: revision}},
		Status: corev1.PodStatus{
			Conditions: []corev1.PodCondition{
				{Type: corev1.PodScheduled, Status: corev1.ConditionTrue},
				{Type: corev1.PodReady, Status: corev1.ConditionTrue},
			},
			InitContainerStatuses: []corev1.ContainerStatus{{
				Name: "unseal", Image: "registry.example.com/peer-companion:v1",
				State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}},
			}, {
				Name: "identity", Image: "registry.example.com/p2p-agent:v1",
				State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: `{"peerID":"` + peerID + `","publicKey":"` + publicKey + `"}`}},
			}},
			ContainerStatuses: []corev1.ContainerStatus{{Name: "peer", Image: "registry.example.com/p2p-agent:v1", Ready: true}},
		},
	}
}

// unready makes the pod one that does not report ready.
func (w *world) unready() *world {
	w.Pod.Status.Conditions[1].Status = corev1.ConditionFalse
	w.peer().Ready = false
	return w
}

// onSilentNode makes the pod one whose node was heard of last while its containers were, or were not, ready; the node
// controller has declared it not ready since.
func (w *world) onSilentNode(containers corev1.ConditionStatus) *world {
	w.unready()
	w.Pod.Spec.NodeName = "node-1"
	w.Pod.Status.Conditions = append(w.Pod.Status.Conditions, corev1.PodCondition{Type: corev1.ContainersReady, Status: containers})
	return w
}

// unschedulable makes the pod one that no node takes.
func (w *world) unschedulable(message string) *world {
	w.unready()
	w.Pod.Status.Conditions[0] = corev1.PodCondition{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: message,
	}
	return w
}

// Changes of a spec.

func custom(p *v1alpha1.PeerNode) {
	p.Spec.Software = v1alpha1.PeerSoftware{Custom: &v1alpha1.CustomSoftware{
		DataPath: "/data",
		Ports: []v1alpha1.CustomPort{
			{Name: "gossip", Port: 7946, Purpose: v1alpha1.PurposePeer},
			{Name: "rpc", Port: 7373, Purpose: v1alpha1.PurposeAPI},
		},
	}}
}

func suspended(p *v1alpha1.PeerNode) { p.Spec.Suspend = true }

func withAPI(p *v1alpha1.PeerNode) {
	p.Spec.Network.API.Enabled = true
	p.Spec.TLS = &v1alpha1.PeerTLS{IssuerRef: &v1alpha1.CertificateIssuerReference{Name: "ca"}}
}

func patchedWith(patch string) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) { p.Spec.PodTemplate = &runtime.RawExtension{Raw: []byte(patch)} }
}

func declaring(names ...string) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) {
		for _, name := range names {
			p.Spec.Network.Peers = append(p.Spec.Network.Peers, v1alpha1.PeerReference{Name: name})
		}
	}
}

// beta is another PeerNode, which declares alpha and is known, unless changed.
func beta(change ...func(*v1alpha1.PeerNode)) *v1alpha1.PeerNode {
	p := &v1alpha1.PeerNode{
		ObjectMeta: metav1.ObjectMeta{Name: "beta", Namespace: "peers"},
		Spec: v1alpha1.PeerNodeSpec{
			Software: v1alpha1.PeerSoftware{P2PAgent: &v1alpha1.P2PAgentSoftware{}},
			Network:  v1alpha1.PeerNetwork{Peers: []v1alpha1.PeerReference{{Name: "alpha"}}},
		},
		Status: v1alpha1.PeerNodeStatus{Identity: &v1alpha1.PeerIdentityStatus{PeerID: "12D3KooWBeta"}},
	}
	for _, c := range change {
		c(p)
	}
	return p
}

// sees lets the world observe the declared peer beta; nil means that it does not exist.
func (w *world) sees(other *v1alpha1.PeerNode) *world {
	w.Declared.Peers = []neighbours.Peer{{NamespacedName: types.NamespacedName{Namespace: "peers", Name: "beta"}, PeerNode: other}}
	return w
}
