// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"math/rand/v2"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestTheNodeHoldsToAnyPolicy compares the two engines on policies that nobody thought of, so that what the stories say of the operator's
// does not rest on something that both overlook in those.
func TestTheNodeHoldsToAnyPolicy(t *testing.T) {
	const rounds = 8
	here, there := namespace(t), namespace(t)
	var corners []corner
	for name, ns := range map[string]string{"here": here, "there": there} {
		for _, app := range []string{"a", "b"} {
			for _, tier := range []string{"x", "y"} {
				corners = append(corners, stranger(t, name+"-"+app+tier, ns, map[string]string{"app": app, "tier": tier}))
			}
		}
	}
	corners = append(corners, outside(t, map[string]string{"outside": "203.0.113.9", "far outside": "203.0.113.200"})...)
	all := everyConnection(corners, map[corev1.Protocol][]int{corev1.ProtocolTCP: {80, 81, 443}, corev1.ProtocolUDP: {53, 80}})
	mark := newMark(t)
	for seed := range uint64(rounds) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, seed))
			for i := range 2 + random.IntN(3) {
				policy := anyPolicy(random, []string{here, there}, corners)
				policy.Name = fmt.Sprintf("any-%d", i)
				must(t, admin.Create(t.Context(), policy))
			}
			mark.set(t)
			found := differences(t, all, policies(t))
			for _, ns := range []string{here, there} {
				must(t, admin.DeleteAllOf(t.Context(), &networkingv1.NetworkPolicy{}, client.InNamespace(ns)))
			}
			mark.lift(t)
			none(t, found)
		})
	}
}

// mark is a policy that shows when the node knows of all changes before it: it hears of policies in the order of their changes.
type mark struct {
	policy     *networkingv1.NetworkPolicy
	connection connection
}

func newMark(t *testing.T) mark {
	t.Helper()
	ns := namespace(t)
	from, to := stranger(t, "from", ns, map[string]string{"mark": "from"}), stranger(t, "to", ns, map[string]string{"mark": "to"})
	return mark{
		policy: &networkingv1.NetworkPolicy{
			ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "mark"},
			Spec: networkingv1.NetworkPolicySpec{
				PodSelector: metav1.LabelSelector{MatchLabels: to.side.Labels}, PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
			},
		},
		connection: newConnection(&from, to, corev1.ProtocolTCP, 80),
	}
}

func (m mark) set(t *testing.T) {
	t.Helper()
	must(t, admin.Create(t.Context(), m.policy.DeepCopy()))
	awaitTried(t, m.connection, false)
}

func (m mark) lift(t *testing.T) {
	t.Helper()
	must(t, admin.Delete(t.Context(), m.policy.DeepCopy()))
	awaitTried(t, m.connection, true)
}

// anyPolicy is a policy of one of the namespaces.
func anyPolicy(random *rand.Rand, namespaces []string, corners []corner) *networkingv1.NetworkPolicy {
	some := func(most int, add func()) {
		for range random.IntN(most + 1) {
			add()
		}
	}
	policy := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: namespaces[random.IntN(len(namespaces))]}}
	policy.Spec.PodSelector = *anySelector(random)
	which := random.IntN(3)
	if which != 0 {
		policy.Spec.PolicyTypes = append(policy.Spec.PolicyTypes, networkingv1.PolicyTypeIngress)
		some(2, func() {
			rule := networkingv1.NetworkPolicyIngressRule{}
			some(2, func() { rule.From = append(rule.From, anybody(random, namespaces, corners)) })
			some(2, func() { rule.Ports = append(rule.Ports, anyPort(random)) })
			policy.Spec.Ingress = append(policy.Spec.Ingress, rule)
		})
	}
	if which != 1 {
		policy.Spec.PolicyTypes = append(policy.Spec.PolicyTypes, networkingv1.PolicyTypeEgress)
		some(2, func() {
			rule := networkingv1.NetworkPolicyEgressRule{}
			some(2, func() { rule.To = append(rule.To, anybody(random, namespaces, corners)) })
			some(2, func() { rule.Ports = append(rule.Ports, anyPort(random)) })
			policy.Spec.Egress = append(policy.Spec.Egress, rule)
		})
	}
	return policy
}

func anySelector(random *rand.Rand) *metav1.LabelSelector {
	return []*metav1.LabelSelector{
		{},
		{MatchLabels: map[string]string{"app": "a"}},
		{MatchLabels: map[string]string{"app": "b", "tier": "x"}},
		{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "tier", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"x"}}}},
		{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpIn, Values: []string{"a", "c"}}}},
		{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "tier", Operator: metav1.LabelSelectorOpExists}}},
	}[random.IntN(6)]
}

// anybody is whom a rule may name.
func anybody(random *rand.Rand, namespaces []string, corners []corner) networkingv1.NetworkPolicyPeer {
	one := &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespaces[random.IntN(len(namespaces))]}}
	address := corners[random.IntN(len(corners))].side.IP
	return []networkingv1.NetworkPolicyPeer{
		{PodSelector: anySelector(random)},
		{NamespaceSelector: one},
		{NamespaceSelector: &metav1.LabelSelector{}, PodSelector: anySelector(random)},
		{NamespaceSelector: one, PodSelector: anySelector(random)},
		{IPBlock: &networkingv1.IPBlock{CIDR: address + "/32"}},
		{IPBlock: &networkingv1.IPBlock{CIDR: "203.0.113.0/24", Except: []string{"203.0.113.128/25"}}},
		{IPBlock: &networkingv1.IPBlock{CIDR: "0.0.0.0/0", Except: []string{address + "/32"}}},
	}[random.IntN(7)]
}

func anyPort(random *rand.Rand) networkingv1.NetworkPolicyPort {
	tcp, udp := new(corev1.ProtocolTCP), new(corev1.ProtocolUDP)
	return []networkingv1.NetworkPolicyPort{
		{},
		{Protocol: udp},
		{Protocol: tcp, Port: new(intstr.FromInt32(80))},
		{Protocol: udp, Port: new(intstr.FromInt32(53))},
		{Protocol: tcp, Port: new(intstr.FromInt32(81)), EndPort: new(int32(443))},
		{Protocol: tcp, Port: new(intstr.FromInt32(1)), EndPort: new(int32(80))},
	}[random.IntN(6)]
}
