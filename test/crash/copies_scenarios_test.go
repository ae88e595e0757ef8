// SPDX-License-Identifier: Apache-2.0

package crash_test

import (
	"context"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/test/cluster"
	"github.com/peernode/operator/test/crash"
	"github.com/peernode/operator/test/s3"
)

// bucket is the one into which keys are copied, of the store that all runs share.
const bucket = "keys"

var (
	store s3.Store
	// age makes older what it keeps, of all runs.
	age func(by time.Duration) error
)

// startStore starts the store, and returns how it is ended.
func startStore(ctx context.Context) (stop func(), err error) {
	dir, err := os.MkdirTemp("", "crash-s3-")
	if err != nil {
		return nil, err
	}
	server, err := cluster.StartS3(ctx, dir)
	if err != nil {
		return nil, err
	}
	age = server.Age
	store = s3.Store{Endpoint: server.Endpoint, CA: server.CA, AccessKey: server.AccessKey, SecretKey: server.SecretKey}
	stop = func() {
		_ = server.Stop()
		_ = os.RemoveAll(dir)
	}
	if err := store.CreateBucket(ctx, bucket); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

// keyCopies is a peer whose key is copied into a bucket, and is not any more.
func keyCopies() crash.Scenario {
	recoverable := func(p *v1alpha1.PeerNode) {
		p.Spec.Identity = &v1alpha1.PeerIdentity{RecoveryRecipients: []string{holder.Recipient().String()}}
	}
	wanted := func(p *v1alpha1.PeerNode) {
		p.Spec.Identity.Backup = &v1alpha1.KeyBackup{Stores: []v1alpha1.BackupStoreReference{{Name: bucket}}}
	}
	return crash.Scenario{
		Name:       "copy a key",
		Given:      steps(all(bringStore, create(recoverable)), all(checked, serving("alpha")), proves("alpha"), all(knows("alpha"), serving("alpha"))),
		When:       crash.Step{Act: edit("alpha", wanted), Settled: all(copied("alpha"), serving("alpha"))},
		Afterwards: crash.Step{Act: edit("alpha", func(p *v1alpha1.PeerNode) { p.Spec.Identity.Backup = nil }), Settled: notCopied("alpha")},
	}
}

// holder could open the copies.
var holder = newHolder()

func newHolder() seal.Opener {
	o, err := seal.NewOpener()
	if err != nil {
		panic(err)
	}
	return o
}

// bringStore makes the store known to a namespace.
func bringStore(ctx context.Context, w *crash.World) error {
	return all(bringAccess, makeStore)(ctx, w)
}

// bringAccess brings what the pods that work with the store mount.
func bringAccess(ctx context.Context, w *crash.World) error {
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: w.Namespace, Name: name} }
	for _, o := range []client.Object{
		&corev1.ConfigMap{ObjectMeta: meta("s3-ca"), Data: map[string]string{"ca.crt": string(store.CA)}},
		&corev1.Secret{ObjectMeta: meta("s3-credentials"), StringData: map[string]string{"accessKeyID": store.AccessKey, "secretAccessKey": store.SecretKey}},
	} {
		if err := w.Admin.Create(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

func makeStore(ctx context.Context, w *crash.World) error {
	return w.Admin.Create(ctx, &v1alpha1.PeerBackupStore{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: bucket}, Spec: v1alpha1.PeerBackupStoreSpec{
		Endpoint: store.Endpoint, Bucket: bucket,
		Credentials: v1alpha1.BackupStoreCredentials{SecretName: "s3-credentials"},
		CA:          &v1alpha1.CertificateAuthorities{ConfigMapName: "s3-ca"},
	}})
}

// storeChecks is a store that is made, checked, changed and checked again.
func storeChecks() crash.Scenario {
	elsewhere := func(ctx context.Context, w *crash.World) error {
		s := &v1alpha1.PeerBackupStore{}
		if err := get(ctx, w, bucket, s); err != nil {
			return err
		}
		before := s.DeepCopy()
		s.Spec.Prefix, s.Spec.CheckEvery = "elsewhere", "5m"
		return w.Admin.Patch(ctx, s, client.MergeFrom(before))
	}
	return crash.Scenario{
		Name:       "check a store",
		Given:      crash.Step{Act: bringAccess},
		When:       crash.Step{Act: makeStore, Settled: checked},
		Afterwards: crash.Step{Act: elsewhere, Settled: checked},
	}
}

// checked is a store whose present spec a check has found well.
func checked(ctx context.Context, w *crash.World) error {
	s := &v1alpha1.PeerBackupStore{}
	if err := get(ctx, w, bucket, s); err != nil {
		return err
	}
	c := conditions.Find(s.Status.Conditions, v1alpha1.ConditionReady)
	if c.Status != metav1.ConditionTrue || c.ObservedGeneration != s.Generation || s.Status.LastCheck.Generation != s.Generation {
		return fmt.Errorf("the store is %s %s of generation %d: %s", c.Status, c.Reason, c.ObservedGeneration, c.Message)
	}
	return nil
}

func copied(name string) do {
	return told(name, v1alpha1.ConditionKeyBackedUp, metav1.ConditionTrue, v1alpha1.ReasonKeyCopied)
}

func notCopied(name string) do {
	return func(ctx context.Context, w *crash.World) error {
		p := &v1alpha1.PeerNode{}
		if err := get(ctx, w, name, p); err != nil {
			return err
		}
		if len(p.Status.Identity.Copies) > 0 {
			return fmt.Errorf("copies are on record: %+v", p.Status.Identity.Copies)
		}
		err := get(ctx, w, name+"-key-copies", &networkingv1.NetworkPolicy{})
		if !apierrors.IsNotFound(err) {
			return fmt.Errorf("the way to the store is still open (%w)", err)
		}
		return serving(name)(ctx, w)
	}
}
