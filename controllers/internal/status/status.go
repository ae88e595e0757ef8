// SPDX-License-Identifier: Apache-2.0

// Package status holds the only code that writes the status of our kinds, and of the Jobs that are ours to carry out.
package status

import (
	"context"
	"encoding/json"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/runtime"
	applybatchv1 "k8s.io/client-go/applyconfigurations/batch/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	applyv1alpha1 "github.com/peernode/operator/api/v1alpha1/applyconfiguration/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/apply"
)

// Write applies the whole status of p, but for what the janitor tells, so that a condition that is no longer told goes
// away. It returns the new resourceVersion, or "" when the PeerNode is gone, which is not an error.
func Write(ctx context.Context, c client.Client, p *v1alpha1.PeerNode, next v1alpha1.PeerNodeStatus) (string, error) {
	status := applyv1alpha1.PeerNodeStatus()
	if err := convert(next, status); err != nil {
		return "", err
	}
	if status.Identity != nil { // From a cache that is behind, the number would go back.
		status.Identity.RemovedThrough = nil
	}
	// The UID keeps the status of a deleted PeerNode from landing on its successor.
	applied := applyv1alpha1.PeerNode(p.Name, p.Namespace).WithUID(p.UID).WithStatus(status)
	err := write(ctx, c, applied, apply.FieldManager)
	return version(applied.ResourceVersion), err
}

// WriteRemoved tells up to which epoch the Secrets of revoked keys were removed, under a name of its own: whoever applies a
// status takes away the fields that it had applied before and does not any more.
func WriteRemoved(ctx context.Context, c client.Client, p *v1alpha1.PeerNode, through int64) error {
	id := applyv1alpha1.PeerIdentityStatus().WithRemovedThrough(through)
	applied := applyv1alpha1.PeerNode(p.Name, p.Namespace).WithUID(p.UID).WithStatus(applyv1alpha1.PeerNodeStatus().WithIdentity(id))
	return write(ctx, c, applied, apply.JanitorFieldManager)
}

// WriteFleet applies the whole status of a PeerFleet.
func WriteFleet(ctx context.Context, c client.Client, f *v1alpha1.PeerFleet, next v1alpha1.PeerFleetStatus) (string, error) {
	status := applyv1alpha1.PeerFleetStatus()
	if err := convert(next, status); err != nil {
		return "", err
	}
	applied := applyv1alpha1.PeerFleet(f.Name, f.Namespace).WithUID(f.UID).WithStatus(status)
	err := write(ctx, c, applied, apply.FleetFieldManager)
	return version(applied.ResourceVersion), err
}

// WriteStore applies the whole status of a PeerBackupStore.
func WriteStore(ctx context.Context, c client.Client, s *v1alpha1.PeerBackupStore, next v1alpha1.PeerBackupStoreStatus) (string, error) {
	status := applyv1alpha1.PeerBackupStoreStatus()
	if err := convert(next, status); err != nil {
		return "", err
	}
	applied := applyv1alpha1.PeerBackupStore(s.Name, s.Namespace).WithUID(s.UID).WithStatus(status)
	err := write(ctx, c, applied, apply.FieldManager)
	return version(applied.ResourceVersion), err
}

// WriteBackup applies the whole status of a PeerBackup.
func WriteBackup(ctx context.Context, c client.Client, b *v1alpha1.PeerBackup, next v1alpha1.PeerBackupStatus) (string, error) {
	status := applyv1alpha1.PeerBackupStatus()
	if err := convert(next, status); err != nil {
		return "", err
	}
	applied := applyv1alpha1.PeerBackup(b.Name, b.Namespace).WithUID(b.UID).WithStatus(status)
	err := write(ctx, c, applied, apply.FieldManager)
	return version(applied.ResourceVersion), err
}

// WriteJob applies the status of a Job, if that is still the one that was looked at.
func WriteJob(ctx context.Context, c client.Client, job *batchv1.Job, next batchv1.JobStatus) error {
	status := applybatchv1.JobStatus()
	if err := convert(next, status); err != nil {
		return err
	}
	return write(ctx, c, applybatchv1.Job(job.Name, job.Namespace).WithUID(job.UID).WithResourceVersion(job.ResourceVersion).WithStatus(status), apply.FieldManager)
}

// convert goes by way of JSON: there is no converter from a type to its apply configuration.
func convert(status, applyConfiguration any) error {
	raw, err := json.Marshal(status)
	if err != nil {
		return fmt.Errorf("encode status: %w", err)
	}
	if err := json.Unmarshal(raw, applyConfiguration); err != nil {
		return fmt.Errorf("decode status: %w", err)
	}
	return nil
}

func write(ctx context.Context, c client.Client, applied runtime.ApplyConfiguration, manager string) error {
	err := c.Status().Apply(ctx, applied, client.FieldOwner(manager), client.ForceOwnership)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("write status: %w", err)
	}
	return nil
}

func version(resourceVersion *string) string {
	if resourceVersion == nil {
		return ""
	}
	return *resourceVersion
}
