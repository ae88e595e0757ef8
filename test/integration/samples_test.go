// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/testenv"
)

func documents(t *testing.T, file string, replace ...string) []*unstructured.Unstructured {
	t.Helper()
	all, err := testenv.Documents(file, replace...)
	if err != nil {
		t.Fatal(err)
	}
	return all
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
