// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// streams is how many requests share a connection of HTTP/2.
const streams = 16

// workload is a way to ask.
type workload struct {
	name string
	// http2 asks over HTTP/2, fresh over a new connection each time.
	http2, fresh bool
	// exchange is the key exchange of TLS that is offered, the client's own choice if it is 0.
	exchange tls.CurveID
	// direct is whether the peer itself can be asked in this way.
	direct bool
}

// workloads are the ways to ask. nginx knows the key exchange of the last only if its OpenSSL is 3.5 or newer.
func workloads() []workload {
	return []workload{
		{name: "HTTP/1.1, connections that last", exchange: tls.X25519, direct: true},
		{name: "HTTP/2, connections that last", http2: true, exchange: tls.X25519},
		{name: "a new connection each, X25519", fresh: true, exchange: tls.X25519, direct: true},
		{name: "a new connection each, as Go and browsers ask", fresh: true},
	}
}

// client asks in that way. It has no cache of sessions, so every handshake is a full one.
func (b *bed) client(w workload, p *program) *http.Client {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(!w.http2)
	protocols.SetHTTP2(w.http2)
	transport := &http.Transport{Protocols: protocols, DisableKeepAlives: w.fresh, DisableCompression: true}
	if p != b.peer {
		transport.TLSClientConfig = b.trust.Clone()
		if w.exchange != 0 {
			transport.TLSClientConfig.CurvePreferences = []tls.CurveID{w.exchange}
		}
	}
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

// ask asks once, and believes no answer that is not the peer's, or that came in another way.
func (b *bed) ask(ctx context.Context, client *http.Client, w workload, p *program) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+identity, http.NoBody)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	secured := response.TLS
	switch {
	case err != nil:
		return err
	case response.StatusCode != http.StatusOK || !bytes.Contains(answer, b.id):
		return fmt.Errorf("%w: %s %.200s", errNotOK, response.Status, answer)
	case (response.ProtoMajor == 2) != w.http2:
		return fmt.Errorf("%w: over %s", errNotOK, response.Proto)
	case secured != nil && (secured.DidResume || w.exchange != 0 && secured.CurveID != w.exchange):
		return fmt.Errorf("%w: resumed %t, key exchange %s", errNotOK, secured.DidResume, secured.CurveID)
	}
	return nil
}

var errNotOK = errors.New("not the answer that was asked for")

// crowd is as many clients as ask at a time. Each asks again as soon as it has its answer.
type crowd struct {
	bed      *bed
	workload workload
	program  *program
	clients  []*http.Client
}

func (b *bed) crowd(w workload, p *program, atOnce int) *crowd {
	c := &crowd{bed: b, workload: w, program: p}
	for i := range atOnce {
		if w.http2 && i%streams > 0 {
			c.clients = append(c.clients, c.clients[i-1])
			continue
		}
		c.clients = append(c.clients, b.client(w, p))
	}
	return c
}

func (c *crowd) close() {
	for _, client := range c.clients {
		client.CloseIdleConnections()
	}
}

// answers are those that came, in microseconds.
type answers struct {
	times  *hdrhistogram.Histogram
	errors int
	first  error
	lasted time.Duration
}

// ask has everybody ask for as long.
func (c *crowd) ask(ctx context.Context, lasts time.Duration) answers {
	begun := time.Now()
	parts := make([]answers, len(c.clients))
	var all sync.WaitGroup
	for i, client := range c.clients {
		all.Go(func() { parts[i] = c.one(ctx, client, begun.Add(lasts)) })
	}
	all.Wait()
	sum := parts[0]
	sum.lasted = time.Since(begun)
	for _, p := range parts[1:] {
		sum.times.Merge(p.times)
		sum.errors += p.errors
		if sum.first == nil {
			sum.first = p.first
		}
	}
	return sum
}

func (c *crowd) one(ctx context.Context, client *http.Client, until time.Time) answers {
	a := answers{times: hdrhistogram.New(1, time.Minute.Microseconds(), 3)}
	for now := time.Now(); now.Before(until) && ctx.Err() == nil; {
		err := c.bed.ask(ctx, client, c.workload, c.program)
		then := time.Now()
		if err == nil {
			err = a.times.RecordValue(max(1, then.Sub(now).Microseconds()))
		}
		if err != nil {
			a.errors++
			a.first = err
		}
		now = then
	}
	return a
}
