// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/peernode/operator/test/testenv"
)

// process is the operator as a process of its own.
type process struct {
	cmd     *exec.Cmd
	metrics string
}

// buildOperator builds the program that users run.
func buildOperator(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "peernode-operator")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./cmd/peernode-operator")
	build.Dir = testenv.Root()
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the operator: %w\n%s", err, out)
	}
	return binary, nil
}

// startOperator starts it, with its log in a file, which is appended to.
func startOperator(binary, kubeconfig, log string, env []string) (*process, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(binary, "--leader-elect=false", "--health-probe-bind-address=0", "--metrics-insecure",
		"--metrics-bind-address="+address, "--default-p2p-agent-image=registry.example.com/default-agent:v1",
		"--companion-image="+testenv.CompanionImage, "--unsealer-namespace="+testenv.UnsealerNamespace)
	cmd.Env = append(append(os.Environ(), "KUBECONFIG="+kubeconfig), env...)
	cmd.Stdout, cmd.Stderr = file, file
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the operator: %w", err)
	}
	return &process{cmd: cmd, metrics: "http://" + address + "/metrics"}, nil
}

// stop ends the process as Kubernetes would.
func (p *process) stop() error {
	if p == nil || p.cmd.ProcessState != nil {
		return nil
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return p.cmd.Wait()
}

// reconciled is how many PeerNodes the process has reconciled without an error.
func (p *process) reconciled() (float64, error) {
	answer, err := http.Get(p.metrics)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for _, metric := range families["controller_runtime_reconcile_total"].GetMetric() {
		if result := labelOf(metric, "result"); result != "error" {
			sum += metric.GetCounter().GetValue()
		}
	}
	return sum, nil
}

func labelOf(metric *dto.Metric, name string) string {
	for _, pair := range metric.GetLabel() {
		if pair.GetName() == name {
			return pair.GetValue()
		}
	}
	return ""
}

// usage is what a process has used of the machine.
type usage struct {
	rss, ofFile, peakRSS int64 // KiB; ofFile is the part that is the program's own file, which the kernel may drop
	cpu                  time.Duration
}

// usage reads /proc; on other systems there is none.
func (p *process) usage() (usage, error) {
	folder := filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid))
	status, err := os.ReadFile(filepath.Join(folder, "status"))
	if err != nil {
		return usage{}, fmt.Errorf("read the memory of the operator (Linux only): %w", err)
	}
	var u usage
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		amount, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch name {
		case "VmRSS":
			u.rss = amount
		case "RssFile":
			u.ofFile = amount
		case "VmHWM":
			u.peakRSS = amount
		}
	}
	stat, err := os.ReadFile(filepath.Join(folder, "stat"))
	if err != nil {
		return usage{}, err
	}
	// The name of the program, in parentheses, may hold spaces; utime and stime are the 12th and 13th field after it.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const ticksPerSecond = 100
	for _, field := range fields[11:13] {
		ticks, _ := strconv.ParseInt(field, 10, 64)
		u.cpu += time.Duration(ticks) * time.Second / ticksPerSecond
	}
	return u, nil
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}
