// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bytes"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/keysecret"
	"github.com/peernode/operator/pkg/seal"
)

// A peer in direct mode waits for the Secret with its opener, and then serves without anybody else's help.
func TestAPeerOpensItsKeyWithoutTheUnsealer(t *testing.T) {
	opener, err := seal.NewOpener()
	must(t, err)
	p := agent(t, namespace(t), "alpha", func(p *v1alpha1.PeerNode) {
		p.Spec.Identity = &v1alpha1.PeerIdentity{Direct: &v1alpha1.DirectOpening{
			Recipient: opener.Recipient().String(), Secret: &v1alpha1.DirectSecret{Name: "opener"},
		}}
	})
	awaitReason(t, p, v1alpha1.ConditionReady, v1alpha1.ReasonWaitingForOpener)
	must(t, admin.Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: "opener"},
		Data:       map[string][]byte{"identity.age": []byte(opener.Secret() + "\n")},
	}))
	// The kubelet tries a missing volume again at growing intervals; a new pod tries at once.
	must(t, admin.Delete(t.Context(), podOf(t, p)))
	awaitReady(t, p)
	awaitReason(t, p, v1alpha1.ConditionIdentityInEtcd, v1alpha1.ReasonOpenerInSecret)
	if p.Status.Identity.Protection != v1alpha1.ProtectionDirect {
		t.Errorf("the key is kept %q", p.Status.Identity.Protection)
	}
	if id := keyFor(t, p, opener); id != asked(t, p).PeerID {
		t.Errorf("the agent is not %s, whose key the opener opens", id)
	}
	knowsNobody(t, p)
}

// keyFor returns the peer ID of the key in a peer's Secret.
func keyFor(t *testing.T, p *v1alpha1.PeerNode, opener seal.Opener) string {
	t.Helper()
	secret := &corev1.Secret{}
	must(t, admin.Get(t.Context(), client.ObjectKey{Namespace: p.Namespace, Name: p.Status.Identity.SecretName}, secret))
	envelope, err := seal.Read(bytes.NewReader(secret.Data[keysecret.Envelope]))
	must(t, err)
	opened, err := envelope.Open(seal.Binding{Namespace: p.Namespace, PeerNode: p.Name, Role: seal.RoleIdentity, Epoch: 1}, opener)
	must(t, err)
	return opened.Key.Public().PeerID()
}

// knowsNobody fails if the pod of a peer could ask the unsealer: it has no token to show it, and no way to it.
func knowsNobody(t *testing.T, p *v1alpha1.PeerNode) {
	t.Helper()
	for _, v := range podOf(t, p).Spec.Volumes {
		if v.Projected != nil {
			t.Errorf("volume %s is projected: there is nobody to show a token to", v.Name)
		}
	}
	policy := &networkingv1.NetworkPolicy{}
	must(t, admin.Get(t.Context(), client.ObjectKeyFromObject(p), policy))
	if len(policy.Spec.Egress) != 1 {
		t.Errorf("want no way out but the DNS, got %+v", policy.Spec.Egress)
	}
	out, err := run("kubectl", "logs", "-n", p.Namespace, p.Name+"-0", "-c", "unseal")
	must(t, err)
	if !strings.Contains(out, "unsealed into") || strings.Contains(out, "https://") {
		t.Errorf("the unsealing container says:\n%s", out)
	}
}
