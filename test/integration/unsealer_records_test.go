// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"errors"
	"net/http"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/backup"
	objects "github.com/peernode/operator/pkg/resources"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/pkg/unseal"
)

// signs has the record of a backup signed by the pod that makes it, and not by that of the peer.
func (u *unsealer) signs(alpha *unsealing) {
	u.Helper()
	pod := u.backupPod(alpha)
	record := backup.Record{
		Namespace: u.ns, PeerNode: alpha.Name, Name: "daily", Sequence: 1, Base: 1, Method: backup.MethodStopped, Started: time.Unix(1, 0).UTC(), Finished: time.Unix(2, 0).UTC(),
		Recipients: []seal.RecipientInfo{alpha.ephemeral.Recipient().Info()}, Manifest: backup.Object{Name: strings.Repeat("a", 26), Size: 1},
	}
	text, err := record.Text()
	u.must(err)
	body := unseal.RecordRequest{Record: text}.Text()

	status, said, err := u.post(unseal.PathRecords, body, request{token: u.token(alpha.Name, pod.Name), client: u.client("127.0.0.1")})
	u.must(err)
	answer, err := unseal.ReadRecordAnswer(said)
	if status != http.StatusOK || err != nil {
		u.Fatalf("the pod of a backup: %d %s (%v)", status, said, err)
	}
	trust, err := backup.ParseTrust(u.ns, alpha.Name, answer.Keys...)
	u.must(err)
	if _, err := trust.Open([]byte(answer.Record), 1); err != nil {
		u.Error(err)
	}
	u.secrets = append(u.secrets, answer.StateKey)

	status, said, err = u.post(unseal.PathRecords, body, request{token: u.token(alpha.Name, alpha.Name+"-0"), client: u.client("127.0.0.1")})
	if refusal, ok := unseal.ReadRefusal(said); err != nil || status != http.StatusForbidden || !ok || refusal.Reason != unseal.NotOfBackup {
		u.Errorf("the pod of the peer: %d %s (%v)", status, said, err)
	}
}

// backupPod is the pod of the Job of a PeerBackup, whose container runs on this machine. No node would take it, because the
// peer has its volume.
func (u *unsealer) backupPod(alpha *unsealing) *corev1.Pod {
	u.Helper()
	b := &v1alpha1.PeerBackup{ObjectMeta: metav1.ObjectMeta{Namespace: u.ns, Name: "daily"}, Spec: v1alpha1.PeerBackupSpec{
		PeerNodeRef: v1alpha1.PeerNodeReference{Name: alpha.Name}, StoreRef: v1alpha1.BackupStoreReference{Name: "none"},
	}}
	u.must(env.Admin.Create(u.Context(), b))
	store := &v1alpha1.PeerBackupStore{Spec: v1alpha1.PeerBackupStoreSpec{Endpoint: "https://s3.example.com", Bucket: "none", Credentials: v1alpha1.BackupStoreCredentials{SecretName: "none"}}}
	job := objects.BackupJob(objects.BackupInput{
		PeerBackup: b, PeerNode: alpha.PeerNode, User: 65532, Store: store, UnsealerCA: string(u.published.CA), Seconds: 600,
		Options: objects.Options{CompanionImage: "registry.example.com/peer-companion:v1", UnsealerNamespace: u.system},
	})
	u.must(env.Admin.Apply(u.Context(), job, client.FieldOwner("test"), client.ForceOwnership))
	pod := &corev1.Pod{}
	u.eventually(func() error {
		list := &corev1.PodList{}
		if err := env.Admin.List(u.Context(), list, client.InNamespace(u.ns), client.MatchingLabels{batchv1.JobNameLabel: "daily-backup"}); err != nil {
			return err
		}
		if len(list.Items) == 0 {
			return errors.New("the Job has no pod yet")
		}
		*pod = list.Items[0]
		return nil
	})
	before := pod.DeepCopy()
	pod.Status.PodIP, pod.Status.PodIPs = "127.0.0.1", []corev1.PodIP{{IP: "127.0.0.1"}}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: unseal.ContainerBackup, State: runs}}
	u.must(env.Admin.Status().Patch(u.Context(), pod, client.MergeFrom(before)))
	return pod
}
