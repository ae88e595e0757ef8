// SPDX-License-Identifier: Apache-2.0

package crash_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/crash"
)

// restore is a peer that begins with a backup, and does without what is said of that later. Its backup is that of a cluster which
// all runs share. Over what any new peer is made of, the operator is killed elsewhere.
func restore() crash.Scenario {
	ofRestore := func(_, path string) bool {
		return strings.Contains(path, "alpha-restore") || strings.HasSuffix(path, "/status") || strings.Contains(path, "/statefulsets/")
	}
	return crash.Scenario{
		Name:       "restore a peer from a backup",
		KilledOver: ofRestore,
		Given:      steps(all(bringStore, bringRecovery), checked),
		When:       crash.Step{Act: beginWithBackup, Settled: all(begun("alpha"), serving("alpha"))},
		Afterwards: crash.Step{Act: edit("alpha", func(p *v1alpha1.PeerNode) { p.Spec.Bootstrap = nil }), Settled: all(begun("alpha"), serving("alpha"))},
	}
}

func bringRecovery(ctx context.Context, w *crash.World) error {
	return w.Admin.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "recovery"}, StringData: map[string]string{"recovery.key": holder.Secret()},
	})
}

func beginWithBackup(ctx context.Context, w *crash.World) error {
	public, err := elsewhere(ctx, w)
	if err != nil {
		return err
	}
	return create(func(p *v1alpha1.PeerNode) {
		p.Spec.Bootstrap = &v1alpha1.PeerBootstrap{Restore: v1alpha1.PeerRestore{
			From: &v1alpha1.RestoreSource{
				StoreRef: v1alpha1.BackupStoreReference{Name: bucket}, Namespace: "elsewhere", PeerNode: "lost", Trust: []string{public},
			},
			RecoveryKey: v1alpha1.RecoveryKeySource{SecretName: "recovery"}, Identity: v1alpha1.IdentityNew,
		}}
	})(ctx, w)
}

var backedUpElsewhere struct {
	sync.Mutex

	public string
}

// elsewhere backs up a folder by hand, once, and returns the public key of the record.
func elsewhere(ctx context.Context, w *crash.World) (public string, err error) {
	backedUpElsewhere.Lock()
	defer backedUpElsewhere.Unlock()
	if backedUpElsewhere.public != "" {
		return backedUpElsewhere.public, nil
	}
	program, err := w.Programs.Path("cmd/peer-companion")
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "crash-elsewhere-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	for name, content := range map[string]string{"data/block": "data of a peer", "credentials/accessKeyID": store.AccessKey, "credentials/secretAccessKey": store.SecretKey, "ca.crt": string(store.CA)} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return "", err
		}
	}
	whose := []string{"--namespace=elsewhere", "--peernode=lost"}
	run := func(args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, program, append(args, whose...)...)
		cmd.Dir = dir
		out, err := cmd.Output()
		if err != nil {
			return "", fmt.Errorf("peer-companion %s: %w", args[0], err)
		}
		return strings.TrimSpace(string(out)), nil
	}
	if public, err = run("signing-key", "--out=signing.key"); err != nil {
		return "", err
	}
	if _, err = run("backup", "--data=data", "--name=daily", "--signing-key=signing.key", "--recipient="+holder.Recipient().String(),
		"--endpoint="+store.Endpoint, "--region=us-east-1", "--bucket="+bucket, "--credentials-dir=credentials", "--ca-file=ca.crt"); err != nil {
		return "", err
	}
	backedUpElsewhere.public = public
	return public, nil
}

// begun is a peer that has its data, with the way to the store closed behind it.
func begun(name string) do {
	return func(ctx context.Context, w *crash.World) error {
		if err := told(name, v1alpha1.ConditionRestored, metav1.ConditionTrue, v1alpha1.ReasonRestored)(ctx, w); err != nil {
			return err
		}
		err := get(ctx, w, name+"-restore", &networkingv1.NetworkPolicy{})
		if !apierrors.IsNotFound(err) {
			return fmt.Errorf("the way to the store is still open (%w)", err)
		}
		return nil
	}
}
