// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// apiClient is the little that starting a cluster needs of an API client; a real one would bind importers to its version of Kubernetes.
type apiClient struct {
	server string
	http   *http.Client
}

// newAPIClient returns a client that presents the certificate of the given name.
func newAPIClient(server string, a *authority, certName string) (*apiClient, error) {
	pair, err := tls.LoadX509KeyPair(a.certFile(certName), a.keyFile(certName))
	if err != nil {
		return nil, fmt.Errorf("load the certificate of %s: %w", certName, err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13},
		ForceAttemptHTTP2: true,
	}
	return &apiClient{server: server, http: &http.Client{Transport: transport, Timeout: 30 * time.Second}}, nil
}

// do sends one request with a JSON or YAML body and returns the answer; a status of 400 or more is an error.
func (c *apiClient) do(ctx context.Context, method, path, contentType string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.server+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	request.Header.Set("User-Agent", "testcluster")
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		return nil, &statusError{code: response.StatusCode, message: fmt.Sprintf("%s %s: %s: %.300s", method, path, response.Status, answer)}
	}
	return answer, nil
}

// statusError is an answer of the API server that is not a success.
type statusError struct {
	code    int
	message string
}

func (e *statusError) Error() string { return e.message }

// get decodes the object at path into into, which may be nil.
func (c *apiClient) get(ctx context.Context, path string, into any) error {
	answer, err := c.do(ctx, http.MethodGet, path, "", nil)
	if err != nil || into == nil {
		return err
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("decode %s: %w", path, err)
	}
	return nil
}

// apply sends one YAML object to its own path by server-side apply, which creates it or corrects it.
func (c *apiClient) apply(ctx context.Context, path, yaml string) error {
	_, err := c.do(ctx, http.MethodPatch, path+"?fieldManager=testcluster&force=true", "application/apply-patch+yaml", []byte(yaml))
	return err
}
