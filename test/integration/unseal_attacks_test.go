// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"encoding/base64"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/pkg/unseal"
)

// attack is a request that must end with a reason, and how to tidy up.
type attack struct {
	request request
	reason  unseal.Reason
	after   func()
}

func bound(to *authenticationv1.BoundObjectReference) func(*authenticationv1.TokenRequestSpec) {
	return func(s *authenticationv1.TokenRequestSpec) { s.BoundObjectRef = to }
}

// attacks of somebody who has alpha's envelope, which is no secret, and rights of their own in its namespace.
var attacks = map[string]func(u *unsealer, alpha, beta *unsealing) attack{
	"The envelope in a pod and under an account of one's own.": func(u *unsealer, alpha, _ *unsealing) attack {
		u.must(env.Admin.Create(u.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: u.ns, Name: "mallory"}}))
		u.pod("mallory-0", "mallory")
		return attack{request: alpha.request(with(u.token("mallory", "mallory-0"))), reason: unseal.NotOfStatefulSet}
	},
	"The peer's account in another pod.": func(u *unsealer, alpha, _ *unsealing) attack {
		u.pod("snoop", "alpha")
		return attack{request: alpha.request(with(u.token("alpha", "snoop"))), reason: unseal.NotAPeersPod}
	},
	"A pod that says that the peer's StatefulSet controls it.": func(u *unsealer, alpha, _ *unsealing) attack {
		set := &appsv1.StatefulSet{}
		u.is("alpha", set)
		u.pod("forger-0", "alpha", metav1.OwnerReference{APIVersion: "apps/v1", Kind: "StatefulSet", Name: "alpha", UID: set.UID, Controller: new(true)})
		return attack{request: alpha.request(with(u.token("alpha", "forger-0"))), reason: unseal.NotOfStatefulSet}
	},
	"A StatefulSet that says that the PeerNode controls it.": func(u *unsealer, alpha, _ *unsealing) attack {
		u.forgedSet("impostor", alpha.PeerNode)
		return attack{request: alpha.request(with(u.token("alpha", "impostor-0"))), reason: unseal.NotOfPeerNode}
	},
	"A token for somebody else.": func(u *unsealer, alpha, _ *unsealing) attack {
		return attack{request: alpha.request(with(u.token("alpha", "alpha-0", func(s *authenticationv1.TokenRequestSpec) { s.Audiences = []string{"vault"} }))), reason: unseal.WrongAudience}
	},
	"A token for the API server.": func(u *unsealer, alpha, _ *unsealing) attack {
		return attack{request: alpha.request(with(u.token("alpha", "alpha-0", func(s *authenticationv1.TokenRequestSpec) { s.Audiences = nil }))), reason: unseal.WrongAudience}
	},
	"A token that is bound to no pod.": func(u *unsealer, alpha, _ *unsealing) attack {
		return attack{request: alpha.request(with(u.token("alpha", "alpha-0", bound(nil)))), reason: unseal.TokenNotBound}
	},
	"A token of a pod that is gone.": func(u *unsealer, alpha, _ *unsealing) attack {
		pod := u.pod("brief-0", "alpha")
		token := u.token("alpha", "brief-0")
		u.must(env.Admin.Delete(u.Context(), pod, client.GracePeriodSeconds(0)))
		u.gone("brief-0", &corev1.Pod{})
		r := alpha.request(with(token))
		u.eventually(func() error { return u.refused(r, unseal.TokenInvalid) }) // The API server knows pods from a cache.
		return attack{request: r, reason: unseal.TokenInvalid}
	},
	"A token that is none.": func(_ *unsealer, alpha, _ *unsealing) attack {
		return attack{request: alpha.request(with("eyJhbGciOiJub25lIn0.e30.")), reason: unseal.TokenInvalid}
	},
	"A token with another claim.": func(u *unsealer, alpha, _ *unsealing) attack {
		mine, theirs := strings.Split(u.token("beta", "beta-0"), "."), strings.Split(u.token("alpha", "alpha-0"), ".")
		return attack{request: alpha.request(with(mine[0] + "." + theirs[1] + "." + mine[2])), reason: unseal.TokenInvalid}
	},
	"A token that is used again once the peer runs.": func(_ *unsealer, alpha, _ *unsealing) attack {
		r := alpha.request()
		alpha.reports(ended)
		return attack{r, unseal.NotUnsealing, func() { alpha.reports(runs) }}
	},
	"A token that is used from another address.": func(_ *unsealer, alpha, _ *unsealing) attack {
		return attack{request: alpha.request(func(r *request) { r.client = alpha.client("127.0.0.2") }), reason: unseal.WrongAddress}
	},
	"A pod whose image was exchanged.": func(_ *unsealer, alpha, _ *unsealing) attack {
		is := alpha.image("registry.example.com/evil:v1")
		return attack{alpha.request(), unseal.PodChanged, func() { alpha.image(is) }}
	},
	"The envelope of another peer of the namespace.": func(_ *unsealer, alpha, beta *unsealing) attack {
		return attack{request: beta.request(sending(alpha.envelope)), reason: unseal.WrongPeer}
	},
	"The envelope of a peer of another namespace.": func(u *unsealer, alpha, _ *unsealing) attack {
		return attack{request: alpha.request(sending(u.sealed("elsewhere", "alpha", 1))), reason: unseal.WrongPeer}
	},
	"The envelope of another peer under a header of one's own.": func(_ *unsealer, alpha, beta *unsealing) attack {
		return attack{request: beta.request(sending(strings.Replace(alpha.envelope, `"peerNode": "alpha"`, `"peerNode": "beta"`, 1))), reason: unseal.WrongKey}
	},
	"An envelope that is cut off.": func(_ *unsealer, alpha, _ *unsealing) attack {
		return attack{request: alpha.request(sending(alpha.envelope[:len(alpha.envelope)/2])), reason: unseal.EnvelopeDamaged}
	},
	"An envelope with a bit turned over.": func(u *unsealer, alpha, _ *unsealing) attack {
		return attack{request: alpha.request(sending(u.turned(alpha.envelope))), reason: unseal.EnvelopeDamaged}
	},
	"An envelope of another cluster.": func(u *unsealer, alpha, _ *unsealing) attack {
		return attack{request: alpha.request(sending(u.sealedTo(alpha.ephemeral.Recipient(), u.ns, "alpha", 1))), reason: unseal.EnvelopeForeign}
	},
	"A key of an epoch to come.": func(u *unsealer, alpha, _ *unsealing) attack {
		return attack{request: alpha.request(sending(u.sealed(u.ns, "alpha", 2))), reason: unseal.EpochNotInUse}
	},
	"A recipient that does not withstand quantum computers.": func(u *unsealer, alpha, _ *unsealing) attack {
		recipient, err := seal.ParseRecipient("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p")
		u.must(err)
		return attack{request: alpha.request(func(r *request) { r.recipient = recipient }), reason: unseal.RecipientNotHybrid}
	},
}

func with(token string) func(*request)       { return func(r *request) { r.token = token } }
func sending(envelope string) func(*request) { return func(r *request) { r.envelope = envelope } }

// turned spoils one byte of what is sealed.
func (u *unsealer) turned(envelope string) string {
	u.Helper()
	_, rest, _ := strings.Cut(envelope, `"hybrid": "`)
	sealed, _, _ := strings.Cut(rest, `"`)
	raw, err := base64.StdEncoding.DecodeString(sealed)
	u.must(err)
	raw[len(raw)-20] ^= 1
	return strings.Replace(envelope, sealed, base64.StdEncoding.EncodeToString(raw), 1)
}

// pod makes a pod that somebody wrote by hand, and reports that its init container unseal runs.
func (u *unsealer) pod(name, account string, owners ...metav1.OwnerReference) *corev1.Pod {
	u.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: u.ns, Name: name, OwnerReferences: owners},
		Spec: corev1.PodSpec{
			ServiceAccountName: account,
			NodeName:           "simulated-001",
			InitContainers:     []corev1.Container{{Name: "unseal", Image: "registry.example.com/evil:v1"}},
			Containers:         []corev1.Container{{Name: "peer", Image: "registry.example.com/evil:v1"}},
		},
	}
	u.must(env.Admin.Create(u.Context(), pod))
	u.running(name)
	u.report(name, runs)
	return pod
}

// running waits until the simulated kubelet has said all that it says.
func (u *unsealer) running(name string) {
	u.Helper()
	u.eventually(func() error {
		pod := &corev1.Pod{}
		if err := u.get(name, pod); err != nil {
			return err
		}
		if pod.Status.Phase != corev1.PodRunning {
			return fmt.Errorf("pod %s is %s", name, pod.Status.Phase)
		}
		return nil
	})
}

// forgedSet makes a StatefulSet with a pod that is like that of a peer in every way but its name.
func (u *unsealer) forgedSet(name string, p *v1alpha1.PeerNode) {
	u.Helper()
	is := &appsv1.StatefulSet{}
	u.is(p.Name, is)
	labels := map[string]string{"app": name}
	forged := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: u.ns, Name: name, OwnerReferences: is.OwnerReferences}, Spec: is.Spec}
	forged.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
	forged.Spec.Template.Labels = labels
	forged.Spec.Template.Spec.NodeName = "simulated-001" // The scheduler lets nobody else at the peer's volume.
	u.must(env.Admin.Create(u.Context(), forged))
	u.running(name + "-0")
	u.report(name+"-0", runs)
}

// image exchanges the image of a pod that runs, and returns the one before.
func (p *unsealing) image(image string) string {
	p.Helper()
	pod := &corev1.Pod{}
	p.is(p.Name+"-0", pod)
	before := pod.DeepCopy()
	pod.Spec.Containers[0].Image = image
	p.must(env.Admin.Patch(p.Context(), pod, client.MergeFrom(before)))
	return before.Spec.Containers[0].Image
}
