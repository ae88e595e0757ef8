// SPDX-License-Identifier: Apache-2.0

package resources

import (
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/peernode/operator/pkg/names"
)

// ConfigMap holds the files of the software, nil where it has none. It goes with the PeerNode.
func ConfigMap(in Input) *applycorev1.ConfigMapApplyConfiguration {
	if len(in.Workload.Files) == 0 {
		return nil
	}
	p := in.PeerNode
	data := make(map[string]string, len(in.Workload.Files))
	for _, f := range in.Workload.Files {
		data[f.Key] = f.Content
	}
	return applycorev1.ConfigMap(names.Config(p), p.Namespace).
		WithLabels(names.Labels(p, componentConfig)).
		WithOwnerReferences(owner(p)).
		WithData(data)
}
