// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/peer"
)

// most is how many addresses a message names.
const most = 4

// Way is one by which the outside reaches ports of a peer.
type Way interface {
	// Asked reports whether the spec asks for it.
	Asked() bool
	// Missing is the first thing that is missing, nil where nothing is.
	Missing() *conditions.Finding
	// Endpoints are where the ports are reached, as the status shows them.
	Endpoints() []v1alpha1.ExternalEndpoint
}

// Condition says whether the outside can be told where to reach the ports, by every way that the spec asks for; nil where it
// asks for none. The first thing that is missing counts.
func Condition(conditionType string, ways ...Way) *metav1.Condition {
	var reached []v1alpha1.ExternalEndpoint
	asked := false
	for _, way := range ways {
		if !way.Asked() {
			continue
		}
		asked = true
		if f := way.Missing(); f != nil {
			return new(conditions.New(conditionType, metav1.ConditionFalse, f.Reason, f.Message))
		}
		reached = append(reached, way.Endpoints()...)
	}
	if !asked {
		return nil
	}
	return new(conditions.New(conditionType, metav1.ConditionTrue, v1alpha1.ReasonAddressFound, "the outside reaches "+list(reached)))
}

func list(endpoints []v1alpha1.ExternalEndpoint) string {
	var out []string
	for _, e := range endpoints {
		if at := e.Address + "/" + strings.ToLower(string(e.Protocol)); !slices.Contains(out, at) {
			out = append(out, at)
		}
	}
	if more := len(out) - most; more > 0 {
		out = append(out[:most], fmt.Sprintf("%d more", more))
	}
	return strings.Join(out, ", ")
}

// ofHosts are the endpoints of an API that users ask for by names, at the port of HTTPS.
func ofHosts(hosts []v1alpha1.HostPattern, port peer.Port, source v1alpha1.AddressSource) []v1alpha1.ExternalEndpoint {
	var out []v1alpha1.ExternalEndpoint
	for _, host := range hosts {
		at := Place{Address: peer.Address{Port: port, Number: port.Number, Host: string(host)}, Source: source}
		out = append(out, endpoints([]Place{at})...)
	}
	return out
}

// shut is about the NetworkPolicy where the way in leads through pods of the cluster, which may be let in by anything.
func shut(api v1alpha1.PeerAPI, who string) *conditions.Finding {
	if len(api.AllowFrom) > 0 {
		return nil
	}
	return conditions.Refuse(v1alpha1.ReasonNobodyAllowed, who+" does not get in, because spec.network.api.allowFrom is empty; name its pods by namespaceSelector and podSelector")
}
