// SPDX-License-Identifier: Apache-2.0

package s3

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
)

// Line is a way to a store that can be cut.
type Line struct {
	// Address is where it begins.
	Address string

	to       string
	listener net.Listener
	mu       sync.Mutex
	isCut    bool
	open     map[net.Conn]bool
	sent     int
	watch    func(sent int)
}

// NewLine leads to an address. It lives as long as the test.
func NewLine(t testing.TB, to string) *Line {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &Line{Address: listener.Addr().String(), to: to, listener: listener, open: map[net.Conn]bool{}}
	go l.serve()
	t.Cleanup(func() {
		_ = listener.Close()
		l.Cut()
	})
	return l
}

// Cut breaks all that is open, and refuses what comes.
func (l *Line) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isCut = true
	for conn := range l.open {
		_ = conn.Close()
	}
}

// Mend lets through what comes.
func (l *Line) Mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isCut = false
}

// After calls do once, when so many more bytes have gone to the store.
func (l *Line) After(bytes int, do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	limit, once := l.sent+bytes, sync.OnceFunc(do)
	l.watch = func(sent int) {
		if sent >= limit {
			go once()
		}
	}
}

func (l *Line) serve() {
	for {
		conn, err := l.listener.Accept()
		if err != nil {
			return
		}
		go l.carry(conn)
	}
}

func (l *Line) carry(from net.Conn) {
	defer from.Close()
	to, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", l.to)
	if err != nil {
		return
	}
	defer to.Close()
	if !l.enter(from, to) {
		return
	}
	defer l.leave(from, to)
	go func() {
		defer from.Close()
		_, _ = io.Copy(from, to)
	}()
	_, _ = io.Copy(counter{to, l}, from)
}

func (l *Line) enter(conns ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range conns {
		l.open[conn] = true
	}
	return !l.isCut
}

func (l *Line) leave(conns ...net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range conns {
		delete(l.open, conn)
	}
}

// counter counts what goes to the store.
type counter struct {
	io.Writer

	line *Line
}

// Write is that of io.Writer.
func (c counter) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.line.mu.Lock()
	defer c.line.mu.Unlock()
	c.line.sent += n
	if c.line.watch != nil {
		c.line.watch(c.line.sent)
	}
	return n, err
}
