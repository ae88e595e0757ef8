// SPDX-License-Identifier: Apache-2.0

package resources

import (
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/peernode/operator/pkg/names"
)

// ConfigMap holds the files of the software and of its edge and the certificate of the unsealer, nil where there are none. The live files of a peer of a fleet, but for its own, are the
// fleet's, so that a change of one peer is one write and not one for each of the others. It goes with the PeerNode.
func ConfigMap(in Input) *applycorev1.ConfigMapApplyConfiguration {
	p := in.PeerNode
	data := map[string]string{}
	for _, f := range in.Workload.Files {
		if !f.Live || f.Own || p.Spec.Fleet == nil {
			data[f.Key] = f.Content
		}
	}
	if in.Edge != nil {
		data[edgeFile] = in.Edge.Document
	}
	if in.brokered() && in.UnsealerCA != "" {
		data[callAs] = in.UnsealerCA
	}
	if len(data) == 0 {
		return nil
	}
	return applycorev1.ConfigMap(names.Config(p), p.Namespace).
		WithLabels(names.Labels(p, componentConfig)).
		WithOwnerReferences(owner(p)).
		WithData(data)
}
