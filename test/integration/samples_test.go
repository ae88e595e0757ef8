// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/testenv"
)

// documents are the objects in a file of the repository, in which each other string takes the place of the one before it.
func documents(t *testing.T, file string, replace ...string) []*unstructured.Unstructured {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(testenv.Root(), file))
	if err != nil {
		t.Fatal(err)
	}
	var out []*unstructured.Unstructured
	for document := range strings.SplitSeq(strings.NewReplacer(replace...).Replace(string(raw)), "\n---\n") {
		o := &unstructured.Unstructured{}
		if err := yaml.UnmarshalStrict([]byte(document), &o.Object); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out = append(out, o)
	}
	return out
}

// The sample of a peer whose key is copied works once what its comment asks for is there. Where the bucket is differs here.
func TestThePeerOfTheSampleIsKept(t *testing.T) {
	s := tellOfCopies(t)
	s.credentials("s3-credentials", s.server.Store)
	for _, o := range documents(t, "config/samples/p2pagent-kept.yaml",
		"age1-YOUR-RECIPIENT", s.holder.Recipient().String(), "namespace: peers", "namespace: "+s.ns, "https://s3.storage.svc:9000", s.server.Endpoint,
	) {
		s.must(env.Admin.Create(s.Context(), o, strict))
	}
	p := &v1alpha1.PeerNode{}
	s.is("kept", p)
	s.serves(p)
	s.copied(p)
}
