// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

func inSystem(name string) string {
	return map[string]string{"POD_NAMESPACE": "peernode-system"}[name]
}

func TestFlags(t *testing.T) {
	byDefault := flags{"/var/run/peernode/sealing", ":8443", ":8444", ":8081", true, "peernode-system", slog.LevelInfo}
	for name, c := range map[string]struct {
		args []string
		want flags
	}{
		"No flags.": {nil, byDefault},
		"All flags.": {
			[]string{"--sealing-keys=/k", "--listen=:1", "--metrics-bind-address=0", "--health-probe-bind-address=0", "--check-source-address=false", "--log-level=debug"},
			flags{"/k", ":1", "0", "0", false, "peernode-system", slog.LevelDebug},
		},
	} {
		got, err := parseFlags(c.args, inSystem)
		if err != nil {
			t.Errorf("%s %v", name, err)
		}
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(flags{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWrongFlagsAreRefusedByName(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		env  func(string) string
		says string
	}{
		"A flag that does not exist.":  {[]string{"--key=x"}, inSystem, "unknown flag: --key"},
		"A word that is no flag.":      {[]string{"false"}, inSystem, `unexpected argument "false"`},
		"A level of logs that is none": {[]string{"--log-level=loud"}, inSystem, `invalid argument "loud" for "--log-level"`},
		"No namespace.":                {nil, func(string) string { return "" }, "the environment has no POD_NAMESPACE"},
	} {
		if _, err := parseFlags(c.args, c.env); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
		}
	}
	if _, err := parseFlags([]string{"--help"}, inSystem); !errors.Is(err, pflag.ErrHelp) {
		t.Errorf("help: got %v", err)
	}
}
