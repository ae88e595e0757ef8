// SPDX-License-Identifier: Apache-2.0

package unseal_test

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/pkg/unseal"
)

// daily is the record of the backup that is being made.
func daily() backup.Record {
	return backup.Record{
		Format: backup.FormatRecord, Version: backup.VersionRecord,
		Namespace: "peers", PeerNode: "alpha", Name: "daily", Sequence: 7, Base: 7, Method: backup.MethodStopped,
		Started: time.Unix(1, 0).UTC(), Finished: time.Unix(2, 0).UTC(),
		Recipients: []seal.RecipientInfo{{Family: seal.Hybrid, Fingerprint: "sha256:" + strings.Repeat("a", 64)}},
		Manifest:   backup.Object{Name: strings.Repeat("a", 26), Size: 1},
	}
}

// backingUp is a pod that makes a backup, and has its record signed as it should.
func backingUp() *unseal.ObservedBackup {
	o := &unseal.ObservedBackup{Record: new(daily())}
	template := corev1.PodSpec{ServiceAccountName: "alpha", Containers: []corev1.Container{{Name: "backup", Image: "companion:v1", Args: []string{"backup"}}}}
	o.PeerBackup = &v1alpha1.PeerBackup{
		ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: "daily", UID: "uid-of-backup"},
		Spec:       v1alpha1.PeerBackupSpec{PeerNodeRef: v1alpha1.PeerNodeReference{Name: "alpha"}},
	}
	o.Job = &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: "daily-backup", UID: "uid-of-job", OwnerReferences: controlledBy("PeerBackup", "daily", "uid-of-backup")},
		Spec:       batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: template}},
	}
	o.Pod = &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: "daily-backup-x7k2p", UID: "uid-of-pod", OwnerReferences: controlledBy("Job", "daily-backup", "uid-of-job")},
		Spec:       *template.DeepCopy(),
		Status: corev1.PodStatus{
			Phase: corev1.PodRunning, PodIPs: []corev1.PodIP{{IP: "10.0.0.7"}},
			ContainerStatuses: []corev1.ContainerStatus{{Name: "backup", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}},
		},
	}
	o.Caller = unseal.Caller{Namespace: "peers", ServiceAccount: "alpha", Pod: o.Pod.Name, PodUID: "uid-of-pod"}
	o.Source = netip.MustParseAddr("10.0.0.7")
	return o
}

func TestThePodOfABackupHasItsRecordSigned(t *testing.T) {
	for name, as := range map[string]func(*unseal.ObservedBackup){
		"as usual":                    func(*unseal.ObservedBackup) {},
		"and asks for the keys first": func(o *unseal.ObservedBackup) { o.Record = nil },
	} {
		o := backingUp()
		as(o)
		if refusal := unseal.DecideRecord(*o); refusal != nil {
			t.Errorf("%s: %s", name, refusal)
		}
	}
}

func TestNobodyElseHasARecordSigned(t *testing.T) {
	for name, c := range map[string]struct {
		wrong  func(*unseal.ObservedBackup)
		reason unseal.Reason
	}{
		"a pod that is gone":       {func(o *unseal.ObservedBackup) { o.Pod = nil }, unseal.PodGone},
		"a pod of the same name":   {func(o *unseal.ObservedBackup) { o.Pod.UID = "other" }, unseal.PodGone},
		"a pod that has ended":     {func(o *unseal.ObservedBackup) { o.Pod.Status.Phase = corev1.PodSucceeded }, unseal.PodDeleting},
		"a pod of another account": {func(o *unseal.ObservedBackup) { o.Pod.Spec.ServiceAccountName = "other" }, unseal.WrongServiceAccount},
		"the pod of a peer": {func(o *unseal.ObservedBackup) {
			o.Pod.OwnerReferences = controlledBy("StatefulSet", "alpha", "uid-of-set")
		}, unseal.NotOfBackup},
		"a pod without a Job":            {func(o *unseal.ObservedBackup) { o.Job = nil }, unseal.NotOfBackup},
		"a pod of an earlier Job":        {func(o *unseal.ObservedBackup) { o.Job.UID = "other" }, unseal.NotOfBackup},
		"a Job that nobody asked for":    {func(o *unseal.ObservedBackup) { o.PeerBackup = nil }, unseal.NotOfBackup},
		"a Job of an earlier PeerBackup": {func(o *unseal.ObservedBackup) { o.PeerBackup.UID = "other" }, unseal.NotOfBackup},
		"a pod with another image":       {func(o *unseal.ObservedBackup) { o.Pod.Spec.Containers[0].Image = "other" }, unseal.PodChanged},
		"a pod into which somebody looks": {func(o *unseal.ObservedBackup) {
			o.Pod.Spec.EphemeralContainers = []corev1.EphemeralContainer{{}}
		}, unseal.PodChanged},
		"a record of another peer":      {func(o *unseal.ObservedBackup) { o.Record.PeerNode = "beta" }, unseal.WrongRecord},
		"a record of another namespace": {func(o *unseal.ObservedBackup) { o.Record.Namespace = "others" }, unseal.WrongRecord},
		"a record of another backup":    {func(o *unseal.ObservedBackup) { o.Record.Name = "weekly" }, unseal.WrongRecord},
		"before it runs":                {func(o *unseal.ObservedBackup) { o.Pod.Status.ContainerStatuses = nil }, unseal.NotUnsealing},
		"after it has run": {func(o *unseal.ObservedBackup) {
			o.Pod.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}
		}, unseal.NotUnsealing},
		"from elsewhere": {func(o *unseal.ObservedBackup) { o.Source = netip.MustParseAddr("10.0.0.8") }, unseal.WrongAddress},
	} {
		o := backingUp()
		c.wrong(o)
		if refusal := unseal.DecideRecord(*o); refusal == nil || refusal.Reason != c.reason {
			t.Errorf("%s: %v, want %s", name, refusal, c.reason)
		}
	}
}

func TestARecordIsSignedWithTheFirstOfTheKeys(t *testing.T) {
	var keys []backup.Signer
	for n := range byte(2) {
		key, err := backup.SignerOf([32]byte{n}, "peers", "alpha")
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	text, err := daily().Text()
	if err != nil {
		t.Fatal(err)
	}
	asked, refusal := unseal.ReadRecordRequest(bytes.NewReader(unseal.RecordRequest{Record: text}.Text()))
	if refusal != nil {
		t.Fatal(refusal)
	}
	written, refusal := unseal.Sign(asked, keys)
	if refusal != nil {
		t.Fatal(refusal)
	}
	answer, err := unseal.ReadRecordAnswer(written.Text())
	if err != nil || len(answer.Keys) != 2 || answer.Keys[0] != keys[0].Public() || answer.Keys[1] != keys[1].Public() {
		t.Fatalf("%v, %+v", err, answer)
	}
	for i, want := range []bool{true, false} {
		trust, err := backup.ParseTrust("peers", "alpha", keys[i].Public())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := trust.Open([]byte(answer.Record), 7); (err == nil) != want {
			t.Errorf("key %d: %v", i, err)
		}
	}
	if told, refusal := unseal.Sign(unseal.AskedRecord{}, keys); refusal != nil || told.Record != "" || len(told.Keys) != 2 {
		t.Errorf("the keys alone: %v, %+v", refusal, told)
	}
}

func TestWhatIsNoRecordIsNotSigned(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":                   "",
		"no JSON":                   "record",
		"another field":             `{"record":"","key":"x"}`,
		"a text that is no record":  `{"record":"sign this"}`,
		"a record without a peer":   `{"record":"{\"format\":\"peernode.dev/backup\",\"version\":1}"}`,
		"what is longer than it is": `{"record":"` + strings.Repeat("x", unseal.MaxRecord+1) + `"}`,
		"what never ends":           `{"record":"` + strings.Repeat("x", 2*unseal.MaxRecord) + `"}`,
	} {
		if _, refusal := unseal.ReadRecordRequest(strings.NewReader(body)); refusal == nil || refusal.Reason != unseal.RequestMalformed || len(refusal.Message) > 500 {
			t.Errorf("%s: %v", name, refusal)
		}
	}
}
