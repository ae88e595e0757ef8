// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/peer"
)

// Asked reports whether the spec asks for it.
func (s Seen) Asked() bool { return s.Exposure.Asked() }

// Missing is the first thing that is missing for the outside to reach the ports, nil where nothing is.
func (s Seen) Missing() *conditions.Finding {
	for _, ask := range []func() *conditions.Finding{s.unknownPort, s.going, s.unaddressed, s.nobody} {
		if f := ask(); f != nil {
			return f
		}
	}
	return nil
}

func (s Seen) unknownPort() *conditions.Finding {
	if len(s.Ports) == 0 {
		return conditions.Refuse(v1alpha1.ReasonUnknownPort, s.Field+".exposure exposes nothing, because the software has no such port")
	}
	refuse := func(field string, asked []v1alpha1.ExposedPort) *conditions.Finding {
		for _, a := range asked {
			if !slices.ContainsFunc(s.Ports, func(p peer.Port) bool { return p.Name == a.Name }) {
				return conditions.Refuse(v1alpha1.ReasonUnknownPort, fmt.Sprintf("%s.exposure.%s names the port %s; the software has %s", s.Field, field, a.Name, s.known()))
			}
		}
		return nil
	}
	if f := refuse("nodePorts", s.Exposure.NodePorts); f != nil {
		return f
	}
	for i, address := range s.Exposure.ExternalAddresses {
		if f := refuse(fmt.Sprintf("externalAddresses[%d].ports", i), address.Ports); f != nil {
			return f
		}
	}
	return nil
}

func (s Seen) known() string {
	var names []string
	for _, p := range s.Ports {
		names = append(names, p.Name)
	}
	return strings.Join(names, ", ")
}

func (s Seen) going() *conditions.Finding {
	if s.Going == nil || !s.Exposure.HasService() {
		return nil
	}
	why := ""
	if len(s.Going.Finalizers) > 0 {
		why = ", which waits for " + strings.Join(s.Going.Finalizers, ", ")
	}
	return conditions.Wait(v1alpha1.ReasonWaitingForServiceGone, fmt.Sprintf("the Service %s of before is still going away%s; another is made after it", s.Going.Name, why))
}

func (s Seen) unaddressed() *conditions.Finding {
	switch {
	case len(s.Places()) > 0:
		return nil
	case s.Service == nil:
		return conditions.Wait(v1alpha1.ReasonWaitingForAddress, "the Service is being made")
	case s.Exposure.Type == corev1.ServiceTypeLoadBalancer:
		return conditions.Wait(v1alpha1.ReasonWaitingForAddress, fmt.Sprintf(
			"no controller of load balancers has given Service %s an address yet; its events say more (kubectl describe service %s). A cluster without such a controller never does: use NodePort there",
			s.Service.Name, s.Service.Name))
	default:
		return conditions.Wait(v1alpha1.ReasonWaitingForPod, "the address is that of the node on which the pod runs, and it runs on none yet")
	}
}

// nobody is about the NetworkPolicy, which lets nobody in from outside unless a range of addresses is named.
func (s Seen) nobody() *conditions.Finding {
	if slices.ContainsFunc(s.AllowFrom, func(from v1alpha1.NetworkPeer) bool { return from.IPBlock != nil }) {
		return nil
	}
	return conditions.Refuse(v1alpha1.ReasonNobodyAllowed, fmt.Sprintf(
		"nobody outside of the cluster gets in, because %s.allowFrom names no ipBlock; name those who may connect, such as 0.0.0.0/0 for everybody. The addresses are %s", s.Field, list(s.Endpoints())))
}
