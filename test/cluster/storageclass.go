// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
)

// storageClassYAML is the default class of the cluster; every shape has one of this name, made by what fits the shape.
const storageClassYAML = `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: standard
  annotations: {storageclass.kubernetes.io/is-default-class: "true"}
provisioner: %s
allowVolumeExpansion: true
reclaimPolicy: Delete
volumeBindingMode: Immediate
`

// applyStorageClass makes provisioner the one behind the class "standard".
func applyStorageClass(ctx context.Context, client *apiClient, provisioner string) error {
	err := client.apply(ctx, "/apis/storage.k8s.io/v1/storageclasses/standard", fmt.Sprintf(storageClassYAML, provisioner))
	if err != nil {
		return fmt.Errorf("create the default storage class: %w", err)
	}
	return nil
}
