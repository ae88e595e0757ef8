// SPDX-License-Identifier: Apache-2.0

package backup

// What this controller may do, and nothing it does not use. It sees no credentials and no data.
//
// +kubebuilder:rbac:groups=peernode.dev,resources=peerbackups,verbs=get;list;watch;create
// +kubebuilder:rbac:groups=peernode.dev,resources=peerbackups/status,verbs=patch
// +kubebuilder:rbac:groups=peernode.dev,resources=peerbackups/finalizers,verbs=update
// +kubebuilder:rbac:groups=peernode.dev,resources=peerbackupstores;peernodes;peerfleets,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=apps,resources=statefulsets,verbs=get;list;watch
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=batch,resources=jobs/status,verbs=patch
// +kubebuilder:rbac:groups=batch,resources=cronjobs,verbs=get;list;watch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch
