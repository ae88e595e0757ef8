// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var pods = map[string]situation{
	"There is no pod yet.":                           {isServing(func(w *world) { w.Pod = nil }), waits("WaitingForPod"), "the pod is being created"},
	"The pod has started and does not report ready.": {isServing(func(w *world) { w.unready() }), waits("WaitingForPod"), "does not report ready yet"},
	"The pod has no condition Ready yet.": {
		isServing(func(w *world) { w.unready(); w.Pod.Status.Conditions = nil }), waits("WaitingForPod"), "does not report ready yet",
	},
	"The pod is stopping; another will follow.": {
		isServing(func(w *world) { w.Pod.DeletionTimestamp = &metav1.Time{Time: now} }), waits("WaitingForRevision"), "the previous pod is stopping",
	},
	"The node of the pod does not answer.": {
		isServing(func(w *world) { w.onSilentNode(corev1.ConditionTrue) }), waits("WaitingForLostNode"), "node node-1 does not answer and may still run the pod",
	},
	"The node does not answer, and the pod is given up.": {
		isServing(func(w *world) {
			w.onSilentNode(corev1.ConditionTrue).Pod.DeletionTimestamp = &metav1.Time{Time: now}
		}), waits("WaitingForLostNode"), "node node-1 does not answer and may still run the pod",
	},
	"The node does not answer, and had not made the pod ready before.": {
		isServing(func(w *world) { w.onSilentNode(corev1.ConditionFalse) }), waits("WaitingForPod"), "does not report ready yet",
	},
	"The kubelet says that a readiness gate is closed.": {
		isServing(func(w *world) {
			w.onSilentNode(corev1.ConditionTrue).Pod.Status.Conditions[1].Reason = "ReadinessGatesNotReady"
		}), waits("WaitingForPod"), "does not report ready yet",
	},
	"The pod is of the previous revision, and serves.": {
		isServing(func(w *world) { w.set().Status.UpdateRevision = "alpha-new" }), told(serves, "True WaitingForRevision", settled), "",
	},
	"The StatefulSet controller has yet to see the newest template.": {
		isServing(func(w *world) { w.set().Generation = 2 }), told(serves, "True WaitingForRevision", settled), "",
	},
	"No node can take the pod.": {
		isServing(func(w *world) { w.unschedulable("0/3 nodes are available: insufficient memory") }), waits("WaitingForNode"), "insufficient memory",
	},
	"No node can take the pod, and the volume waits for one.": {
		isServing(func(w *world) {
			w.unschedulable("0/3 nodes are available: insufficient memory")
			w.claim().Status.Phase = corev1.ClaimPending
		}), waits("WaitingForNode", "StorageReady", "False WaitingForVolume"), "insufficient memory",
	},
	"The image cannot be pulled.": {
		isServing(func(w *world) {
			w.unready().peer().State.Waiting = &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}
		}), waits("WaitingForImage"), "image registry.example.com/p2p-agent:v1 cannot be had (ImagePullBackOff); set spec.image",
	},
	"The image of the identity check cannot be pulled.": {
		isServing(func(w *world) {
			w.unready().identity().State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImageNeverPull"}}
		}), waits("WaitingForImage"), "ErrImageNeverPull",
	},
	"The process ends again and again.": {
		isServing(func(w *world) {
			w.unready().peer().RestartCount = 2
			w.peer().State.Waiting = &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}
			w.peer().LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 3, Message: " disk full\n"}
		}), waits("CrashLooping"), "exit code 3: disk full",
	},
	"Between two crashes the process seems to run.": {
		isServing(func(w *world) {
			w.unready().peer().RestartCount = 2
			w.peer().State.Running = &corev1.ContainerStateRunning{}
			w.peer().LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled"}
		}), waits("CrashLooping"), "exit code 137 (OOMKilled), no message",
	},
	"A process that crashed long ago serves.": {
		isServing(func(w *world) {
			w.peer().RestartCount = 9
			w.peer().LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 1}
		}), told(serves, settled, settled), "",
	},
	"One restart is no loop.": {
		isServing(func(w *world) {
			w.unready().peer().RestartCount = 1
			w.peer().LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 1}
		}), waits("WaitingForPod"), "",
	},
	"The container cannot start.": {
		isServing(func(w *world) {
			w.unready().peer().State.Waiting = &corev1.ContainerStateWaiting{Reason: "CreateContainerError", Message: "no such program"}
		}), waits("CrashLooping"), "the container cannot start: no such program",
	},
	"A last word of many words is cut.": {
		isServing(func(w *world) {
			w.unready().peer().RestartCount = 2
			w.peer().LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 1, Message: strings.Repeat("é", 4096) + "the end"}
		}), waits("CrashLooping"), "the end",
	},
	"The software has not shown its key.": {
		isServing(func(w *world) {
			w.unready().identity().State = corev1.ContainerState{}
			w.PeerNode.Status.Conditions = nil
		}), waits("WaitingForPod", "IdentityBound", "False KeyCreated"), "",
	},
	"What the software says of its key cannot be read; what is on record stays.": {
		isServing(func(w *world) { w.identity().State.Terminated.Message = "?" }), told(serves, settled, settled, "IdentityBound", "True KeyProven"), "",
	},
	"The software tells of the file of its key.": {
		isServing(func(w *world) {
			w.identity().State.Terminated.Message = `{"peerID":"` + peerID + `","publicKey":"CAES","mode":"0400","owner":65532}`
		}), told(serves, settled, settled, "IdentityBound", "True KeyProven"), "a file of mode 0400 that belongs to user 65532",
	},
	"A peer that was seen keeps its identity while it has no pod.": {
		isServing(func(w *world) { w.Pod = nil }), waits("WaitingForPod", "IdentityBound", "True KeyProven"), "",
	},
}

var volumes = map[string]situation{
	"The volume is not bound yet.": {
		isServing(func(w *world) { w.Pod = nil; w.claim().Status.Phase = corev1.ClaimPending }),
		waits("WaitingForVolume", "StorageReady", "False WaitingForVolume"), "claim alpha-data is not bound",
	},
	"No node takes the pod because its volume is not bound.": {
		isServing(func(w *world) {
			w.unschedulable("pod has unbound immediate PersistentVolumeClaims")
			w.claim().Status.Phase = corev1.ClaimPending
		}), waits("WaitingForVolume"), "claim alpha-data is not bound",
	},
	"The claim lost its volume.": {
		isServing(func(w *world) {
			w.unready()
			w.claim().Spec.VolumeName = "pv-7"
			w.claim().Status.Phase = corev1.ClaimLost
		}), refused("VolumeLost", "StorageReady", "False VolumeLost"), "lost its volume pv-7",
	},
	"The spec asks for a larger volume just now.": {
		isServing(func(w *world) { w.PeerNode.Spec.Storage.Size = resource.MustParse("2Gi") }), told(serves, "True WaitingForResize", settled), "",
	},
	"The volume is growing.": {
		isServing(func(w *world) {
			w.claim().Status.Capacity = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("512Mi")}
		}), told(serves, "True WaitingForResize", settled, "StorageReady", "False WaitingForResize"), "",
	},
	"The node finishes the growth of the volume.": {
		isServing(growing(corev1.PersistentVolumeClaimFileSystemResizePending)), told(serves, "True WaitingForResize", settled), "grows from 512Mi to 1Gi; the node finishes it while the pod runs",
	},
	"The storage cannot grow the volume.": {
		isServing(growing(corev1.PersistentVolumeClaimControllerResizeError)), told(serves, "True WaitingForResize", settled), "grows from 512Mi to 1Gi: no room",
	},
	"The node cannot grow the volume.": {
		isServing(growing(corev1.PersistentVolumeClaimNodeResizeError)), told(serves, "True WaitingForResize", settled), "grows from 512Mi to 1Gi: no room",
	},
	"The volume that was taken up again is larger than asked.": {
		isServing(func(w *world) {
			w.claim().Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("5Gi")}
			w.claim().Status.Capacity = w.claim().Spec.Resources.Requests
			w.carryOut()
			w.claim().Status = corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimBound, Capacity: w.claim().Spec.Resources.Requests}
		}), told(serves, settled, settled, "StorageReady", "True LargerThanAsked"), "",
	},
}

// growing is a claim that is smaller than asked, with what the resizer says of it.
func growing(conditionType corev1.PersistentVolumeClaimConditionType) func(*world) {
	return func(w *world) {
		w.claim().Status.Capacity = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("512Mi")}
		w.claim().Status.Conditions = []corev1.PersistentVolumeClaimCondition{
			{Type: corev1.PersistentVolumeClaimResizing, Status: corev1.ConditionFalse, Message: "not this one"},
			{Type: conditionType, Status: corev1.ConditionTrue, Message: "no room"},
		}
	}
}
