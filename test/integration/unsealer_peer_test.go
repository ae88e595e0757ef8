// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/pkg/sealingkey"
	"github.com/peernode/operator/pkg/unseal"
)

// unsealing is a peer whose init container asks.
type unsealing struct {
	*unsealer
	*v1alpha1.PeerNode
	envelope  string
	ephemeral seal.Opener
}

// peer makes a peer whose init container asks now.
func (u *unsealer) peer(name string) *unsealing {
	u.Helper()
	ephemeral, err := seal.NewOpener()
	u.must(err)
	p := &unsealing{unsealer: u, PeerNode: u.serving(name), ephemeral: ephemeral}
	p.envelope = p.sealed(u.ns, name, 1)
	u.secrets = append(u.secrets, u.key(name).Secret())
	p.reports(corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}})
	return p
}

// sealed is an envelope for a place, sealed to the recipient that the unsealer has published.
func (u *unsealer) sealed(namespace, name string, epoch int64) string {
	u.Helper()
	return u.sealedTo(u.published.Recipient, namespace, name, epoch)
}

func (u *unsealer) sealedTo(recipient seal.Recipient, namespace, name string, epoch int64) string {
	u.Helper()
	e, err := seal.Seal(u.key(name), seal.Binding{Namespace: namespace, PeerNode: name, Role: seal.RoleIdentity, Epoch: epoch}, []seal.Recipient{recipient})
	u.must(err)
	return string(e.Text())
}

// key is that of a peer, which the operator has had made and sealed to the sealing key that it knows of.
func (u *unsealer) key(name string) identity.Key {
	u.Helper()
	opened, err := u.story.envelope(name+"-identity-1").Open(seal.Binding{Namespace: u.ns, PeerNode: name, Role: seal.RoleIdentity, Epoch: 1}, env.Sealing.Opener())
	u.must(err)
	return opened.Key
}

// reports plays the kubelet of a simulated node: the pod is on this machine, and unseal is in a state.
func (p *unsealing) reports(state corev1.ContainerState) {
	p.Helper()
	p.report(p.Name+"-0", state)
}

func (u *unsealer) report(name string, state corev1.ContainerState) {
	u.Helper()
	pod := &corev1.Pod{}
	u.is(name, pod)
	before := pod.DeepCopy()
	pod.Status.PodIP, pod.Status.PodIPs = "127.0.0.1", []corev1.PodIP{{IP: "127.0.0.1"}}
	pod.Status.InitContainerStatuses = slices.DeleteFunc(pod.Status.InitContainerStatuses, func(s corev1.ContainerStatus) bool { return s.Name == unseal.Container })
	pod.Status.InitContainerStatuses = append(pod.Status.InitContainerStatuses, corev1.ContainerStatus{Name: unseal.Container, State: state})
	u.must(env.Admin.Status().Patch(u.Context(), pod, client.MergeFrom(before)))
}

// token asks for a token as the kubelet does, for the unsealer and bound to a pod.
func (u *unsealer) token(account, pod string, change ...func(*authenticationv1.TokenRequestSpec)) string {
	u.Helper()
	is := &corev1.Pod{}
	u.is(pod, is)
	asked := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		Audiences:         []string{sealingkey.Audience},
		ExpirationSeconds: new(int64(600)),
		BoundObjectRef:    &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: pod, UID: is.UID},
	}}
	for _, c := range change {
		c(&asked.Spec)
	}
	serviceAccount := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: u.ns, Name: account}}
	u.must(env.Admin.SubResource("token").Create(u.Context(), serviceAccount, asked))
	u.tokens = append(u.tokens, []byte(asked.Status.Token))
	return asked.Status.Token
}

// request is that of the peer's own init container.
func (p *unsealing) request(change ...func(*request)) request {
	p.Helper()
	r := request{envelope: p.envelope, recipient: p.ephemeral.Recipient(), client: p.client("127.0.0.1")}
	for _, c := range change {
		c(&r)
	}
	if r.token == "" {
		r.token = p.token(p.Name, p.Name+"-0")
	}
	return r
}

// gets fails unless the request brings the key.
func (p *unsealing) gets(when string, r request) {
	p.Helper()
	if err := p.brings(r); err != nil {
		p.Errorf("%s: %v", when, err)
	}
}

func (p *unsealing) brings(r request) error {
	status, text, err := p.send(r)
	if err != nil || status != http.StatusOK {
		return fmt.Errorf("%d %s %w", status, text, err)
	}
	e, err := seal.Read(bytes.NewReader(text))
	if err != nil {
		return err
	}
	opened, err := e.Open(seal.Binding{Namespace: p.Namespace, PeerNode: p.Name, Role: seal.RoleIdentity, Epoch: 1}, p.ephemeral)
	if err != nil {
		return err
	}
	if !opened.Key.Equal(p.key(p.Name)) {
		return errors.New("this is another key")
	}
	return nil
}

// refused returns nil if the request ends with the reason.
func (u *unsealer) refused(r request, reason unseal.Reason) error {
	status, text, err := u.send(r)
	if err != nil {
		return err
	}
	var is unseal.Refusal
	if err := json.Unmarshal(text, &is); err != nil || is.Reason != reason || status != is.Status() || !strings.Contains(is.Message, " ") {
		return fmt.Errorf("got %d %.300s, want %s", status, text, reason)
	}
	return nil
}
