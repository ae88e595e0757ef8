// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/resources"
)

// ProveIdentity plays the kubelet of a simulated node, which runs no container: it reports that the identity container
// of a peer ended well and left the name that is on record.
func (e *Env) ProveIdentity(ctx context.Context, namespace, peerNode string) error {
	p := &v1alpha1.PeerNode{}
	if err := e.Admin.Get(ctx, types.NamespacedName{Namespace: namespace, Name: peerNode}, p); err != nil {
		return err
	}
	if p.Status.Identity == nil || p.Status.Identity.PeerID == "" {
		return fmt.Errorf("no key of %s is on record yet", peerNode)
	}
	return e.ClaimIdentity(ctx, namespace, peerNode, p.Status.Identity.PeerID)
}

// ClaimIdentity is like ProveIdentity, with whatever name.
func (e *Env) ClaimIdentity(ctx context.Context, namespace, peerNode, peerID string) error {
	message, err := json.Marshal(map[string]string{"peerID": peerID, "publicKey": "public-key-of-" + peerNode})
	if err != nil {
		return err
	}
	return e.identityEnds(ctx, namespace, peerNode, corev1.ContainerStateTerminated{Message: string(message), Reason: "Completed"})
}

// RefuseIdentity reports that the identity container ended badly.
func (e *Env) RefuseIdentity(ctx context.Context, namespace, peerNode, message string) error {
	return e.identityEnds(ctx, namespace, peerNode, corev1.ContainerStateTerminated{Message: message, Reason: "Error", ExitCode: 1})
}

func (e *Env) identityEnds(ctx context.Context, namespace, peerNode string, end corev1.ContainerStateTerminated) error {
	pod := &corev1.Pod{}
	if err := e.Admin.Get(ctx, types.NamespacedName{Namespace: namespace, Name: peerNode + "-0"}, pod); err != nil {
		return err
	}
	before := pod.DeepCopy()
	for i := range pod.Status.InitContainerStatuses {
		if s := &pod.Status.InitContainerStatuses[i]; s.Name == resources.ContainerIdentity {
			s.State = corev1.ContainerState{Terminated: &end}
			return e.Admin.Status().Patch(ctx, pod, client.MergeFrom(before))
		}
	}
	return fmt.Errorf("pod %s has no status of an identity container yet", pod.Name)
}
