// SPDX-License-Identifier: Apache-2.0

package resources

import (
	batchv1 "k8s.io/api/batch/v1"
	applybatchv1 "k8s.io/client-go/applyconfigurations/batch/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
)

const (
	// annotationDescription is the one by which objects of Kubernetes explain themselves.
	annotationDescription = "kubernetes.io/description"
	// whoRunsBackups says why no pod of these Jobs is ever seen.
	whoRunsBackups = "peernode-operator carries these Jobs out, each by a PeerBackup, when the peer may be stopped. Their own pods are never started."

	// runsKept is how many Jobs of either end are kept. What came of all others is in the PeerBackups.
	runsKept = 1
)

// BackupSchedule is the CronJob of spec.backup, nil where there is none. The operator, and not the controller of Jobs, carries
// out what it makes, by the spec of the PeerNode as it is then; so the template holds nothing of it, and cannot be out of date.
func BackupSchedule(in Input) *applybatchv1.CronJobApplyConfiguration {
	p := in.PeerNode
	if p.Spec.Backup == nil {
		return nil
	}
	labels := names.Labels(p, names.ComponentBackupRun)
	description := map[string]string{annotationDescription: whoRunsBackups}
	spec := applybatchv1.CronJobSpec().
		WithSchedule(p.Spec.Backup.Schedule).
		WithTimeZone(p.Spec.Backup.TimeZone).
		WithConcurrencyPolicy(batchv1.ForbidConcurrent).
		WithSuspend(p.Spec.Backup.Suspend).
		WithSuccessfulJobsHistoryLimit(runsKept).
		WithFailedJobsHistoryLimit(runsKept).
		WithJobTemplate(applybatchv1.JobTemplateSpec().
			WithLabels(labels).
			WithAnnotations(description).
			WithSpec(applybatchv1.JobSpec().
				WithManagedBy(v1alpha1.RunsBackups).
				WithBackoffLimit(0).
				WithTemplate(applycorev1.PodTemplateSpec().WithLabels(labels).WithSpec(runPod(in)))))
	if late := p.Spec.Backup.StartWithin.Length(); late > 0 {
		spec.WithStartingDeadlineSeconds(int64(late.Seconds()))
	}
	return applybatchv1.CronJob(names.BackupSchedule(p), p.Namespace).
		WithLabels(labels).
		WithAnnotations(description).
		WithOwnerReferences(owner(p)).
		WithSpec(spec)
}

// runPod is never started. It is one that every policy of the cluster lets pass, and that would do nothing.
func runPod(in Input) *applycorev1.PodSpecApplyConfiguration {
	return jobPod(in.PeerNode, in.Options.HostUsers).
		WithContainers(companion(names.ComponentBackupRun, in.Options.CompanionImage).WithArgs("help"))
}
