// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/enforcement"
)

// TestEveryPeerTellsTheTruthAboutItsPolicy tries out what the network plugin of the node enforces, whatever that is: by pods
// that want to reach a peer, and to get out, and must not. What they find has to be what the peer tells.
func TestEveryPeerTellsTheTruthAboutItsPolicy(t *testing.T) {
	alpha := agent(t, namespace(t), "alpha")
	elsewhere := namespace(t)
	stranger, other, confined := caller(t, elsewhere, "stranger"), caller(t, elsewhere, "other"), caller(t, elsewhere, "confined")
	must(t, admin.Create(t.Context(), &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: elsewhere, Name: "confined"},
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{"caller": "confined"}},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress},
		},
	}))
	awaitReady(t, alpha)
	var told metav1.Condition
	eventually(t, func() error {
		// Those without a policy show that there is a way, and that only a policy can be in it.
		if ok, err := reaches(t, stranger, addressOf(t, other, enforcement.OpenPort)); err != nil || !ok {
			return fmt.Errorf("two pods without a policy reach each other: %v (%w)", ok, err)
		}
		in, err := reaches(t, stranger, addressOf(t, podOf(t, alpha), 8080))
		if err != nil {
			return err
		}
		out, err := reaches(t, confined, addressOf(t, other, enforcement.OpenPort))
		if err != nil {
			return err
		}
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(alpha), alpha); err != nil {
			return err
		}
		told = conditions.Find(alpha.Status.Conditions, v1alpha1.ConditionNetworkPolicyEnforced)
		if want := truth(in, out); told.Reason != want {
			return fmt.Errorf("a stranger gets in: %v, a confined pod gets out: %v; alpha tells %s (%s), want %s", in, out, told.Reason, told.Message, want)
		}
		return nil
	})
	t.Logf("alpha tells %s: %s", told.Reason, told.Message)
	warnings := &eventsv1.EventList{}
	must(t, admin.List(t.Context(), warnings, client.InNamespace(alpha.Namespace)))
	got := 0
	for _, e := range warnings.Items {
		if e.Regarding.Name == alpha.Name && e.Action == "Probe" && e.Type == corev1.EventTypeWarning {
			got++
		}
	}
	if (told.Status == metav1.ConditionFalse) != (got == 1) {
		t.Errorf("%d warnings tell of %s", got, told.Reason)
	}
}

// awaitWordOnPolicies waits until a peer tells what the operator found out, which takes a minute after the operator's start.
func awaitWordOnPolicies(t *testing.T, p *v1alpha1.PeerNode) {
	t.Helper()
	eventually(t, func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(p), p); err != nil {
			return err
		}
		if c := conditions.Find(p.Status.Conditions, v1alpha1.ConditionNetworkPolicyEnforced); c.Reason == "" || c.Status == metav1.ConditionUnknown {
			return fmt.Errorf("%s tells %s: %s", p.Name, c.Reason, c.Message)
		}
		return nil
	})
}

// truth is what a peer has to tell.
func truth(in, out bool) string {
	switch {
	case in && out:
		return v1alpha1.ReasonNotEnforced
	case in:
		return v1alpha1.ReasonIngressNotEnforced
	case out:
		return v1alpha1.ReasonEgressNotEnforced
	}
	return v1alpha1.ReasonEnforced
}

// caller is a pod of the probe's program, without anything that makes it one: it connects to where it is told to.
func caller(t *testing.T, ns, name string) *corev1.Pod {
	t.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name, Labels: map[string]string{"caller": name}},
		Spec: corev1.PodSpec{
			AutomountServiceAccountToken: new(false),
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot: new(true), RunAsUser: new(int64(65532)), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			Containers: []corev1.Container{{
				Name: "caller", Image: imageCompanion, Args: []string{"policy-probe"},
				SecurityContext: &corev1.SecurityContext{AllowPrivilegeEscalation: new(false), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}},
			}},
		},
	}
	must(t, admin.Create(t.Context(), pod))
	return pod
}

// addressOf is a port of a pod that runs.
func addressOf(t *testing.T, pod *corev1.Pod, port int) string {
	t.Helper()
	eventually(t, func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(pod), pod); err != nil {
			return err
		}
		if pod.Status.PodIP == "" {
			return fmt.Errorf("pod %s has no address", pod.Name)
		}
		return nil
	})
	return net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(port))
}

// reaches asks a caller, from the node, whether it reaches an address.
func reaches(t *testing.T, from *corev1.Pod, to string) (bool, error) {
	t.Helper()
	ask := "http://" + addressOf(t, from, enforcement.OpenPort) + enforcement.Path + "?" + enforcement.ConnectTo + "=" + url.QueryEscape(to)
	response, err := http.Get(ask)
	if err != nil {
		return false, err
	}
	defer func() { _ = response.Body.Close() }()
	var answer enforcement.Answer
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return false, fmt.Errorf("%s answers with %s: %w", from.Name, response.Status, err)
	}
	return answer.Connected, nil
}
