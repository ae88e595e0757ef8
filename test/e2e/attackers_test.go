// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	// attackerRange is where attackers are, each kind in a subnet of its own, so that none is banned for another's doing.
	attackerRange = "198.18.0.0/16"
	// crowdSize is how many connections a crowd makes, and perAddress how many of them come from one address: fewer than
	// would be too many for one client.
	crowdSize, perAddress = 10_000, 50
	// dialling is how many of a crowd connect at a time.
	dialling = 50
	// gang is how many do everything at a time, and perMember how many of them are at one address.
	gang, perMember = 400, 4
	// raging is for how long.
	raging = 15 * time.Second
)

// attackers have a network of addresses outside, and know the door to an API.
type attackers struct {
	*testing.T

	network *outsideNetwork
	subnet  int
	door    string

	made atomic.Int64
	mu   sync.Mutex
	open []net.Conn
}

// connect is a connection from one of the addresses, nil where none comes about. It has to be called within the network.
func (a *attackers) connect(address int) net.Conn {
	ctx, cancel := context.WithTimeout(a.Context(), 20*time.Second)
	defer cancel()
	c, err := dialFrom(ctx, fmt.Sprintf("198.18.%d.%d", a.subnet, address+1), a.door)
	if err != nil {
		return nil
	}
	a.made.Add(1)
	return c
}

// crowd connects, says something, and keeps all connections until they leave.
func (a *attackers) crowd(say func(net.Conn)) {
	var next atomic.Int64
	a.each(dialling, func(int) {
		for i := next.Add(1) - 1; i < crowdSize; i = next.Add(1) - 1 {
			if c := a.connect(int(i) / perAddress); c != nil {
				say(c)
				a.mu.Lock()
				a.open = append(a.open, c)
				a.mu.Unlock()
			}
		}
	})
}

// each has n of them do something within the network, and returns when all have.
func (a *attackers) each(n int, do func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if err := a.network.within(func() { do(i) }); err != nil {
				a.Error(err)
			}
		})
	}
	all.Wait()
}

// leave closes what is open.
func (a *attackers) leave() {
	for _, c := range a.open {
		c.Close()
	}
}

// everything is done by a gang of which each connects again and again.
func (a *attackers) everything() {
	kinds := []func(net.Conn){malformed, bodyWithoutEnd, slowly, closedRoute}
	until := time.Now().Add(raging)
	a.each(gang, func(i int) {
		for time.Now().Before(until) {
			if c := a.connect(i / perMember); c != nil {
				_ = c.SetDeadline(until.Add(5 * time.Second))
				kinds[i%len(kinds)](c)
				c.Close()
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
}

// handshakeWithoutEnd begins one.
func handshakeWithoutEnd(c net.Conn) { _, _ = io.WriteString(c, "\x16\x03\x01\x02\x00\x01\x00") }

// headersWithoutEnd begins a request.
func headersWithoutEnd(c net.Conn) {
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = io.WriteString(tls.Client(c, careless), "GET /api/v1/identity HTTP/1.1\r\nHost: public\r\nX-A: ")
}

// careless are attackers: they do not ask with whom they speak.
var careless = &tls.Config{InsecureSkipVerify: true}

func malformed(c net.Conn) {
	_, _ = io.WriteString(c, "\x16\x03\x01\x00\xff\x01\x00"+strings.Repeat("x", 255))
	_, _ = io.Copy(io.Discard, c)
}

// bodyWithoutEnd does not say how long it is.
func bodyWithoutEnd(c net.Conn) {
	s := tls.Client(c, careless)
	_, err := io.WriteString(s, "GET /api/v1/identity HTTP/1.1\r\nHost: public\r\nTransfer-Encoding: chunked\r\n\r\n")
	for i := 0; i < 40 && err == nil; i++ {
		_, err = io.WriteString(s, "10000\r\n"+strings.Repeat("a", 1<<16)+"\r\n")
	}
}

// slowly sends a letter at a time.
func slowly(c net.Conn) {
	s := tls.Client(c, careless)
	for range 50 {
		if _, err := io.WriteString(s, "G"); err != nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func closedRoute(c net.Conn) {
	s := tls.Client(c, careless)
	if _, err := io.WriteString(s, "POST /api/v1/peer/shutdown HTTP/1.1\r\nHost: public\r\nContent-Length: 0\r\n\r\n"); err == nil {
		_, _ = io.Copy(io.Discard, s)
	}
}
