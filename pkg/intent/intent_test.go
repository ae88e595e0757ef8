// SPDX-License-Identifier: Apache-2.0

package intent_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/intent"
)

func configMap(data map[string]string) *applycorev1.ConfigMapApplyConfiguration {
	return applycorev1.ConfigMap("alpha-config", "peers").WithAnnotations(map[string]string{"own": "kept"}).WithData(data)
}

func from(t *testing.T, applyConfiguration any) intent.Intent {
	t.Helper()
	want, err := intent.From(applyConfiguration)
	if err != nil {
		t.Fatal(err)
	}
	return want
}

func TestFromNamesTheObjectAndSignsIt(t *testing.T) {
	want := from(t, configMap(map[string]string{"a": "1"}))
	ref := intent.Ref{
		GroupVersionKind: corev1.SchemeGroupVersion.WithKind("ConfigMap"),
		NamespacedName:   types.NamespacedName{Namespace: "peers", Name: "alpha-config"},
	}
	if diff := cmp.Diff(ref, want.Ref); diff != "" {
		t.Errorf("ref (-want +got):\n%s", diff)
	}
	if got := want.Ref.String(); got != "ConfigMap peers/alpha-config" {
		t.Errorf("ref is named %q in messages", got)
	}
	annotations := want.Object.GetAnnotations()
	if annotations["own"] != "kept" || len(annotations[v1alpha1.AnnotationIntent]) != 16 {
		t.Errorf("annotations are %v, want the builder's own and a hash of 16 digits", annotations)
	}
}

func TestFromLeavesTheApplyConfigurationAlone(t *testing.T) {
	object := configMap(nil)
	from(t, object)
	if _, signed := object.Annotations[v1alpha1.AnnotationIntent]; signed {
		t.Error("the hash was written into the builder's object; a second hash would cover the first")
	}
}

func TestFromRefusesWhatIsNoObject(t *testing.T) {
	for name, c := range map[string]struct {
		given any
		says  string
	}{
		"What JSON cannot say.": {math.NaN(), "encode float64"},
		"A list.":               {[]string{"a"}, "decode []string"},
	} {
		if _, err := intent.From(c.given); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
		}
	}
}

func TestHashesDifferWithTheContentAndNotByChance(t *testing.T) {
	hash := func(data map[string]string) string {
		return from(t, configMap(data)).Object.GetAnnotations()[v1alpha1.AnnotationIntent]
	}
	base := hash(map[string]string{"a": "1", "b": "2"})
	if again := hash(map[string]string{"b": "2", "a": "1"}); again != base {
		t.Errorf("the same content in another order has hash %s, not %s", again, base)
	}
	if other := hash(map[string]string{"a": "1"}); other == base {
		t.Error("a field less has the same hash: its removal would never be applied")
	}
	// SHA-256 of nothing, its first 8 bytes, from FIPS 180's own example values.
	if got := intent.Hash(nil); got != "e3b0c44298fc1c14" {
		t.Errorf("Hash of nothing = %s", got)
	}
}
