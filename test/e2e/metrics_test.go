// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestMetricsAreForThoseWhoMayReadThem asks the operator's pod as Prometheus would.
func TestMetricsAreForThoseWhoMayReadThem(t *testing.T) {
	ns := namespace(t)
	_, err := run("kubectl", "create", "serviceaccount", "prometheus", "-n", ns)
	must(t, err)
	out, err := run("kubectl", "create", "token", "prometheus", "-n", ns)
	must(t, err)
	token := strings.TrimSpace(out)

	answers(t, "", http.StatusUnauthorized)
	answers(t, "Bearer nonsense", http.StatusUnauthorized)
	answers(t, "Bearer "+token, http.StatusForbidden)

	_, err = run("kubectl", "create", "clusterrolebinding", ns, "--clusterrole="+release+"-metrics-reader", "--serviceaccount="+ns+":prometheus")
	must(t, err)
	t.Cleanup(func() { _, _ = run("kubectl", "delete", "clusterrolebinding", ns) })
	if body := answers(t, "Bearer "+token, http.StatusOK); !strings.Contains(body, "controller_runtime_reconcile_total") {
		t.Errorf("these are not the metrics of a controller: %.200s", body)
	}

	_, err = run("kubectl", "delete", "clusterrolebinding", ns)
	must(t, err)
	answers(t, "Bearer "+token, http.StatusForbidden)
}

// answers waits until a request for metrics is answered with a status: rights take a moment to be known. It returns
// the body.
func answers(t *testing.T, authorization string, want int) (body string) {
	t.Helper()
	eventually(t, func() error {
		pods := &corev1.PodList{}
		if err := admin.List(t.Context(), pods, client.InNamespace(systemNamespace), client.MatchingLabels{"app.kubernetes.io/name": release}); err != nil {
			return err
		}
		if len(pods.Items) == 0 || pods.Items[0].Status.PodIP == "" {
			return errors.New("the operator has no pod with an address")
		}
		address := "https://" + net.JoinHostPort(pods.Items[0].Status.PodIP, "8443") + "/metrics"
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		if authorization != "" {
			request.Header.Set("Authorization", authorization)
		}
		// The certificate is the operator's own.
		asking := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		answer, err := asking.Do(request)
		if err != nil {
			return err
		}
		defer func() { _ = answer.Body.Close() }()
		raw, err := io.ReadAll(answer.Body)
		if err == nil && answer.StatusCode != want {
			err = fmt.Errorf("metrics are answered with %s, want %d", answer.Status, want)
		}
		body = string(raw)
		return err
	})
	return body
}
