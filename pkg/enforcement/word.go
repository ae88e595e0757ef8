// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"net/netip"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
)

// Word is what the operator knows of NetworkPolicies. The zero value is that of one that asks no probe.
type Word struct {
	// Asked is whether there is a probe to ask.
	Asked bool
	// Heard is whether it has been asked for long enough since the operator's start to go by it.
	Heard bool
	// Verdict is what it showed.
	Verdict Verdict
}

// Condition tells a peer of it. ranges is whether its policy lets ranges of addresses in, which depend on what becomes of
// source addresses. Until something is known the condition on record stays, so that a restart of the operator says nothing.
// No message holds what may differ from look to look.
func (w Word) Condition(record metav1.Condition, ranges bool) metav1.Condition {
	unknown, no, yes := told(metav1.ConditionUnknown), told(metav1.ConditionFalse), told(metav1.ConditionTrue)
	v := w.Verdict
	switch {
	case !w.Asked:
		return unknown(v1alpha1.ReasonNotProbed, messageOff)
	case !w.Heard && record.Type != "":
		return record
	case !w.Heard:
		return unknown(v1alpha1.ReasonNotProbed, messageNotYet)
	case v.Ingress == Unknown:
		return unknown(v1alpha1.ReasonProbeUnreachable, messageUnreachable)
	case v.Ingress == No && v.Egress == Yes:
		return no(v1alpha1.ReasonIngressNotEnforced, messageIngress)
	case v.Ingress == No:
		return no(v1alpha1.ReasonNotEnforced, messageNeither)
	case v.Egress == No:
		return no(v1alpha1.ReasonEgressNotEnforced, messageEgress)
	case v.Sources == No && ranges:
		return no(v1alpha1.ReasonSourceAddressHidden, messageHidden)
	case v.Egress == Unknown:
		return unknown(v1alpha1.ReasonNotProbed, messageEgressUnknown)
	case ranges:
		return yes(v1alpha1.ReasonEnforced, messageEnforced+messageRanges)
	case v.Sources == No:
		return yes(v1alpha1.ReasonEnforced, messageEnforced+messageHiddenFromOthers)
	}
	return yes(v1alpha1.ReasonEnforced, messageEnforced)
}

func told(status metav1.ConditionStatus) func(reason, message string) metav1.Condition {
	return func(reason, message string) metav1.Condition {
		return conditions.New(v1alpha1.ConditionNetworkPolicyEnforced, status, reason, message)
	}
}

const (
	messageOff              = "the operator was started without --policy-probe, so nobody knows whether the network plugin enforces NetworkPolicies"
	messageNotYet           = "the operator has not asked the probe often enough yet to know whether the network plugin enforces NetworkPolicies"
	messageUnreachable      = Name + " does not answer the operator on the port that is open to it, so nobody knows whether NetworkPolicies are enforced; look at its pod, and for policies that keep the operator from it"
	messageNeither          = "the network plugin does not enforce NetworkPolicies: every pod of the cluster reaches every port of the peer, and the peer reaches whatever its node does; install a network plugin that enforces them"
	messageIngress          = "the network plugin does not enforce NetworkPolicies on traffic that comes in: every pod of the cluster reaches every port of the peer; install a network plugin that does"
	messageEgress           = "the network plugin does not enforce NetworkPolicies on traffic that goes out: the peer reaches whatever its node does; install a network plugin that does"
	messageHidden           = "NetworkPolicies are enforced, but source NAT puts another address in the place of that of a pod that connects to another, so ranges of addresses in allowFrom may let in whom they do not name; choose pods by their labels instead, or turn source NAT between pods off"
	messageEgressUnknown    = "NetworkPolicies are enforced on traffic that comes in; of traffic that goes out nobody knows, because the operator needs POD_IPS, and its own port for health checks, to find out"
	messageEnforced         = "the network plugin enforces NetworkPolicies in both directions"
	messageRanges           = "; ranges of addresses in allowFrom are compared with the address that is left at the pod, and what comes through a load balancer or a node's port mostly arrives with that of a node"
	messageHiddenFromOthers = "; source NAT hides the addresses of pods from each other, on which no rule of this peer depends"
)

// Ranges reports whether a policy lets in ranges of addresses, other than a whole family of them.
func Ranges(n v1alpha1.PeerNetwork) bool {
	from := [][]v1alpha1.NetworkPeer{n.Peer.AllowFrom, n.API.AllowFrom, n.Metrics.AllowFrom}
	for _, list := range from {
		for _, peer := range list {
			if peer.IPBlock != nil && !whole(*peer.IPBlock) {
				return true
			}
		}
	}
	return false
}

func whole(b v1alpha1.IPBlock) bool {
	prefix, err := netip.ParsePrefix(string(b.CIDR))
	return err == nil && prefix.Bits() == 0 && len(b.Except) == 0
}
