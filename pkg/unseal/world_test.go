// SPDX-License-Identifier: Apache-2.0

package unseal_test

import (
	"net/netip"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/pkg/unseal"
)

// seed is the private key of the peer in these tests.
var seed = []byte("0123456789abcdefghijklmnopqrstuv")

var alpha = seal.Binding{Namespace: "peers", PeerNode: "alpha", Role: seal.RoleIdentity, Epoch: 1}

const audience = "unsealer.peernode.dev"

// world is a peer that starts, and asks for its key as it should.
type world struct {
	review authenticationv1.TokenReviewStatus
	unseal.Observed
}

func newWorld() *world {
	w := &world{review: authenticationv1.TokenReviewStatus{
		Authenticated: true,
		Audiences:     []string{audience},
		User: authenticationv1.UserInfo{
			Username: "system:serviceaccount:peers:alpha",
			Extra: map[string]authenticationv1.ExtraValue{
				"authentication.kubernetes.io/pod-name": {"alpha-0"},
				"authentication.kubernetes.io/pod-uid":  {"uid-of-pod"},
			},
		},
	}}
	w.PeerNode = &v1alpha1.PeerNode{ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: "alpha", UID: "uid-of-peernode"}}
	w.StatefulSet = &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: "alpha", UID: "uid-of-set", OwnerReferences: controlledBy("PeerNode", "alpha", "uid-of-peernode")},
		Spec:       appsv1.StatefulSetSpec{Replicas: new(int32(1)), Template: corev1.PodTemplateSpec{Spec: template()}},
	}
	spec := template()
	spec.NodeName = "node-1"
	spec.Tolerations = []corev1.Toleration{{Key: "node.kubernetes.io/not-ready", Operator: corev1.TolerationOpExists}}
	spec.Containers[0].ImagePullPolicy = corev1.PullAlways // as the admission plugin AlwaysPullImages does
	w.Pod = &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: "alpha-0", UID: "uid-of-pod", OwnerReferences: controlledBy("StatefulSet", "alpha", "uid-of-set")},
		Spec:       spec,
		Status: corev1.PodStatus{
			Phase:                 corev1.PodPending,
			PodIPs:                []corev1.PodIP{{IP: "10.0.0.7"}, {IP: "fd00::7"}},
			InitContainerStatuses: []corev1.ContainerStatus{{Name: "unseal", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}},
		},
	}
	w.Header = seal.Header{Binding: alpha, PublicKey: "a1fa", PeerID: "12D3KooWalpha"}
	w.Reservation = &v1alpha1.PeerIdentityReservation{
		ObjectMeta: metav1.ObjectMeta{Name: "libp2p-ed25519-a1fa"},
		Spec:       v1alpha1.PeerIdentityReservationSpec{PublicKey: "a1fa", Holder: v1alpha1.ReservationHolder{Namespace: "peers", Name: "alpha"}},
	}
	w.Source = netip.MustParseAddr("10.0.0.7")
	return w
}

func controlledBy(kind, name string, uid types.UID) []metav1.OwnerReference {
	return []metav1.OwnerReference{
		{Kind: "Other", Name: "bystander", UID: "uid-of-bystander"},
		{Kind: kind, Name: name, UID: uid, Controller: new(true)},
	}
}

func template() corev1.PodSpec {
	return corev1.PodSpec{
		ServiceAccountName:           "alpha",
		AutomountServiceAccountToken: new(false),
		SecurityContext:              &corev1.PodSecurityContext{RunAsNonRoot: new(true)},
		Volumes:                      []corev1.Volume{{Name: "key", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
		InitContainers: []corev1.Container{
			{Name: "unseal", Image: "companion:v1", Command: []string{"peer-companion"}, Args: []string{"unseal"}},
			{Name: "identity", Image: "agent:v1", Args: []string{"identity", "verify"}},
		},
		Containers: []corev1.Container{{Name: "peer", Image: "agent:v1", Args: []string{"start"}, Env: []corev1.EnvVar{{Name: "A", Value: "b"}}}},
	}
}

// asks goes the way of a request.
func (w *world) asks() *unseal.Refusal {
	caller, refusal := unseal.Identify(w.review, audience)
	if refusal != nil {
		return refusal
	}
	w.Caller = caller
	return unseal.Decide(w.Observed)
}

func key(t *testing.T) identity.Key {
	t.Helper()
	k, err := identity.Parse(v1alpha1.IdentityEd25519, seed)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func opener(t *testing.T) seal.Opener {
	t.Helper()
	o, err := seal.NewOpener()
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func sealed(t *testing.T, to ...seal.Opener) seal.Envelope {
	t.Helper()
	var recipients []seal.Recipient
	for _, o := range to {
		recipients = append(recipients, o.Recipient())
	}
	e, err := seal.Seal(key(t), alpha, recipients)
	if err != nil {
		t.Fatal(err)
	}
	return e
}
