// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/handover"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/resources"
)

// DataFoundGood is what the software of a peer says of data that were restored from a backup.
const DataFoundGood = `{"sequence":1}`

// KeyJobs plays the containers of Jobs, which simulated nodes do not run: the pods of those that make keys end with a real key
// in their last words, sealed to the recipients in their arguments; for those that copy them, check stores and work with backups the
// real program runs, and works with a real store; the software of a peer finds all data good.
type KeyJobs struct {
	ctx   context.Context //nolint:containedctx // Handlers of an informer are given none.
	admin client.Client
	keys  *Keys
	// programs are those that really run, pods where the pods are seen, and attending those that are being ended.
	programs  *Programs
	pods      informers.SharedInformerFactory
	attending sync.WaitGroup

	mu sync.Mutex
	// held are the namespaces in which no pod ends, failing what the next ones in a namespace fail with.
	held    map[string]bool
	failing map[string][]string
	// playing are the pods that are being ended now. Many runs share one player, and a busy API server answers late.
	playing map[types.UID]bool
	// worked is how the programs of pods ended. A pod that comes again, because its end could not be written, or the cache has yet
	// to see it, does not work twice.
	worked map[types.UID]ending
}

// ending is how a pod ended, and its one container.
type ending struct {
	phase corev1.PodPhase
	state corev1.ContainerStateTerminated
}

// played are the components whose pods are ended.
var played = []string{
	resources.ComponentKeygen, resources.ComponentKeyCopy, names.ComponentStoreCheck, names.ComponentStorePrune, names.ComponentBackup, names.ComponentProof, resources.ComponentRestore,
}

// PlayKeyJobs begins to play, until ctx ends.
func (e *Env) PlayKeyJobs(ctx context.Context) (*KeyJobs, error) {
	clientset, err := kubernetes.NewForConfig(e.AdminConfig)
	if err != nil {
		return nil, err
	}
	k := &KeyJobs{ctx: ctx, admin: e.Admin, keys: e.Keys, programs: &e.Programs, held: map[string]bool{}, failing: map[string][]string{}, playing: map[types.UID]bool{}, worked: map[types.UID]ending{}}
	// What could not be played, or was held back, comes again.
	k.pods = informers.NewSharedInformerFactoryWithOptions(clientset, time.Second, informers.WithTweakListOptions(func(o *metav1.ListOptions) {
		o.LabelSelector = v1alpha1.LabelComponent + " in (" + strings.Join(played, ",") + ")"
		o.FieldSelector = "status.phase!=Succeeded,status.phase!=Failed" // Those that have ended stay for minutes.
	}))
	pods := k.pods.Core().V1().Pods().Informer()
	if _, err := pods.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: k.see, UpdateFunc: func(_, pod any) { k.see(pod) }}); err != nil {
		return nil, err
	}
	k.pods.StartWithContext(ctx)
	if !cache.WaitForCacheSync(ctx.Done(), pods.HasSynced) {
		return nil, errors.New("the pods of the Jobs were never listed")
	}
	return k, nil
}

// wait returns when nothing is played any more, after the end of its context.
func (k *KeyJobs) wait() {
	k.pods.Shutdown()
	k.attending.Wait()
}

// Hold lets the pods of a namespace run without an end, until Release.
func (k *KeyJobs) Hold(namespace string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.held[namespace] = true
}

// Release lets them end.
func (k *KeyJobs) Release(namespace string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.held, namespace)
}

// FailNext makes the next pod of a namespace fail with a message, as the program leaves it. Called again, it makes
// one more fail.
func (k *KeyJobs) FailNext(namespace, message string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.failing[namespace] = append(k.failing[namespace], message)
}

func (k *KeyJobs) holds(namespace string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.held[namespace]
}

// failure is what the next pod fails with, nil if it need not.
func (k *KeyJobs) failure(namespace string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.failing[namespace]) == 0 {
		return nil
	}
	return errors.New(k.failing[namespace][0])
}

func (k *KeyJobs) hasFailed(namespace string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if left := k.failing[namespace]; len(left) > 0 {
		k.failing[namespace] = left[1:]
	}
}

// see plays a pod whose containers run, beside all others, and no pod twice at a time.
func (k *KeyJobs) see(object any) {
	pod, ok := object.(*corev1.Pod)
	if !ok || !k.begin(pod.UID) {
		return
	}
	k.attending.Go(func() {
		defer k.end(pod.UID)
		k.attend(pod)
	})
}

func (k *KeyJobs) begin(pod types.UID) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.playing[pod] {
		return false
	}
	k.playing[pod] = true
	return true
}

func (k *KeyJobs) end(pod types.UID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.playing, pod)
}

// attend ends a pod. A write that fails, also because the pod has changed since, is tried again.
func (k *KeyJobs) attend(before *corev1.Pod) {
	pod := before.DeepCopy()
	failed := false
	switch {
	case pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed:
		return
	case pod.DeletionTimestamp != nil:
		// As a kubelet does in the end; the Job would wait for it.
		endPod(pod, corev1.PodFailed, nil)
	case pod.Status.Phase != corev1.PodRunning || k.holds(pod.Namespace):
		return
	case withStores[pod.Labels[v1alpha1.LabelComponent]] != "":
		if !k.works(pod) {
			return
		}
	case pod.Labels[v1alpha1.LabelComponent] == names.ComponentProof:
		endPod(pod, corev1.PodSucceeded, map[string]corev1.ContainerStateTerminated{resources.ContainerProof: {Reason: "Completed", Message: DataFoundGood}})
	default:
		failed = k.play(pod)
	}
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := k.admin.Status().Patch(k.ctx, pod, patch); err == nil && failed {
		k.hasFailed(pod.Namespace)
	}
}

// play ends a pod, and reports whether that is because of FailNext.
func (k *KeyJobs) play(pod *corev1.Pod) (failed bool) {
	messages, err := keygen(pod, k.keys)
	if failure := k.failure(pod.Namespace); failure != nil {
		failed, err = true, failure
	}
	if err != nil {
		endPod(pod, corev1.PodFailed, map[string]corev1.ContainerStateTerminated{
			resources.ContainerKeygen: {ExitCode: 1, Reason: "Error", Message: "error: " + err.Error()},
		})
		return failed
	}
	ends := map[string]corev1.ContainerStateTerminated{resources.ContainerKeygen: {Reason: "Completed", Message: messages[0]}}
	for i, message := range messages[1:] {
		ends[handover.PartName(i+2)] = corev1.ContainerStateTerminated{Reason: "Completed", Message: message}
	}
	endPod(pod, corev1.PodSucceeded, ends)
	return false
}

// works ends a pod that works with a store, and reports whether it has: not while what it mounts is not there.
func (k *KeyJobs) works(pod *corev1.Pod) bool {
	end, known := k.hasWorked(pod.UID)
	if !known {
		words, mounted, err := k.runCompanion(pod)
		if !mounted {
			return false
		}
		end = endOf(words, err)
		k.mu.Lock()
		k.worked[pod.UID] = end
		k.mu.Unlock()
	}
	endPod(pod, end.phase, map[string]corev1.ContainerStateTerminated{pod.Spec.Containers[0].Name: end.state})
	return true
}

func (k *KeyJobs) hasWorked(pod types.UID) (ending, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	end, known := k.worked[pod]
	return end, known
}

func endOf(words string, err error) ending {
	out := ending{corev1.PodSucceeded, corev1.ContainerStateTerminated{Reason: "Completed", Message: words}}
	if err != nil {
		out.phase, out.state.ExitCode, out.state.Reason = corev1.PodFailed, 1, "Error"
	}
	if err != nil && words == "" {
		out.state.Message = "error: " + err.Error()
	}
	return out
}

// endPod writes the status of a pod that has ended as a kubelet does.
func endPod(pod *corev1.Pod, phase corev1.PodPhase, ends map[string]corev1.ContainerStateTerminated) {
	now := metav1.Now()
	pod.Status.Phase = phase
	for i := range pod.Status.Conditions {
		if c := &pod.Status.Conditions[i]; c.Type == corev1.PodReady || c.Type == corev1.ContainersReady {
			c.Status, c.Reason, c.LastTransitionTime = corev1.ConditionFalse, "PodCompleted", now
		}
	}
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range statuses {
			s := &statuses[i]
			end, ok := ends[s.Name]
			if !ok {
				end = corev1.ContainerStateTerminated{ExitCode: 137, Reason: "Error"}
			}
			end.StartedAt, end.FinishedAt = startOf(s, now), now
			s.State, s.Ready, s.Started = corev1.ContainerState{Terminated: &end}, false, new(false)
		}
	}
}

func startOf(s *corev1.ContainerStatus, now metav1.Time) metav1.Time {
	if s.State.Running != nil {
		return s.State.Running.StartedAt
	}
	return now
}
