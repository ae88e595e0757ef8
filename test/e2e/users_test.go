// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// usersPerSecond is how many requests users make together.
const usersPerSecond = 50

// users ask an API on the node, half of them over connections that last.
type users struct {
	address string
	config  *tls.Config
	dial    calling
	lasting *http.Client

	mu       sync.Mutex
	asked    int
	failures []string
	stop     chan struct{}
	asking   sync.WaitGroup
}

// calling is how users connect.
type calling func(ctx context.Context, network, address string) (net.Conn, error)

// newUsers are users of an API at an address, under a name that its certificate has.
func newUsers(t *testing.T, dial calling, address, name string, ca []byte) *users {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		t.Fatalf("%q is no certificate of an authority", ca)
	}
	u := &users{
		address: "https://" + address, config: &tls.Config{RootCAs: roots, ServerName: name, MinVersion: tls.VersionTLS13}, dial: dial,
		stop: make(chan struct{}),
	}
	u.lasting = u.client(false)
	return u
}

// anew is a user with a connection of their own.
func (u *users) anew() *http.Client { return u.client(true) }

func (u *users) client(once bool) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: u.dial, TLSClientConfig: u.config, DisableKeepAlives: once}, Timeout: 10 * time.Second}
}

// ask returns the answer and the serial number of the certificate under which it came.
func (u *users) ask(client *http.Client, path string) ([]byte, string, error) {
	response, err := client.Get(u.address + path)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, answer)
	}
	return answer, response.TLS.PeerCertificates[0].SerialNumber.String(), err
}

// begin has users ask until end.
func (u *users) begin() {
	u.asking.Go(func() {
		ticker := time.NewTicker(time.Second / usersPerSecond)
		defer ticker.Stop()
		for i := 0; ; i++ {
			select {
			case <-u.stop:
				return
			case <-ticker.C:
			}
			client := u.lasting
			if i%2 == 0 {
				client = u.anew()
			}
			u.asking.Go(func() { u.once(client) })
		}
	})
}

func (u *users) once(client *http.Client) {
	_, _, err := u.ask(client, "/api/v1/identity")
	u.mu.Lock()
	defer u.mu.Unlock()
	u.asked++
	if err != nil {
		u.failures = append(u.failures, err.Error())
	}
}

// end waits for the last answers.
func (u *users) end() (asked int, failures []string) {
	close(u.stop)
	u.asking.Wait()
	return u.asked, u.failures
}
