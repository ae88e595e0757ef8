// SPDX-License-Identifier: Apache-2.0

// Command probe finds out who lets packets of the place where it runs through. It needs no counterpart: a refusal is an answer too, and
// silence alone means that packets are dropped.
//
//	probe wait                       does nothing, so that there is a container to run it in
//	probe try [ADDRESS] <CONNECTIONS prints those of the lines such as "TCP 10.0.0.1:80" that are answered, as seen from an address
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Silence of so many seconds is a no. The kernel repeats the first packet of TCP after one second and after three.
const patience = 4 * time.Second

func main() {
	err := errors.New("want wait or try")
	switch {
	case len(os.Args) == 2 && os.Args[1] == "wait":
		wait()
		return
	case len(os.Args) > 1 && os.Args[1] == "try":
		err = try(net.ParseIP(strings.Join(os.Args[2:], "")), os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}

// wait ends by itself as well: a container that was added to a pod for a test cannot be taken away.
func wait() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, os.Interrupt, syscall.SIGTERM)
	select {
	case <-told:
	case <-time.After(20 * time.Minute):
	}
}

// try tries all connections at once.
func try(from net.IP, in io.Reader, out io.Writer) error {
	var (
		all    sync.WaitGroup
		mu     sync.Mutex
		failed error
	)
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		line := lines.Text()
		all.Go(func() {
			answered, err := answers(from, line)
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, err)
			if answered {
				_, err := fmt.Fprintln(out, line)
				failed = errors.Join(failed, err)
			}
		})
	}
	all.Wait()
	return errors.Join(failed, lines.Err())
}

// answers says whether anything comes back. Neither an answer nor silence is an error: then the test would not know.
func answers(from net.IP, line string) (bool, error) {
	protocol, address, _ := strings.Cut(line, " ")
	var err error
	switch protocol {
	case "TCP":
		err = connect(from, address)
	case "UDP":
		err = exchange(from, address)
	default:
		return false, fmt.Errorf("no protocol in %q", line)
	}
	var silence net.Error
	switch {
	case err == nil, errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET):
		return true, nil
	case errors.As(err, &silence) && silence.Timeout():
		return false, nil
	}
	return false, fmt.Errorf("try %s: %w", line, err)
}

func connect(from net.IP, address string) error {
	dialer := net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: from}}
	conn, err := dialer.Dial("tcp4", address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// exchange speaks first, and again, because one datagram may be lost and a kernel tells of few closed ports a second.
func exchange(from net.IP, address string) error {
	dialer := net.Dialer{LocalAddr: &net.UDPAddr{IP: from}}
	conn, err := dialer.Dial("udp4", address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	for end := time.Now().Add(patience); ; {
		if _, err = conn.Write(greeting()); err != nil {
			return err
		}
		if err = conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			return err
		}
		if _, err = conn.Read(make([]byte, 2048)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Now().After(end) {
			return err
		}
	}
}

// greeting is a packet of a version of QUIC that nobody speaks: a server has to answer with those that it does (RFC 9000, 6.1).
func greeting() []byte {
	const smallest = 1200 // shorter ones are dropped
	packet := []byte{
		0xc0,                   // long header
		0x1a, 0x2a, 0x3a, 0x4a, // the version
		8, 1, 2, 3, 4, 5, 6, 7, 8, // whom it is for
		8, 8, 7, 6, 5, 4, 3, 2, 1, // whom it is from
	}
	return append(packet, make([]byte, smallest-len(packet))...)
}
