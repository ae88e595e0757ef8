// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
)

// identityInEtcd warns of a private key in a Secret that opens the key of the peer, nil where there is none.
func identityInEtcd(p *v1alpha1.PeerNode) *metav1.Condition {
	direct := p.Direct()
	if direct == nil || direct.Secret == nil {
		return nil
	}
	c := conditions.New(v1alpha1.ConditionIdentityInEtcd, metav1.ConditionTrue, v1alpha1.ReasonOpenerInSecret, fmt.Sprintf(
		"Secret %s opens the peer's key: whoever reads etcd, its backups or the Secrets of namespace %s has it. Use spec.identity.direct.csi, or the unsealer", direct.Secret.Name, p.Namespace))
	return &c
}

// openerMissing says what a pod waits for that cannot mount the private key with which it opens its own.
func openerMissing(o Observed) *conditions.Finding {
	direct := o.PeerNode.Direct()
	switch {
	case !o.OpenerMissing || direct == nil:
		return nil
	case direct.Secret != nil:
		return conditions.Wait(v1alpha1.ReasonWaitingForOpener, fmt.Sprintf(
			"Secret %s, which spec.identity.direct.secret names and which opens the peer's key, does not exist; create it with the private key of spec.identity.direct.recipient", direct.Secret.Name))
	case o.Pod != nil && imageMissing(o.Pod) != nil: // That has its own words.
		return nil
	}
	return conditions.Wait(v1alpha1.ReasonWaitingForOpener, fmt.Sprintf(
		"the pod is kept waiting for its volumes, among them that of CSI driver %s, which opens the peer's key; the events of the pod tell why", direct.CSI.Driver))
}
