// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"net/netip"
	"net/url"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	applynetworkingv1 "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
)

// KeyCopyPolicy opens the way to some stores for the Jobs that copy keys, and for none of the peer's other pods. DNS they
// have by the policy of the peer.
func KeyCopyPolicy(p *v1alpha1.PeerNode, stores []*v1alpha1.PeerBackupStore) *applynetworkingv1.NetworkPolicyApplyConfiguration {
	labels := names.Selector(p.Name)
	labels[v1alpha1.LabelComponent] = ComponentKeyCopy
	spec := applynetworkingv1.NetworkPolicySpec().
		WithPodSelector(applymetav1.LabelSelector().WithMatchLabels(labels)).
		WithPolicyTypes(networkingv1.PolicyTypeEgress)
	for _, store := range stores {
		spec.WithEgress(toStore(store.Spec))
	}
	return applynetworkingv1.NetworkPolicy(names.KeyCopies(p), p.Namespace).
		WithLabels(names.Labels(p, ComponentKeyCopy)).
		WithOwnerReferences(owner(p)).
		WithSpec(spec)
}

// toStore is where the spec says that the store is; else the address in its endpoint; else, because a policy knows no
// names, any address.
func toStore(s v1alpha1.PeerBackupStoreSpec) *applynetworkingv1.NetworkPolicyEgressRuleApplyConfiguration {
	rule := applynetworkingv1.NetworkPolicyEgressRule()
	if len(s.AllowTo) > 0 {
		return rule.WithTo(networkPeers(s.AllowTo)...)
	}
	host, port := hostOf(s.Endpoint)
	rule.WithPorts(applynetworkingv1.NetworkPolicyPort().WithProtocol(corev1.ProtocolTCP).WithPort(intstr.FromInt32(port)))
	if address, err := netip.ParseAddr(host); err == nil {
		one := netip.PrefixFrom(address, address.BitLen()).String()
		rule.WithTo(applynetworkingv1.NetworkPolicyPeer().WithIPBlock(applynetworkingv1.IPBlock().WithCIDR(one)))
	}
	return rule
}

// hostOf reads host and port of an endpoint, which admission has seen.
func hostOf(endpoint string) (string, int32) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", portHTTPS
	}
	port, err := strconv.ParseInt(u.Port(), 10, 32)
	if err != nil || port < 1 || port > 65535 {
		return u.Hostname(), portHTTPS
	}
	return u.Hostname(), int32(port)
}

const portHTTPS = 443
