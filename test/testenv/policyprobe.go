// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os/exec"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/peernode/operator/pkg/enforcement"
	"github.com/peernode/operator/pkg/settings"
)

// Network is a network plugin that enforces NetworkPolicies, or does not, as far as the probe of them can tell: the probe is
// the real program, on this machine. Where policies close a port, it listens elsewhere; where they do not let it out, the
// operator's side does not answer it.
type Network struct {
	// Probe is what the operator is to be told of it.
	Probe settings.Probe

	programs *Programs
	operator *httptest.Server
	out      atomic.Bool
	looks    atomic.Int64
	process  *exec.Cmd
}

// NewNetwork is one whose probe is one of the programs, in which the operator's pod believes to have an address, of this machine, and in which no probe runs.
func NewNetwork(programs *Programs, self string) (*Network, error) {
	n := &Network{programs: programs}
	listener, err := net.Listen("tcp", net.JoinHostPort(self, "0"))
	if err != nil {
		return nil, err
	}
	n.operator = &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(n.answer), ReadHeaderTimeout: time.Minute}}
	n.operator.Start()
	n.Probe = settings.Probe{
		Host: "127.0.0.1", Self: []string{self}, WayOut: portOf(listener),
		Pace: enforcement.Pace{Confirm: 3, Soon: 200 * time.Millisecond, Settled: 500 * time.Millisecond, Patience: 5 * time.Second},
	}
	if n.Probe.OpenPort, err = freePort(); err != nil {
		return nil, err
	}
	n.Probe.ClosedPort, err = freePort()
	return n, err
}

// answer is the operator's port for health checks. The operator tries it itself, once in each look.
func (n *Network) answer(w http.ResponseWriter, r *http.Request) {
	if r.UserAgent() != enforcement.Name {
		n.looks.Add(1)
		return
	}
	if !n.out.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// Looks is how often the operator has looked.
func (n *Network) Looks() int { return int(n.looks.Load()) }

// Run starts the probe, in place of the one before, with policies enforced or not.
func (n *Network) Run(enforced bool) error {
	if err := n.Silence(); err != nil {
		return err
	}
	program, err := n.programs.Path("cmd/peer-companion")
	if err != nil {
		return err
	}
	closed := n.Probe.ClosedPort
	if enforced {
		if closed, err = freePort(); err != nil {
			return err
		}
	}
	n.out.Store(!enforced)
	n.process = exec.Command(program, "policy-probe", "--open="+at(n.Probe.OpenPort), "--closed="+at(closed))
	n.process.Env = []string{}
	if err := n.process.Start(); err != nil {
		return fmt.Errorf("start the probe: %w", err)
	}
	return nil
}

// Silence ends the probe.
func (n *Network) Silence() error {
	if n.process == nil {
		return nil
	}
	process := n.process
	n.process = nil
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return process.Wait()
}

// Close ends everything.
func (n *Network) Close() error {
	defer n.operator.Close()
	return n.Silence()
}

func at(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func freePort() (int, error) {
	l, err := net.Listen("tcp", at(0))
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return portOf(l), nil
}

func portOf(l net.Listener) int {
	return int(netip.MustParseAddrPort(l.Addr().String()).Port())
}
