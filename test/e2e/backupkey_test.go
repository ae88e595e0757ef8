// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/keybackup"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/test/s3"
)

// The image of peer-companion has no shell, no home folder and no certificates, and its pod may write nowhere but to its
// last words.
func TestAPodBacksAnEnvelopeUp(t *testing.T) {
	ns := namespace(t)
	store := newStore(t, ns, "keys")
	key, err := identity.Parse(v1alpha1.IdentityEd25519, []byte("0123456789abcdefghijklmnopqrstuv"))
	must(t, err)
	opener, err := seal.NewOpener()
	must(t, err)
	e, err := seal.Seal(key, seal.Binding{Namespace: ns, PeerNode: "alpha", Role: seal.RoleIdentity, Epoch: 1}, []seal.Recipient{opener.Recipient()})
	must(t, err)
	must(t, admin.Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "envelope"}, Data: map[string][]byte{"envelope": e.Text(), "ca.crt": store.CA},
	}))
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "back-up"}, Spec: restrictedPod(corev1.Container{
		Name: "back-up", Image: imageCompanion,
		Args: []string{
			"back-up-key", "--envelope=/key/envelope", "--ca-file=/key/ca.crt", "--endpoint=" + store.Endpoint, "--region=" + s3.Region,
			"--bucket=keys", "--prefix=e2e", "--credentials-dir=/credentials", "--termination-log=" + corev1.TerminationMessagePathDefault,
		},
	}, map[string]corev1.VolumeSource{"/key": ofSecret("envelope"), "/credentials": ofSecret(nameOfStore)})}
	pod.Spec.RestartPolicy = corev1.RestartPolicyNever
	must(t, admin.Create(t.Context(), pod))

	got, err := keybackup.Parse(lastWords(t, pod))
	want := keybackup.Receipt{Object: keybackup.Object("e2e", e), SHA256: keybackup.Sum(e), ReadBack: true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%v, receipt (-want +got):\n%s", err, diff)
	}
	names, err := store.List(t.Context(), "keys")
	must(t, err)
	if diff := cmp.Diff([]string{want.Object}, names); diff != "" {
		t.Errorf("in the bucket (-want +got):\n%s", diff)
	}
	content, err := store.Get(t.Context(), "keys", want.Object)
	must(t, err)
	if diff := cmp.Diff(string(e.Text()), string(content)); diff != "" {
		t.Errorf("under the name (-want +got):\n%s", diff)
	}
}
