// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 is what users may say to peernode-operator: the kinds of the group peernode.dev,
// their conditions, labels and annotations. It holds data, markers and small accessors, no behaviour.
//
// +kubebuilder:object:generate=true
// +kubebuilder:ac:generate=true
// +kubebuilder:ac:output:package=applyconfiguration
// +groupName=peernode.dev
package v1alpha1
