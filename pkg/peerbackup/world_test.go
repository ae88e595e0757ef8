// SPDX-License-Identifier: Apache-2.0

package peerbackup_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/peerbackup"
	"github.com/peernode/operator/pkg/resources"
	"github.com/peernode/operator/pkg/sealingkey"
	"github.com/peernode/operator/pkg/settings"
	"github.com/peernode/operator/pkg/unseal"
)

var noon = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

// world is a backup, and what there is of all that it has to do with.
type world struct {
	t *testing.T
	peerbackup.Observed
}

// newWorld is a backup that was just asked for, of a peer that serves.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, Observed: peerbackup.Observed{
		Backup: asked("daily", "alpha"),
		Store: &v1alpha1.PeerBackupStore{
			ObjectMeta: metav1.ObjectMeta{Name: "s3", Namespace: "peers"},
			Spec: v1alpha1.PeerBackupStoreSpec{
				Endpoint: "https://s3.example.com", Bucket: "backups", Credentials: v1alpha1.BackupStoreCredentials{SecretName: "s3-credentials"}, Recipients: []string{"age1example"},
			},
			Status: v1alpha1.PeerBackupStoreStatus{Conditions: []metav1.Condition{conditions.New(v1alpha1.ConditionReady, metav1.ConditionTrue, "Checked", "")}},
		},
		Objects: map[intent.Ref]intent.Object{},
		Sealing: &sealingkey.Published{Number: 1, CA: []byte("CA of the unsealer\n")},
		Options: settings.Operator{Resources: resources.Options{CompanionImage: "companion:v1", UnsealerNamespace: "peernode-system"}},
		Now:     noon,
	}}
	w.Options.Defaults.P2PAgentImage = "agent:v1"
	w.Peer = peer("alpha")
	w.Peers, w.Backups = []*v1alpha1.PeerNode{w.Peer}, []*v1alpha1.PeerBackup{w.Backup}
	return w.runs()
}

func asked(name, of string) *v1alpha1.PeerBackup {
	return &v1alpha1.PeerBackup{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "peers", UID: types.UID("uid-of-" + name), Generation: 1},
		Spec: v1alpha1.PeerBackupSpec{
			PeerNodeRef: v1alpha1.PeerNodeReference{Name: of}, StoreRef: v1alpha1.BackupStoreReference{Name: "s3"},
		},
	}
}

// peer is one that serves.
func peer(name string) *v1alpha1.PeerNode {
	return &v1alpha1.PeerNode{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "peers", UID: types.UID("uid-of-" + name), Generation: 1},
		Spec:       v1alpha1.PeerNodeSpec{Software: v1alpha1.PeerSoftware{P2PAgent: &v1alpha1.P2PAgentSoftware{}}},
		Status:     v1alpha1.PeerNodeStatus{ObservedGeneration: 1, Conditions: serving()},
	}
}

func serving() []metav1.Condition {
	return []metav1.Condition{
		conditions.New(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonServing, ""), conditions.Reconciling(nil), conditions.Stalled(nil),
	}
}

// waiting are the conditions of a peer that does not serve.
func waiting() []metav1.Condition {
	f := conditions.Wait(v1alpha1.ReasonWaitingForPod, "it starts")
	return []metav1.Condition{conditions.New(v1alpha1.ConditionReady, metav1.ConditionFalse, f.Reason, f.Message), conditions.Reconciling(f), conditions.Stalled(nil)}
}

// runs lets the peer run, stops lets it be stopped.
func (w *world) runs() *world {
	w.StatefulSet = &appsv1.StatefulSet{Spec: appsv1.StatefulSetSpec{Replicas: new(int32(1))}, Status: appsv1.StatefulSetStatus{Replicas: 1}}
	w.Pod = &corev1.Pod{}
	return w
}

func (w *world) stops() *world {
	w.StatefulSet = &appsv1.StatefulSet{Spec: appsv1.StatefulSetSpec{Replicas: new(int32(0))}}
	w.Pod = nil
	return w
}

func (w *world) but(change func(*world)) *world {
	change(w)
	return w
}

func (w *world) later(by time.Duration) *world {
	w.Now = w.Now.Add(by)
	return w
}

func (w *world) decide() peerbackup.Plan {
	w.t.Helper()
	p, err := peerbackup.Decide(w.Observed)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// acts carries out what is planned, and tells. What has ended is tidied up.
func (w *world) acts() *world {
	w.t.Helper()
	if peerbackup.Ended(w.Backup) {
		return w.removes(peerbackup.Leftovers(w.Observed))
	}
	p := w.decide()
	for _, change := range p.Apply {
		live := map[string]intent.Object{"Job": &batchv1.Job{}, "NetworkPolicy": &networkingv1.NetworkPolicy{}, "PersistentVolumeClaim": &corev1.PersistentVolumeClaim{}}[change.Kind]
		raw, err := json.Marshal(change.Object)
		if err == nil {
			err = json.Unmarshal(raw, live)
		}
		if err != nil {
			w.t.Fatal(err)
		}
		w.Objects[change.Ref] = live
	}
	w.removes(p)
	w.Backup.Status = peerbackup.Status(w.Observed, p, nil, w.Now)
	return w
}

func (w *world) removes(p peerbackup.Plan) *world {
	for _, gone := range p.Delete {
		delete(w.Objects, gone.Ref)
	}
	return w
}

// ends lets the Job end, and checkEnds that of the proof.
func (w *world) ends(condition batchv1.JobConditionType, reason string) *world {
	w.t.Helper()
	return w.jobEnds(peerbackup.JobRef(w.Backup), condition, reason)
}

func (w *world) checkEnds(condition batchv1.JobConditionType, reason string) *world {
	w.t.Helper()
	return w.jobEnds(peerbackup.ProofRef(w.Backup), condition, reason)
}

func (w *world) jobEnds(ref intent.Ref, condition batchv1.JobConditionType, reason string) *world {
	w.t.Helper()
	job, ok := w.Objects[ref].(*batchv1.Job)
	if !ok {
		w.t.Fatalf("there is no %s", ref)
	}
	job.Status.Conditions = []batchv1.JobCondition{
		{Type: batchv1.JobSuspended, Status: corev1.ConditionFalse}, {Type: condition, Status: corev1.ConditionTrue, Reason: reason},
	}
	return w
}

// says lets a pod of the Job end, and checkSays the one of the proof.
func (w *world) says(exitCode int32, words string) *world {
	w.Pods = append(w.Pods, ended(unseal.ContainerBackup, exitCode, words))
	return w
}

func (w *world) checkSays(exitCode int32, words string) *world {
	w.ProofPods = append(w.ProofPods, ended(resources.ContainerProof, exitCode, words))
	return w
}

func ended(container string, exitCode int32, words string) *corev1.Pod {
	phase := corev1.PodSucceeded
	if exitCode != 0 {
		phase = corev1.PodFailed
	}
	end := &corev1.ContainerStateTerminated{ExitCode: exitCode, Message: words}
	return &corev1.Pod{Status: corev1.PodStatus{Phase: phase, ContainerStatuses: []corev1.ContainerStatus{
		{Name: "injected"}, {Name: container, State: corev1.ContainerState{Terminated: end}},
	}}}
}

// receipt is what a pod leaves that has made the backup.
func receipt(change ...func(*backup.Receipt)) string {
	r := backup.Receipt{
		Format: backup.FormatReceipt, Name: "daily", Sequence: 7, Base: 5, Started: noon, Finished: noon.Add(time.Minute),
		Tree: backup.TreeInfo{Files: 3, Bytes: 5 << 30, Stored: 4 << 30}, Segments: 9, Uploaded: 40 << 20, Verified: new(noon.Add(2 * time.Minute)),
		SignedBy: "peers/alpha+00000000+" + strings.Repeat("A", 44),
	}
	for _, c := range change {
		c(&r)
	}
	return r.Message()
}

// holding is a backup that has the peer stopped, copying one whose Job runs.
func holding(t *testing.T) *world {
	t.Helper()
	return newWorld(t).acts()
}

func copying(t *testing.T) *world {
	t.Helper()
	return holding(t).stops().acts()
}

// is shows a condition in short.
func (w *world) is(condition string) string {
	c := conditions.Find(w.Backup.Status.Conditions, condition)
	return string(c.Status) + " " + c.Reason
}
