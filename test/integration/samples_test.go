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

// The sample of a peer whose key is copied works once what its comment asks for is there. Where the bucket is differs here.
func TestThePeerOfTheSampleIsKept(t *testing.T) {
	s := tellOfCopies(t)
	s.credentials("s3-credentials", s.server.Store)
	raw, err := os.ReadFile(filepath.Join(testenv.Root(), "config", "samples", "p2pagent-kept.yaml"))
	s.must(err)
	text := strings.NewReplacer(
		"age1-YOUR-RECIPIENT", s.holder.Recipient().String(), "namespace: peers", "namespace: "+s.ns, "https://s3.storage.svc:9000", s.server.Endpoint,
	).Replace(string(raw))
	for document := range strings.SplitSeq(text, "\n---\n") {
		o := &unstructured.Unstructured{}
		s.must(yaml.UnmarshalStrict([]byte(document), &o.Object))
		s.must(env.Admin.Create(s.Context(), o, strict))
	}
	p := &v1alpha1.PeerNode{}
	s.is("kept", p)
	s.serves(p)
	s.copied(p)
}
