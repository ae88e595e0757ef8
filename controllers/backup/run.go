// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"context"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/apply"
	"github.com/peernode/operator/controllers/internal/outcome"
	"github.com/peernode/operator/controllers/internal/status"
	"github.com/peernode/operator/pkg/defaults"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/peerbackup"
)

// Runner carries out the Jobs of schedules, each by a PeerBackup. It promises that every one of them comes to an end, and that
// a run is made once.
type Runner struct {
	// Client reads from the cache and writes.
	Client client.Client
	// Live reads from the API server, past the cache.
	Live client.Reader
	// Defaults are those that the operator's own flags decide.
	Defaults defaults.Options
	// Now is the clock.
	Now func() time.Time
}

// Reconcile looks, decides and does. Before it writes it looks a second time, past the cache, because neither a PeerBackup nor
// the end of a Job can be taken back.
func (r *Runner) Reconcile(ctx context.Context, job *batchv1.Job) (ctrl.Result, error) {
	plan, run, err := r.decide(ctx, r.Client, job)
	if err == nil && plan.Acts() {
		live, failed := r.again(ctx, job)
		if live == nil {
			return outcome.Of(failed).Result()
		}
		plan, run, err = r.decide(ctx, r.Live, live)
	}
	if err == nil {
		err = r.do(ctx, run.Job, plan)
	}
	if err != nil {
		return outcome.Of(err).Result()
	}
	if plan.LookAgain.IsZero() {
		return ctrl.Result{}, nil
	}
	return ctrl.Result{RequeueAfter: max(time.Second, plan.LookAgain.Sub(r.Now()))}, nil
}

// again reads the Job past the cache, nil where it is gone.
func (r *Runner) again(ctx context.Context, job *batchv1.Job) (*batchv1.Job, error) {
	live, err := get(looker{ctx, r.Live, job.Namespace}, job.Name, &batchv1.Job{})
	if err != nil || live == nil || live.UID != job.UID {
		return nil, err
	}
	return live, nil
}

func (r *Runner) decide(ctx context.Context, reader client.Reader, job *batchv1.Job) (peerbackup.RunPlan, peerbackup.Run, error) {
	run := peerbackup.Run{Job: job, Now: r.Now()}
	if !peerbackup.Runs(job) || peerbackup.RunEnded(job) {
		return peerbackup.RunPlan{}, run, nil
	}
	in := looker{ctx, reader, job.Namespace}
	var err error
	if run.Peer, err = r.scheduled(in, job); err != nil {
		return peerbackup.RunPlan{}, run, err
	}
	if run.Backup, err = get(in, peerbackup.RunName(job), &v1alpha1.PeerBackup{}); err != nil {
		return peerbackup.RunPlan{}, run, err
	}
	if run.Peer != nil && run.Backup == nil {
		list := &v1alpha1.PeerBackupList{}
		if err := reader.List(ctx, list, client.InNamespace(job.Namespace)); err != nil {
			return peerbackup.RunPlan{}, run, fmt.Errorf("list the PeerBackups of the namespace: %w", err)
		}
		run.Proven = peerbackup.LatestProven(list.Items, run.Peer)
	}
	return peerbackup.DecideRun(run), run, nil
}

// scheduled is the PeerNode whose CronJob has made a Job, as it is now, nil where there is none that has a schedule.
func (r *Runner) scheduled(in looker, job *batchv1.Job) (*v1alpha1.PeerNode, error) {
	peer, err := get(in, job.Labels[v1alpha1.LabelPeerNode], &v1alpha1.PeerNode{})
	if err != nil || peer == nil || peer.Spec.Backup == nil || peer.DeletionTimestamp != nil {
		return nil, err
	}
	schedule, err := get(in, names.BackupSchedule(peer), &batchv1.CronJob{})
	if err != nil || schedule == nil || !metav1.IsControlledBy(job, schedule) || !metav1.IsControlledBy(schedule, peer) {
		return nil, err
	}
	return defaults.PeerNode(peer, r.Defaults), nil
}

// do carries the plan out. A PeerBackup is made by Create, because Create on a fixed name is a lock.
func (r *Runner) do(ctx context.Context, job *batchv1.Job, plan peerbackup.RunPlan) error {
	if plan.Create != nil {
		err := r.Client.Create(ctx, plan.Create, client.FieldOwner(apply.FieldManager))
		if apierrors.IsAlreadyExists(err) {
			return &outcome.Later{After: time.Second, Why: fmt.Sprintf("PeerBackup %s was made meanwhile", plan.Create.Name)}
		}
		if err != nil {
			return fmt.Errorf("create PeerBackup %s: %w", plan.Create.Name, err)
		}
	}
	if plan.Status == nil {
		return nil
	}
	return status.WriteJob(ctx, r.Client, job, *plan.Status)
}
