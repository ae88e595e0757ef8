// SPDX-License-Identifier: Apache-2.0

package peernode

import (
	"context"
	"fmt"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/pkg/plan"
)

// observeCertificateRequest reads what the issuer says while there is trouble with the certificate. It is read past the
// cache: these objects are many, and seldom of interest.
func (r *Reconciler) observeCertificateRequest(ctx context.Context, o *plan.Observed) error {
	name := plan.CertificateRequest(*o)
	if name == (types.NamespacedName{}) {
		return nil
	}
	request := &certmanagerv1.CertificateRequest{}
	err := r.Live.Get(ctx, name, request)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("read CertificateRequest %s: %w", name.Name, err)
	}
	if err == nil {
		o.CertificateRequest = request
	}
	return nil
}
