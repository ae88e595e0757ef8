// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// connection is from one corner to a port of another.
type connection struct {
	// What the judge is asked.
	From     side            `json:"from"`
	To       side            `json:"to"`
	Port     int             `json:"port"`
	Protocol corev1.Protocol `json:"protocol"`

	// name is for people, line for the program that tries it.
	name, line string
	source     *corner
	to         string
}

func newConnection(from *corner, to corner, protocol corev1.Protocol, port int) connection {
	return connection{
		From: from.side, To: to.side, Port: port, Protocol: protocol, source: from, to: to.name,
		name: fmt.Sprintf("%s to %s %d/%s", from.name, to.name, port, protocol),
		line: fmt.Sprintf("%s %s:%d", protocol, to.side.IP, port),
	}
}

func pick(t *testing.T, all []connection, name string) connection {
	t.Helper()
	i := slices.IndexFunc(all, func(c connection) bool { return c.name == name })
	if i < 0 {
		t.Fatalf("there is no connection %q", name)
	}
	return all[i]
}

// differences are the connections that do something else than policies say.
func differences(t *testing.T, all []connection, policies []networkingv1.NetworkPolicy) []string {
	t.Helper()
	want := judged(t, policies, all)
	got := tried(t, all)
	again := 0
	// On a busy machine a packet may be lost. None is ever let through by chance, so that is not asked again.
	for range 2 {
		var lost []connection
		for _, c := range all {
			if want[c.name] && !got[c.name] {
				lost = append(lost, c)
			}
		}
		maps.Copy(got, tried(t, lost))
		again += len(lost)
	}
	through := 0
	var found []string
	for _, c := range all {
		switch {
		case want[c.name] && !got[c.name]:
			found = append(found, c.name+": stopped, but the policies let it through")
		case !want[c.name] && got[c.name]:
			found = append(found, c.name+": let through, but the policies stop it")
		}
		if got[c.name] {
			through++
		}
	}
	t.Logf("%d connections tried, %d let through, %d tried again: %d differences", len(all), through, again, len(found))
	slices.Sort(found)
	return found
}

// judged is what policies mean, by the program of test/firewall.
func judged(t *testing.T, policies []networkingv1.NetworkPolicy, all []connection) map[string]bool {
	t.Helper()
	asked, err := json.Marshal(map[string]any{"policies": policies, "connections": all})
	must(t, err)
	out, err := fed(string(asked), "firewall-judge")
	must(t, err)
	var answers []bool
	must(t, json.Unmarshal([]byte(out), &answers))
	if len(answers) != len(all) {
		t.Fatalf("%d connections were asked about, %d answers came", len(all), len(answers))
	}
	through := map[string]bool{}
	for i, c := range all {
		through[c.name] = answers[i]
	}
	return through
}

// tried is what happens, told by an answer of any kind.
func tried(t *testing.T, all []connection) map[string]bool {
	t.Helper()
	through, err := try(all)
	must(t, err)
	return through
}

func try(all []connection) (map[string]bool, error) {
	bySource := map[*corner][]connection{}
	for _, c := range all {
		bySource[c.source] = append(bySource[c.source], c)
	}
	through := map[string]bool{}
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(6)
	for from, connections := range bySource {
		group.Go(func() error {
			lines := make([]string, 0, len(connections))
			for _, c := range connections {
				lines = append(lines, c.line)
			}
			command := append(slices.Clone(from.inside), "try")
			if from.from != "" {
				command = append(command, from.from)
			}
			out, err := fed(strings.Join(lines, "\n"), command...)
			answered := strings.Split(out, "\n")
			mu.Lock()
			defer mu.Unlock()
			for _, c := range connections {
				through[c.name] = slices.Contains(answered, c.line)
			}
			return err
		})
	}
	return through, group.Wait()
}

// awaitTried waits until a connection is let through, or stopped.
func awaitTried(t *testing.T, c connection, through bool) {
	t.Helper()
	eventually(t, func() error {
		now, err := try([]connection{c})
		if err == nil && now[c.name] != through {
			err = errors.New(c.name + " is still as before")
		}
		return err
	})
}

// fed runs a program on an input and returns what it printed, warnings aside.
func fed(input string, command ...string) (string, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin = strings.NewReader(input)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, complaints.String())
	}
	return string(out), nil
}
