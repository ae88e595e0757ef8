// SPDX-License-Identifier: Apache-2.0

package crash_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/crash"
)

// leak lets the private key of alpha out. It returns where that has to be found.
type leak = func(ctx context.Context, w *crash.World, secret []byte) (where string, err error)

// leakWays are ways in which an operator could let a key out.
var leakWays = map[string]leak{
	"a field of a PeerNode": func(ctx context.Context, w *crash.World, secret []byte) (string, error) {
		note := func(p *v1alpha1.PeerNode) {
			metav1.SetMetaDataAnnotation(&p.ObjectMeta, "example.com/planted", hex.EncodeToString(secret))
		}
		return "etcd, /registry/peernode.dev/peernodes/" + w.Namespace + "/alpha at revision", edit("alpha", note)(ctx, w)
	},
	"a Secret that is not sealed": func(ctx context.Context, w *crash.World, secret []byte) (string, error) {
		planted := &corev1.Secret{ObjectMeta: plantedMeta(w), Data: map[string][]byte{"identity.key": secret}}
		return "etcd, /registry/secrets/" + w.Namespace + "/planted at revision", w.Admin.Create(ctx, planted)
	},
	"the environment of a container": func(ctx context.Context, w *crash.World, secret []byte) (string, error) {
		variables := []corev1.EnvVar{{Name: "KEY", Value: base64.StdEncoding.EncodeToString(secret)}}
		pod := &corev1.Pod{ObjectMeta: plantedMeta(w), Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: otherImage, Env: variables}}}}
		return "etcd, /registry/pods/" + w.Namespace + "/planted at revision", w.Admin.Create(ctx, pod)
	},
	"an event": func(ctx context.Context, w *crash.World, secret []byte) (string, error) {
		about := corev1.ObjectReference{Namespace: w.Namespace, Name: "alpha"}
		event := &corev1.Event{ObjectMeta: plantedMeta(w), InvolvedObject: about, Message: fmt.Sprintf("sealed %x", secret)}
		return "etcd, /registry/events/" + w.Namespace + "/planted at revision", w.Admin.Create(ctx, event)
	},
	"a value that is there for a moment": func(ctx context.Context, w *crash.World, secret []byte) (string, error) {
		wide := bytes.Join(bytes.Split([]byte(hex.EncodeToString(secret)), nil), []byte{0}) // UTF-16
		planted := &corev1.ConfigMap{ObjectMeta: plantedMeta(w), BinaryData: map[string][]byte{"key": append(wide, 0)}}
		err := w.Admin.Create(ctx, planted)
		planted.BinaryData = nil
		return "etcd, /registry/configmaps/" + w.Namespace + "/planted at revision", errors.Join(err, w.Admin.Update(ctx, planted), w.Admin.Delete(ctx, planted))
	},
	"an object without a namespace": func(ctx context.Context, w *crash.World, secret []byte) (string, error) {
		elsewhere := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "planted-", Annotations: map[string]string{"key": fmt.Sprintf("%d", secret)}}}
		err := w.Admin.Create(ctx, elsewhere)
		return "etcd, /registry/namespaces/" + elsewhere.Name + " at revision", err
	},
	"a request that is refused": func(ctx context.Context, w *crash.World, secret []byte) (string, error) {
		planted := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "Not A Name"}, BinaryData: map[string][]byte{"key": secret}}
		err := w.Admin.Create(ctx, planted)
		if apierrors.IsInvalid(err) {
			return "audit.log, the line at byte", nil
		}
		return "", fmt.Errorf("the API server takes a name with blanks: %w", err)
	},
	"the log of the operator": func(_ context.Context, w *crash.World, secret []byte) (string, error) {
		w.Log.Info("made a key", "key", hex.EncodeToString(secret))
		return "of the log of the operators of " + w.Namespace, nil
	},
	"what the API server logs of a client": func(ctx context.Context, w *crash.World, secret []byte) (string, error) {
		return "audit.log, the line at byte", client.IgnoreNotFound(get(ctx, w, hex.EncodeToString(secret), &corev1.ConfigMap{}))
	},
}

func plantedMeta(w *crash.World) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: w.Namespace, Name: "planted"}
}
