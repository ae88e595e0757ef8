// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/resources"
)

// Status is what is to be told about the peer. What cannot be seen now keeps its last known value.
func Status(o Observed, p Plan, v Verdict, now time.Time) v1alpha1.PeerNodeStatus {
	before := o.PeerNode.Status
	s := v1alpha1.PeerNodeStatus{
		ObservedGeneration: o.PeerNode.Generation,
		Image:              p.PeerNode.Spec.Image,
		Identity:           before.Identity.DeepCopy(),
		Endpoints:          before.Endpoints.DeepCopy(),
		Certificate:        p.certificateStatus(o),
		Storage:            storage(o),
		Bootstrap:          p.begun(o),
		Backup:             backupStatus(o),
		Rollout:            rollout(o, p, metav1.NewTime(now)),
	}
	var identityCondition, rotated, backedUp *metav1.Condition
	if p.Kind != nil {
		s.Software = p.Kind.Name()
		s.Identity, identityCondition = identityStatus(o, p)
		before := s.Identity.DeepCopy()
		d := p.rotate(o, s.Identity, now)
		p.record(d, s.Identity)
		rotated, backedUp = p.keyRotated(o, d), p.keyBackedUp(o)
		if s.Identity != nil && p.Blocked == nil {
			s.Identity.Copies = p.recordedCopies()
		}
		if before != nil && before.Epoch != s.Identity.Epoch {
			identityCondition = new(unproven())
		}
	}
	exposures, external := exposed(o, p)
	if len(p.Workload.Ports) > 0 {
		s.Endpoints = endpoints(p, external)
	}
	list := []metav1.Condition{ready(o, v), conditions.Reconciling(v.Finding), conditions.Stalled(v.Finding), storageReady(o), networkPolicyEnforced(o)}
	for _, c := range []*metav1.Condition{identityCondition, rotated, backedUp, p.restored(o), identityInEtcd(o.PeerNode), p.backupHealthy(o, now), p.certificateReady(o, now), o.Declared.Resolved(o.PeerNode, o.Options), customPodTemplate(o)} {
		if c != nil {
			list = append(list, *c)
		}
	}
	list = append(list, exposures...)
	for i := range list {
		list[i].ObservedGeneration = o.PeerNode.Generation
	}
	s.Conditions = sinceThePod(o.Pod, conditions.Carry(before.Conditions, list, now))
	return s
}

// sinceThePod lets a peer be ready for no longer than its pod is. A pod that was unready for a moment between two looks, or
// that was replaced while no operator looked, leaves no other trace, and fleets count on a peer from that time on.
func sinceThePod(pod *corev1.Pod, list []metav1.Condition) []metav1.Condition {
	for i, c := range list {
		if c.Type != v1alpha1.ConditionReady || c.Status != metav1.ConditionTrue {
			continue
		}
		if since := readiness(pod).LastTransitionTime; since.After(c.LastTransitionTime.Time) {
			list[i].LastTransitionTime = since
		}
	}
	return list
}

func ready(o Observed, v Verdict) metav1.Condition {
	switch {
	case v.Serves:
		return conditions.New(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonServing, "the peer runs and reports that it serves")
	case v.Finding != nil:
		return conditions.New(v1alpha1.ConditionReady, metav1.ConditionFalse, v.Finding.Reason, v.Finding.Message)
	case o.PeerNode.Spec.Suspend:
		return conditions.New(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSuspended, "spec.suspend is true; volume and keys are kept")
	default:
		return conditions.New(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonWaitingForPod, "the pod is not ready")
	}
}

func storageReady(o Observed) metav1.Condition {
	claim := o.claim()
	for _, f := range []*conditions.Finding{volumeFinding(o), resizeFinding(claim)} {
		if f != nil {
			return conditions.New(v1alpha1.ConditionStorageReady, metav1.ConditionFalse, f.Reason, f.Message)
		}
	}
	if asked := claim.Spec.Resources.Requests[corev1.ResourceStorage]; asked.Cmp(o.PeerNode.Spec.Storage.Size) > 0 {
		return conditions.New(v1alpha1.ConditionStorageReady, metav1.ConditionTrue, v1alpha1.ReasonLargerThanAsked,
			fmt.Sprintf("claim %s has %s; a volume never shrinks, so spec.storage.size of %s is met by it", claim.Name, asked.String(), o.PeerNode.Spec.Storage.Size.String()))
	}
	return conditions.New(v1alpha1.ConditionStorageReady, metav1.ConditionTrue, v1alpha1.ReasonBound, "")
}

func customPodTemplate(o Observed) *metav1.Condition {
	if o.PeerNode.Spec.PodTemplate == nil {
		return nil
	}
	c := conditions.New(v1alpha1.ConditionCustomPodTemplate, metav1.ConditionTrue, v1alpha1.ReasonPatched,
		"spec.podTemplate changes the pod; the operator's defaults no longer vouch for it alone")
	return &c
}

// identityStatus is what is on record of the key, and whether the running software has proven it. The Secret is on record
// from the moment in which it was stored: what is planned is carried out before the status is told.
func identityStatus(o Observed, p Plan) (*v1alpha1.PeerIdentityStatus, *metav1.Condition) {
	if p.Kind.Key() == nil {
		return nil, nil
	}
	id := p.key.record.DeepCopy()
	if id == nil {
		id = o.PeerNode.Status.Identity.DeepCopy()
	}
	if id == nil {
		return nil, nil
	}
	before := conditions.Find(o.PeerNode.Status.Conditions, v1alpha1.ConditionIdentityBound)
	bound, seen := before.Status == metav1.ConditionTrue, before.Message
	// The key of an earlier PeerNode is known from the software alone.
	if proven, ok := provenIdentity(o.Pod, p.Kind.Key()); ok && (id.PeerID == "" || id.PeerID == proven.PeerID) {
		id.PeerID, id.PublicKey, bound = proven.PeerID, proven.PublicKey, true
		seen = fileOf(proven)
	}
	c := unproven()
	if bound {
		c = conditions.New(v1alpha1.ConditionIdentityBound, metav1.ConditionTrue, v1alpha1.ReasonKeyProven, seen)
	}
	return id, &c
}

func unproven() metav1.Condition {
	return conditions.New(v1alpha1.ConditionIdentityBound, metav1.ConditionFalse, v1alpha1.ReasonKeyCreated, "the software has not shown yet which key it holds")
}

// fileOf says how the software sees the file of its key.
func fileOf(proven peer.Identity) string {
	if proven.Mode == "" {
		return ""
	}
	return fmt.Sprintf("the software finds its key in a file of mode %s that belongs to user %d", proven.Mode, proven.Owner)
}

func provenIdentity(pod *corev1.Pod, key peer.Key) (peer.Identity, bool) {
	if pod == nil {
		return peer.Identity{}, false
	}
	for _, s := range pod.Status.InitContainerStatuses {
		if s.Name != resources.ContainerIdentity || s.State.Terminated == nil || s.State.Terminated.ExitCode != 0 {
			continue
		}
		proven, err := key.Parse(s.State.Terminated.Message)
		return proven, err == nil
	}
	return peer.Identity{}, false
}

func endpoints(p Plan, external []v1alpha1.ExternalEndpoint) *v1alpha1.PeerEndpoints {
	at := func(service string, port int32) string {
		return fmt.Sprintf("%s:%d", names.Host(service, p.PeerNode.Namespace), port)
	}
	e := &v1alpha1.PeerEndpoints{External: external}
	if ports := peer.PortsFor(p.Workload.Ports, v1alpha1.PurposePeer); len(ports) > 0 {
		e.Peer = at(names.Workload(p.PeerNode), ports[0].Number)
	}
	if p.Input.Edge != nil {
		e.API = at(names.API(p.PeerNode), resources.APIPort.Number)
	}
	if e.Peer == "" && e.API == "" && len(e.External) == 0 {
		return nil
	}
	return e
}

func storage(o Observed) *v1alpha1.PeerStorageStatus {
	claim := o.claim()
	if claim == nil {
		return o.PeerNode.Status.Storage.DeepCopy()
	}
	s := &v1alpha1.PeerStorageStatus{ClaimName: claim.Name}
	if asked, ok := claim.Spec.Resources.Requests[corev1.ResourceStorage]; ok {
		s.Requested = &asked
	}
	if has, ok := claim.Status.Capacity[corev1.ResourceStorage]; ok {
		s.Capacity = &has
	}
	return s
}
