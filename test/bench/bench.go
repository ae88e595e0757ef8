// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/settings"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/cluster"
	"github.com/peernode/operator/test/cluster/audit"
	"github.com/peernode/operator/test/testenv"
)

const (
	namespace      = "bench"
	peersPerNode   = 100
	creators       = 16
	quiet          = settings.DefaultSettle + 5*time.Second
	longestWait    = 20 * time.Minute
	pauseInBetween = 2 * time.Second
)

// bench is a control plane with an operator that is measured.
type bench struct {
	options
	env        *testenv.Env
	log        *testenv.AuditLog
	dir        string
	binary     string
	kubeconfig string
	operator   *process
	begun      time.Time
}

func prepare(ctx context.Context, o options) (*bench, error) {
	b := &bench{options: o, begun: time.Now()}
	b.progressf("start a control plane")
	nodes := max(1, o.peers/peersPerNode)
	var err error
	if b.env, err = testenv.Start(ctx, cluster.ControlPlaneOptions{SimulatedNodes: nodes}); err != nil {
		return nil, err
	}
	if err := b.install(ctx); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bench) install(ctx context.Context) error {
	var err error
	if b.dir, err = os.MkdirTemp("", "peernode-bench-"); err != nil {
		return err
	}
	b.progressf("build the operator")
	if b.binary, err = buildOperator(ctx, b.dir); err != nil {
		return err
	}
	if b.kubeconfig, err = b.env.UserKubeconfig(testenv.OperatorUser); err != nil {
		return err
	}
	if b.log, err = b.env.NewAuditLog(); err != nil {
		return err
	}
	return b.env.Admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
}

func (b *bench) close() {
	_ = b.operator.stop()
	_ = b.env.Stop()
	_ = os.RemoveAll(b.dir)
}

func (b *bench) progressf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "[%6.1fs] %s\n", time.Since(b.begun).Seconds(), fmt.Sprintf(format, args...))
}

func (b *bench) start() (err error) {
	b.operator, err = startOperator(b.binary, b.kubeconfig, filepath.Join(b.dir, "operator.log"), b.options.env)
	return err
}

// create makes all PeerNodes as fast as the API server takes them, with the operator already at work.
func (b *bench) create(ctx context.Context, f *figures) error {
	if err := b.start(); err != nil {
		return err
	}
	start := time.Now()
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(creators)
	for _, object := range b.objects() {
		group.Go(func() error { return b.env.Admin.Create(groupCtx, object) })
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("create PeerNodes: %w", err)
	}
	f.created = time.Since(start)
	if err := b.until(ctx, b.allReady); err != nil {
		return err
	}
	if err := b.untilQuiet(ctx, 0); err != nil {
		return err
	}
	writes, err := b.log.Writes(namespace, 0)
	if err != nil {
		return err
	}
	f.writes = audit.CountBy(writes, audit.VerbAndResource)
	all, err := b.log.Since(namespace, 0)
	if err != nil {
		return err
	}
	f.dryRuns = len(slices.DeleteFunc(slices.Clone(all), func(e audit.Entry) bool { return !e.DryRun() }))
	f.applied = lastAnswer(writes, func(e audit.Entry) bool { return e.Resource == "statefulsets" }).Sub(start)
	f.ready = lastAnswer(writes, func(e audit.Entry) bool { return e.Subresource == "status" }).Sub(start)
	if f.events, err = b.events(ctx); err != nil {
		return err
	}
	f.converged, err = b.operator.usage()
	return err
}

// objects are what a person makes.
func (b *bench) objects() []client.Object {
	var out []client.Object
	if b.fleets == 0 {
		for i := range b.peers {
			out = append(out, builders.PeerNode(namespace, fmt.Sprintf("peer-%05d", i)))
		}
	}
	for i := range b.fleets {
		out = append(out, builders.PeerFleet(namespace, fleetName(i), int32(b.peers/b.fleets)))
	}
	return out
}

func fleetName(i int) string { return fmt.Sprintf("fleet-%03d", i) }

// events are the operator's, by reason, each with the first message: a smooth creation has none.
func (b *bench) events(ctx context.Context) (map[string][]string, error) {
	list := &eventsv1.EventList{}
	if err := b.env.Admin.List(ctx, list, client.InNamespace(namespace)); err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	out := map[string][]string{}
	for _, e := range list.Items {
		if e.ReportingController == "peernode-operator" {
			out[e.Reason] = append(out[e.Reason], e.Note)
		}
	}
	return out, nil
}

// restart counts what a fresh operator writes about PeerNodes with which nothing is wrong.
func (b *bench) restart(ctx context.Context, f *figures) error {
	if err := b.operator.stop(); err != nil {
		return fmt.Errorf("stop the operator: %w", err)
	}
	mark, err := b.log.Mark(namespace)
	if err != nil {
		return err
	}
	start := time.Now()
	if err := b.start(); err != nil {
		return err
	}
	if err := b.until(ctx, b.allReconciled); err != nil {
		return err
	}
	f.caughtUp = time.Since(start)
	if err := b.untilQuiet(ctx, mark); err != nil {
		return err
	}
	writes, err := b.log.Writes(namespace, mark)
	f.afterRestart = len(writes)
	return err
}

// rest counts what a converged operator writes while nothing happens.
func (b *bench) rest(ctx context.Context, f *figures) error {
	before, err := b.operator.usage()
	if err != nil {
		return err
	}
	mark, err := b.log.Mark(namespace)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(b.options.rest):
	}
	writes, err := b.log.Writes(namespace, mark)
	if err != nil {
		return err
	}
	f.atRest = len(writes)
	f.rested, err = b.operator.usage()
	f.restCPU = f.rested.cpu - before.cpu
	return err
}

// until is patient: the machine may be slow.
func (b *bench) until(ctx context.Context, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, longestWait)
	defer cancel()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		b.progressf("%s", err)
		select {
		case <-ctx.Done():
			return fmt.Errorf("not within %s: %w\n%s", longestWait, err, b.tail())
		case <-time.After(pauseInBetween):
		}
	}
}

func (b *bench) untilQuiet(ctx context.Context, mark testenv.Mark) error {
	return b.until(ctx, func(context.Context) error {
		before, err := b.log.Writes(namespace, mark)
		if err != nil {
			return err
		}
		fresh, err := b.log.During(namespace, quiet)
		if err == nil && len(fresh) > 0 {
			err = fmt.Errorf("%d writes, and %d more in the last %s", len(before), len(fresh), quiet)
		}
		return err
	})
}

func (b *bench) allReady(ctx context.Context) error {
	list := &v1alpha1.PeerNodeList{}
	if err := b.env.Admin.List(ctx, list, client.InNamespace(namespace)); err != nil {
		return err
	}
	ready := 0
	for _, p := range list.Items {
		if meta.IsStatusConditionTrue(p.Status.Conditions, v1alpha1.ConditionReady) {
			ready++
		}
	}
	if ready < b.peers {
		return fmt.Errorf("%d of %d PeerNodes are ready", ready, b.peers)
	}
	return nil
}

// allReconciled shows that silence after a restart is not idleness.
func (b *bench) allReconciled(context.Context) error {
	count, err := b.operator.reconciled()
	if err != nil {
		return fmt.Errorf("the operator is starting: %w", err)
	}
	if count < float64(b.peers) {
		return fmt.Errorf("%.0f of %d PeerNodes were looked at", count, b.peers)
	}
	return nil
}

func (b *bench) tail() string {
	log, _ := os.ReadFile(filepath.Join(b.dir, "operator.log"))
	return "the operator's last words:\n" + string(log[max(0, len(log)-4000):])
}

func lastAnswer(entries []audit.Entry, filter audit.Filter) time.Time {
	var last time.Time
	for _, e := range entries {
		if filter(e) && e.Answered.After(last) {
			last = e.Answered
		}
	}
	return last
}
