// SPDX-License-Identifier: Apache-2.0

package s3_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/peernode/operator/test/s3"
)

// through is a vault whose way to the store can be cut, with data that take a while to get there.
func through(t *testing.T, store *s3.Server) (*vault, *s3.Line) {
	t.Helper()
	line := s3.NewLine(t, strings.TrimPrefix(store.Endpoint, "https://"))
	near := store.Store
	near.Endpoint = "https://" + line.Address
	v := newVault(t, near)
	v.owner = store.Store
	v.noise(rand.New(rand.NewPCG(9, 10)), "data", 12<<20)
	return v, line
}

// slowly is a backup that is in the middle for a while.
func (v *vault) slowly() []string { return v.backupArgs("--limit-upload", "8Mi") }

// fails runs a backup that has to fail and to say why. Nothing of it counts.
func (v *vault) fails(says string, args []string) {
	v.Helper()
	before := len(v.records())
	_, said, err := v.run(args...)
	if err == nil || !strings.Contains(said, says) {
		v.Errorf("got %v, want an error that says %q: %s", err, says, said)
	}
	if n := len(v.records()); n != before {
		v.Errorf("there are %d backups, before there were %d", n, before)
	}
}

// recovers makes a backup when all is well again. What the one before has left is gone then.
func (v *vault) recovers() {
	v.Helper()
	v.backUp()
	v.exact(0)
	if n := v.unfinished(); n > 0 {
		v.Errorf("%d uploads are still unfinished", n)
	}
}

func TestANetworkThatIsCutForAWhileIsWaitedFor(t *testing.T) {
	t.Parallel()
	v, line := through(t, s3.Start(t, backups))
	var cuts atomic.Int32
	line.After(4<<20, func() {
		line.Cut()
		cuts.Add(1)
		time.Sleep(2 * time.Second) // for so long it is cut
		line.Mend()
	})
	v.must(v.slowly()...)
	v.exact(0)
	if cuts.Load() != 1 || v.unfinished() > 0 {
		t.Errorf("cut %d times, %d uploads are unfinished", cuts.Load(), v.unfinished())
	}
}

func TestANetworkThatIsCutForGoodEndsABackup(t *testing.T) {
	t.Parallel()
	v, line := through(t, s3.Start(t, backups))
	v.backUp()
	v.noise(rand.New(rand.NewPCG(11, 12)), "data", 12<<20)
	line.After(4<<20, line.Cut)
	v.fails("write to bucket backups at https://"+line.Address, v.slowly())
	line.Mend()
	v.recovers()
}

func TestAStoreThatIsStartedAgainIsWaitedFor(t *testing.T) {
	t.Parallel()
	store := s3.Start(t, backups)
	v, line := through(t, store)
	done := make(chan struct{})
	line.After(4<<20, func() {
		defer close(done)
		store.Stop(t)
		store.Restart(t)
	})
	v.must(v.slowly()...)
	<-done
	v.exact(0)
}

func TestCredentialsThatAreRevokedEndABackup(t *testing.T) {
	t.Parallel()
	store := s3.Start(t, backups)
	v, line := through(t, store)
	writer := store.Stranger(t, "writer")
	allow := func(actions ...string) {
		if err := store.SetPolicy(t.Context(), backups, "writer", writerPolicy(backups, "berlin/backups/peers/alpha", actions...)...); err != nil {
			t.Error(err)
		}
	}
	v.credentials(writer)
	allow(writerActions...)
	line.After(4<<20, func() { allow("s3:GetObject") })
	v.fails("the credentials may not write there; allow them s3:PutObject", v.slowly())
	allow(writerActions...)
	v.recovers()
}

func TestAStoreThatHasTooMuchToDoIsWaitedFor(t *testing.T) {
	t.Parallel()
	store := s3.Start(t, backups)
	far, err := url.Parse(store.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(store.CA)
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(far); r.Out.Host = r.In.Host }, // which is signed
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}},
	}
	var busyUntil, refused atomic.Int64
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("partNumber") {
			busyUntil.CompareAndSwap(0, time.Now().Add(3*time.Second).UnixNano())
		}
		if time.Now().UnixNano() < busyUntil.Load() {
			refused.Add(1)
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte("<Error><Code>SlowDown</Code></Error>"))
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	defer server.Close()
	near := store.Store
	near.Endpoint = server.URL
	near.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	v := newVault(t, near)
	v.owner = store.Store
	v.noise(rand.New(rand.NewPCG(13, 14)), "data", 12<<20)
	v.recovers()
	if refused.Load() == 0 {
		t.Error("nobody was refused")
	}
}
