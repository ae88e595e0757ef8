// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/peernode/operator/pkg/enforcement"
)

var (
	enforcedDesc = prometheus.NewDesc("peernode_network_policy_enforced",
		"One where the network plugin was seen to enforce NetworkPolicies in a direction, zero where it was seen not to; absent while nobody knows.", []string{"direction"}, nil)
	sourcesDesc = prometheus.NewDesc("peernode_source_address_kept",
		"One where a pod was seen to arrive with its own address at another one, zero where source NAT hides it; absent while nobody knows.", nil, nil)
)

// collectEnforced tells what is known of the cluster. Of several replicas the one that leads knows.
func collectEnforced(w enforcement.Word, out chan<- prometheus.Metric) {
	for _, m := range []struct {
		desc    *prometheus.Desc
		finding enforcement.Finding
		labels  []string
	}{
		{enforcedDesc, w.Verdict.Ingress, []string{"ingress"}},
		{enforcedDesc, w.Verdict.Egress, []string{"egress"}},
		{sourcesDesc, w.Verdict.Sources, nil},
	} {
		switch m.finding {
		case enforcement.Yes:
			out <- gauge(m.desc, 1, m.labels...)
		case enforcement.No:
			out <- gauge(m.desc, 0, m.labels...)
		}
	}
}
