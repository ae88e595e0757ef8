// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"fmt"
	"slices"
	"time"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// RenewCertificate asks cert-manager for a renewal, as cmctl does. cert-manager takes requests that failed before it was
// asked for those of an earlier attempt, and it knows no parts of a second; so it is asked in another second than that of
// the last failure.
func RenewCertificate(ctx context.Context, c client.Client, key client.ObjectKey) error {
	return Eventually(ctx, func() error {
		certificate := &certmanagerv1.Certificate{}
		if err := c.Get(ctx, key, certificate); err != nil {
			return fmt.Errorf("read Certificate %s: %w", key, err)
		}
		now := metav1.NewTime(time.Now().Truncate(time.Second))
		if failed := certificate.Status.LastFailureTime; failed != nil && !failed.Before(&now) {
			return fmt.Errorf("a request of Certificate %s failed in this second", key)
		}
		certificate.Status.Conditions = slices.DeleteFunc(certificate.Status.Conditions, func(is certmanagerv1.CertificateCondition) bool {
			return is.Type == certmanagerv1.CertificateConditionIssuing
		})
		certificate.Status.Conditions = append(certificate.Status.Conditions, certmanagerv1.CertificateCondition{
			Type: certmanagerv1.CertificateConditionIssuing, Status: cmmeta.ConditionTrue, Reason: "ManuallyTriggered",
			ObservedGeneration: certificate.Generation, LastTransitionTime: &now,
		})
		return c.Status().Update(ctx, certificate)
	})
}
