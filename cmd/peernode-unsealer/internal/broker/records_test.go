// SPDX-License-Identifier: Apache-2.0

package broker_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/canary"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/pkg/unseal"
)

const tokenOfBackup = "4711-is-the-token-of-the-job"

// backingUp are the objects of a backup that is being made.
func backingUp() []client.Object {
	owned := func(name string, uid types.UID, kind, owner string, ownerUID types.UID) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: "peers", Name: name, UID: uid, OwnerReferences: []metav1.OwnerReference{{Kind: kind, Name: owner, UID: ownerUID, Controller: new(true)}}}
	}
	spec := corev1.PodSpec{ServiceAccountName: "alpha", Containers: []corev1.Container{{Name: "backup"}}}
	return []client.Object{
		&v1alpha1.PeerBackup{
			ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: "daily", UID: "uid-of-backup"},
			Spec:       v1alpha1.PeerBackupSpec{PeerNodeRef: v1alpha1.PeerNodeReference{Name: "alpha"}},
		},
		&batchv1.Job{ObjectMeta: owned("daily-backup", "uid-of-job", "PeerBackup", "daily", "uid-of-backup"), Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: spec}}},
		&corev1.Pod{ObjectMeta: owned("daily-backup-x7k2p", "uid-of-backup-pod", "Job", "daily-backup", "uid-of-job"), Spec: spec, Status: corev1.PodStatus{
			PodIPs:            []corev1.PodIP{{IP: "192.0.2.1"}}, // the address of requests of httptest
			ContainerStatuses: []corev1.ContainerStatus{{Name: "backup", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}},
		}},
	}
}

// signs asks for a record to be signed, with a token.
func (s *stand) signs(r unseal.RecordRequest, token string) *httptest.ResponseRecorder {
	s.Helper()
	request := httptest.NewRequest(http.MethodPost, unseal.PathRecords, bytes.NewReader(r.Text()))
	request.Header.Set("Authorization", "Bearer "+token)
	return s.asks(request)
}

func record(s *stand, change func(*backup.Record)) unseal.RecordRequest {
	s.Helper()
	r := backup.Record{
		Namespace: "peers", PeerNode: "alpha", Name: "daily", Sequence: 7, Base: 7, Method: backup.MethodStopped, Started: time.Unix(1, 0).UTC(), Finished: time.Unix(2, 0).UTC(),
		Recipients: []seal.RecipientInfo{s.ephemeral.Recipient().Info()}, Manifest: backup.Object{Name: strings.Repeat("a", 26), Size: 1},
	}
	change(&r)
	text, err := r.Text()
	if err != nil {
		s.Fatal(err)
	}
	return unseal.RecordRequest{Record: text}
}

func TestThePodOfABackupHasItsRecordSignedAndNothingIsSaidOfTheKey(t *testing.T) {
	s := newStand(t)
	w := s.signs(record(s, func(*backup.Record) {}), tokenOfBackup)
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	answer, err := unseal.ReadRecordAnswer(w.Body.Bytes())
	if err != nil || len(answer.Keys) != 2 {
		t.Fatalf("%v: %+v", err, answer)
	}
	trust, err := backup.ParseTrust("peers", "alpha", answer.Keys[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trust.Open([]byte(answer.Record), 7); err != nil {
		t.Error(err)
	}
	if !strings.Contains(s.log.String(), `"result":"Signed"`) || !strings.Contains(s.log.String(), `"backup":"daily"`) {
		t.Errorf("the log says %s", &s.log)
	}
	signers, err := s.broker.Ring.RecordSigners("peers", "alpha")
	if err != nil {
		t.Fatal(err)
	}
	for what, private := range map[string][]byte{"the key of states": signers[0].StateKey(), "the token": []byte(tokenOfBackup)} {
		if found := canary.Find(s.log.Bytes(), private); len(found) > 0 {
			t.Errorf("%s shows in the log (%v)", what, found)
		}
	}
}

func TestWhoMakesNoBackupOrAnotherOneHasNothingSigned(t *testing.T) {
	for name, c := range map[string]struct {
		request func(*stand) *httptest.ResponseRecorder
		says    string
	}{
		"The pod of the peer.":                        {func(s *stand) *httptest.ResponseRecorder { return s.signs(record(s, func(*backup.Record) {}), token) }, `"NotOfBackup"`},
		"The pod of the peer, for the key of states.": {func(s *stand) *httptest.ResponseRecorder { return s.signs(unseal.RecordRequest{}, token) }, `"NotOfBackup"`},
		"A record of another peer.": {func(s *stand) *httptest.ResponseRecorder {
			return s.signs(record(s, func(r *backup.Record) { r.PeerNode = "beta" }), tokenOfBackup)
		}, `"WrongRecord"`},
		"No record.": {func(s *stand) *httptest.ResponseRecorder {
			return s.signs(unseal.RecordRequest{Record: "sign this"}, tokenOfBackup)
		}, `"RequestMalformed"`},
		"No token.": {func(s *stand) *httptest.ResponseRecorder { return s.signs(unseal.RecordRequest{}, "other") }, `"TokenInvalid"`},
	} {
		if w := c.request(newStand(t)); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d %s, want %s", name, w.Code, w.Body, c.says)
		}
	}
}
