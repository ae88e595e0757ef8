// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"net/netip"
	"net/url"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	applynetworkingv1 "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/peernode/operator/api/v1alpha1"
)

// toURL opens the way to whom the spec names for it; else to the address in the URL; else, because a policy knows no
// names, to any address.
func toURL(of string, allowTo []v1alpha1.NetworkPeer) *applynetworkingv1.NetworkPolicyEgressRuleApplyConfiguration {
	rule := applynetworkingv1.NetworkPolicyEgressRule()
	if len(allowTo) > 0 {
		return rule.WithTo(networkPeers(allowTo)...)
	}
	host, port := hostOf(of)
	rule.WithPorts(applynetworkingv1.NetworkPolicyPort().WithProtocol(corev1.ProtocolTCP).WithPort(intstr.FromInt32(port)))
	if address, err := netip.ParseAddr(host); err == nil {
		one := netip.PrefixFrom(address, address.BitLen()).String()
		rule.WithTo(applynetworkingv1.NetworkPolicyPeer().WithIPBlock(applynetworkingv1.IPBlock().WithCIDR(one)))
	}
	return rule
}

// hostOf reads host and port of a URL, which admission has seen.
func hostOf(of string) (string, int32) {
	u, err := url.Parse(of)
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
