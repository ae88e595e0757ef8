// SPDX-License-Identifier: Apache-2.0

package serving_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/peernode/operator/cmd/peernode-unsealer/internal/serving"
	"github.com/peernode/operator/pkg/sealingkey"
	"github.com/peernode/operator/pkg/sealingkey/sealingkeytest"
)

func certificates(t *testing.T, now func() time.Time) *serving.Certificates {
	t.Helper()
	return &serving.Certificates{Ring: sealingkeytest.Ring(t, now(), 1), Names: sealingkey.Hosts("peernode-system"), Now: now}
}

func TestACertificateIsRenewedLongBeforeItRunsOut(t *testing.T) {
	now := time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)
	c := certificates(t, func() time.Time { return now })
	get := func() []byte {
		t.Helper()
		made, err := c.Get(nil)
		if err != nil {
			t.Fatal(err)
		}
		if made.Leaf.NotAfter.Sub(now) < 11*time.Hour {
			t.Errorf("at %s, it is valid until %s", now, made.Leaf.NotAfter)
		}
		return made.Certificate[0]
	}
	first := get()
	now = now.Add(11 * time.Hour)
	if !bytes.Equal(first, get()) {
		t.Error("another certificate is made for each connection")
	}
	now = now.Add(2 * time.Hour)
	if bytes.Equal(first, get()) {
		t.Error("no other certificate was made")
	}
	now = now.AddDate(10, 0, 0)
	if _, err := c.Get(nil); err == nil {
		t.Error("an authority that has run out still signs")
	}
}

// free is an address that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestWhatHasBegunIsEndedWhenTheServerStops(t *testing.T) {
	c := certificates(t, time.Now)
	address := free(t)
	begun, goOn := make(chan struct{}), make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- serving.Serve(ctx, address, c.TLS(), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(begun)
			<-goOn
			_, _ = io.WriteString(w, "done")
		}), slog.New(slog.DiscardHandler))
	}()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(c.Ring.Published().CA)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: sealingkey.Host("peernode-system")}}}
	answer := make(chan string, 1)
	go func() {
		for {
			response, err := client.Get("https://" + address)
			if err != nil {
				time.Sleep(10 * time.Millisecond)
				continue
			}
			text, _ := io.ReadAll(response.Body)
			response.Body.Close()
			answer <- string(text)
			return
		}
	}()
	<-begun
	stop()
	time.Sleep(50 * time.Millisecond)
	close(goOn)
	if got := <-answer; got != "done" {
		t.Errorf("the answer is %q", got)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestWhoDoesNotSpeakTLSFillsNoLog(t *testing.T) {
	var said bytes.Buffer
	address := free(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- serving.Serve(ctx, address, certificates(t, time.Now).TLS(), http.NotFoundHandler(), slog.New(slog.NewJSONHandler(&said, nil)))
	}()
	for range 500 {
		if connection, err := net.Dial("tcp", address); err == nil {
			_, _ = connection.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
			_, _ = io.ReadAll(connection)
			connection.Close()
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	if err := <-done; err != nil || said.Len() > 0 {
		t.Errorf("ended with %v, said %q", err, &said)
	}
}

func TestAnAddressThatIsTakenIsAnError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := serving.Serve(t.Context(), l.Addr().String(), nil, http.NotFoundHandler(), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("no error")
	}
}
