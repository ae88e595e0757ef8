// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/peernode/operator/pkg/edge"
	"github.com/peernode/operator/test/testenv"
)

// patience is how long a program may take to begin.
const patience = 30 * time.Second

// bed is what is measured: the programs, and what clients have to know of them.
type bed struct {
	options

	dir    string
	limits edge.Config
	// trust knows the certificate of the proxies, id is in each right answer of the peer.
	trust *tls.Config
	id    []byte
	begun time.Time

	peer *program
	// proxies are the edge, and nginx if there is one.
	proxies []*program
}

// prepare builds and starts everything. Without an nginx there is none to compare with.
func prepare(ctx context.Context, o options, limits edge.Config) (*bed, error) {
	dir, err := os.MkdirTemp("", "peernode-bench-edge-")
	if err != nil {
		return nil, err
	}
	b := &bed{options: o, dir: dir, limits: limits, begun: time.Now()}
	if err := b.start(ctx); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

func (b *bed) start(ctx context.Context) error {
	b.progressf("build the agent and peer-companion")
	if err := b.build(ctx); err != nil {
		return err
	}
	var err error
	if b.trust, err = certify(b.dir); err != nil {
		return err
	}
	if err := b.startPeer(ctx); err != nil {
		return fmt.Errorf("start the peer: %w", err)
	}
	if err := b.startEdge(ctx); err != nil {
		return fmt.Errorf("start the edge: %w", err)
	}
	if b.nginx == "" {
		return nil
	}
	if err := b.startNginx(ctx); err != nil {
		return fmt.Errorf("start nginx: %w", err)
	}
	return nil
}

// build makes the programs that users run.
func (b *bed) build(ctx context.Context) error {
	all, ctx := errgroup.WithContext(ctx)
	for program, module := range map[string]string{"peer-companion": ".", "p2p-agent": "cmd/p2p-agent"} {
		all.Go(func() error {
			build := command(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(b.dir, program), "github.com/peernode/operator/cmd/"+program)
			build.Dir = filepath.Join(testenv.Root(), module)
			build.Env = append(os.Environ(), "CGO_ENABLED=0")
			if out, err := build.CombinedOutput(); err != nil {
				return fmt.Errorf("build %s: %w\n%s", program, err, out)
			}
			return nil
		})
	}
	return all.Wait()
}

// programs are all that run.
func (b *bed) programs() []*program { return append(slices.Clone(b.proxies), b.peer) }

func (b *bed) close() error {
	var failed []error
	for _, p := range b.programs() {
		failed = append(failed, p.stop())
	}
	return errors.Join(append(failed, os.RemoveAll(b.dir))...)
}

func (b *bed) progressf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "[%6.1fs] %s\n", time.Since(b.begun).Seconds(), fmt.Sprintf(format, args...))
}

// begins waits until a program answers, and sees what memory it has then.
func (b *bed) begins(ctx context.Context, p *program) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	client := b.client(workload{}, p)
	defer client.CloseIdleConnections()
	for {
		err := b.ask(ctx, client, workload{}, p)
		if err == nil {
			used, err := p.usage()
			p.atRest = used.memory
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not serve: %w\n%s", p.name, err, p.lastWords())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// free is an address that nobody listens on.
func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
