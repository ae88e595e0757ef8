// SPDX-License-Identifier: Apache-2.0

package fleet

// What this controller may do, and nothing it does not use.
//
// +kubebuilder:rbac:groups=peernode.dev,resources=peerfleets,verbs=get;list;watch
// +kubebuilder:rbac:groups=peernode.dev,resources=peerfleets/status,verbs=patch
// +kubebuilder:rbac:groups=peernode.dev,resources=peerfleets/finalizers,verbs=update
// +kubebuilder:rbac:groups=peernode.dev,resources=peernodes,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=peernode.dev,resources=peerbackups,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=apps,resources=controllerrevisions,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch
