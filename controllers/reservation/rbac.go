// SPDX-License-Identifier: Apache-2.0

package reservation

// What this controller may do, and nothing it does not use.
//
// +kubebuilder:rbac:groups=peernode.dev,resources=peeridentityreservations,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=peernode.dev,resources=peernodes,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch
