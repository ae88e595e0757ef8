// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/s3"
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

// The sample of a store is found well once what its comment asks for is there.
func TestTheStoreOfTheSampleIsReady(t *testing.T) {
	s := tellOfCopies(t)
	const bucket, prefix = "backups", "clusters/demo"
	s.must(s.server.CreateBucket(s.Context(), bucket))
	s.must(s.server.KeepVersions(s.Context(), bucket))
	writer := s.server.Stranger(t, "writer")
	s.must(s.server.SetPolicy(s.Context(), bucket, "writer",
		s3.Statement{Effect: "Allow", Action: []string{"s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"}, Resource: "arn:aws:s3:::" + bucket + "/" + prefix + "/*"},
		s3.Statement{Effect: "Allow", Action: []string{"s3:ListBucket"}, Resource: "arn:aws:s3:::" + bucket},
	))
	s.credentials("backups-credentials", writer)
	for _, o := range documents(t, "config/samples/store.yaml",
		"age1-YOUR-RECIPIENT", s.holder.Recipient().String(), "namespace: peers", "namespace: "+s.ns, "https://s3.storage.svc:9000", s.server.Endpoint,
	) {
		s.must(env.Admin.Create(s.Context(), o, strict))
	}
	store := &v1alpha1.PeerBackupStore{}
	s.is("backups", store)
	s.storeIsReady(store)
	s.storeBecomes(store, v1alpha1.ConditionLeastPrivilege, metav1.ConditionTrue, v1alpha1.ReasonOnlyWhatIsNeeded)
}
