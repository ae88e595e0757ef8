// SPDX-License-Identifier: Apache-2.0

package backupstore

// What this controller may do, and nothing it does not use. It sees no credentials.
//
// +kubebuilder:rbac:groups=peernode.dev,resources=peerbackupstores,verbs=get;list;watch
// +kubebuilder:rbac:groups=peernode.dev,resources=peerbackupstores/status,verbs=patch
// +kubebuilder:rbac:groups=peernode.dev,resources=peerbackupstores/finalizers,verbs=update
// +kubebuilder:rbac:groups=peernode.dev,resources=peerbackups,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=pods,verbs=list;watch
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch
