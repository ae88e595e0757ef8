// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"errors"
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/blueprint"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/handover"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/resources"
	"github.com/peernode/operator/pkg/seal"
)

// take takes the key from its Job, once that has ended. A key that is reserved is the peer's: it is stored as it is, and
// none in its place.
func take(o Observed, b blueprint.Blueprint, job *batchv1.Job, epoch int64, reservations []*v1alpha1.PeerIdentityReservation) keyStep {
	envelope, err := o.madeKey()
	if envelope == nil && err == nil {
		return waitForJob(o, job)
	}
	if err == nil {
		err = asOrdered(envelope.Header(), b, epoch)
	}
	if err != nil {
		return keyStep{finding: conditions.Refuse(v1alpha1.ReasonKeyJobFailed, fmt.Sprintf("what Job %s made is not used: %s. Delete the Job to have it tried again", job.Name, err))}
	}
	key, err := envelope.Header().Public()
	if err != nil { // A header that was read has been checked.
		return keyStep{finding: conditions.Refuse(v1alpha1.ReasonKeyJobFailed, err.Error())}
	}
	reserved := slices.ContainsFunc(reservations, func(r *v1alpha1.PeerIdentityReservation) bool {
		return r.Name == resources.ReservationName(b.Kind.Key(), key)
	})
	switch {
	case len(reservations) > 0 && !reserved:
		return keyStep{finding: conditions.Refuse(v1alpha1.ReasonIdentityMissing, fmt.Sprintf(
			"PeerIdentityReservation %s says that this peer is %s, and Job %s made another key, which is not used. Delete the Job, and restore Secret %s; or, if no peer ever ran with that identity, the reservation",
			reservations[0].Name, reservations[0].Spec.PeerID, job.Name, names.Key(b.PeerNode, epoch)))}
	case !reserved && !slices.Equal(envelope.Header().Recipients, infos(keyRecipients(o, b))):
		return keyStep{discard: job, finding: conditions.Wait(v1alpha1.ReasonWaitingForKey, "the recipients of the key have changed while it was made, so it is made anew")}
	}
	return store(b, *envelope, key, epoch).claim(o, b, key, epoch)
}

// madeKey is what the Job made, nil while none of its pods has ended. An error says what is wrong with it.
func (o Observed) madeKey() (*seal.Envelope, error) {
	for _, pod := range o.KeyPods {
		messages, ended := resources.KeyJobMessages(pod)
		if !ended {
			continue
		}
		envelope, err := handover.Join(messages)
		return &envelope, err
	}
	return nil, nil
}

// asOrdered compares what the Job made with what it was to make.
func asOrdered(h seal.Header, b blueprint.Blueprint, epoch int64) error {
	if want := binding(b.PeerNode, epoch); h.Binding != want {
		return fmt.Errorf("the envelope is bound to %s, not to %s", h.Binding, want)
	}
	if want := b.PeerNode.Spec.Identity.Type; h.KeyType != want {
		return fmt.Errorf("the key is of type %s, not %s", h.KeyType, want)
	}
	key, err := h.Public()
	if err != nil { // A header that was read has been checked.
		return err
	}
	if want := expectedKey(b.PeerNode); want != "" && epoch == firstEpoch && b.Kind.Key().Identity(key).PublicKey != want {
		return errors.New("the key is not that of spec.identity.expectedPublicKey")
	}
	return nil
}

// waitForJob says what the Job waits for. One that is complete and left no pod told nobody what it made.
func waitForJob(o Observed, job *batchv1.Job) keyStep {
	for _, c := range job.Status.Conditions {
		switch {
		case c.Status != corev1.ConditionTrue:
		case c.Type == batchv1.JobFailed:
			return keyStep{finding: conditions.Refuse(v1alpha1.ReasonKeyJobFailed, fmt.Sprintf(
				"Job %s, which makes the peer's key, failed (%s)%s. Delete the Job to have it tried again", job.Name, c.Message, resources.LastTry(o.KeyPods, resources.KeyJobFailure)))}
		case c.Type == batchv1.JobComplete && len(o.KeyPods) == 0:
			return keyStep{discard: job, finding: conditions.Wait(v1alpha1.ReasonWaitingForKey, "the pod that made the peer's key was lost before it told, so the key is made anew")}
		}
	}
	for _, pod := range o.KeyPods {
		for _, ask := range []func(*corev1.Pod) *conditions.Finding{unschedulable, imageMissing} {
			if f := ask(pod); f != nil {
				return keyStep{finding: f}
			}
		}
	}
	return keyStep{finding: conditions.Wait(v1alpha1.ReasonWaitingForKey, fmt.Sprintf("Job %s makes the peer's key%s", job.Name, resources.LastTry(o.KeyPods, resources.KeyJobFailure)))}
}
