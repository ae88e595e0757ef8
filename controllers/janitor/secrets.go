// SPDX-License-Identifier: Apache-2.0

package janitor

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// secrets tells Secrets apart without reading one.
type secrets struct{ rest rest.Interface }

func newSecrets(config *rest.Config, httpClient *http.Client, scheme *runtime.Scheme) (secrets, error) {
	client, err := apiutil.RESTClientForGVK(corev1.SchemeGroupVersion.WithKind("Secret"), false, false, config, serializer.NewCodecFactory(scheme), httpClient)
	if err != nil {
		return secrets{}, fmt.Errorf("make the client that asks for Secrets: %w", err)
	}
	return secrets{client}, nil
}

// uid is that of the Secret with a name, "" where there is none. It sends a dry run of a deletion, which deletes nothing, and
// whose answer says which object it met. Such an answer holds the object itself only where finalizers would keep that from
// going at once; nothing but the UID is looked at.
func (s secrets) uid(ctx context.Context, namespace, name string) (types.UID, error) {
	answer, err := s.rest.Delete().Namespace(namespace).Resource("secrets").Name(name).Param("dryRun", metav1.DryRunAll).Do(ctx).Get()
	if err != nil {
		return "", client.IgnoreNotFound(err)
	}
	var uid types.UID
	switch met := answer.(type) {
	case *metav1.Status:
		if met.Details != nil {
			uid = met.Details.UID
		}
	case metav1.Object:
		uid = met.GetUID()
	}
	if uid == "" {
		return "", errors.New("the API server does not say what its UID is")
	}
	return uid, nil
}
