// SPDX-License-Identifier: Apache-2.0

package peerbackup

import (
	"cmp"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
)

// end is the end of a Job whose PeerBackup has ended.
func (r Run) end() RunPlan {
	ready := conditions.Find(r.Backup.Status.Conditions, v1alpha1.ConditionReady)
	message := fmt.Sprintf("PeerBackup %s: %s", r.Backup.Name, ready.Message)
	if ready.Status != metav1.ConditionTrue {
		return r.fail(ready.Reason, message)
	}
	status := r.ends(ready.Reason, message, batchv1.JobSuccessCriteriaMet, batchv1.JobComplete)
	status.CompletionTime, status.Succeeded = r.at(), 1
	return RunPlan{Status: status}
}

func (r Run) fail(reason, message string) RunPlan {
	status := r.ends(reason, message, batchv1.JobFailureTarget, batchv1.JobFailed)
	status.Failed = 1
	return RunPlan{Status: status}
}

// ends is a status with the conditions that a Job ends with. The API server asks for both of them, and for when it was begun.
func (r Run) ends(reason, message string, types ...batchv1.JobConditionType) *batchv1.JobStatus {
	out := &batchv1.JobStatus{StartTime: cmp.Or(r.Job.Status.StartTime, r.at())}
	for _, t := range types {
		out.Conditions = append(out.Conditions, batchv1.JobCondition{
			Type: t, Status: corev1.ConditionTrue, Reason: reason, Message: message, LastProbeTime: *r.at(), LastTransitionTime: *r.at(),
		})
	}
	return out
}

// at is now, as the API writes it.
func (r Run) at() *metav1.Time { return new(metav1.NewTime(r.Now).Rfc3339Copy()) }
