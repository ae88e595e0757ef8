// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Pods follows pods and remembers the fewest that were ready at a time. A pod that is being deleted is not ready.
type Pods struct {
	mu     sync.Mutex
	ready  map[string]bool
	fewest int
	// kept are those that are ready, or were and nobody has taken away since; once are all pods that were ever ready.
	kept       map[string]bool
	once       map[types.UID]bool
	fewestKept int
	stop       func()
}

// FollowPods begins to watch the pods of a namespace that have the labels.
func FollowPods(ctx context.Context, config *rest.Config, namespace string, labels client.MatchingLabels) (*Pods, error) {
	watcher, err := client.NewWithWatch(config, client.Options{Scheme: clientgoscheme.Scheme})
	if err != nil {
		return nil, err
	}
	list := &corev1.PodList{}
	if err := watcher.List(ctx, list, client.InNamespace(namespace), labels); err != nil {
		return nil, err
	}
	p := &Pods{ready: map[string]bool{}, kept: map[string]bool{}, once: map[types.UID]bool{}}
	for i := range list.Items {
		p.note(&list.Items[i], true)
	}
	p.fewest, p.fewestKept = count(p.ready), count(p.kept)
	from := &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: list.ResourceVersion}}
	events, err := watcher.Watch(ctx, &corev1.PodList{}, from, client.InNamespace(namespace), labels)
	if err != nil {
		return nil, err
	}
	var following sync.WaitGroup
	following.Go(func() {
		for e := range events.ResultChan() {
			p.see(e)
		}
	})
	p.stop = sync.OnceFunc(func() { events.Stop(); following.Wait() })
	return p, nil
}

// Stop ends the watch.
func (p *Pods) Stop() { p.stop() }

// LeastReady ends the watch and returns the fewest pods that were ready at a time.
func (p *Pods) LeastReady() int {
	p.stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fewest
}

// LeastKept is like LeastReady, but a pod that stops being ready by itself, and that nobody has taken away, still counts.
func (p *Pods) LeastKept() int {
	p.stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fewestKept
}

func (p *Pods) see(e watch.Event) {
	pod, ok := e.Object.(*corev1.Pod)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note(pod, e.Type != watch.Deleted)
	p.fewest, p.fewestKept = min(p.fewest, count(p.ready)), min(p.fewestKept, count(p.kept))
}

func (p *Pods) note(pod *corev1.Pod, exists bool) {
	ready := exists && podIsReady(pod)
	p.once[pod.UID] = p.once[pod.UID] || ready
	p.ready[pod.Name] = ready
	p.kept[pod.Name] = exists && pod.DeletionTimestamp == nil && p.once[pod.UID]
}

func count(which map[string]bool) int {
	n := 0
	for _, yes := range which {
		if yes {
			n++
		}
	}
	return n
}

func podIsReady(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue && pod.DeletionTimestamp == nil
		}
	}
	return false
}
