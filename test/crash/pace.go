// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/test/testenv"
)

// tolerable is how late a watch may show what happened. Where it is later, the control plane has more to do than its processors
// can: Kubernetes' own controllers, which then see less than they did themselves, wait longer and longer, and so do all runs.
const tolerable = 500 * time.Millisecond

// pace knows how far the control plane is behind.
type pace struct{ lag atomic.Int64 }

// late is how far that is.
func (p *pace) late() time.Duration { return time.Duration(p.lag.Load()) }

// behind reports whether no further run should begin.
func (p *pace) behind() bool { return p.late() > tolerable }

// follow writes an object again and again and waits until a watch shows it, until ctx ends. It tells each time. Once it has
// given up, nothing counts as behind.
func (p *pace) follow(ctx context.Context, env *testenv.Env, told func()) error {
	defer p.lag.Store(0)
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: "pace"}}
	if err := env.Admin.Create(ctx, config); err != nil {
		return fmt.Errorf("make the object by which the control plane is paced: %w", err)
	}
	watcher, err := client.NewWithWatch(env.AdminConfig, client.Options{Scheme: env.Scheme})
	if err != nil {
		return err
	}
	shown, err := watcher.Watch(ctx, &corev1.ConfigMapList{}, client.InNamespace(config.Namespace), client.MatchingFields{"metadata.name": config.Name})
	if err != nil {
		return fmt.Errorf("watch the object by which the control plane is paced: %w", err)
	}
	defer shown.Stop()
	for n := 0; ctx.Err() == nil; n++ {
		begun := time.Now()
		beat := client.RawPatch(types.MergePatchType, []byte(`{"data":{"beat":"`+strconv.Itoa(n)+`"}}`))
		if err := env.Admin.Patch(ctx, config, beat); err != nil {
			return err
		}
		for seen := false; !seen && ctx.Err() == nil; told() {
			if seen, err = p.shows(ctx, shown, n, begun); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	return nil
}

// shows waits a while for the watch to show the nth beat, and keeps how late it was, or is so far.
func (p *pace) shows(ctx context.Context, shown watch.Interface, n int, begun time.Time) (bool, error) {
	defer func() { p.lag.Store(int64(time.Since(begun))) }()
	late := time.After(tolerable)
	for {
		select {
		case e, open := <-shown.ResultChan():
			if !open {
				return false, errors.New("the watch has ended by which the control plane is paced")
			}
			if config, ok := e.Object.(*corev1.ConfigMap); ok && config.Data["beat"] == strconv.Itoa(n) {
				return true, nil
			}
		case <-late:
			return false, nil
		case <-ctx.Done():
			return false, nil
		}
	}
}
