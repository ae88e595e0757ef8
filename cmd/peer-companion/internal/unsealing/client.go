// SPDX-License-Identifier: Apache-2.0

package unsealing

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/peernode/operator/cmd/internal/smallfile"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/pkg/unseal"
)

// tryTimeout is more than the unsealer takes for one request.
const tryTimeout = 30 * time.Second

// Client asks one unsealer.
type Client struct {
	// URL is where the unsealer is.
	URL string
	// TokenFile and CAFile are read for each try: the kubelet exchanges them.
	TokenFile, CAFile string
}

// ask sends the envelope once, and opens the answer for the same place, whose key must be the one of the envelope.
func (c Client) ask(ctx context.Context, envelope seal.Envelope, ephemeral seal.Opener) (identity.Key, *Problem) {
	request := unseal.Request{Envelope: string(envelope.Text()), Recipient: ephemeral.Recipient().String()}
	text, problem := c.send(ctx, unseal.Path, request.Text(), unseal.MaxAnswer)
	if problem != nil {
		return identity.Key{}, problem
	}
	answer, err := seal.Read(bytes.NewReader(text))
	if err != nil {
		return identity.Key{}, passing(unseal.AnswerUnreadable, fmt.Errorf("%s: %w", c.URL, err))
	}
	sent := envelope.Header()
	opened, err := answer.Open(sent.Binding, ephemeral)
	if err != nil {
		return identity.Key{}, ForGood(unseal.AnswerWrong, fmt.Errorf("%s: %w", c.URL, err))
	}
	if public := opened.Key.Public(); public.Type() != sent.KeyType || public.Hex() != sent.PublicKey {
		return identity.Key{}, ForGood(unseal.AnswerWrong, fmt.Errorf("%s: the answer holds the key of %s, the envelope that of %s %s", c.URL, public, sent.KeyType, sent.PeerID))
	}
	return opened.Key, nil
}

// send returns the body of the answer, if the request was granted.
func (c Client) send(ctx context.Context, path string, request []byte, maxAnswer int64) ([]byte, *Problem) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	transport, problem := c.transport()
	if problem != nil {
		return nil, problem
	}
	defer transport.CloseIdleConnections()
	token, err := readMounted(c.TokenFile)
	if err != nil {
		return nil, passing(unseal.TokenUnreadable, err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(c.URL, "/")+path, bytes.NewReader(request))
	if err != nil {
		return nil, ForGood(unseal.Unreachable, err)
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	r.Header.Set("Content-Type", "application/json")
	// A token goes where it was meant to go, and nowhere from there.
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	if err != nil {
		return nil, passing(unseal.Unreachable, plain(c.URL, err))
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, passing(unseal.Unreachable, plain(c.URL, err))
	}
	if response.StatusCode == http.StatusOK {
		return text, nil
	}
	if refusal, ok := unseal.ReadRefusal(text); ok {
		return nil, refused(refusal)
	}
	return nil, passing(unseal.AnswerUnreadable, fmt.Errorf("%s answers %s, and not as an unsealer of this release does", c.URL, response.Status))
}

// transport trusts nobody but the unsealer's own authority, and goes through no proxy.
func (c Client) transport() (*http.Transport, *Problem) {
	ca, err := readMounted(c.CAFile)
	if err != nil {
		return nil, passing(unseal.CAUnreadable, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, passing(unseal.CAUnreadable, fmt.Errorf("%s holds no certificate", c.CAFile))
	}
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}, DisableKeepAlives: true}, nil
}

func readMounted(path string) ([]byte, error) {
	content, err := smallfile.Read(path)
	if err == nil && len(bytes.TrimSpace(content)) == 0 {
		return nil, errors.New(path + " is empty")
	}
	return content, err
}
