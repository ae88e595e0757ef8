// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/cluster"
	"github.com/peernode/operator/test/testenv"
)

// cert-manager and the Gateway API come to a cluster of its own while the operator runs, and go.
func TestKindsOfOthersComeAndGo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	own, err := testenv.Start(ctx, cluster.ControlPlaneOptions{SimulatedNodes: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = own.Stop() }()
	operator, err := own.StartOperator(ctx, testenv.OperatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := operator.Stop(); err != nil {
			t.Error("the operator ended by itself:", err)
		}
	}()
	p := builders.PeerNode(metav1.NamespaceDefault, "alpha", builders.API, func(p *v1alpha1.PeerNode) {
		p.Spec.Network.API.Gateway = &v1alpha1.APIGateway{ParentRefs: []v1alpha1.GatewayReference{{Name: "public"}}, Hosts: []v1alpha1.HostPattern{"peer.example.com"}}
	})
	if err := own.Admin.Create(ctx, p); err != nil {
		t.Fatal(err)
	}
	becomes := func(conditionType, reason string) {
		t.Helper()
		if err := testenv.Eventually(ctx, func() error {
			if err := own.Admin.Get(ctx, client.ObjectKeyFromObject(p), p); err != nil {
				return err
			}
			c := conditions.Find(p.Status.Conditions, conditionType)
			ready := conditions.Find(p.Status.Conditions, v1alpha1.ConditionReady)
			if c.Reason != reason || ready.Status != metav1.ConditionTrue {
				return fmt.Errorf("it is told %+v, Ready %+v, want the reason %s and a peer that serves", c, ready, reason)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	leaves := func(crd string) {
		t.Helper()
		kind := &unstructured.Unstructured{}
		kind.SetGroupVersionKind(apiextensionsv1.SchemeGroupVersion.WithKind("CustomResourceDefinition"))
		kind.SetName(crd)
		if err := own.Admin.Delete(ctx, kind); err != nil {
			t.Fatal(err)
		}
	}
	becomes(v1alpha1.ConditionCertificateReady, v1alpha1.ReasonCertManagerMissing)
	becomes(v1alpha1.ConditionAPIExposed, v1alpha1.ReasonGatewayAPIMissing)
	if err := errors.Join(own.InstallCertManager(ctx), own.InstallGatewayAPI(ctx), own.Admin.Create(ctx, testenv.Issuer())); err != nil {
		t.Fatal(err)
	}
	becomes(v1alpha1.ConditionCertificateReady, v1alpha1.ReasonCertificateIssued)
	becomes(v1alpha1.ConditionAPIExposed, v1alpha1.ReasonWaitingForGateway)
	leaves("certificates.cert-manager.io")
	leaves("tlsroutes.gateway.networking.k8s.io")
	becomes(v1alpha1.ConditionCertificateReady, v1alpha1.ReasonCertManagerMissing)
	becomes(v1alpha1.ConditionAPIExposed, v1alpha1.ReasonGatewayAPIMissing)
}
